import Foundation
import Networks
import TensorMath
import Testing

/// All tests of this target run one after the other: some choose the family of kernels, which is the
/// process's.
@Suite(.serialized) enum NetworksTests {}

/// Reference values that PyTorch computed, and the layers that they belong to.
struct Golden {
    /// A case of `cases.json`, as far as these tests use it.
    struct Case: Decodable {
        var name: String
        var kind: String
        var outChannels: Int?
        var kernel: Int?
        var stride: Int?
        var padding: Int?
        var groups: Int?
        var train: Bool?
        var temperature: Float?
        var lr: Float?
        var momentum: Float?
        var nesterov: Bool?
        var weightDecay: Float?
        var steps: Int?
    }

    let cases: [Case]
    let file: SafetensorsFile

    init() throws {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        cases = try decoder.decode(
            [Case].self, from: Data(contentsOf: folder.appendingPathComponent("cases.json")))
        file = try SafetensorsFile(path: folder.appendingPathComponent("golden.safetensors").path)
    }

    func values(_ name: String) throws -> [Float] { try file.values(of: name) }

    func shape(_ name: String) throws -> [Int] {
        try #require(file.tensors.first { $0.name == name }).shape
    }
}

/// Fails unless all values agree within `tolerance`, relative to the greatest expected magnitude (at least
/// 1).
func expectClose(
    _ found: [Float], _ expected: [Float], tolerance: Float = 1e-5, _ what: String,
    location: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, "\(what)", sourceLocation: location)
    let scale = max(1, expected.map(abs).max() ?? 1)
    var worst: Float = 0
    for (a, b) in zip(found, expected) {
        let difference = abs(a - b)
        worst = difference.isNaN ? .infinity : max(worst, difference)
    }
    #expect(worst <= tolerance * scale, "\(what): off by \(worst) of \(scale)", sourceLocation: location)
}

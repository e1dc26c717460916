import Foundation
import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Files of weights: the same back, the same bytes, and no crash on what is broken.
    @Suite final class SafetensorsTests {
        private let folder: URL
        private var path: String { folder.appendingPathComponent("model.safetensors").path }
        private var layout = ParameterLayout()
        private let parameters: FloatView

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                "tributary-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            layout.append(name: "a.weight", shape: [2, 3], role: .trainable, layer: 0)
            layout.append(name: "b.mean", shape: [1], role: .buffer, layer: 1)
            let buffer = FloatBuffer(count: 7)
            buffer.view.copy(from: [1, -2.5, .nan, .infinity, 0x1p-149, -0.0, 3])
            parameters = buffer.view
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        private func write(_ metadata: [String: String] = [:]) throws {
            try SafetensorsFile.write(path: path, layout: layout, parameters: parameters, metadata: metadata)
        }

        private func contents() throws -> [UInt8] {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        }

        private func put(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

        /// A file with `json` as its header, unpadded, and `data` zero bytes behind it.
        private func put(json: String, data: Int) throws {
            let length = (0..<8).map { UInt8(truncatingIfNeeded: json.utf8.count >> (8 * $0)) }
            try put(length + Array(json.utf8) + Array(repeating: 0, count: data))
        }

        private func fault() -> SafetensorsError? {
            do throws(SafetensorsError) {
                try SafetensorsFile(path: path).load(layout, into: FloatBuffer(count: layout.count).view)
                return nil
            } catch {
                return error
            }
        }

        @Test func roundTrip() throws {
            let metadata = ["format": "pt", "quote\"\\": "tab\tumlaut ä\u{1}🙂"]
            try write(metadata)
            let bytes = try contents()
            let file = try SafetensorsFile(path: path)
            #expect(file.metadata == metadata)
            #expect(file.tensors.map(\.name) == ["a.weight", "b.mean"])
            #expect(file.tensors[0].shape == [2, 3])
            let back = FloatBuffer(count: 7).view
            try file.load(layout, into: back)
            #expect(back.array.map(\.bitPattern) == parameters.array.map(\.bitPattern))
            #expect(try file.values(of: "b.mean") == [3])
            try write(metadata)
            #expect(try contents() == bytes)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.safetensors"])
            #expect((bytes.count - 7 * 4) % 8 == 0)
        }

        @Test func headerIsTheFormatsOwn() throws {
            try write(["k": "v"])
            let bytes = try contents()
            let json = String(decoding: bytes[8..<(bytes.count - 28)], as: UTF8.self)
            let expected = """
                {"__metadata__":{"k":"v"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
                "b.mean":{"dtype":"F32","shape":[1],"data_offsets":[24,28]}}
                """
            #expect(json.trimmingCharacters(in: .whitespaces) == expected)
        }

        @Test func everyTruncationIsRefused() throws {
            try write(["k": "v"])
            let whole = try contents()
            for count in 0..<whole.count {
                try put(Array(whole[..<count]))
                #expect(fault() != nil, "\(count) of \(whole.count) bytes")
            }
            try put(whole + [0])
            #expect(fault()?.reason == .wrongSize(expected: whole.count, found: whole.count + 1))
        }

        @Test func noFlippedBitOfTheHeaderCrashes() throws {
            try write(["k": "v"])
            let whole = try contents()
            var refused = 0
            for index in 0..<(whole.count - 28) {
                for bit in 0..<8 {
                    var bytes = whole
                    bytes[index] ^= 1 << bit
                    try put(bytes)
                    if fault() != nil { refused += 1 }
                }
            }
            #expect(refused > 4 * (whole.count - 28))
        }

        @Test(arguments: [
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                "b"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
                "b"
            ),
            (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,12]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[12,0]}}"#, "a"),
            (#"{"a":{"dtype":"F33","shape":[3],"data_offsets":[0,12]}}"#, "a"),
            (
                #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"a":{"dtype":"F32","shape":[0],"data_offsets":[12,12]}}"#,
                "a"
            ),
        ])
        func inconsistentTensorsAreNamed(json: String, tensor: String) throws {
            try put(json: json, data: 12)
            let error = try #require(fault())
            #expect(error.tensor == tensor)
            #expect(error.file == path)
            #expect(error.description.contains(tensor))
        }

        @Test(arguments: [
            "", "{", "[]", "{}}", #"{"a"}"#, #"{"a":1}"#, #"{"a":{"dtype":"F32"}}"#,
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#,
            #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            #"{"__metadata__":{"k":1}}"#, #"{"__metadata__":{"k":"\ud800"}}"#,
            #"{"__metadata__":{"k":"\x"}}"#,
            #"{"__metadata__":{"k":"\u12"}}"#, #"{"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}"#,
        ])
        func malformedHeadersAreRefused(json: String) throws {
            try put(json: json, data: 0)
            guard case .malformedHeader = fault()?.reason else {
                Issue.record("accepted, or refused as \(String(describing: fault()))")
                return
            }
        }

        @Test func otherModelsAreRefused() throws {
            try write()
            layout.append(name: "c", shape: [1], role: .trainable, layer: 2)
            #expect(fault()?.reason == .missingTensor)
            #expect(fault()?.tensor == "c")
            layout = ParameterLayout()
            layout.append(name: "a.weight", shape: [2, 3], role: .trainable, layer: 0)
            #expect(fault() == SafetensorsError(file: path, tensor: "b.mean", reason: .unexpectedTensor))
            layout = ParameterLayout()
            layout.append(name: "a.weight", shape: [3, 2], role: .trainable, layer: 0)
            #expect(fault()?.reason == .wrongShape(expected: [3, 2], found: [2, 3]))
        }

        @Test func lengthsBeyondTheFileAreRefused() throws {
            try put(Array(repeating: 0xff, count: 8))
            #expect(fault()?.reason == .headerLength(.max))
            try put([200, 0, 0, 0, 0, 0, 0, 0] + Array(repeating: 0x20, count: 100))
            #expect(fault()?.reason == .headerLength(200))
        }

        @Test func missingFilesAndFoldersAreReported() throws {
            #expect(fault()?.reason == .system(call: "open", code: ENOENT))
            let directory = #expect(throws: SafetensorsError.self) {
                try SafetensorsFile(path: folder.path)
            }
            #expect(directory?.description.contains("is a directory; name a safetensors file") == true)
            #expect(throws: SafetensorsError.self) {
                try SafetensorsFile.write(
                    path: folder.appendingPathComponent("no/such/folder").path, layout: layout,
                    parameters: parameters)
            }
        }
    }
}

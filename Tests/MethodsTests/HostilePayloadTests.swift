import Methods
import TensorMath
import Testing

/// Bytes that no sender made: every payload is a typed error that names the segment, or finite values.
@Suite struct HostilePayloadTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var stages: [CompressionStage]
        var count: Int
        var bytes: [UInt8]
        var problem: CompressionError.Problem
        var errorFeedback = true

        var testDescription: String { "\(stages) \(bytes)" }
    }

    private static let one: [UInt8] = [0, 0, 0x80, 0x3F]
    private static let infinity: [UInt8] = [0, 0, 0x80, 0x7F]
    private static let greatest: [UInt8] = [0xFF, 0xFF, 0x7F, 0x7F]
    private static let most = Float.greatestFiniteMagnitude
    private static let third = (Float.greatestFiniteMagnitude / 3).nextDown
    private static let two: [CompressionStage] = [.topK(fraction: 0.2)]

    static let examples = [
        Example(
            stages: [], count: 2, bytes: one + infinity, problem: .value(.infinity, index: 1, bound: most)),
        Example(
            stages: two, count: 10, bytes: [0xF1] + one + one, problem: .position(15, number: 1, count: 10)),
        Example(stages: two, count: 10, bytes: [0x13] + one + one, problem: .order(1, number: 1, after: 3)),
        Example(stages: two, count: 10, bytes: [0x33] + one + one, problem: .order(3, number: 1, after: 3)),
        Example(
            stages: two, count: 10, bytes: [0x31] + one + infinity,
            problem: .value(.infinity, index: 1, bound: most)),
        // Three positions of 5 bits leave a bit free.
        Example(
            stages: [.topK(fraction: 0.1)], count: 30, bytes: [0x41, 0x8C] + one + one + one,
            problem: .padding),
        Example(
            stages: [.topK(fraction: 0.3)], count: 10, bytes: [0xFF, 0] + one + one + one,
            problem: .marks(8, expected: 3)),
        Example(
            stages: [.topK(fraction: 0.3)], count: 10, bytes: [0x11, 4] + one + one + one, problem: .padding),
        Example(
            stages: [.float16], count: 2, bytes: [0, 0x3C, 0, 0x7C],
            problem: .value(.infinity, index: 1, bound: 65504)),
        Example(
            stages: [.sign], count: 5, bytes: [0, 0, 0x80, 0xBF, 0],
            problem: .scale(-1, bucket: 0, bound: most)),
        Example(
            stages: [.sign], count: 5, bytes: infinity + [0],
            problem: .scale(.infinity, bucket: 0, bound: most)),
        Example(stages: [.sign], count: 5, bytes: one + [0x20], problem: .padding),
        Example(
            stages: [.quantize(bits: 8, bucket: 3)], count: 5, bytes: one + infinity + [0, 0, 0, 0, 0],
            problem: .scale(.infinity, bucket: 1, bound: most)),
        Example(
            stages: [.quantize(bits: 8)], count: 5, bytes: one + [0, 254, 0, 255, 0],
            problem: .level(255, index: 3, greatest: 254)),
        Example(
            stages: [.quantize(bits: 4)], count: 5, bytes: one + [0xEE, 0xEE, 0x0F],
            problem: .level(15, index: 4, greatest: 14)),
        Example(
            stages: [.quantize(bits: 2)], count: 5, bytes: one + [0b1100_0000, 0],
            problem: .level(3, index: 3, greatest: 2)),
        Example(stages: [.quantize(bits: 4)], count: 5, bytes: one + [0, 0, 0x10], problem: .padding),
        Example(stages: [.quantize(bits: 2)], count: 5, bytes: one + [0, 4], problem: .padding),
        // Times 3 it would not be finite.
        Example(
            stages: [.randomK(fraction: 0.3)], count: 6, bytes: one + greatest,
            problem: .value(most, index: 1, bound: third), errorFeedback: false),
        Example(
            stages: [.randomK(fraction: 0.3), .sign], count: 6, bytes: greatest + [0],
            problem: .scale(most, bucket: 0, bound: third), errorFeedback: false),
    ]

    /// The segment stands second; the first is in order.
    @Test(arguments: examples) func theSegmentAndTheProblemAreNamed(example: Example) {
        let codec = UpdateCodec(
            example.stages, layout: CompressionFixtures.layout([1, example.count], buffers: [0]),
            errorFeedback: example.errorFeedback)
        do throws(CompressionError) {
            _ = try codec.values(Self.one + example.bytes)
            Issue.record("it was taken")
        } catch {
            #expect(error.segment == "b")
            #expect(error.problem == example.problem)
        }
    }

    @Test func notANumber() {
        let nan: [UInt8] = [1, 0, 0xC0, 0x7F]
        for (stages, bytes) in [
            ([], nan + Self.one), ([.float16], [1, 0x7E, 0, 0]), ([.sign], nan + [0]),
            ([.quantize(bits: 8)], nan + [0, 0, 0, 0, 0]),
        ] as [([CompressionStage], [UInt8])] {
            let count = stages.isEmpty || stages == [.float16] ? 2 : 5
            let codec = UpdateCodec(stages, layout: CompressionFixtures.layout([count]))
            #expect(throws: CompressionError.self) { try codec.values(bytes) }
        }
    }

    @Test func wrongSizes() {
        let codec = UpdateCodec([.quantize(bits: 8)], layout: CompressionFixtures.layout([1, 5]))
        for size in [0, 1, 12, 14, 24, 1000] {
            do throws(CompressionError) {
                _ = try codec.values([UInt8](repeating: 0, count: size))
                Issue.record("\(size) bytes were taken")
            } catch {
                #expect(error.segment == nil && error.problem == .size(size, expected: 13))
                #expect(error.description == "\(size) bytes; 13 were due")
            }
        }
    }

    @Test func messages() throws {
        let codec = UpdateCodec([.quantize(bits: 4)], layout: CompressionFixtures.layout([5]))
        func message(_ bytes: [UInt8]) -> String {
            do throws(CompressionError) {
                _ = try codec.values(bytes)
                return ""
            } catch { return error.description }
        }
        #expect(message(Self.one + [0xEE, 0xEE, 0x0F]) == "a: value 4 has code 15, which is above 14")
        #expect(
            message(Self.infinity + [0, 0, 0])
                == "a: the scale of bucket 0 is inf, which is not from 0 to 3.4028235e+38")
        #expect(message(Self.one + [0, 0, 0x10]) == "a: a bit of padding is set")
    }

    /// Mutated payloads: never a trap, and never a value that is not finite.
    @Test(arguments: CompressionFixtures.stages) func mutatedPayloads(stages: [CompressionStage]) throws {
        var random = RandomStream(RandomKey(seed: 11, purpose: .test))
        var (taken, refused) = (0, 0)
        for round in 0..<60 {
            let layout = CompressionFixtures.randomLayout(&random)
            let codec = UpdateCodec(stages, layout: layout, errorFeedback: round % 2 == 0)
            let payload = try codec.bytes(CompressionFixtures.randomValues(layout.count, &random))
            for _ in 0..<60 {
                var bytes = payload
                for _ in 0...random.index(below: 4) { mutate(&bytes, &random) }
                do throws(CompressionError) {
                    let values = try codec.values(bytes)
                    #expect(values.allSatisfy { $0.isFinite })
                    taken += 1
                } catch {
                    #expect(error.segment == nil || layout.segment(named: error.segment!) != nil)
                    #expect(!error.description.isEmpty)
                    refused += 1
                }
            }
        }
        #expect(taken > 100 && refused > 100)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout RandomStream) {
        guard !bytes.isEmpty else { return }
        let place = random.index(below: bytes.count)
        switch random.index(below: 16) {
        case 0: bytes.removeLast()
        case 1: bytes.append(UInt8(random.index(below: 256)))
        case 2...5: bytes[place] = [0, 0x7F, 0x80, 0xFF][random.index(below: 4)]
        case 6...10: bytes[place] ^= 1 << UInt8(random.index(below: 8))
        case 11: for i in place..<min(place + 8, bytes.count) { bytes[i] = 0xFF }
        default: bytes[place] = UInt8(random.index(below: 256))
        }
    }
}

import Methods
import TensorMath
import Testing

/// Payloads worked out by hand, byte for byte.
@Suite struct CodecBytesTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var stages: [CompressionStage]
        var values: [Float]
        var bytes: [UInt8]
        var received: [Float]
        var errorFeedback = false

        var testDescription: String { "\(stages) \(errorFeedback)" }
    }

    static let five: [Float] = [1, -0.5, 0.25, 0, -1]
    static let ten: [Float] = [0, 3, 0, -5, 3, 2, 0, 0, 1, 1]

    static let examples = [
        Example(
            stages: [], values: [1.5, -2], bytes: [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0], received: [1.5, -2]),
        // 127 levels: 63.5 and 31.75 become 64 and 32; codes are levels + 127.
        Example(
            stages: [.quantize(bits: 8)], values: five, bytes: [0, 0, 0x80, 0x3F, 254, 63, 159, 127, 0],
            received: [1, -64 / 127, 32 / 127, 0, -1], errorFeedback: true),
        // 7 levels: 3.5 and 1.75 become 4 and 2; codes 14 3 9 7 0.
        Example(
            stages: [.quantize(bits: 4)], values: five, bytes: [0, 0, 0x80, 0x3F, 0x3E, 0x79, 0],
            received: [1, -4 / 7, 2 / 7, 0, -1], errorFeedback: true),
        // One level: codes 2 0 1 1 0.
        Example(
            stages: [.quantize(bits: 2)], values: five, bytes: [0, 0, 0x80, 0x3F, 0b0101_0010, 0],
            received: [1, -1, 0, 0, -1], errorFeedback: true),
        // One level, halves: up where the number drawn is at least 2^31, which of these the third is. Codes 2 1 2 1 1.
        Example(
            stages: [.quantize(bits: 2)], values: [4, 2, 2, 2, 2], bytes: [0, 0, 0x80, 0x40, 0b0110_0110, 1],
            received: [4, 0, 4, 0, 0]),
        Example(
            stages: [.quantize(bits: 8, bucket: 2)], values: [1, -0.5, 4, 2, -8],
            bytes: [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x40, 0, 0, 0, 0x41, 254, 63, 254, 191, 0],
            received: [1, -64 / 127, 4, 4 * (64 / 127), -8], errorFeedback: true),
        Example(
            stages: [.quantize(bits: 8, bucket: nil)], values: [0, 0, -0.0],
            bytes: [0, 0, 0, 0, 127, 127, 127],
            received: [0, 0, 0]),
        // Mean magnitude 2; the second and the last are negative.
        Example(
            stages: [.sign], values: [1, -3, 0, 2, -4], bytes: [0, 0, 0, 0x40, 0b0001_0010],
            received: [2, -2, 2, 2, -2]),
        Example(
            stages: [.float16], values: [1, -2, 65504, 1e6],
            bytes: [0, 0x3C, 0, 0xC0, 0xFF, 0x7B, 0xFF, 0x7B], received: [1, -2, 65504, 65504]),
        // Two of ten, with four bits a position: 1 (the first of the threes) and 3.
        Example(
            stages: [.topK(fraction: 0.2)], values: ten, bytes: [0x31, 0, 0, 0x40, 0x40, 0, 0, 0xA0, 0xC0],
            received: [0, 3, 0, -5, 0, 0, 0, 0, 0, 0]),
        // Three of ten need 12 bits as positions, 10 as a bitmap: 1, 3 and 4. Bits of half precision after it.
        Example(
            stages: [.topK(fraction: 0.3), .float16], values: ten,
            bytes: [0b0001_1010, 0, 0, 0x42, 0, 0xC5, 0, 0x42], received: [0, 3, 0, -5, 3, 0, 0, 0, 0, 0]),
        // The mean is that of what travels: (5 + 3) / 2.
        Example(
            stages: [.topK(fraction: 0.2), .sign], values: ten, bytes: [0x31, 0, 0, 0x80, 0x40, 0b10],
            received: [0, 4, 0, -4, 0, 0, 0, 0, 0, 0]),
        // The two greatest of six numbers, without their highest bit, are the second and the first. Times 6 / 2.
        Example(
            stages: [.randomK(fraction: 0.3)], values: [1, -2, 3, 4, 5, 6],
            bytes: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0],
            received: [3, -6, 0, 0, 0, 0]),
        Example(
            stages: [.randomK(fraction: 0.3)], values: [1, -2, 3, 4, 5, 6],
            bytes: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0],
            received: [1, -2, 0, 0, 0, 0], errorFeedback: true),
        // A share that is less than one value is one value: the second.
        Example(
            stages: [.randomK(fraction: 1e-9), .float16], values: [1, -2, 3, 4, 5, 6], bytes: [0, 0xC0],
            received: [0, -12, 0, 0, 0, 0]),
    ]

    @Test(arguments: examples) func bytesAreAsWorkedOut(example: Example) throws {
        let codec = UpdateCodec(
            example.stages, layout: CompressionFixtures.layout([example.values.count]),
            errorFeedback: example.errorFeedback)
        #expect(try codec.bytes(example.values) == example.bytes)
        #expect(try codec.values(example.bytes) == example.received)
        #expect(codec.encodedBytes == example.bytes.count)
    }

    /// A buffer, and a single value that would only grow, go as they are; segments follow without gaps.
    @Test func segmentsStandBesideEachOther() throws {
        let layout = CompressionFixtures.layout([1, 2, 3], buffers: [1])
        let codec = UpdateCodec([.quantize(bits: 8)], layout: layout)
        #expect((0..<3).map { codec.encodedBytes(segment: $0) } == [4, 8, 7])
        let bytes = try codec.bytes([0.1, 1.5, -2, 1, -1, 0])
        let whole: [UInt8] = [0xCD, 0xCC, 0xCC, 0x3D, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]
        #expect(bytes == whole + [0, 0, 0x80, 0x3F, 254, 0, 127])
        #expect(try codec.values(bytes) == [0.1, 1.5, -2, 1, -1, 0])
    }

    @Test func nothingTakesNoBytes() throws {
        let codec = UpdateCodec([.topK(fraction: 0.5), .sign], layout: ParameterLayout())
        #expect(codec.encodedBytes == 0)
        #expect(try codec.bytes([]) == [] && codec.values([]) == [])
    }

    @Test func orderOfStages() {
        let (top, random) = (CompressionStage.topK(fraction: 0.1), CompressionStage.randomK(fraction: 0.1))
        for stages in CompressionFixtures.stages { #expect(CompressionStage.misplaced(in: stages) == nil) }
        #expect(CompressionStage.misplaced(in: [.sign, top]) == 1)
        #expect(CompressionStage.misplaced(in: [top, random]) == 1)
        #expect(CompressionStage.misplaced(in: [random, .float16, .sign]) == 2)
        #expect(CompressionStage.misplaced(in: [random, .float16, top]) == 2)
    }
}

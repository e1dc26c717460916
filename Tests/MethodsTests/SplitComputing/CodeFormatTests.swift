import Methods
import TensorMath
import Testing

/// Payloads of codes: sizes, halves, deflate, and bytes that nobody sent.
@Suite struct CodeFormatTests {
    static let formats = (Array(1...8) + [16, 32]).flatMap { bits in
        [CodeFormat(bits: bits), CodeFormat(bits: bits, deflates: true)]
    }

    private static func values(_ count: Int) -> [Float] {
        var random = RandomStream(RandomKey(seed: 3, purpose: .test))
        return (0..<count).map { _ in Float(random.normal()) }
    }

    /// BottleFit's codes at 224 x 224 pixels: 3 and 12 channels of 29 x 29 values.
    @Test func payloadBytes() {
        #expect(CodeFormat().payloadBytes(values: 3 * 29 * 29) == 8 + 2523)
        #expect(CodeFormat().payloadBytes(values: 12 * 29 * 29) == 8 + 10092)
        #expect(CodeFormat(bits: 3).payloadBytes(values: 11) == 8 + 5)
        #expect(CodeFormat(bits: 16).payloadBytes(values: 11) == 22)
        #expect(CodeFormat(bits: 32).payloadBytes(values: 11) == 44)
        for bits in [-1, 0, 9, 15, 24, 33, 64] { #expect(!CodeFormat.accepts(bits: bits)) }
    }

    /// Range -2 to 5 and 3 bits: scale 1, zero point 2. Codes 0 7 2 3 1 4, then 5 6 2: 27 bits.
    @Test func threeBits() throws {
        let format = CodeFormat(bits: 3)
        let values: [Float] = [-2, 5, 0, 1, -1, 2, 3, 4, 0.25]
        let payload = try #require(format.encode(PlainCodes.view(values))).bytes
        let codes: [UInt8] = [0b1011_1000, 0b0001_0110, 0b1101_0110, 0b10]
        #expect(payload == [0, 0, 0x80, 0x3F, 2, 0, 0, 0] + codes)
        #expect(PlainCodes.received(payload, format, count: 9) == [-2, 5, 0, 1, -1, 2, 3, 4, 0])
    }

    /// Python's struct and PyTorch agree on these but for what is beyond 65,504.
    @Test func halves() throws {
        let values: [Float] = [0.1, -65504, 65519, 65520, -1e6, 6e-8, 2.9e-8, -0.333, 1 / 3, 2049, 2051]
        let words: [UInt16] = [
            0x2E66, 0xFBFF, 0x7BFF, 0x7BFF, 0xFBFF, 1, 0, 0xB554, 0x3555, 0x6800, 0x6802,
        ]
        let payload = try #require(CodeFormat(bits: 16).encode(PlainCodes.view(values))).bytes
        #expect(payload == words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] })
        let back = try #require(PlainCodes.received(payload, CodeFormat(bits: 16), count: values.count))
        #expect(back[3...5] == [65504, -65504, 0x1p-24])
    }

    @Test(arguments: formats) func roundTrip(format: CodeFormat) throws {
        let plain = CodeFormat(bits: format.bits)
        for count in [1, 2, 7, 8, 9, 63, 64, 1000] {
            let values = Self.values(count)
            let payload = try #require(format.encode(PlainCodes.view(values))).bytes
            let back = try #require(PlainCodes.received(payload, format, count: count))
            if format.bits == 32 { #expect(back == values) }
            if !format.deflates { #expect(payload.count == format.payloadBytes(values: count)) }
            let undeflated = try #require(plain.encode(PlainCodes.view(values))).bytes
            #expect(PlainCodes.received(undeflated, plain, count: count) == back)
        }
    }

    /// A code of mostly zeros, as after ReLU, takes less room.
    @Test func deflateSaves() throws {
        let values = Self.values(2523).enumerated().map { $0 % 5 == 0 ? abs($1) : 0 }
        let payload = try #require(CodeFormat(deflates: true).encode(PlainCodes.view(values)))
        #expect(payload.count < CodeFormat().payloadBytes(values: 2523) / 2)
    }

    /// Every length but the right one, and every byte changed: refused, or finite values.
    @Test(arguments: formats) func hostileBytes(format: CodeFormat) throws {
        let count = 21
        let payload = try #require(format.encode(PlainCodes.view(Self.values(count)))).bytes
        for length in 0..<payload.count {
            #expect(PlainCodes.received(Array(payload[..<length]), format, count: count) == nil)
        }
        #expect(PlainCodes.received(payload + [0], format, count: count) == nil)
        for other in [count - 8, count + 8] {
            #expect(PlainCodes.received(payload, format, count: other) == nil)
        }
        for place in payload.indices {
            for mask in [1, 0x20, 0x80, 0xFF] as [UInt8] {
                var damaged = payload
                damaged[place] ^= mask
                let back = PlainCodes.received(damaged, format, count: count)
                #expect(back?.allSatisfy(\.isFinite) != false)
            }
        }
    }

    @Test func hostileHeaders() {
        let three = CodeFormat(bits: 3)
        let one = PlainCodes.littleEndian((1 as Float).bitPattern)
        let codes: [UInt8] = [0xFF, 1]
        #expect(PlainCodes.received(one + PlainCodes.littleEndian(7) + codes, three, count: 3) == [0, 0, 0])
        #expect(PlainCodes.received(one + PlainCodes.littleEndian(8) + codes, three, count: 3) == nil)
        #expect(PlainCodes.received(one + PlainCodes.littleEndian(.max) + codes, three, count: 3) == nil)
        for scale in [0, -0.0, -1, .nan, .infinity] as [Float] {
            #expect(
                PlainCodes.received(
                    PlainCodes.littleEndian(scale.bitPattern) + PlainCodes.littleEndian(0) + codes, three,
                    count: 3) == nil)
        }
        // A bit of padding, and a code whose value is no number any more.
        #expect(PlainCodes.received(one + PlainCodes.littleEndian(7) + [0xFF, 3], three, count: 3) == nil)
        let greatest = PlainCodes.littleEndian(Float.greatestFiniteMagnitude.bitPattern)
        #expect(PlainCodes.received(greatest + PlainCodes.littleEndian(0) + codes, three, count: 3) == nil)
    }

    @Test func numbersThatAreNone() {
        #expect(PlainCodes.received([0, 0x7C], CodeFormat(bits: 16), count: 1) == nil)
        #expect(PlainCodes.received([1, 0xFC], CodeFormat(bits: 16), count: 1) == nil)
        #expect(PlainCodes.received([0, 0, 0xC0, 0x7F], CodeFormat(bits: 32), count: 1) == nil)
        #expect(PlainCodes.received([0, 0, 0x80, 0xFF], CodeFormat(bits: 32), count: 1) == nil)
        for bits in [16, 32] {
            #expect(CodeFormat(bits: bits).encode(PlainCodes.view([0, .nan])) == nil)
            #expect(CodeFormat(bits: bits).encode(PlainCodes.view([-.infinity, 0])) == nil)
        }
    }
}

import Methods
import TensorMath
import Testing

/// Codes of 1 to 8 bits against PyTorch with torchdistill's formula, and what the formula leaves open.
@Suite struct AffineCodeTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var what: String
        var bits: Int
        var values: [Float]
        var scale: Float
        var zeroPoint: UInt32
        var codes: [UInt8]
        var received: [Float]

        var testDescription: String { "\(what), \(bits) bits" }
    }

    static let normal: [Float] = [
        -0x1.2ca2e8p-3, 0x1.92811cp-1, 0x1.e4c5cep-1, -0x1.1d45a6p0, 0x1.b0d7ap0, -0x1.ca26e2p-1,
        -0x1.6c28f8p-2, 0x1.3b7da2p0, 0x1.1afa44p-3, -0x1.aea49p0, 0x1.454d76p-2, 0x1.0ffd1ap-3,
    ]

    static let examples = [
        Example(
            what: "normal", bits: 8, values: normal, scale: 0x1.b16f88p-7, zeroPoint: 127,
            codes: [116, 186, 199, 43, 255, 59, 100, 220, 137, 0, 151, 137],
            received: [
                -0x1.29fcaep-3, 0x1.8f92d2p-1, 0x1.e79d78p-1, -0x1.1c7132p0, 0x1.b16f88p0, -0x1.cc868p-1,
                -0x1.6db61ap-2, 0x1.3aeb08p0, 0x1.0ee5b4p-3, -0x1.ae0ca8p0, 0x1.4513a6p-2, 0x1.0ee5b4p-3,
            ]),
        Example(
            what: "normal", bits: 5, values: normal, scale: 0x1.bdab74p-4, zeroPoint: 15,
            codes: [14, 22, 24, 5, 31, 7, 12, 26, 16, 0, 18, 16],
            received: [
                -0x1.bdab74p-4, 0x1.85f606p-1, 0x1.f560e2p-1, -0x1.168b28p0, 0x1.bdab74p0, -0x1.bdab74p-1,
                -0x1.4e4098p-2, 0x1.3265ep0, 0x1.bdab74p-4, -0x1.a1d0bcp0, 0x1.4e4098p-2, 0x1.bdab74p-4,
            ]),
        Example(
            what: "normal", bits: 3, values: normal, scale: 0x1.ed6b8ap-2, zeroPoint: 3,
            codes: [3, 5, 5, 1, 7, 1, 2, 6, 3, 0, 4, 3],
            received: [
                0, 0x1.ed6b8ap-1, 0x1.ed6b8ap-1, -0x1.ed6b8ap-1, 0x1.ed6b8ap0, -0x1.ed6b8ap-1, -0x1.ed6b8ap-2,
                0x1.7210a8p0, 0, -0x1.7210a8p0, 0x1.ed6b8ap-2, 0,
            ]),
        Example(
            what: "normal", bits: 1, values: normal, scale: 0x1.afbe18p1, zeroPoint: 0,
            codes: [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            received: [0, 0, 0, 0, 0x1.afbe18p1, 0, 0, 0, 0, 0, 0, 0]),
        Example(
            what: "above zero, little", bits: 8,
            values: [
                0x1.1d652ep4, 0x1.4babp4, 0x1.01815ep5, 0x1.624c0ap4, 0x1.b9c67p4, 0x1.8760fp0, 0x1.f3cdbp4,
                0x1.7e2256p4, 0x1.610e6ep4,
            ], scale: 0x1.ec7926p-4, zeroPoint: 0, codes: [148, 172, 255, 184, 230, 13, 255, 199, 184],
            received: [
                0x1.1cb60ap4, 0x1.4ae166p4, 0x1.ea8cacp4, 0x1.61f714p4, 0x1.ba74d8p4, 0x1.90226ep0,
                0x1.ea8cacp4, 0x1.7ed22cp4, 0x1.61f714p4,
            ]),
        Example(
            what: "below zero, more than its range", bits: 8,
            values: [
                -0x1.91aecp0, -0x1.be6544p0, -0x1.f58f38p0, -0x1.638498p0, -0x1.38b0b8p0, -0x1.5fcbb4p0,
            ], scale: 0x1.7b3838p-9, zeroPoint: 255, codes: [0, 0, 0, 0, 0, 0],
            received: [-0x1.79bdp-1, -0x1.79bdp-1, -0x1.79bdp-1, -0x1.79bdp-1, -0x1.79bdp-1, -0x1.79bdp-1]),
        Example(
            what: "below zero", bits: 4,
            values: [
                -0x1.abeaap-1, -0x1.3c5c78p1, -0x1.023638p0, -0x1.e61e8p-1, -0x1.85a9b4p1, -0x1.8fb1d4p1,
            ], scale: 0x1.383adap-3, zeroPoint: 15, codes: [10, 0, 8, 9, 0, 0],
            received: [
                -0x1.86499p-1, -0x1.24b72cp1, -0x1.11337ep0, -0x1.d45848p-1, -0x1.24b72cp1, -0x1.24b72cp1,
            ]),
        Example(
            what: "above zero, more than its range", bits: 8,
            values: [0x1.0eb8c8p1, 0x1.d3ab9cp0, 0x1.def44cp0, 0x1.3ca304p1, 0x1.10f3dcp0, 0x1.2ec912p0],
            scale: 0x1.69bbe8p-8, zeroPoint: 0, codes: [255, 255, 255, 255, 193, 214],
            received: [0x1.68522cp0, 0x1.68522cp0, 0x1.68522cp0, 0x1.68522cp0, 0x1.10b6aap0, 0x1.2e6314p0]),
        Example(
            what: "far from zero", bits: 8, values: [0x1.9p6, 0x1.91p6, 0x1.94p6], scale: 0x1.010102p-8,
            zeroPoint: 0, codes: [255, 255, 255], received: [0x1p0, 0x1p0, 0x1p0]),
        Example(
            what: "ties", bits: 8, values: [-0x1p0, 0x1p-1, 0x1.8p0, 0x1.4p1, 0x1.fcp7], scale: 0x1p0,
            zeroPoint: 1, codes: [0, 2, 2, 4, 255], received: [-0x1p0, 0x1p0, 0x1p0, 0x1.8p1, 0x1.fcp7]),
        Example(
            what: "subnormal", bits: 8, values: [0, 0x1.65p-140, 0x1.acp-142, -0x1.65p-140],
            scale: 0x1.8p-147, zeroPoint: 119, codes: [119, 238, 155, 0],
            received: [0, 0x1.65p-140, 0x1.bp-142, -0x1.65p-140]),
        Example(
            what: "huge", bits: 8, values: [-0x1.2ced32p126, 0x1.2ced32p127, 0, 0x1.e17b84p122],
            scale: 0x1.c528f4p119, zeroPoint: 85, codes: [0, 255, 85, 94],
            received: [-0x1.2ced32p126, 0x1.2ced32p127, 0, 0x1.fdce12p122]),
    ]

    @Test(arguments: examples) func pyTorch(example: Example) throws {
        let format = CodeFormat(bits: example.bits)
        let payload = try #require(format.encode(PlainCodes.view(example.values))).bytes
        #expect(Array(payload[..<4]) == PlainCodes.littleEndian(example.scale.bitPattern))
        #expect(Array(payload[4..<8]) == PlainCodes.littleEndian(example.zeroPoint))
        #expect(Array(payload[8...]) == PlainCodes.packed(example.codes, bits: example.bits))
        #expect(PlainCodes.received(payload, format, count: example.values.count) == example.received)
    }

    /// Adler-32 of the 2,523 values that PyTorch gives back, 1 to 8 bits.
    static let sums: [UInt32] = [
        1_935_933_065, 2_265_680_287, 1_380_185_843, 1_779_191_687, 2_663_648_258, 2_178_442_348, 960_236_121,
        276_677_853,
    ]

    @Test(arguments: zip(1...8, sums)) func pyTorchOfWholeCode(bits: Int, sum: UInt32) throws {
        let values: [Float] = (0..<2523).map { i in
            let numerator = Float(i * 7919 % 10007)
            return numerator / 1024 - 3.5
        }
        let format = CodeFormat(bits: bits)
        let payload = try #require(format.encode(PlainCodes.view(values))).bytes
        let back = try #require(PlainCodes.received(payload, format, count: values.count))
        #expect(PlainCodes.adler32(back.flatMap { PlainCodes.littleEndian($0.bitPattern) }) == sum)
    }

    /// The formula, value by value, with the standard library's rounding.
    @Test(arguments: 1...8) func plainFormula(bits: Int) throws {
        var random = RandomStream(RandomKey(seed: 5, purpose: .test, client: UInt32(bits)))
        let format = CodeFormat(bits: bits)
        for count in Array(1...40) + [257, 1000] {
            let (width, shift) = (random.uniform() * 10 + 0.01, random.uniform() * 6 - 3)
            let values = (0..<count).map { _ in (random.uniform() - 0.5) * width + shift }
            let n = Float(1 << bits - 1)
            let (least, greatest) = (values.min()!, values.max()!)
            guard greatest > least else { continue }
            let scale = (greatest - least) / n
            let zero = min(max(-least / scale, 0), n).rounded(.towardZero)
            let codes = values.map { min(max(zero + $0 / scale, 0), n).rounded(.toNearestOrEven) }
            let payload = try #require(format.encode(PlainCodes.view(values))).bytes
            var bytes = PlainCodes.littleEndian(scale.bitPattern) + PlainCodes.littleEndian(UInt32(zero))
            bytes += PlainCodes.packed(codes.map { UInt8($0) }, bits: bits)
            #expect(payload == bytes)
            #expect(PlainCodes.received(payload, format, count: count) == codes.map { scale * ($0 - zero) })
        }
    }

    /// Where the range includes 0: half a step, a whole one next to the least value.
    @Test(arguments: 1...8) func errorIsBounded(bits: Int) throws {
        var random = RandomStream(RandomKey(seed: 6, purpose: .test, client: UInt32(bits)))
        let format = CodeFormat(bits: bits)
        for _ in 0..<200 {
            var values = (0..<50).map { _ in (random.uniform() - 0.5) * 6 }
            values[7] = -random.uniform() * 4
            values[9] = random.uniform() * 4
            let step = Double(values.max()! - values.min()!) / Double(1 << bits - 1)
            let payload = try #require(format.encode(PlainCodes.view(values))).bytes
            let back = try #require(PlainCodes.received(payload, format, count: 50))
            for (value, back) in zip(values, back) {
                let isNextToLeast = Double(value - values.min()!) < step
                #expect(abs(Double(value - back)) <= (isNextToLeast ? 1 : 0.5) * step + 1e-5)
            }
        }
    }

    /// Outside: up to the distance of the least magnitude from 0, and half a step.
    @Test func errorAwayFromZero() {
        for sign in [1, -1] as [Float] {
            let format = CodeFormat(bits: 8)
            let values = (0...51).map { sign * (5 + Float($0) / 51) }
            let payload = format.encode(PlainCodes.view(values))?.bytes ?? []
            // All are beyond the range's width, 1.
            #expect(
                PlainCodes.received(payload, format, count: 52)?.allSatisfy { abs($0 - sign) < 1e-6 } == true)
        }
    }

    static let constants: [Float] = [
        0, 2.5, -2.5, 3e38, -3e38, 0x1p-133, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, -0.1,
    ]

    /// A value that all share comes back as it was.
    @Test(arguments: constants)
    func constant(value: Float) throws {
        for bits in 1...8 {
            for count in [1, 3, 9] {
                let format = CodeFormat(bits: bits)
                let values = [Float](repeating: value, count: count)
                let payload = try #require(format.encode(PlainCodes.view(values))).bytes
                #expect(PlainCodes.received(payload, format, count: count) == values)
            }
        }
    }

    /// 0 and the least number above it: their scale would be 0.
    @Test func rangeBelowScale() throws {
        let format = CodeFormat()
        let least = Float.leastNonzeroMagnitude
        let pairs: [[Float]] = [[0, least], [-least, 40 * least], [3 * least, 90 * least]]
        for values in pairs {
            let payload = try #require(format.encode(PlainCodes.view(values))).bytes
            let back = try #require(PlainCodes.received(payload, format, count: 2))
            for (value, back) in zip(values, back) { #expect(abs(value - back) <= 2 * least) }
        }
    }

    @Test func refused() {
        for bits in 1...8 {
            let format = CodeFormat(bits: bits)
            for values in [[1, .nan], [.infinity, 0], [-.infinity], [-3e38, 3e38]] as [[Float]] {
                #expect(format.encode(PlainCodes.view(values)) == nil, "\(values), \(bits) bits")
            }
        }
    }
}

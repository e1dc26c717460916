import Methods
import TensorMath
import Testing

/// QSGD's claims (Alistarh et al. 2017, lemma 3.1), and half precision.
@Suite struct QuantizationTests {
    static let bits = [8, 4, 2]

    private static func levels(_ bits: Int) -> Double { Double(1 << (bits - 1) - 1) }

    private static func normals(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomStream(RandomKey(seed: seed, purpose: .test))
        return (0..<count).map { _ in Float(random.normal()) }
    }

    /// The mean over many draws is the value, within five standard deviations of a two-valued variable.
    @Test(arguments: bits) func unbiased(bits: Int) throws {
        var random = RandomStream(RandomKey(seed: 7, purpose: .test))
        let values = Self.normals(60, seed: 1)
        let draws = 5000
        let codec = UpdateCodec(
            [.quantize(bits: bits, bucket: 16)], layout: CompressionFixtures.layout([60]))
        var sums = [Double](repeating: 0, count: 60)
        for _ in 0..<draws {
            for (i, value) in try codec.decoded(values, stream: &random).enumerated() {
                sums[i] += Double(value)
            }
        }
        for (i, value) in values.enumerated() {
            let scale = Double(values[i / 16 * 16..<min(i / 16 * 16 + 16, 60)].map(abs).max()!)
            let step = scale / Self.levels(bits)
            let share = (Double(abs(value)) / step).truncatingRemainder(dividingBy: 1)
            let deviation = step * (share * (1 - share) / Double(draws)).squareRoot()
            #expect(abs(sums[i] / Double(draws) - Double(value)) <= 5 * deviation + 1e-6 * scale)
        }
    }

    /// E |Q(x) - x|^2 <= min(n / s^2, sqrt(n) / s) |x|^2, and, with the maximum for a norm, n max^2 / 4 s^2.
    @Test(arguments: bits) func varianceIsBounded(bits: Int) throws {
        var random = RandomStream(RandomKey(seed: 8, purpose: .test))
        let s = Self.levels(bits)
        for count in [16, 100, 512] {
            var spike = [Float](repeating: 0.01, count: count)
            spike[3] = 1
            for values in [Self.normals(count, seed: UInt64(count)), spike] {
                let codec = UpdateCodec(
                    [.quantize(bits: bits)], layout: CompressionFixtures.layout([count]))
                let draws = 400
                var error = 0.0
                for _ in 0..<draws {
                    let received = try codec.decoded(values, stream: &random)
                    error += squares(zip(values, received).map { $0 - $1 }) / Double(draws)
                }
                let n = Double(count)
                let maximum = Double(values.map(abs).max()!)
                #expect(error <= min(n / (s * s), n.squareRoot() / s) * squares(values))
                #expect(error <= 1.05 * n * maximum * maximum / (4 * s * s))
            }
        }
    }

    /// A sparsifier that scales and a quantiser are unbiased together.
    @Test func unbiasedTogether() throws {
        var random = RandomStream(RandomKey(seed: 9, purpose: .test))
        let values = Self.normals(40, seed: 2)
        let codec = UpdateCodec(
            [.randomK(fraction: 0.5), .quantize(bits: 4)], layout: CompressionFixtures.layout([40]))
        let draws = 20_000
        var (sums, squared) = ([Double](repeating: 0, count: 40), [Double](repeating: 0, count: 40))
        for _ in 0..<draws {
            for (i, value) in try codec.decoded(values, stream: &random).enumerated() {
                sums[i] += Double(value)
                squared[i] += Double(value) * Double(value)
            }
        }
        for (i, value) in values.enumerated() {
            let mean = sums[i] / Double(draws)
            let deviation = ((squared[i] / Double(draws) - mean * mean) / Double(draws)).squareRoot()
            #expect(abs(mean - Double(value)) <= 5 * deviation)
        }
    }

    /// Every finite half is a value of its own, and comes back.
    @Test func allHalves() throws {
        let halves = (0...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
        let codec = UpdateCodec([.float16], layout: CompressionFixtures.layout([halves.count]))
        let bytes = halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        let values = try codec.values(bytes)
        #expect(try codec.bytes(values) == bytes)
        for (half, value) in zip(halves, values) {
            let fraction = Double(half & 0x3FF)
            let exponent = Int(half >> 10 & 31)
            let magnitude =
                exponent == 0
                ? fraction * 0x1p-24
                : (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
            #expect(Double(value.magnitude) == magnitude)
            #expect(value.sign == (half < 0x8000 ? .plus : .minus))
        }
    }

    /// Between two halves: to the nearer one, and half way to the one whose last bit is 0.
    @Test func halvesAreRoundedToTheNearest() throws {
        let known: [(Float, UInt16)] = [
            (0x1p-24, 0x0001), (0x1p-25, 0x0000), (Float(0x1p-25).nextUp, 0x0001), (0x1.8p-24, 0x0002),
            (0x1p-149, 0x0000), (0x1p-14, 0x0400), (0x1.FF8p-15, 0x03FF), (0x1.FFCp-15, 0x0400),
            (0x1.FFBFFEp-15, 0x03FF), (1, 0x3C00), (1 + 0x1p-11, 0x3C00), (1 + 0x1.8p-10, 0x3C02),
            (Float(1 + 0x1p-11).nextUp, 0x3C01), (0.1, 0x2E66), (-0.1, 0xAE66), (1 / 3, 0x3555),
            (65504, 0x7BFF),
            (65519, 0x7BFF), (65520, 0x7BFF), (-1e30, 0xFBFF), (0, 0), (-0.0, 0x8000), (2047.5, 0x6800),
        ]
        let codec = UpdateCodec([.float16], layout: CompressionFixtures.layout([known.count]))
        let bytes = try codec.bytes(known.map(\.0))
        for (i, pair) in known.enumerated() {
            let half = UInt16(bytes[2 * i]) | UInt16(bytes[2 * i + 1]) << 8
            #expect(half == pair.1, "\(pair.0)")
        }
        // Against the halves on either side, in double, where the arithmetic is exact.
        var random = RandomStream(RandomKey(seed: 10, purpose: .test))
        let values = CompressionFixtures.randomValues(20_000, &random).map { $0 * 0x1p-6 }
        let wide = UpdateCodec([.float16], layout: CompressionFixtures.layout([values.count]))
        let coded = try wide.bytes(values)
        let received = try wide.values(coded)
        for (i, value) in values.enumerated() {
            let half = UInt16(coded[2 * i]) | UInt16(coded[2 * i + 1]) << 8
            let error = abs(Double(value) - Double(received[i]))
            // Neighbours of a half are 2^(exponent - 10) apart, and never closer than 2^-24.
            let exponent = max(received[i] == 0 ? -14 : Int(received[i].exponent), -14)
            let gap = Double(sign: .plus, exponent: exponent - 10, significand: 1)
            #expect(error < gap / 2 || error == gap / 2 && half & 1 == 0, "\(value)")
        }
    }
}

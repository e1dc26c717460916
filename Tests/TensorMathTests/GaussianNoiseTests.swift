import CKernels
import TensorMath
import Testing

@Suite(.serialized) struct GaussianNoiseTests {
    private static let key = RandomKey(seed: 7, purpose: .noise, client: 1, participation: 3)

    private func noise(_ count: Int, deviation: Double = 1, key: RandomKey = key) -> [Float] {
        let buffer = FloatBuffer(count: count)
        buffer.view.addGaussianNoise(deviation: deviation, key: key)
        return buffer.view.array
    }

    /// From an independent implementation in Python, with the C library's logarithm, sine and cosine.
    @Test func firstNumbers() {
        let expected = [
            0.07783703752583533, -1.2310094168622783, 1.0870709042923432, -0.11285600445859911,
            -0.23521733584489363, -0.9512700518274877, -0.5891548855082173, -0.1068274522232926,
        ]
        #expect(noise(8) == expected.map { Float($0) })
    }

    @Test func moments() {
        let count = 400_000
        let values = noise(count).map { Double($0) }
        let n = Double(count)
        func mean(_ power: Int) -> Double {
            values.reduce(0) { sum, value in sum + (0..<power).reduce(1) { product, _ in product * value } }
                / n
        }
        // Five deviations each: the variance of x^k is E x^2k - (E x^k)^2.
        #expect(abs(mean(1)) < 5 * (1 / n).squareRoot())
        #expect(abs(mean(2) - 1) < 5 * (2 / n).squareRoot())
        #expect(abs(mean(3)) < 5 * (15 / n).squareRoot())
        #expect(abs(mean(4) - 3) < 5 * (96 / n).squareRoot())
        for lag in 1...4 {
            let product = zip(values, values.dropFirst(lag)).reduce(0) { $0 + $1.0 * $1.1 } / n
            #expect(abs(product) < 5 * (1 / n).squareRoot())
        }
        for (bound, share) in [(0.5, 0.617_075), (1.0, 0.317_311), (2.0, 0.045_500), (3.0, 0.002_700)] {
            let beyond = Double(values.count { abs($0) > bound }) / n
            #expect(abs(beyond - share) < 5 * (share / n).squareRoot())
        }
    }

    /// A value's number depends on its place alone, not on how many are asked for.
    @Test func placesDecide() {
        let long = noise(1000)
        for count in [0, 1, 3, 255, 256, 257, 999] { #expect(noise(count) == Array(long[..<count])) }
        for other in [
            RandomKey(seed: 8, purpose: .noise, client: 1, participation: 3),
            RandomKey(seed: 7 + 1 << 32, purpose: .noise, client: 1, participation: 3),
            RandomKey(seed: 7, purpose: .noise, client: 2, participation: 3),
            RandomKey(seed: 7, purpose: .noise, client: 1, participation: 4),
            RandomKey(seed: 7, purpose: .test, client: 1, participation: 3),
        ] {
            #expect(zip(noise(1000, key: other), long).allSatisfy { $0 != $1 })
        }
    }

    @Test func addsToWhatIsThere() {
        let buffer = FloatBuffer(count: 300)
        buffer.view.fill(2)
        buffer.view.slice(1, 298).addGaussianNoise(deviation: 0.25, key: Self.key)
        let expected = noise(298).map { 2 + Float(0.25 * Double($0)) }
        #expect(buffer.view[0] == 2 && buffer.view[299] == 2)
        for (value, wanted) in zip(buffer.view.array[1...], expected) { #expect(abs(value - wanted) < 1e-6) }
    }

    @Test func everyFamilyGivesTheSameBits() {
        let best = ck_supported_family()
        let expected = noise(1000)
        let active = ck_family()
        defer { ck_set_family(active) }
        for family in [Int32(0), 1, 2] where family <= best {
            let buffer = FloatBuffer(count: 1000)
            ck_set_family(family)
            buffer.view.addGaussianNoise(deviation: 1, key: Self.key)
            #expect(buffer.view.array == expected)
        }
    }
}

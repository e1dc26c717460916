import CKernels
import TensorMath
import Testing

@Suite struct DistributionTests {
    @Test func smallIndicesAreUniform() {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<100_000 { counts[stream.index(below: 10)] += 1 }
        // Nine degrees of freedom: 27.9 is passed once in a thousand.
        #expect(chiSquare(counts, expected: 10_000) < 27.9)
    }

    /// Below 3 x 2^30, a remainder would prefer the first third twofold, a product without rejection every
    /// third number.
    @Test func largeIndicesAreUniform() {
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        var thirds = [0, 0, 0]
        var remainders = [0, 0, 0]
        for _ in 0..<60_000 {
            let index = stream.index(below: 3 << 30)
            thirds[index >> 30] += 1
            remainders[index % 3] += 1
        }
        // Two degrees of freedom: 13.8 is passed once in a thousand.
        #expect(chiSquare(thirds, expected: 20_000) < 13.8)
        #expect(chiSquare(remainders, expected: 20_000) < 13.8)
    }

    @Test func indexBelowOneIsZero() {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        for _ in 0..<100 { #expect(stream.index(below: 1) == 0) }
    }

    @Test func uniformsHaveTheirGrid() {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        var sum = 0.0
        var tenths = [Int](repeating: 0, count: 10)
        for _ in 0..<100_000 {
            let value = stream.uniform()
            let fine = stream.uniformDouble()
            guard value >= 0, value < 1, value * 0x1p24 == (value * 0x1p24).rounded(), fine >= 0, fine < 1,
                fine * 0x1p53 == (fine * 0x1p53).rounded()
            else {
                Issue.record("\(value) or \(fine) is off the grid")
                return
            }
            tenths[Int(value * 10)] += 1
            sum += fine
        }
        #expect(chiSquare(tenths, expected: 10_000) < 27.9)
        // Deviation of the mean: 1 / sqrt(12 x 100,000).
        #expect(abs(sum / 100_000 - 0.5) < 0.0046)
    }

    @Test func normalMoments() {
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        let count = 200_000
        var (first, second, third, fourth) = (0.0, 0.0, 0.0, 0.0)
        var beyond = 0
        var products = 0.0
        var previous = 0.0
        for _ in 0..<count {
            let value = stream.normal()
            first += value
            second += value * value
            third += value * value * value
            fourth += value * value * value * value
            products += value * previous
            previous = value
            if abs(value) > 2 { beyond += 1 }
        }
        let n = Double(count)
        // Five deviations each: sqrt of 1, 2, 15, 96 over n.
        #expect(abs(first / n) < 5 * (1 / n).squareRoot())
        #expect(abs(second / n - 1) < 5 * (2 / n).squareRoot())
        #expect(abs(third / n) < 5 * (15 / n).squareRoot())
        #expect(abs(fourth / n - 3) < 5 * (96 / n).squareRoot())
        #expect(abs(products / n) < 5 * (1 / n).squareRoot())
        #expect(abs(Double(beyond) / n - 0.0455) < 5 * (0.0455 / n).squareRoot())
    }

    @Test(arguments: [0.1, 0.5, 1, 3.7, 50])
    func gammaMoments(shape: Double) {
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        let n = 100_000.0
        var (first, second) = (0.0, 0.0)
        var belowMean = 0
        for _ in 0..<Int(n) {
            let value = ck_exp(stream.gammaLogarithm(shape: shape))
            guard value >= 0, value.isFinite else {
                Issue.record("gamma gave \(value)")
                return
            }
            first += value
            second += (value - shape) * (value - shape)
            if value < shape { belowMean += 1 }
        }
        // Mean and variance are the shape; the variance of (x - k)^2 is 2 k^2 + 6 k.
        #expect(abs(first / n - shape) < 5 * (shape / n).squareRoot())
        #expect(abs(second / n - shape) < 5 * ((2 * shape * shape + 6 * shape) / n).squareRoot())
        if shape == 1 { #expect(abs(Double(belowMean) / n - 0.632_121) < 0.008) }
    }

    /// The mean of the logarithm is the digamma function of the shape, its variance the trigamma function.
    @Test(arguments: [
        (1e-6, -1_000_000.577_214, 1e12), (0.01, -100.560_885, 10_001.621), (0.5, -1.963_510, 4.934_802),
        (2, 0.422_784, 0.644_934),
    ])
    func gammaLogarithms(shape: Double, digamma: Double, trigamma: Double) {
        var stream = RandomStream(RandomKey(seed: 7, purpose: .test))
        let n = 50_000.0
        let sum = (0..<Int(n)).reduce(0) { sum, _ in sum + stream.gammaLogarithm(shape: shape) }
        #expect(abs(sum / n - digamma) < 5 * (trigamma / n).squareRoot())
    }

    /// From an independent implementation in Python.
    @Test func firstGammaLogarithms() {
        var stream = RandomStream(RandomKey(seed: 7, purpose: .test))
        let expected = [-18.99368776344478, -0.5749999189023748, -1.483936688059477, 1.2325055707778696]
        for (shape, value) in zip([0.01, 0.5, 1, 3.5], expected) {
            #expect(abs(stream.gammaLogarithm(shape: shape) - value) < 1e-12)
        }
        // No share of a distribution that gives all to one is lost to rounding.
        #expect(stream.gammaLogarithm(shape: 1e-300).isFinite)
    }
}

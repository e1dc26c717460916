import Devices
import Testing

@Suite struct CostModelTests {
    private static let prices: [(CostTerm, Double)] = [
        (.productsOf(.conv3x3), 2e-10), (.productsOf(.pointwise), 5e-10), (.operations, 1e-9),
        (.activationBytes, 3e-10), (.weightBytes, 0), (.layers, 2e-5), (.passes, 1e-3),
    ]

    /// Random networks of three kinds of layers. In every second one some layers are dead.
    private func samples(_ count: Int, truth: DeadPaths, noise: Double = 0) -> [CostSample] {
        var state: UInt64 = 7
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        return (0..<count).map { index in
            let layers = (0..<10 + Int(next(20))).map { _ in
                layer(
                    [.conv3x3, .pointwise, .elementwise][Int(next(3))], macs: next(10_000_000),
                    operations: next(1_000_000), input: next(1_000_000), output: next(1_000_000),
                    weights: next(100_000))
            }
            let alive = Array(layers.dropLast(index % 2 == 0 ? 0 : 5))
            let run = truth == .counted ? layers : alive
            let seconds = Self.prices.reduce(0) { $0 + $1.1 * $1.0.amount(in: run) }
            let factor = 1 + noise * (Double(next(1000)) / 500 - 1)
            return CostSample(counted: layers, eliminated: alive, seconds: seconds * factor)
        }
    }

    @Test(arguments: DeadPaths.allCases) func findsDeadPathsAndTerms(truth: DeadPaths) {
        let samples = samples(60, truth: truth, noise: 0.02)
        let model = CostModel.calibrated(Array(samples.prefix(40)))
        #expect(model.deadPaths == truth)
        #expect(model.terms == CostTerm.candidates.last)
        let test = samples.suffix(20)
        let error = PredictionError(predicted: test.map(model.seconds), measured: test.map(\.seconds))
        #expect(error.mapePercent < 2 && error.spearman > 0.99)
    }

    /// Without noise the prices themselves come back, and the profile says the same as the model.
    @Test func findsPrices() {
        let samples = samples(60, truth: .counted)
        let model = CostModel(samples, terms: Self.prices.map(\.0), deadPaths: .counted)
        for ((_, price), found) in zip(Self.prices, model.prices) {
            #expect(abs(price - found) <= 1e-6 * price + 1e-16)
        }
        let speed = DeviceProfile.Speed(model, errorPercent: nil, source: "test")
        #expect(abs(speed.peakFLOPS - 5e9) < 1e4)
        var profile = device()
        profile.speed = speed
        let layers = [
            layer(.conv3x3, macs: 1000, input: 50, output: 60),
            layer(.elementwise, operations: 70, input: 80),
        ]
        let sample = CostSample(counted: layers, batch: 3, seconds: 1)
        #expect(abs(model.seconds(sample) / profile.forwardSeconds(layers, batch: 3) - 1) < 1e-9)
    }

    /// One layer took 1 s and once 4 s. Divided by what was measured, (1 + 1/4) / (1 + 1/16) is best; divided by the
    /// geometric mean of that and the prediction, 2 / (1 + 1/4).
    @Test func weightings() {
        let samples = [1.0, 4].map { CostSample(counted: [layer(.dense)], seconds: $0) }
        let low = CostModel(samples, terms: [.layers], deadPaths: .counted)
        #expect(abs(low.prices[0] - 20.0 / 17) < 1e-12)
        let high = CostModel(samples, terms: [.layers], deadPaths: .counted, weighting: .geometric)
        #expect(abs(high.prices[0] - 1.6) < 1e-12)
    }

    @Test func amounts() {
        let layers = [
            layer(.conv3x3, macs: 10, input: 4, output: 8, weights: 12),
            layer(.elementwise, operations: 5, input: 8, output: 8),
        ]
        #expect(CostTerm.products.amount(in: layers, batch: 3) == 60)
        #expect(CostTerm.productsOf(.conv3x3).amount(in: layers) == 20)
        #expect(CostTerm.productsOf(.dense).amount(in: layers) == 0)
        #expect(CostTerm.operations.amount(in: layers, batch: 3) == 15)
        #expect(CostTerm.activationBytes.amount(in: layers, batch: 3) == 84)
        #expect(CostTerm.weightBytes.amount(in: layers, batch: 3) == 12)
        #expect(CostTerm.layers.amount(in: layers, batch: 3) == 2)
        #expect(CostTerm.passes.amount(in: layers, batch: 3) == 1)
    }

    /// Errors of 10, 20 and 50 %.
    @Test func errors() {
        let error = PredictionError(predicted: [1.1, 1.6, 1.5], measured: [1, 2, 3])
        #expect(abs(error.mapePercent - 80.0 / 3) < 1e-9)
        #expect(error.spearman == 0.5)
        #expect(abs(PredictionError(predicted: [9, 20], measured: [10, 10]).within10Percent - 50) < 1e-12)
    }

    /// Ties share ranks 1.5 and 1.5, 3: the correlation with 1, 2, 3 is 1.5 / sqrt(1.5 x 2).
    @Test func tiesShareRanks() {
        let error = PredictionError(predicted: [5, 5, 7], measured: [1, 2, 3])
        #expect(abs(error.spearman - 1.5 / 3.0.squareRoot()) < 1e-12)
        #expect(PredictionError(predicted: [1, 1], measured: [1, 2]).spearman.isNaN)
    }
}

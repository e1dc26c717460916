import Methods
import TensorMath
import Testing

/// What is known of a rate after some measurements.
@Suite struct RateEstimatorTests {
    @Test func byHand() {
        var estimator = RateEstimator(smoothing: 0.5, quantile: 0.25, memory: 4)
        #expect(estimator.mean == nil && estimator.low == nil)
        estimator.measure(8)
        #expect(estimator.mean == 8 && estimator.low == 8)
        estimator.measure(4)
        #expect(estimator.mean == 6 && estimator.low == 4)
        for rate in [1.0, 2, 2] { estimator.measure(rate) }
        // 6, 3.5, 2.75, 2.375; of 4, 1, 2, 2 a quarter is not above 1.
        #expect(estimator.mean == 2.375 && estimator.low == 1)
        for _ in 0..<2 { estimator.measure(2) }
        #expect(estimator.low == 2)
    }

    /// While nothing comes through the low rate is 0; the first message that does begins anew, beside what was before.
    @Test func outage() {
        var estimator = RateEstimator(smoothing: 0.5, quantile: 0.1, memory: 4)
        for rate in [8.0, 6, 0, 0] { estimator.measure(rate) }
        #expect(estimator.mean == 1.75 && estimator.low == 0)
        estimator.measure(4)
        #expect(estimator.mean == 4 && estimator.low == 4)
        estimator.measure(10)
        #expect(estimator.mean == 7 && estimator.low == 4)
    }

    /// The sum of all measurements weighted by s (1 - s)^age, and sorting.
    @Test func plainVersion() {
        var stream = RandomStream(RandomKey(seed: 9, purpose: .test))
        var estimator = RateEstimator(smoothing: 0.3, quantile: 0.2, memory: 10)
        var measured: [Double] = []
        for _ in 0..<100 {
            measured.append(1e6 * stream.uniformDouble())
            estimator.measure(measured[measured.count - 1])
            var (sum, weight) = (0.0, 1.0)
            for (age, rate) in measured.reversed().enumerated() {
                let isFirst = age == measured.count - 1
                sum += rate * (isFirst ? weight : 0.3 * weight)
                weight *= 0.7
            }
            #expect(OffloadWorld.near(estimator.mean ?? 0, sum))
            let low = estimator.low ?? 0
            let kept = measured.suffix(10)
            let notAbove = Double(kept.count { $0 <= low })
            let below = Double(kept.count { $0 < low })
            #expect(kept.contains(low))
            #expect(notAbove >= 0.2 * Double(kept.count) && below < 0.2 * Double(kept.count))
        }
    }
}

import Methods
import TensorMath
import Testing

/// Thresholds of neural filters from scores of validation samples.
@Suite struct FilterThresholdTests {
    /// Four of interest at 0.9, 0.8, 0.4 and 0.2, others at 0.7, 0.4 and 0.1.
    private func threshold(_ recall: Double) -> FilterThreshold {
        FilterThreshold(
            scores: [0.9, 0.7, 0.4, 0.4, 0.2, 0.8, 0.1],
            isOfInterest: [true, false, true, false, true, true, false], minimumRecall: recall)
    }

    @Test(
        arguments: [
            (0.1, 0.9, 1, 0), (0.25, 0.9, 1, 0), (0.26, 0.8, 2, 0), (0.5, 0.8, 2, 0), (0.75, 0.4, 3, 2),
            (0.9, 0.2, 4, 2), (1, 0.2, 4, 2),
        ] as [(Double, Float, Int, Int)])
    func greatestThresholdOfARecall(recall: Double, value: Float, wanted: Int, others: Int) {
        let chosen = threshold(recall).chosen
        #expect(chosen.threshold == value)
        #expect(chosen.counts.sentOfInterest == wanted && chosen.counts.sentOthers == others)
        #expect(chosen.counts.withheldOfInterest == 4 - wanted)
        #expect(chosen.counts.withheldOthers == 3 - others)
        #expect(chosen.counts.recall == Double(wanted) / 4)
        #expect(chosen.counts.falsePositiveRate == Double(others) / 3)
    }

    @Test func curve() {
        let points = threshold(0.5).curve
        #expect(points.map(\.threshold) == [0.9, 0.8, 0.4, 0.2])
        #expect(points.map(\.counts.sentOthers) == [0, 0, 2, 2])
    }

    /// The recall is reached, and no greater threshold among the scores reaches it.
    @Test(arguments: 0..<20 as Range<UInt64>) func leastThatSuffices(seed: UInt64) {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .test))
        let scores = (0..<200).map { _ in Float(stream.index(below: 40)) / 40 }
        let wanted = scores.indices.map { $0 == 0 || stream.index(below: 3) == 0 }
        let recall = Double(1 + stream.index(below: 100)) / 100
        let threshold = FilterThreshold(scores: scores, isOfInterest: wanted, minimumRecall: recall)
        func reached(_ value: Float) -> Double {
            let sent = scores.indices.filter { wanted[$0] && scores[$0] >= value }.count
            return Double(sent) / Double(wanted.filter(\.self).count)
        }
        #expect(reached(threshold.chosen.threshold) >= recall)
        for value in Set(scores) where value > threshold.chosen.threshold {
            #expect(reached(value) < recall)
        }
        let recalls = threshold.curve.map { $0.counts.recall! }
        let falls = threshold.curve.map { $0.counts.falsePositiveRate! }
        #expect(recalls == recalls.sorted() && falls == falls.sorted() && recalls.last == 1)
    }

    /// Shares that are no binary fractions: 55 of 100 are 55 %, not 56.
    @Test(
        arguments: [(0.55, 100), (0.07, 100), (0.14, 50), (0.29, 100), (0.9, 10), (1, 3)] as [(Double, Int)])
    func sharesThatAreReachedExactly(recall: Double, count: Int) {
        let threshold = FilterThreshold(
            scores: (0..<count).map { Float(count - $0) }, isOfInterest: .init(repeating: true, count: count),
            minimumRecall: recall)
        #expect(threshold.chosen.counts.sentOfInterest == Int((recall * Double(count)).rounded()))
    }

    /// The second logit less the first.
    @Test func scores() {
        let logits = FloatBuffer(count: 2).view
        logits.copy(from: [-200, 200.5])
        #expect(FilterThreshold.score(logits) == 400.5)
        logits.copy(from: [0.25, -1])
        #expect(FilterThreshold.score(logits) == -1.25)
    }
}

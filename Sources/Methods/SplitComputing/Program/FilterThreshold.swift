import TensorMath

/// From which score on a neural filter takes an image for worth sending, chosen from the ROC of validation samples. A score is
/// the logit of being of interest, the second of the classifier's outputs less the first: its logistic function is a
/// probability.
package struct FilterThreshold: Sendable, Equatable {
    /// What becomes of images at a threshold.
    package struct Point: Sendable, Equatable {
        package let threshold: Float
        package var counts: FilterCounts

        /// The threshold as four bytes.
        var object: ObjectBytes {
            let value = FloatBuffer(count: 1).view
            value[0] = threshold
            return ObjectBytes(value)
        }
    }

    /// The greatest threshold that reaches the minimum recall.
    package let chosen: Point
    /// The ROC: the greatest thresholds for recalls of 2, 4, ... 100 %, from the greatest on, without repetitions.
    package let curve: [Point]

    /// Of the logits [not worth, worth sending].
    package static func score(_ logits: FloatView) -> Float { logits[1] - logits[0] }

    /// `scores`: of `held.validation`, whose labels are among those of all training samples.
    package init(scores: FloatView, held: HeldOut, labels: [UInt8], _ spec: NeuralFilterSpec) {
        self.init(
            scores: (0..<scores.count).map { scores[$0] },
            isOfInterest: held.validation.map { spec.isOfInterest(labels[Int($0)]) },
            minimumRecall: spec.minimumRecall)
    }

    /// - Parameters:
    ///   - scores: of validation samples.
    ///   - isOfInterest: of the same; one at least is.
    package init(scores: [Float], isOfInterest: [Bool], minimumRecall: Double) {
        let wanted = zip(scores, isOfInterest).filter(\.1).map(\.0).sorted(by: >)
        precondition(!wanted.isEmpty, "nothing of interest")
        func threshold(_ recall: Double) -> Float {
            let least = wanted.indices.first { Double($0 + 1) / Double(wanted.count) >= recall }
            return wanted[least ?? wanted.count - 1]
        }
        func point(_ threshold: Float) -> Point {
            var counts = FilterCounts()
            for (score, isWanted) in zip(scores, isOfInterest) {
                counts.add(isOfInterest: isWanted, isSent: score >= threshold)
            }
            return Point(threshold: threshold, counts: counts)
        }
        var thresholds: [Float] = []
        for step in 1...50 {
            let next = threshold(Double(step) / 50)
            if thresholds.last != next { thresholds.append(next) }
        }
        curve = thresholds.map(point)
        chosen = point(threshold(minimumRecall))
    }
}

/// Images by whether they were of interest and whether they were sent.
public struct FilterCounts: Sendable, Equatable {
    public var sentOfInterest = 0
    public var sentOthers = 0
    public var withheldOfInterest = 0
    public var withheldOthers = 0

    public init() {}

    mutating func add(isOfInterest: Bool, isSent: Bool) {
        switch (isOfInterest, isSent) {
        case (true, true): sentOfInterest += 1
        case (false, true): sentOthers += 1
        case (true, false): withheldOfInterest += 1
        case (false, false): withheldOthers += 1
        }
    }

    /// Of images of interest, the share that was sent; nil without any.
    public var recall: Double? { Self.share(sentOfInterest, withheldOfInterest) }
    /// Of others.
    public var falsePositiveRate: Double? { Self.share(sentOthers, withheldOthers) }

    private static func share(_ part: Int, _ rest: Int) -> Double? {
        part + rest == 0 ? nil : Double(part) / Double(part + rest)
    }
}

/// What a neural filter does at a threshold: a point of the ROC of validation samples, or what became of test images.
public struct NeuralFilterRow: Sendable, Equatable {
    public enum Part: String, Sendable, CaseIterable { case validation, test }

    /// Of the mode's evaluation.
    public var round: Int
    public var mode: String
    public var part: Part
    /// Within the part, from 1, the greatest threshold first.
    public var place: Int
    public var threshold: Double
    /// Whether it is the one that was deployed.
    public var isChosen: Bool
    public var counts: FilterCounts

    public init(
        round: Int, mode: String, part: Part, place: Int, threshold: Double, isChosen: Bool,
        counts: FilterCounts
    ) {
        self.round = round
        self.mode = mode
        self.part = part
        self.place = place
        self.threshold = threshold
        self.isChosen = isChosen
        self.counts = counts
    }
}

import Experiment

/// What repetitions of one experiment spent on the way to an accuracy.
public struct TargetCost: Sendable, Equatable {
    /// A finished run: the rounds in which its accuracy was measured, in order.
    struct Repetition {
        let seed: UInt64
        let milestones: [Communication.Milestone]
    }

    /// A run that reached the accuracy.
    private struct Arrival: Equatable {
        let seed: UInt64
        let reach: Communication.Reach
    }

    public let target: Double
    /// Repetitions, whether they reached it or not.
    public let count: Int
    private let arrivals: [Arrival]

    init(_ target: Double, _ repetitions: [Repetition]) {
        self.target = target
        count = repetitions.count
        arrivals = repetitions.compactMap { run in
            run.milestones.reach(target).map { Arrival(seed: run.seed, reach: $0) }
        }
    }

    /// How many repetitions reached it; what follows is over these.
    public var reached: Int { arrivals.count }
    public var rounds: SampleStatistics? { statistics { Double($0.round) } }
    /// Of all clients, headers included, from the start to the end of the round.
    public var upBytes: SampleStatistics? { statistics { Double($0.up) } }
    public var downBytes: SampleStatistics? { statistics { Double($0.down) } }
    /// Nil without devices.
    public var simulatedSeconds: SampleStatistics? { statistics(\.simulatedSeconds) }

    /// Nil unless all that reached the accuracy have the figure.
    private func statistics(_ value: (Communication.Reach) -> Double?) -> SampleStatistics? {
        let values = arrivals.compactMap { value($0.reach) }
        return values.count == arrivals.count ? SampleStatistics(values) : nil
    }

    /// Bytes up and down by those of `other`, over the seeds with which both reached the accuracy: the mean over other
    /// seeds would be that of luckier runs. Nil where there are none.
    public func bytesRatio(to other: TargetCost) -> Double? {
        let common = Set(arrivals.map(\.seed)).intersection(other.arrivals.map(\.seed))
        guard let own = meanBytes(common), let base = other.meanBytes(common) else { return nil }
        return Comparison.quotient(own, base)
    }

    private func meanBytes(_ seeds: Set<UInt64>) -> Double? {
        SampleStatistics(arrivals.filter { seeds.contains($0.seed) }.map { Double($0.reach.bytes) })?.mean
    }
}

// MARK: - Tables

extension TargetCost {
    /// What the reader of `headings` must know.
    static let note =
        "What an accuracy took: mean ± standard deviation of the sample over the runs that reached it."

    /// Of `shown`, in its order.
    static let headings = [
        ">accuracy", ">reached", ">rounds", ">up", ">down", ">bytes ratio", ">simulated time",
    ]

    /// For people; `ratio`: of bytes, to the baseline.
    func shown(ratio: Double?) -> [String] {
        func bytes(_ found: SampleStatistics?) -> String { found?.text { Quantity.bytes($0) } ?? "–" }
        return [
            shortest(target), "\(reached) of \(count)", rounds?.text(Quantity.threeDigits) ?? "–",
            bytes(upBytes), bytes(downBytes), Quantity.ratio(ratio),
            simulatedSeconds?.text(Quantity.seconds) ?? "–",
        ]
    }

    /// By the names of their columns.
    public var figures: [(name: String, statistics: SampleStatistics?)] {
        [
            ("rounds", rounds), ("up_bytes", upBytes), ("down_bytes", downBytes),
            ("simulated_seconds", simulatedSeconds),
        ]
    }

    /// Of `cells`, in their order.
    static let columns =
        ["target_accuracy", "n", "reached"]
        + TargetCost(0, []).figures.flatMap { ["\($0.name)_mean", "\($0.name)_sd"] } + ["bytes_ratio"]

    /// For CSV; `ratio`: of bytes, to the baseline.
    func cells(ratio: Double?) -> [String] {
        [shortest(target), "\(count)", "\(reached)"]
            + figures.flatMap { [cell($0.statistics?.mean), cell($0.statistics?.deviation)] } + [cell(ratio)]
    }
}

import Experiment

/// Mean and spread of repetitions.
public struct SampleStatistics: Sendable, Equatable {
    public let count: Int
    public let mean: Double
    /// Of the sample (n - 1 in the denominator); nil for a single value.
    public let deviation: Double?

    /// Nil without values.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        count = values.count
        let mean = values.reduce(0, +) / Double(count)
        self.mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        deviation = count > 1 ? (squares / Double(count - 1)).squareRoot() : nil
    }
}

/// Cells that differ in nothing but their seed.
public struct SweepGroup: Sendable, Equatable {
    /// A round that cells of the group evaluated.
    public struct Point: Sendable, Equatable {
        public var round: Int
        /// Over the cells that reached the round.
        public var accuracy: SampleStatistics
        /// Mean of the federated bytes since the start, up and down.
        public var federatedBytes: Double
    }

    /// Counted from 1.
    public let number: Int
    /// In the sweep's columns.
    public let settings: [String]
    /// Finished cells.
    public let count: Int
    /// Metrics that all finished cells have.
    public let statistics: [SweepMetric: SampleStatistics]
    /// In the order of rounds.
    public let curve: [Point]

    init(number: Int, settings: [String], measures: [SweepMeasures]) {
        self.number = number
        self.settings = settings
        count = measures.count
        var statistics: [SweepMetric: SampleStatistics] = [:]
        for metric in SweepMetric.allCases {
            let values = measures.compactMap { $0.values[metric] }
            if values.count == measures.count { statistics[metric] = SampleStatistics(values) }
        }
        self.statistics = statistics
        let points = Dictionary(grouping: measures.flatMap(\.curve), by: \.round)
        curve = points.sorted { $0.key < $1.key }.map { round, points in
            Point(
                round: round, accuracy: SampleStatistics(points.map(\.accuracy))!,
                federatedBytes: SampleStatistics(points.map(\.federatedBytes))!.mean)
        }
    }
}

extension SweepRecord {
    /// In the order of their first cells.
    public var groups: [SweepGroup] {
        (0..<sweep.groups).map { group in
            let members = sweep.cells.indices.filter { sweep.cells[$0].group == group }
            return SweepGroup(
                number: group + 1, settings: sweep.cells[members[0]].settings,
                measures: members.compactMap { measures[$0] })
        }
    }
}

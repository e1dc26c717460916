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
    /// Cells, finished or not.
    public let cells: Int
    /// Metrics that all finished cells have.
    public let statistics: [SweepMetric: SampleStatistics]
    /// In the order of rounds.
    public let curve: [Point]
    /// Accuracies of those contenders of distributed inference, or modes of split computing, that all finished cells
    /// have.
    public let contenders: [(name: String, accuracy: SampleStatistics)]

    public static func == (a: SweepGroup, b: SweepGroup) -> Bool {
        a.number == b.number && a.settings == b.settings && a.count == b.count && a.cells == b.cells
            && a.statistics == b.statistics && a.curve == b.curve
            && a.contenders.elementsEqual(b.contenders) { $0 == $1 }
    }

    /// `number`: counted from 1; `cells`: finished or not; `measures`: of the finished ones.
    init(
        number: Int, settings: [String], cells: Int, measures: [SweepMeasures], measure: AccuracyMeasure?
    ) {
        self.number = number
        self.settings = settings
        self.cells = cells
        count = measures.count
        var statistics: [SweepMetric: SampleStatistics] = [:]
        for metric in SweepMetric.allCases {
            let values = measures.compactMap { $0.value(metric, by: measure) }
            if values.count == measures.count { statistics[metric] = SampleStatistics(values) }
        }
        self.statistics = statistics
        contenders = (measures.first?.contenders ?? []).compactMap {
            name, _ -> (name: String, accuracy: SampleStatistics)? in
            let values = measures.compactMap { cell in cell.contenders.first { $0.name == name }?.accuracy }
            guard values.count == measures.count, let found = SampleStatistics(values) else { return nil }
            return (name: name, accuracy: found)
        }
        let points = Dictionary(grouping: measures.flatMap { $0.curve(measure) }, by: \.reach.round)
        curve = points.sorted { $0.key < $1.key }.map { round, points in
            Point(
                round: round, accuracy: SampleStatistics(points.map(\.accuracy))!,
                federatedBytes: SampleStatistics(points.map { Double($0.reach.bytes) })!.mean)
        }
    }
}

extension SweepGroup {
    /// How many cells the figures are of, and of how many where some are missing.
    var countText: String { count == cells ? "\(count)" : "\(count) of \(cells)" }
}

extension SweepRecord {
    /// In the order of their first cells.
    public var groups: [SweepGroup] {
        let measure = measure
        return (0..<sweep.groups).map { group in
            let members = sweep.cells.indices.filter { sweep.cells[$0].group == group }
            return SweepGroup(
                number: group + 1, settings: sweep.cells[members[0]].settings,
                cells: members.count, measures: members.compactMap { measures[$0] }, measure: measure)
        }
    }
}

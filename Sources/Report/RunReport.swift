import Experiment
import Methods

/// What the reader of a report chose.
public struct ReportOptions: Sendable, Equatable {
    /// Accuracies to be reached, ascending; nil for those that suggest themselves.
    public var targets: [Double]?
    /// Which accuracy counts; nil for `global_test` where every run has it, else `local_test` where every run has
    /// it, else each run's own.
    public var measure: AccuracyMeasure?

    public init(targets: [Double]? = nil, measure: AccuracyMeasure? = nil) {
        self.targets = targets
        self.measure = measure
    }
}

/// The report on one run, made from nothing but its directory.
public struct RunReport: Sendable {
    public let record: RunRecord
    public let summary: RunSummary
    public let communication: Communication
    /// Which accuracy counts; nil for the run's own rule.
    public let measure: AccuracyMeasure?
    /// Accuracies to be reached, ascending.
    public let targets: [Double]

    public init(_ record: RunRecord, options: ReportOptions = ReportOptions()) {
        let measure = options.measure ?? Self.commonMeasure([record])
        let communication = Communication(record, measure: measure)
        self.init(
            record, communication, measure,
            targets: options.targets
                ?? Self.standardTargets(stops: [record.stopTarget], best: [communication.bestAccuracy]))
    }

    init(
        _ record: RunRecord, _ communication: Communication, _ measure: AccuracyMeasure?,
        targets: [Double]
    ) {
        self.record = record
        self.communication = communication
        self.measure = measure
        self.targets = targets
        summary = RunSummary(record, measure: measure)
    }

    /// The accuracy that all runs measured; nil when there is none.
    static func commonMeasure(_ records: [RunRecord]) -> AccuracyMeasure? {
        AccuracyMeasure.allCases.first { measure in
            records.allSatisfy { $0.rounds.contains { accuracy(of: $0, measure: measure) != nil } }
        }
    }

    /// The accuracies at which the scenarios stop, and the multiples of 0.1 that some run reached.
    ///
    /// - Parameters:
    ///   - stops: each run's accuracy to stop at; nil for none.
    ///   - best: each run's best accuracy; nil where it was not measured.
    static func standardTargets(stops: [Double?], best: [Double?]) -> [Double] {
        let best = best.compactMap(\.self).max() ?? 0
        let tenths = (1...10).map { Double($0) / 10 }.filter { $0 <= best }
        return Set(stops.compactMap(\.self) + tenths).sorted()
    }
}

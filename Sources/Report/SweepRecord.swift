import Experiment
import Methods

/// What a sweep's tables say of a run, under the names of their columns.
public enum SweepMetric: String, Sendable, CaseIterable {
    case finalAccuracy = "final_accuracy"
    case bestAccuracy = "best_accuracy"
    /// Of the last round in which it was measured.
    case localAccuracyMean = "local_accuracy_mean"
    case rounds
    case federatedUpBytes = "federated_up_bytes"
    case federatedDownBytes = "federated_down_bytes"
    /// Over all rounds, as for energy.
    case simulatedSeconds = "simulated_seconds"
    case energyJoules = "energy_joules"
    /// The one that differs between equal runs.
    case wallSeconds = "wall_seconds"
}

/// A finished run as far as a sweep compares it.
public struct SweepMeasures: Sendable, Equatable {
    /// An evaluated round.
    public struct Point: Sendable, Equatable {
        public var round: Int
        public var accuracy: Double
        /// Federated bytes since the start, up and down.
        public var federatedBytes: Double

        public init(round: Int, accuracy: Double, federatedBytes: Double) {
            self.round = round
            self.accuracy = accuracy
            self.federatedBytes = federatedBytes
        }
    }

    /// Metrics that were measured.
    public var values: [SweepMetric: Double]
    /// In the order of rounds.
    public var curve: [Point]

    public init(values: [SweepMetric: Double], curve: [Point]) {
        self.values = values
        self.curve = curve
    }

    public init(_ record: RunRecord) {
        let summary = RunSummary(record)
        func total(_ part: (RoundRow) -> Double?) -> Double? {
            let parts = record.rounds.compactMap(part)
            return parts.isEmpty ? nil : parts.reduce(0, +)
        }
        values = [:]
        for metric in SweepMetric.allCases {
            values[metric] =
                switch metric {
                case .finalAccuracy: summary.finalAccuracy
                case .bestAccuracy: summary.bestAccuracy
                case .localAccuracyMean: record.rounds.compactMap(\.localTestAccuracyMean).last
                case .rounds: Double(summary.rounds)
                case .federatedUpBytes: Double(summary.up.total)
                case .federatedDownBytes: Double(summary.down.total)
                case .simulatedSeconds: total(\.simulatedSeconds)
                case .energyJoules: total(\.energyJoules)
                case .wallSeconds: summary.wallSeconds
                }
        }
        curve = []
        var bytes = 0.0
        for row in record.rounds {
            bytes += Double(row.federatedUpBytes + row.federatedDownBytes)
            if let accuracy = accuracy(of: row) {
                curve.append(Point(round: row.round, accuracy: accuracy, federatedBytes: bytes))
            }
        }
    }
}

/// A sweep and what is known of its cells.
public struct SweepRecord: Sendable {
    public let sweep: Sweep
    /// One for each cell.
    public private(set) var statuses: [SweepCellStatus]
    /// Of finished cells.
    public private(set) var measures: [SweepMeasures?]

    public init(_ sweep: Sweep) {
        self.sweep = sweep
        statuses = sweep.cells.map { _ in .waiting }
        measures = sweep.cells.map { _ in nil }
    }

    /// What became of a cell; a finished one comes with its measures.
    public mutating func set(_ status: SweepCellStatus, _ measures: SweepMeasures? = nil, cell: Int) {
        precondition(status.isFinished == (measures != nil), "a \(status) cell, and its measures")
        statuses[cell] = status
        self.measures[cell] = measures
    }

    /// As `set`, with the measures of a finished cell read from its run.
    public mutating func set(
        _ status: SweepCellStatus, cell: Int, from directory: SweepDirectory
    ) throws(ReportError) {
        let isRead = status.isFinished
        let record = isRead ? try RunRecord(directory.run(of: sweep.cells[cell])) : nil
        set(status, record.map(SweepMeasures.init), cell: cell)
    }

    public func count(_ status: SweepCellStatus) -> Int { statuses.count { $0 == status } }
    public var finished: Int { statuses.count { $0.isFinished } }
}

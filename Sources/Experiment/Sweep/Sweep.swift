import TensorMath

/// A matrix of runs: every cell checked, none run.
public struct Sweep: Sendable {
    public let name: String
    /// Paths of scenarios that differ between cells, seeds apart: the matrix's in its order, then those that only
    /// `include` names.
    public let columns: [String]
    /// In the order of the matrix, the last path varying fastest but for the seed; then those of `include`.
    public let cells: [SweepCell]
    /// Cells that differ in nothing but their seed are one group; groups are numbered as their first cells come.
    public let groups: Int

    public init(name: String, columns: [String], cells: [SweepCell]) {
        self.name = name
        self.columns = columns
        self.cells = cells
        groups = (cells.map(\.group).max() ?? -1) + 1
    }

    /// The shortest ends of `columns` that tell them apart, for tables and plots.
    public var shortColumns: [String] { SweepSetting.shortNames(columns) }

    /// `learning_rate=0.1, alpha=0.5`: what a cell has in its columns; `base` where there are none.
    public func text(_ settings: [String]) -> String {
        precondition(
            settings.count == columns.count, "\(settings.count) settings in \(columns.count) columns")
        let parts = zip(shortColumns, settings).map { "\($0)=\($1)" }
        return parts.isEmpty ? "base" : parts.joined(separator: ", ")
    }

    /// As `text`, with the seed.
    public func text(_ cell: SweepCell) -> String { "\(text(cell.settings)), seed=\(cell.seed)" }
}

/// One run of a sweep.
public struct SweepCell: Sendable, Equatable {
    /// `Scenario.digest` in hexadecimal: cells are told apart by what decides their results.
    public let digest: String
    public let scenario: Scenario
    public let seed: UInt64
    /// The values in the sweep's columns: labels where there are some, and what holds otherwise.
    public let settings: [String]
    /// From 0.
    public let group: Int

    public init(scenario: Scenario, seed: UInt64, settings: [String], group: Int) {
        digest = hexadecimal(scenario.digest)
        self.scenario = scenario
        self.seed = seed
        self.settings = settings
        self.group = group
    }

    /// The name of its run's directory: 64 bits of the digest.
    public var folder: String { String(digest.prefix(16)) }
}

/// How far a cell has come.
public enum SweepCellStatus: String, Sendable, CaseIterable {
    /// Nothing of it was run.
    case waiting
    /// It can be gone on with.
    case interrupted
    case failed
    case finished
    /// Finished, with a threshold of its scenario missed.
    case thresholdMissed = "threshold_missed"

    public var isFinished: Bool { self == .finished || self == .thresholdMissed }
}

import Experiment
import Report
import Runtime

/// A sweep as one JSON document.
struct SweepOverview: Encodable {
    struct Cell: Encodable {
        let digest: String
        let directory: String
        /// By path of the scenario.
        let settings: [String: String]
        let seed: UInt64
        /// Number of its group.
        let group: Int
        let status: String
        let exitCode: Int32
        /// Of a failed run.
        let message: String?
        let metrics: [String: Double]
        /// Accuracies of the contenders of distributed inference, or the modes of split computing.
        let contenders: [String: Double]?
    }

    struct Group: Encodable {
        let number: Int
        let settings: [String: String]
        /// Finished cells.
        let cells: Int
        let metrics: [String: Statistics]
        /// Accuracies of the contenders of distributed inference, or the modes of split computing.
        let contenders: [String: Statistics]?
        /// What an accuracy took, ascending; absent where there is none to reach.
        let targets: [Target]?
    }

    struct Target: Encodable {
        let targetAccuracy: Double
        /// Cells that reached it; figures are over these.
        let reached: Int
        let figures: [String: Statistics]
        /// Of bytes up and down, to FedAvg with otherwise the same settings.
        let bytesRatio: Double?
    }

    struct Statistics: Encodable {
        let mean: Double
        /// Of the sample; absent for a single cell.
        let standardDeviation: Double?

        init(_ found: SampleStatistics) {
            mean = found.mean
            standardDeviation = found.deviation
        }
    }

    let name: String
    let directory: String
    /// `global_test` or `local_test`; nil where each cell goes by its own rule.
    let measure: String?
    let cells: [Cell]
    let groups: [Group]

    init(_ record: SweepRecord, _ outcomes: [CellOutcome], directory: String) {
        let sweep = record.sweep
        func named(_ settings: [String]) -> [String: String] {
            Dictionary(uniqueKeysWithValues: zip(sweep.columns, settings))
        }
        name = sweep.name
        self.directory = directory
        measure = record.measure?.rawValue
        cells = sweep.cells.enumerated().map { index, cell in
            let values = SweepMetric.allCases.compactMap { metric in
                record.value(metric, cell: index).map { (metric.rawValue, $0) }
            }
            return Cell(
                digest: cell.digest, directory: "\(directory)/\(SweepDirectory.Name.cells)/\(cell.folder)",
                settings: named(cell.settings), seed: cell.seed, group: cell.group + 1,
                status: record.statuses[index].rawValue, exitCode: outcomes[index].exitCode,
                message: outcomes[index].status == .failed ? outcomes[index].message : nil,
                metrics: Dictionary(uniqueKeysWithValues: values),
                contenders: Self.named(record.measures[index]?.contenders.map { ($0.name, $0.accuracy) }))
        }
        let targets = record.targets
        groups = record.groups.map { group in
            let metrics = group.statistics.map { ($0.rawValue, Statistics($1)) }
            return Group(
                number: group.number, settings: named(group.settings), cells: group.count,
                metrics: Dictionary(uniqueKeysWithValues: metrics),
                contenders: Self.named(group.contenders.map { ($0, Statistics($1)) }),
                targets: Self.costs(targets.filter { $0.group.number == group.number }))
        }
    }

    /// Nil where there are none.
    private static func costs(_ targets: [SweepTarget]) -> [Target]? {
        guard !targets.isEmpty else { return nil }
        return targets.map { target in
            let figures = target.cost.figures.compactMap { name, found in
                found.map { (name, Statistics($0)) }
            }
            return Target(
                targetAccuracy: target.cost.target, reached: target.cost.reached,
                figures: Dictionary(uniqueKeysWithValues: figures), bytesRatio: target.bytesRatio)
        }
    }

    /// Nil where there are none.
    private static func named<Value>(_ pairs: [(String, Value)]?) -> [String: Value]? {
        guard let pairs, !pairs.isEmpty else { return nil }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

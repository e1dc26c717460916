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
    }

    struct Statistics: Encodable {
        let mean: Double
        /// Of the sample; absent for a single cell.
        let standardDeviation: Double?
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
        groups = record.groups.map { group in
            let metrics = group.statistics.map { metric, found in
                (metric.rawValue, Statistics(mean: found.mean, standardDeviation: found.deviation))
            }
            return Group(
                number: group.number, settings: named(group.settings), cells: group.count,
                metrics: Dictionary(uniqueKeysWithValues: metrics),
                contenders: Self.named(
                    group.contenders.map { name, found in
                        (name, Statistics(mean: found.mean, standardDeviation: found.deviation))
                    }))
        }
    }

    /// Nil where there are none.
    private static func named<Value>(_ pairs: [(String, Value)]?) -> [String: Value]? {
        guard let pairs, !pairs.isEmpty else { return nil }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

import Experiment

/// The tables of a sweep as CSV: one observation a row, units in the names of the columns, an empty cell where nothing
/// was measured, numbers as the shortest decimals that give them back.
extension SweepRecord {
    /// One row a cell.
    var resultsCSV: [[String]] {
        let metrics = SweepMetric.allCases
        let header = ["digest", "group"] + sweep.columns + ["seed"] + metrics.map(\.rawValue) + ["status"]
        let rows = sweep.cells.enumerated().map { index, cell in
            let values = metrics.map { metric in measures[index]?.values[metric].map(shortest) ?? "" }
            return [cell.digest, "\(cell.group + 1)"] + cell.settings + ["\(cell.seed)"] + values
                + [statuses[index].rawValue]
        }
        return [header] + rows
    }

    /// One row a group.
    var groupsCSV: [[String]] {
        let metrics = SweepMetric.allCases
        let header =
            ["group"] + sweep.columns + ["n"]
            + metrics.flatMap { ["\($0.rawValue)_mean", "\($0.rawValue)_sd"] }
        let rows = groups.map { group in
            ["\(group.number)"] + group.settings + ["\(group.count)"]
                + metrics.flatMap { metric in
                    let found = group.statistics[metric]
                    return [found.map { shortest($0.mean) } ?? "", found?.deviation.map(shortest) ?? ""]
                }
        }
        return [header] + rows
    }

    /// One row a group and evaluated round.
    var curvesCSV: [[String]] {
        let header = ["group", "round", "n", "accuracy_mean", "accuracy_sd", "federated_bytes_mean"]
        let rows = groups.flatMap { group in
            group.curve.map { point in
                [
                    "\(group.number)", "\(point.round)", "\(point.accuracy.count)",
                    shortest(point.accuracy.mean), point.accuracy.deviation.map(shortest) ?? "",
                    shortest(point.federatedBytes),
                ]
            }
        }
        return [header] + rows
    }
}

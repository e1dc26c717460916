import Experiment

/// The tables of a sweep as CSV: one observation a row, units in the names of the columns, an empty cell where nothing
/// was measured, numbers as the shortest decimals that give them back.
extension SweepRecord {
    /// One row a cell.
    var resultsCSV: [[String]] {
        let metrics = sweep.metrics
        let header =
            ["digest", "group"] + sweep.columns + ["seed", "accuracy_measure"] + metrics.map(\.rawValue)
            + ["status"]
        let rows = sweep.cells.enumerated().map { index, cell in
            let values = metrics.map { Report.cell(value($0, cell: index)) }
            return [cell.digest, "\(cell.group + 1)"] + cell.settings + ["\(cell.seed)", measureName]
                + values + [statuses[index].rawValue]
        }
        return [header] + rows
    }

    /// One row a group.
    var groupsCSV: [[String]] {
        let metrics = sweep.metrics
        let header =
            ["group"] + sweep.columns + ["n", "accuracy_measure"]
            + metrics.flatMap { ["\($0.rawValue)_mean", "\($0.rawValue)_sd"] }
        let rows = groups.map { group in
            ["\(group.number)"] + group.settings + ["\(group.count)", measureName]
                + metrics.flatMap { metric in
                    let found = group.statistics[metric]
                    return [found.map { shortest($0.mean) } ?? "", found?.deviation.map(shortest) ?? ""]
                }
        }
        return [header] + rows
    }

    /// One row a group and contender of distributed inference or mode of split computing; empty where there are none.
    var contendersCSV: [[String]] {
        let rows = groups.flatMap { group in
            group.contenders.map { name, accuracy in
                ["\(group.number)"] + group.settings
                    + [
                        name, "\(group.count)", shortest(accuracy.mean),
                        accuracy.deviation.map(shortest) ?? "",
                    ]
            }
        }
        let header = ["group"] + sweep.columns + ["contender", "n", "accuracy_mean", "accuracy_sd"]
        return rows.isEmpty ? [] : [header] + rows
    }

    /// One row a group and evaluated round.
    var curvesCSV: [[String]] {
        let header = [
            "group", "round", "n", "accuracy_measure", "accuracy_mean", "accuracy_sd",
            "federated_bytes_mean",
        ]
        let rows = groups.flatMap { group in
            group.curve.map { point in
                [
                    "\(group.number)", "\(point.round)", "\(point.accuracy.count)", measureName,
                    shortest(point.accuracy.mean), point.accuracy.deviation.map(shortest) ?? "",
                    shortest(point.federatedBytes),
                ]
            }
        }
        return [header] + rows
    }

    /// Empty where each cell goes by its own rule.
    var measureName: String { measure?.rawValue ?? "" }
}

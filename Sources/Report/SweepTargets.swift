import Experiment
import Methods

/// What it took a group of a sweep to reach an accuracy.
public struct SweepTarget: Sendable, Equatable {
    public let group: SweepGroup
    public let cost: TargetCost
    /// Bytes by those of the group with FedAvg and otherwise the same settings; nil where there is none, or where no
    /// seed reached the accuracy in both.
    public let bytesRatio: Double?
}

extension SweepRecord {
    /// Every federated group with finished cells by every accuracy to be reached: group by group, accuracies ascending.
    public var targets: [SweepTarget] {
        let accuracies = targetAccuracies
        let all = groups.filter { $0.count > 0 }.compactMap { group in
            method(of: group).map { method in
                let repetitions = repetitions(of: group)
                return (
                    group: group, method: method, costs: accuracies.map { TargetCost($0, repetitions) }
                )
            }
        }
        let baselines = all.filter { $0.method == "fedavg" }
        return all.flatMap { group, _, costs in
            let baseline = baselines.first { differOnlyInMethod($0.group, group) }
            return costs.enumerated().map { place, cost in
                SweepTarget(
                    group: group, cost: cost,
                    bytesRatio: baseline.flatMap { cost.bytesRatio(to: $0.costs[place]) })
            }
        }
    }

    /// As those of a single run: where the scenarios of finished cells stop, and tenths that a cell reached.
    private var targetAccuracies: [Double] {
        let finished = sweep.cells.indices.filter { measures[$0] != nil }
        let pairs = finished.compactMap { index in
            federated(sweep.cells[index]).map { configuration in
                (configuration.stop.targetAccuracy, value(.bestAccuracy, cell: index))
            }
        }
        return RunReport.standardTargets(stops: pairs.map(\.0), best: pairs.map(\.1))
    }

    private func repetitions(of group: SweepGroup) -> [TargetCost.Repetition] {
        zip(sweep.cells, measures).compactMap { cell, measures in
            guard cell.group + 1 == group.number, let measures else { return nil }
            return TargetCost.Repetition(seed: cell.seed, milestones: measures.curve(measure))
        }
    }

    private func differOnlyInMethod(_ a: SweepGroup, _ b: SweepGroup) -> Bool {
        sweep.columns.indices.allSatisfy { column in
            let isOfMethod = sweep.columns[column].split(separator: ".").first == "method"
            return isOfMethod || a.settings[column] == b.settings[column]
        }
    }

    /// The name of its federated method; nil for groups of other kinds.
    private func method(of group: SweepGroup) -> String? {
        sweep.cells.first { $0.group + 1 == group.number }.flatMap(federated)?.method.name
    }

    private func federated(_ cell: SweepCell) -> FederatedConfiguration? {
        if case .federated(let configuration) = cell.scenario.kind { configuration } else { nil }
    }
}

// MARK: - Tables

extension SweepRecord {
    /// One row a group and accuracy; nil in sweeps without federated cells.
    var targetsCSV: [[String]]? {
        guard sweep.hasFederatedCells else { return nil }
        let header = ["group"] + sweep.columns + ["accuracy_measure"] + TargetCost.columns
        let rows = targets.map { target in
            ["\(target.group.number)"] + target.group.settings + [measureName]
                + target.cost.cells(ratio: target.bytesRatio)
        }
        return [header] + rows
    }

    /// By accuracy, so that groups stand below each other; nil where no group has one to reach.
    var targetTable: ReportTable? {
        let targets = targets
        guard !targets.isEmpty else { return nil }
        let ordered = targets.sorted {
            ($0.cost.target, $0.group.number) < ($1.cost.target, $1.group.number)
        }
        return ReportTable(
            title: "Costs to an accuracy",
            note: TargetCost.note + " Ratios are to FedAvg with otherwise the same settings, over the seeds "
                + "with which both reached it.", columns: sweep.shortColumns + TargetCost.headings,
            rows: ordered.map { $0.group.settings + $0.cost.shown(ratio: $0.bytesRatio) })
    }
}

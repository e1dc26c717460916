import Experiment

extension SweepRecord {
    /// What a terminal shows of a sweep: one row a group, mean ± standard deviation over its cells.
    public var text: String {
        let metrics = shownMetrics
        var table = TextTable(sweep.shortColumns + [">n"] + metrics.map { ">" + $0.heading })
        for group in groups {
            table.append(
                group.settings + [group.countText]
                    + metrics.map { metric in group.statistics[metric].map(metric.shown) ?? "–" })
        }
        let (contenders, costs) = (contenderTable, targetTable)
        let tables = [contenders, costs].compactMap { $0.map { "\n" + $0.text } }.joined()
        let notes = notes + [costs?.note].compactMap(\.self)
        return table.text + tables + "\n" + notes.map { $0 + "\n" }.joined()
    }

    /// The accuracy of every contender of distributed inference or mode of split computing, by group; nil where there
    /// are none.
    var contenderTable: ReportTable? {
        let rows = groups.flatMap { group in
            group.contenders.map { name, accuracy in
                group.settings + [name, group.countText, SweepMetric.finalAccuracy.shown(accuracy)]
            }
        }
        return rows.isEmpty
            ? nil
            : ReportTable(
                title: "Contenders", columns: sweep.shortColumns + ["contender", ">n", ">accuracy"],
                rows: rows)
    }

    /// What the reader must know of the figures.
    var notes: [String] {
        sweep.kinds.map { kind in
            switch kind {
            case .federated:
                AccuracyMeasure.note(
                    measure, among: "cells", remedy: "measure local_test in all, or choose with --accuracy")
            case .distributedInference: Self.note(ofThe: "students")
            case .splitComputing: Self.note(ofThe: "mode")
            }
        }
    }

    private static func note(ofThe subject: String) -> String {
        "Accuracies are over the test images, the final one that of the \(subject) that a run is about."
    }

    /// One row a cell, without measures: what is to be run and what was.
    public var listing: String {
        var table = TextTable(sweep.shortColumns + [">seed", "status", "directory"])
        for (index, cell) in sweep.cells.enumerated() {
            table.append(
                cell.settings + [
                    "\(cell.seed)", statuses[index].rawValue.replacing("_", with: " "),
                    "\(SweepDirectory.Name.cells)/\(cell.folder)",
                ])
        }
        return table.text + "\n\(sweep.cells.count) cells, \(finished) finished\n"
    }

    /// Those that any group has.
    var shownMetrics: [SweepMetric] {
        let groups = groups
        return sweep.metrics.filter { metric in
            metric == .finalAccuracy
                || !(metric == .localAccuracyMean && measure == .localTest)
                    && groups.contains { $0.statistics[metric] != nil }
        }
    }
}

extension SweepMetric {
    /// In tables for people.
    var heading: String {
        switch self {
        case .finalAccuracy: "final accuracy"
        case .bestAccuracy: "best accuracy"
        case .localAccuracyMean: "local accuracy"
        case .activationDivergence: "divergence"
        case .falseUpdateFactor: "false taken"
        case .honestUpdateFactor: "honest taken"
        case .rounds: "rounds"
        case .federatedUpBytes: "up"
        case .federatedDownBytes: "down"
        case .simulatedSeconds: "simulated time"
        case .energyJoules: "energy"
        case .teacherAccuracy: "teacher"
        case .featureBytes: "features"
        case .payloadBytes: "payload"
        case .latencySeconds: "latency"
        case .energyJoulesPerInference: "energy"
        case .wallSeconds: "wall time"
        }
    }

    func shown(_ statistics: SampleStatistics) -> String {
        switch self {
        case .finalAccuracy, .bestAccuracy, .localAccuracyMean, .teacherAccuracy:
            let spread = statistics.deviation.map { " ± \(Quantity.accuracy($0))" } ?? ""
            return Quantity.accuracy(statistics.mean) + spread
        case .activationDivergence: return statistics.text(Quantity.bits)
        case .falseUpdateFactor, .honestUpdateFactor: return Quantity.percent(statistics.mean)
        case .rounds: return Quantity.threeDigits(statistics.mean)
        case .latencySeconds: return Quantity.latency(statistics.mean)
        case .energyJoulesPerInference: return Quantity.energy(statistics.mean)
        case .federatedUpBytes, .federatedDownBytes, .featureBytes, .payloadBytes:
            return Quantity.bytes(UInt64(statistics.mean.rounded()))
        case .simulatedSeconds, .wallSeconds: return Quantity.seconds(statistics.mean)
        case .energyJoules: return "\(Quantity.threeDigits(statistics.mean)) J"
        }
    }
}

extension Sweep {
    /// A kind for each that cells are of, whatever else is in it; in the order of their first cells.
    var kinds: [Scenario.Kind] {
        var names: Set<String> = []
        return cells.map(\.scenario.kind).filter { names.insert($0.name).inserted }
    }

    var hasFederatedCells: Bool {
        kinds.contains { kind in if case .federated = kind { true } else { false } }
    }
}

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
        return table.text + "\n" + notes.map { $0 + "\n" }.joined()
    }

    /// What the reader must know of the figures.
    var notes: [String] {
        [
            AccuracyMeasure.note(
                measure, among: "cells", remedy: "measure local_test in all, or choose with --accuracy")
        ]
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
        return SweepMetric.allCases.filter { metric in
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
        case .rounds: "rounds"
        case .federatedUpBytes: "up"
        case .federatedDownBytes: "down"
        case .simulatedSeconds: "simulated time"
        case .energyJoules: "energy"
        case .wallSeconds: "wall time"
        }
    }

    func shown(_ statistics: SampleStatistics) -> String {
        switch self {
        case .finalAccuracy, .bestAccuracy, .localAccuracyMean:
            let spread = statistics.deviation.map { " ± \(Quantity.accuracy($0))" } ?? ""
            return Quantity.accuracy(statistics.mean) + spread
        case .rounds: return Quantity.threeDigits(statistics.mean)
        case .federatedUpBytes, .federatedDownBytes: return Quantity.bytes(UInt64(statistics.mean.rounded()))
        case .simulatedSeconds, .wallSeconds: return Quantity.seconds(statistics.mean)
        case .energyJoules: return "\(Quantity.threeDigits(statistics.mean)) J"
        }
    }
}

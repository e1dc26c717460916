import Experiment
import Foundation

extension Comparison {
    /// Writes `comparison.html`, `plots/` and the tables into `directory`, which is made if it is not there. The
    /// directory of a run is refused: what is in there belongs to that run alone.
    public func write(to directory: String, gnuplot: Gnuplot?) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(directory)
        do throws(RunDirectoryError) {
            try Self.refuseRun(directory)
            try folder.make()
            for table in tables { try folder.write(table.text, to: table.name) }
            let pictures = try folder.draw(drawings, gnuplot)
            let page = ComparisonPage(comparison: self, pictures: pictures, note: folder.note)
            try folder.write(page.html, to: Name.page)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }

    /// Throws for the directory of a run, and for those within one.
    static func refuseRun(_ directory: String) throws(RunDirectoryError) {
        var place = URL(fileURLWithPath: directory).standardizedFileURL
        while place.path != "/" {
            let ledger = place.appendingPathComponent(RunDirectory.Name.ledger).path
            guard !FileManager.default.fileExists(atPath: ledger) else {
                throw RunDirectoryError(
                    .notEmpty, path: directory, "belongs to the run in \(place.path)",
                    remedy: "give the comparison a directory of its own with --out")
            }
            place.deleteLastPathComponent()
        }
    }

    private var drawings: [any Drawing] {
        let reports = Array(zip(labels, runs.map(\.communication.rounds)))
        func plot(
            _ name: String, _ caption: String, _ label: String, isWhole: Bool = false,
            _ x: (Communication.Round) -> Double
        ) -> Plot {
            Plot(
                name: name, caption: caption, xLabel: label, yLabel: "accuracy", xIsWhole: isWhole,
                key: .below,
                series: reports.compactMap { Plot.line($0.0, $0.1, x, \.accuracy) })
        }
        let unit = Quantity.byteUnit(largest: Double(runs.map(\.communication.bytes).max() ?? 0))
        var plots = [
            plot("accuracy", "Accuracy over rounds", "round", isWhole: true) { Double($0.round) },
            plot(
                "accuracy_traffic", "Accuracy over federated traffic, up and down, headers included",
                "federated traffic since the start (\(unit.name))"
            ) { Double($0.upSinceStart.total + $0.downSinceStart.total) / unit.bytes },
        ]
        if runs.allSatisfy({ $0.summary.simulatedSeconds != nil }) {
            plots.append(
                plot("accuracy_time", "Accuracy over simulated time", "simulated time (s)") {
                    $0.simulatedSeconds ?? 0
                })
        }
        let bars = BarPlot.bytesBySegment(zip(labels, runs).map { ($0, $1.record.traffic) })
        return plots.filter { !$0.series.isEmpty } + [bars].compactMap { $0 }
    }
}

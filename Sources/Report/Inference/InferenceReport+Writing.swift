import Experiment
import Methods

extension InferenceReport {
    /// The tables of one run by their files' names.
    var tables: [(name: String, text: String)] {
        [
            (RunDirectory.Name.inference, Self.csv(figures.map(\.figures))),
            (RunDirectory.Name.inferenceRatios, Self.csv(ratios.map(\.figures))),
        ]
    }

    /// A row for each record; empty without any.
    static func csv(_ records: [[Figure]]) -> String {
        Report.csv(records.first?.map(\.name) ?? [], records.map { $0.map(\.cell) })
    }

    /// Writes `report.html`, `plots/` and the tables into the run's directory. Without gnuplot the report has no
    /// pictures, and says so.
    public func write(gnuplot: Gnuplot?) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(record.directory)
        do throws(RunDirectoryError) {
            for table in tables where !table.text.allSatisfy(\.isNewline) {
                try folder.write(table.text, to: table.name)
            }
            let pictures = try folder.draw(drawings, gnuplot)
            let page = InferencePage(report: self, pictures: pictures, note: folder.note)
            try folder.write(page.html, to: RunDirectory.Name.report)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }
}

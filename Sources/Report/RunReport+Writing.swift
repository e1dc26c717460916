import Experiment

/// What writing a report made.
public struct ReportOutcome: Sendable, Equatable {
    /// Files, relative to the directory of the report.
    public var files: [String]
    /// Why pictures are missing, and what to do about it; nil when all are there.
    public var note: String?
}

extension RunReport {
    /// Writes `report.html`, `plots/` and the tables on communication into the run's directory. Without gnuplot the
    /// report has no pictures, and says so.
    public func write(gnuplot: Gnuplot?) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(record.directory)
        do throws(RunDirectoryError) {
            for table in tables { try folder.write(table.text, to: table.name) }
            let pictures = try folder.draw(Plot.all(of: record), gnuplot)
            let page = ReportPage(report: self, pictures: pictures, note: folder.note)
            try folder.write(page.html, to: RunDirectory.Name.report)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }
}

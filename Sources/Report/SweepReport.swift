import Experiment

/// Results over the cells of a sweep.
public enum SweepReport {
    /// Writes the tables into the sweep's directory: quick enough to be done while it runs.
    public static func writeTables(_ record: SweepRecord, to directory: SweepDirectory) throws(ReportError) {
        typealias Name = SweepDirectory.Name
        let tables = [
            (Name.results, record.resultsCSV), (Name.groups, record.groupsCSV),
            (Name.curves, record.curvesCSV),
        ]
        do throws(RunDirectoryError) {
            for (name, rows) in tables {
                try directory.files.write(rows.map(csvLine).joined(), to: name)
            }
            let contenders = record.contendersCSV
            if !contenders.isEmpty {
                try directory.files.write(contenders.map(csvLine).joined(), to: Name.contenders)
            }
        } catch { throw .record(.directory(error)) }
    }

    /// Writes `sweep.html` and `plots/`, too. Without gnuplot the report has no pictures, and says so.
    public static func write(
        _ record: SweepRecord, to directory: SweepDirectory, gnuplot: Gnuplot?
    ) throws(ReportError) -> ReportOutcome {
        typealias Name = SweepDirectory.Name
        try writeTables(record, to: directory)
        var folder = ReportFolder(directory.path)
        do throws(RunDirectoryError) {
            let pictures = try folder.draw(SweepPlot.all(of: record), gnuplot)
            try folder.write(SweepPage(record, pictures: pictures, note: folder.note).html, to: Name.report)
        } catch { throw .record(.directory(error)) }
        return ReportOutcome(
            files: [Name.results, Name.groups, Name.curves]
                + (record.contendersCSV.isEmpty ? [] : [Name.contenders]) + folder.files, note: folder.note)
    }
}

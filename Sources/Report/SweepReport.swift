import Experiment

/// Results over the cells of a sweep.
public enum SweepReport {
    /// Writes the tables into the sweep's directory: quick enough to be done while it runs.
    public static func writeTables(_ record: SweepRecord, to directory: SweepDirectory) throws(ReportError) {
        _ = try write(tables(of: record), to: directory)
    }

    /// By their files' names.
    private static func tables(of record: SweepRecord) -> [(name: String, rows: [[String]])] {
        typealias Name = SweepDirectory.Name
        let contenders = record.contendersCSV
        return [
            (Name.results, record.resultsCSV), (Name.groups, record.groupsCSV),
            (Name.curves, record.curvesCSV),
        ] + (record.targetsCSV.map { [(Name.targets, $0)] } ?? [])
            + (contenders.isEmpty ? [] : [(Name.contenders, contenders)])
    }

    /// The names of what was written.
    private static func write(
        _ tables: [(name: String, rows: [[String]])], to directory: SweepDirectory
    ) throws(ReportError) -> [String] {
        do throws(RunDirectoryError) {
            for (name, rows) in tables {
                try directory.files.write(rows.map(csvLine).joined(), to: name)
            }
        } catch { throw .record(.directory(error)) }
        return tables.map(\.name)
    }

    /// Writes `sweep.html` and `plots/`, too. Without gnuplot the report has no pictures, and says so.
    public static func write(
        _ record: SweepRecord, to directory: SweepDirectory, gnuplot: Gnuplot?
    ) throws(ReportError) -> ReportOutcome {
        let tables = try write(tables(of: record), to: directory)
        var folder = ReportFolder(directory.path)
        do throws(RunDirectoryError) {
            let pictures = try folder.draw(SweepPlot.all(of: record), gnuplot)
            try folder.write(
                SweepPage(record, pictures: pictures, note: folder.note).html,
                to: SweepDirectory.Name.report)
        } catch { throw .record(.directory(error)) }
        return ReportOutcome(files: tables + folder.files, note: folder.note)
    }
}

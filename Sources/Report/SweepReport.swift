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
        } catch { throw .record(.directory(error)) }
    }

    /// Writes `sweep.html` and `plots/`, too. Without gnuplot the report has no pictures, and says so.
    public static func write(
        _ record: SweepRecord, to directory: SweepDirectory, gnuplot: Gnuplot?
    ) throws(ReportError) -> ReportOutcome {
        typealias Name = SweepDirectory.Name
        try writeTables(record, to: directory)
        var outcome = ReportOutcome(files: [Name.results, Name.groups, Name.curves], note: nil)
        var pictures: [Picture] = []
        do throws(RunDirectoryError) {
            if let gnuplot {
                pictures = try draw(SweepPlot.all(of: record), directory.files, gnuplot, &outcome)
            } else {
                outcome.note =
                    "Pictures are missing: gnuplot was not found. Install it with `\(Gnuplot.installRemedy)`"
                    + " and give the same command again."
            }
            let page = SweepPage(record, pictures: pictures, note: outcome.note)
            try directory.files.write(page.html, to: Name.report)
            outcome.files.append(Name.report)
        } catch { throw .record(.directory(error)) }
        return outcome
    }

    private static func draw(
        _ plots: [SweepPlot], _ files: RunDirectory, _ gnuplot: Gnuplot, _ outcome: inout ReportOutcome
    ) throws(RunDirectoryError) -> [Picture] {
        let folder = SweepDirectory.Name.plots
        try files.makeDirectory(folder)
        var pictures: [Picture] = []
        for plot in plots {
            let (script, picture) = ("\(folder)/\(plot.name).gp", "\(folder)/\(plot.name).svg")
            try files.write(plot.script, to: script)
            if let failure = gnuplot.run(script: "\(plot.name).gp", in: files.path(of: folder)) {
                outcome.note = "Pictures are missing: \(failure)."
                continue
            }
            outcome.files += [script, picture]
            pictures.append(Picture(caption: plot.caption, svg: Picture.inline(try files.read(picture))))
        }
        return pictures
    }
}

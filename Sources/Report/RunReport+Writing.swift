import Experiment
import Foundation

/// What `RunReport.write` made.
public struct ReportOutcome: Sendable, Equatable {
    /// Files, relative to the run's directory.
    public var files: [String]
    /// Why pictures are missing, and what to do about it; nil when all are there.
    public var note: String?
}

extension RunReport {
    /// Writes `report.html` and `plots/` into the run's directory. Without gnuplot the report has no pictures, and
    /// says so.
    public static func write(_ directory: RunDirectory, gnuplot: Gnuplot?) throws(ReportError)
        -> ReportOutcome
    {
        let record = try RunRecord(directory)
        let summary = RunSummary(record)
        var outcome = ReportOutcome(files: [], note: nil)
        var pictures: [Picture] = []
        do throws(RunDirectoryError) {
            if let gnuplot {
                pictures = try draw(Plot.all(of: record), directory, gnuplot, &outcome)
            } else {
                outcome.note =
                    "Pictures are missing: gnuplot was not found. Install it with `\(Gnuplot.installRemedy)`"
                    + " and make the report again."
            }
            let page = ReportPage(record: record, summary: summary, pictures: pictures, note: outcome.note)
            try directory.write(page.html, to: RunDirectory.Name.report)
            outcome.files.append(RunDirectory.Name.report)
        } catch {
            throw .record(.directory(error))
        }
        return outcome
    }

    private static func draw(
        _ plots: [Plot], _ directory: RunDirectory, _ gnuplot: Gnuplot, _ outcome: inout ReportOutcome
    ) throws(RunDirectoryError) -> [Picture] {
        let folder = RunDirectory.Name.plots
        try directory.makeDirectory(folder)
        var pictures: [Picture] = []
        for plot in plots {
            let (script, picture) = ("\(folder)/\(plot.name).gp", "\(folder)/\(plot.name).svg")
            try directory.write(plot.script, to: script)
            if let failure = gnuplot.run(script: "\(plot.name).gp", in: directory.path(of: folder)) {
                outcome.note = "Pictures are missing: \(failure)."
                continue
            }
            outcome.files += [script, picture]
            pictures.append(Picture(caption: plot.caption, svg: Picture.inline(try directory.read(picture))))
        }
        return pictures
    }
}

/// A plot as part of a page.
struct Picture: Sendable, Equatable {
    var caption: String
    var svg: String

    /// An SVG document without what only a file of its own needs.
    static func inline(_ document: String) -> String {
        guard let start = document.range(of: "<svg") else { return "" }
        return String(document[start.lowerBound...])
    }
}

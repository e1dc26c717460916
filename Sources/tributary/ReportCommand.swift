import ArgumentParser
import Experiment
import Foundation
import Report

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Summarise runs, one alone or several side by side, and write report.html.",
        discussion: "Example: tributary report runs/quickstart runs/other")

    @Argument(help: "Run directories.") var directories: [String]

    func validate() throws {
        if directories.isEmpty { throw ValidationError("Name at least one run directory.") }
    }

    func run() throws {
        let directories = try directories.map { try RunDirectory.open(at: $0) }
        for directory in directories { try ReportFiles.write(directory) }
        if directories.count == 1 {
            print(try ReportFiles.summary(directories[0]))
        } else {
            print(try RunReport.compare(directories))
        }
    }
}

extension Gnuplot {
    /// The one on the search path.
    static var found: Gnuplot? { DoctorCommand.find("gnuplot").flatMap { Gnuplot(executable: $0) } }
}

/// The report of a run, as files and as text.
enum ReportFiles {
    static func write(_ directory: RunDirectory) throws {
        let outcome = try RunReport.write(directory, gnuplot: .found)
        if let note = outcome.note { writeError("note: \(note)") }
    }

    static func summary(_ directory: RunDirectory) throws -> String {
        let summary = RunSummary(try RunRecord(directory))
        return summary.text + "\nreport     \(directory.path(of: RunDirectory.Name.report))"
    }
}

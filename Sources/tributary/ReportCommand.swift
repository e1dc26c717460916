import ArgumentParser
import Experiment
import Foundation
import Methods
import Report

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "What the accuracy of runs cost: one alone, or several side by side.",
        discussion: """
            Example: tributary report runs/quickstart
                     tributary report runs/fedavg runs/other --targets 0.5,0.7 --out runs/comparison

            The directory of a run alone gets report.html, plots/ and tables. Several runs are only read; their \
            comparison goes to --out. docs/communication.md says what counts as what.
            """)

    @Argument(help: "Run directories.") var directories: [String]
    @Option(
        help: ArgumentHelp(
            "Accuracies to be reached, such as 0.5,0.7. Default: where scenarios stop, and tenths that a run reached.",
            valueName: "list"))
    var targets: TargetList?
    @Option(
        help: ArgumentHelp(
            "Run that ratios are to. Default: the first of the runs whose method is fedavg.", valueName: "dir"
        ))
    var baseline: String?
    @Option(
        help: ArgumentHelp(
            "Which accuracy counts: global_test or local_test. Default: the first that all runs have.",
            valueName: "name"))
    var accuracy: AccuracyMeasure?
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Directory for the comparison of several runs.", valueName: "dir"))
    var out: String?
    @Flag(help: "Print one JSON document on standard output.") var json = false

    func validate() throws {
        if directories.isEmpty { throw ValidationError("Name at least one run directory.") }
        if out == "" { throw ValidationError("--out is empty: name a directory, or leave it out.") }
        if out != nil && directories.count == 1 && baseline == nil {
            throw ValidationError(
                "--out is for the comparison of several runs; the report on one stands in its directory.")
        }
    }

    func run() throws {
        var directories = try directories.map { try RunDirectory.open(at: $0) }
        let index = try baseline.map { path in
            if let index = directories.firstIndex(where: { $0.isSame(as: path) }) { return index }
            directories.insert(try RunDirectory.open(at: path), at: 0)
            return 0
        }
        let runs = try directories.map { try RecordedRun($0) }
        try requireOneKind(runs, directories)
        let inferences = runs.compactMap(\.inference)
        guard inferences.isEmpty else { return try report(inferences, directories) }
        let splits = runs.compactMap(\.split)
        guard splits.isEmpty else { return try report(splits, directories) }
        try report(runs.compactMap(\.federated), directories, baseline: index)
    }

    /// Runs of different kinds have no figure in common.
    private func requireOneKind(_ runs: [RecordedRun], _ directories: [RunDirectory]) throws {
        let first = runs[0].kind
        guard let other = runs.firstIndex(where: { $0.kind != first }) else { return }
        throw Failure(
            "\(directories[0].path) is a run of kind \(first), \(directories[other].path) one of kind "
                + "\(runs[other].kind): they have no figure in common; report on each kind alone",
            code: .usage)
    }

    /// Options that federated runs alone have a use for.
    private func refuseFederatedOptions() throws {
        for (name, isGiven) in [
            ("--targets", targets != nil), ("--accuracy", accuracy != nil), ("--baseline", baseline != nil),
        ] where isGiven {
            throw Failure(
                "\(name) is about federated runs; leave it out for those of other kinds",
                code: .usage)
        }
    }

    private func report(_ records: [SplitRecord], _ directories: [RunDirectory]) throws {
        try refuseFederatedOptions()
        if records.count == 1 { try ReportFiles.write(SplitReport(records[0])) }
        let comparison = ModeComparison(records)
        if let out { _ = try comparison.write(to: out) }
        if json { return try printJSON(SplitDocument(comparison, out: out)) }
        guard records.count > 1 else {
            let place = directories[0].path(of: RunDirectory.Name.report)
            return try printText("\(SplitReport(records[0]).text)\nreport     \(place)")
        }
        try printText(comparison.text)
        if let out { try printText("comparison  \(out)/\(RunDirectory.Name.modes)") }
    }

    private func report(_ records: [InferenceRecord], _ directories: [RunDirectory]) throws {
        try refuseFederatedOptions()
        if records.count == 1 { try ReportFiles.write(InferenceReport(records[0])) }
        let comparison = InferenceComparison(records)
        if let out { _ = try comparison.write(to: out) }
        if json { return try printJSON(InferenceDocument(comparison, out: out)) }
        guard records.count > 1 else {
            let place = directories[0].path(of: RunDirectory.Name.report)
            return try printText("\(InferenceReport(records[0]).text)\nreport     \(place)")
        }
        try printText(comparison.text)
        if let out { try printText("comparison  \(out)/contenders.csv") }
    }

    private func report(_ records: [RunRecord], _ directories: [RunDirectory], baseline index: Int?) throws {
        if let accuracy, !records.contains(where: { $0.measured(accuracy) }) {
            throw Failure(
                "--accuracy \(accuracy.rawValue): \(records.count == 1 ? "the run has" : "these runs have") not measured it; "
                    + "leave it out, or run again with \(accuracy.rawValue) among evaluation.on",
                code: .badData)
        }
        let options = ReportOptions(targets: targets?.values, measure: accuracy)
        if records.count == 1 { try ReportFiles.write(records[0], options) }
        let comparison = Comparison(records, baseline: index, options: options)
        if let out {
            let outcome = try comparison.write(to: out, gnuplot: .found)
            if let note = outcome.note { writeError("note: \(note)") }
        }
        if json { return try printJSON(ReportDocument(comparison, out: out)) }
        guard records.count > 1 else {
            let place = directories[0].path(of: RunDirectory.Name.report)
            return try printText("\(RunReport(records[0], options: options).text)\nreport     \(place)")
        }
        try printText(comparison.text)
        if let out {
            try printText("comparison  \(out)/comparison.html")
        } else {
            writeError("note: for comparison.html, plots and tables of these runs, give --out DIR")
        }
    }
}

/// Accuracies, ascending, as they are written on the command line: `0.5,0.7`.
struct TargetList: ExpressibleByArgument {
    let values: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let values = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
        guard values.count == parts.count, values.allSatisfy({ $0 > 0 && $0 <= 1 }) else { return nil }
        self.values = Set(values).sorted()
    }
}

extension AccuracyMeasure: ExpressibleByArgument {}

extension RunDirectory {
    fileprivate func isSame(as other: String) -> Bool {
        URL(fileURLWithPath: path).standardizedFileURL == URL(fileURLWithPath: other).standardizedFileURL
    }
}

extension Gnuplot {
    /// The one on the search path.
    static var found: Gnuplot? { DoctorCommand.find("gnuplot").flatMap { Gnuplot(executable: $0) } }
}

/// The report of a run, as files and as text.
enum ReportFiles {
    static func write(_ directory: RunDirectory) throws {
        switch try RecordedRun(directory) {
        case .federated(let record): try write(record, ReportOptions())
        case .distributedInference(let record): try write(InferenceReport(record))
        case .splitComputing(let record): try write(SplitReport(record))
        }
    }

    static func write(_ report: SplitReport) throws {
        let outcome = try report.write(gnuplot: .found)
        if let note = outcome.note { writeError("note: \(note)") }
    }

    static func write(_ report: InferenceReport) throws {
        let outcome = try report.write(gnuplot: .found)
        if let note = outcome.note { writeError("note: \(note)") }
    }

    static func write(_ record: RunRecord, _ options: ReportOptions) throws {
        let outcome = try RunReport(record, options: options).write(gnuplot: .found)
        if let note = outcome.note { writeError("note: \(note)") }
    }

    static func summary(_ directory: RunDirectory) throws -> String {
        let run = try RecordedRun(directory)
        let text =
            switch run {
            case .federated(let record): RunSummary(record).text
            case .distributedInference(let record): InferenceReport(record).summary
            case .splitComputing(let record): SplitReport(record).summary
            }
        return text + "\nreport     \(directory.path(of: RunDirectory.Name.report))"
    }
}

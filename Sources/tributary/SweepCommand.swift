import ArgumentParser
import Experiment
import Foundation
import Report
import Runtime

struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Run a matrix of scenarios, each with several seeds, and compare them.",
        discussion: """
            Example: tributary sweep scenarios/sweeps/learning-rate.yaml --out runs/learning-rate

            The same command goes on after Ctrl-C, or with cells that were added to FILE since: what is finished \
            is not run again. docs/sweeps.md says what FILE may hold.
            """)

    @Argument(help: "Sweep file.") var file: String
    @Option(
        name: .shortAndLong,
        help: "Directory of the sweep: new, empty, or one of this sweep. Default: runs/NAME.")
    var out: String?
    @Option(help: "Runs at a time. Default: as many as there are cores for.") var parallel: Int?
    @Option(
        help: "Worker processes of each run. Default: 1, or more where there are more cores than runs.")
    var workersPerRun: Int?
    @Option(
        help: ArgumentHelp(
            "Which accuracy counts: global_test or local_test. Default: the first that all cells have.",
            valueName: "name"))
    var accuracy: AccuracyMeasure?
    @Flag(help: "Print one JSON document on standard output.") var json = false
    @Flag(help: "No progress.") var quiet = false
    @Flag(help: "Check all cells and list them; run nothing.") var dryRun = false

    func validate() throws {
        for (name, value) in [("--parallel", parallel), ("--workers-per-run", workersPerRun)] {
            if let value, !(1...1024).contains(value) {
                throw ValidationError("\(name) \(value): give 1 to 1024.")
            }
        }
    }

    func run() throws {
        let sweep = try load()
        try sweep.checkSetups()
        let path = out ?? "runs/\(String(sweep.name.map { $0.isLetter || $0.isNumber ? $0 : "-" }))"
        if dryRun { return try list(sweep, path) }
        let directory = try SweepDirectory.create(at: path, name: sweep.name)
        try SweepSession(command: self, sweep: sweep, directory: directory).run()
    }

    private func load() throws -> Sweep {
        let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        let document = try SweepDocument.load(
            text: try readText(file, "a sweep file"), file: file, name: name)
        let folder = parentDirectory(of: file)
        let base =
            document.base.hasPrefix("/") || folder.isEmpty ? document.base : "\(folder)/\(document.base)"
        return try document.cells(base: try readText(base, "the scenario that is the base"), baseFile: base)
    }

    private func list(_ sweep: Sweep, _ path: String) throws {
        let directory = try SweepDirectory.open(at: path, name: sweep.name)
        let results = SweepResults(
            sweep, directory, sweep.cells.map { directory?.outcome(of: $0) ?? CellOutcome(.waiting) },
            measure: accuracy)
        if json { return try printJSON(results.overview(path)) }
        try StandardOutput.write(results.record.listing)
    }
}

/// One execution of a sweep from the command line: progress, Ctrl-C, results and the exit code.
private struct SweepSession {
    let command: SweepCommand
    let sweep: Sweep
    let directory: SweepDirectory

    func run() throws {
        let settings = SweepSettings(
            cores: ProcessInfo.processInfo.activeProcessorCount, parallel: command.parallel,
            workers: command.workersPerRun, executable: KernelChoice.executablePath)
        let run = try SweepRun(sweep, in: directory, settings: settings)
        let results = SweepResults(sweep, directory, run.outcomes, measure: command.accuracy)
        let printer = command.quiet ? nil : SweepPrinter(sweep, run, terminal: isatty(2) == 1)
        let control = run.control
        let interrupts = Interrupts(stop: { control.stop() }, abandon: { control.abandon() })
        let isStopped = try run.run { progress in
            if let cell = progress.ended { try results.note(run.outcomes[cell], cell: cell) }
            printer?.show(progress, run.outcomes)
        }
        interrupts.end()
        printer?.finish()
        let note = try SweepReport.write(results.record, to: directory, gnuplot: .found).note
        if let note { writeError("note: \(note)") }
        if !isStopped { try show(results) }
        tellFailures(results)
        if isStopped {
            throw Failure(
                "interrupted with \(results.record.finished) of \(sweep.cells.count) cells finished; go on with: "
                    + "tributary sweep \(command.file) --out \(directory.path)", code: .interrupted)
        }
        let worst = results.outcomes.map(\.exitCode).max() ?? 0
        if worst > 0 { throw ExitCode(worst) }
    }

    private func show(_ results: SweepResults) throws {
        if command.json { return try printJSON(results.overview(directory.path)) }
        try printText(
            results.record.text + "\nreport  \(directory.files.path(of: SweepDirectory.Name.report))")
    }

    private func tellFailures(_ results: SweepResults) {
        for (cell, outcome) in zip(sweep.cells, results.outcomes) {
            let what = sweep.text(cell)
            for missed in outcome.result?.thresholdsMissed ?? [] {
                writeError("threshold missed: \(what): \(missed)")
            }
            if outcome.status == .failed {
                writeError(
                    "failed: \(what): \(outcome.message) (exit code \(outcome.exitCode), "
                        + "\(directory.run(of: cell).path).yaml)")
            }
        }
    }
}

/// What is known of a sweep's cells while it runs, and its tables on disk.
private final class SweepResults {
    private(set) var record: SweepRecord
    private(set) var outcomes: [CellOutcome]
    private let directory: SweepDirectory?
    private var lastWritten: UInt64 = MonotonicClock.now()

    /// Nanoseconds between two writings of the tables.
    private static let interval: UInt64 = 10_000_000_000

    /// Without a directory nothing was run yet.
    init(
        _ sweep: Sweep, _ directory: SweepDirectory?, _ outcomes: [CellOutcome], measure: AccuracyMeasure?
    ) {
        record = SweepRecord(sweep, measure: measure)
        self.directory = directory
        self.outcomes = outcomes
        for (cell, outcome) in outcomes.enumerated() { set(outcome, cell: cell) }
    }

    func note(_ outcome: CellOutcome, cell: Int) throws {
        set(outcome, cell: cell)
        guard let directory, MonotonicClock.now() - lastWritten > Self.interval else { return }
        try SweepReport.writeTables(record, to: directory)
        lastWritten = MonotonicClock.now()
    }

    /// A finished run that cannot be read counts as failed.
    private func set(_ outcome: CellOutcome, cell: Int) {
        outcomes[cell] = outcome
        guard outcome.status.isFinished, let directory else { return record.set(outcome.status, cell: cell) }
        do throws(ReportError) {
            try record.set(outcome.status, cell: cell, from: directory)
        } catch {
            outcomes[cell] = CellOutcome(.failed, exitCode: 65, message: "\(error)")
            record.set(.failed, cell: cell)
        }
    }

    func overview(_ path: String) -> SweepOverview { SweepOverview(record, outcomes, directory: path) }
}

import ArgumentParser
import Dispatch
import Experiment
import Foundation
import Methods
import Report
import Runtime
import Synchronization
import TensorMath
import Wire

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a scenario, or go on with an interrupted run.",
        discussion: """
            Example: tributary run scenarios/quickstart.yaml --out runs/quickstart --set training.rounds=5
                     tributary run --resume runs/quickstart
            """)

    /// As in the scenario's `hosts.launch`.
    static let workersMax = 1024

    @Argument(help: "Scenario file.") var file: String?
    @Option(help: ArgumentHelp("Go on with the run in this directory.", valueName: "dir")) var resume: String?
    @Option(help: "Worker processes on this host; otherwise as the scenario's hosts say.") var workers: Int?
    @Option(
        help:
            "Endpoint of the coordinator's socket: tcp://127.0.0.1:0, ipc:///path. Default: a private ipc one."
    )
    var bind: String?
    @Flag(help: .hidden) var launched = false
    @OptionGroup var scenario: ScenarioOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try RunSession.validate(file: file, resume: resume, scenario: scenario, output: output)
        if let workers, !(1...Self.workersMax).contains(workers) {
            throw ValidationError("--workers \(workers): give 1 to \(Self.workersMax).")
        }
        if let bind {
            if try CoordinatorCommand.endpoint("--bind", bind, to: .bind).isRemote {
                throw ValidationError(
                    "--bind \(bind): other hosts could connect without a key; "
                        + "use 'tributary coordinator --insecure' where the network is trusted.")
            }
        }
    }

    func run() throws {
        let endpoint = try bind.map { try RunSettings.Endpoint($0, to: .bind) } ?? .privateIPC
        var session = RunSession(endpoint: endpoint, workers: workers, output: output)
        session.launched = launched
        if let resume {
            try session.resume(resume)
        } else {
            try session.start(try scenario.load(file!))
        }
    }
}

/// One execution of a run from the command line: progress, Ctrl-C, the report and the exit code.
struct RunSession {
    let began = MonotonicClock.now()
    var endpoint: RunSettings.Endpoint
    /// Overrides the scenario's number of local workers.
    var workers: Int?
    var output: OutputOptions
    var limits = Limits()
    /// Stops as after Ctrl-C when standard input closes: a sweep holds its other end.
    var launched = false
    /// Whether to say where workers connect and how many are awaited.
    var announces = false
    /// The command that goes on with a run, but for its directory.
    var resumption = "tributary run --resume"

    /// Either a scenario or a run to go on with.
    static func validate(
        file: String?, resume: String?, scenario: ScenarioOptions, output: OutputOptions
    ) throws(ValidationError) {
        guard (file == nil) != (resume == nil) else {
            throw ValidationError("Give a scenario file, or --resume and the directory of a run.")
        }
        if resume != nil, !scenario.overrides.isEmpty || output.out != nil {
            throw ValidationError(
                "--resume takes everything from the run directory; leave out --set and --out.")
        }
        if output.out == "" { throw ValidationError("--out is empty: name a directory, or leave it out.") }
        if resume == "" { throw ValidationError("--resume is empty: name the directory of a run.") }
    }

    mutating func start(_ scenario: Scenario) throws {
        switch scenario.kind {
        case .federated(let configuration):
            let setup = try FederatedSetup(configuration)
            _ = try setup.timeline()
            for warning in configuration.warnings(clients: setup.partition.clients.count) {
                writeError("warning: \(warning)")
            }
            try start(scenario, setup)
        case .distributedInference(let configuration):
            let setup = try InferenceSetup(configuration)
            for warning in try setup.forecast().warnings { writeError("warning: \(warning)") }
            try start(scenario, setup)
        case .splitComputing(let configuration): try start(scenario, try SplitSetup(configuration))
        }
    }

    private func start<Setup: ExperimentSetup>(_ scenario: Scenario, _ setup: Setup) throws {
        let settings = try settings(scenario)
        let interrupts = Interrupts()
        defer { interrupts.end() }
        let directory = try output.directory(for: scenario)
        let run: ExperimentRun<Setup>
        do {
            run = try ExperimentRun(
                scenario: scenario, setup: setup, directory: directory, settings: settings,
                environment: Host.environment(),
                logger: Host.logger(
                    file: directory.path(of: RunDirectory.Name.log), quiet: output.quiet),
                observe: observer(setup.rounds))
        } catch {
            directory.discard()
            throw error
        }
        do { try carryOut(run, interrupts) } catch {
            // What can be gone on with stays, even where it is not much.
            let code = Failure(error)?.code
            if code != .interrupted && code != .cannotWrite { _ = try run.discardIfEmpty() }
            throw error
        }
    }

    mutating func resume(_ path: String) throws {
        let directory = try RunDirectory.open(at: path)
        let scenario = try Scenario.load(
            text: try directory.read(RunDirectory.Name.scenario),
            file: directory.path(of: RunDirectory.Name.scenario))
        let ledger = try Ledger.open(at: directory.path(of: RunDirectory.Name.ledger))
        let meta = try ledger.meta()
        try require(meta, "version", Tributary.version, "use that version of tributary")
        try require(
            meta, "kernel_family", KernelFamily.active.rawValue,
            "set \(KernelChoice.variable) to it, on a processor that has it")
        try require(
            meta, "scenario_digest", hexadecimal(scenario.digest),
            "scenario.yaml was changed since; put it back")
        switch scenario.kind {
        case .federated(let configuration):
            try resume(directory, scenario, ledger, meta) { try FederatedSetup(configuration) }
        case .distributedInference(let configuration):
            try resume(directory, scenario, ledger, meta) { try InferenceSetup(configuration) }
        case .splitComputing(let configuration):
            try resume(directory, scenario, ledger, meta) { try SplitSetup(configuration) }
        }
    }

    private func resume<Setup: ExperimentSetup>(
        _ directory: RunDirectory, _ scenario: Scenario, _ ledger: Ledger, _ meta: [String: String],
        setup: () throws -> Setup
    ) throws {
        if let result = meta["result"] {
            let restored = try FinishedRun.restore(
                directory, ledger: ledger, kind: scenario.kind, setup: setup)
            return try report(result, directory, restored)
        }
        let setup = try setup()
        let interrupts = Interrupts()
        defer { interrupts.end() }
        for (key, value) in try setup.identity().sorted(by: { $0.key < $1.key }) {
            try require(meta, key, value, "a file that the scenario names was changed since; put it back")
        }
        let run = try ExperimentRun(
            resuming: directory, scenario: scenario, setup: setup, ledger: ledger,
            settings: try settings(scenario), resumption: Host.resumption(),
            logger: Host.logger(file: directory.path(of: RunDirectory.Name.log), quiet: output.quiet),
            observe: observer(setup.rounds))
        try carryOut(run, interrupts)
    }

    private func require(_ meta: [String: String], _ key: String, _ here: String, _ remedy: String) throws {
        guard meta[key] == here else {
            throw Failure(
                "the run has \(key) \(meta[key] ?? "?"), this is \(here); \(remedy)", code: .badData)
        }
    }

    /// Whether only the coordinator's own workers can find its socket.
    private var isPrivate: Bool { endpoint == .privateIPC }

    private func settings(_ scenario: Scenario) throws -> RunSettings {
        let workers = workers ?? scenario.hosts.localWorkers
        guard !isPrivate || workers >= max(scenario.hosts.minimum, 1) else {
            guard self.workers != nil else {
                throw Failure(
                    "hosts.launch: workers that are started by hand cannot find this run's private socket; name a place "
                        + "with --bind tcp://127.0.0.1:PORT, use tributary coordinator, or start workers with --workers",
                    code: .usage)
            }
            throw Failure(
                "--workers \(workers) is below the scenario's hosts.minimum of \(scenario.hosts.minimum), and no other "
                    + "worker can come; give more, or --set hosts.minimum=\(workers)", code: .usage)
        }
        return RunSettings(
            endpoint: endpoint, workers: workers,
            minimumWorkers: max(scenario.hosts.minimum, min(1, workers)),
            executable: KernelChoice.executablePath, version: Tributary.version, limits: limits, began: began,
            run: Host.runNumber())
    }

    private func observer(_ rounds: Int) -> (RunProgress) -> Void {
        guard !output.quiet else { return { _ in } }
        let printer = ProgressPrinter(rounds: rounds, terminal: isatty(2) == 1)
        return { printer.show($0) }
    }

    /// One line for whoever starts workers by hand.
    private func announce(_ run: ExperimentRun<some ExperimentSetup>) {
        guard announces && !output.quiet else { return }
        let (awaited, own) = (run.settings.minimumWorkers, run.settings.workers)
        run.listening = { endpoint in
            let place = endpoint.replacing("tcp://0.0.0.0:", with: "tcp://THIS-HOST:")
            let here = own > 0 ? ", \(own) of them started here" : ""
            writeError(
                "listening at \(endpoint); waiting for \(awaited) \(awaited == 1 ? "worker" : "workers")\(here): "
                    + "tributary worker --connect \(place)")
        }
    }

    private func carryOut(_ run: ExperimentRun<some ExperimentSetup>, _ interrupts: Interrupts) throws {
        announce(run)
        let mailbox = run.mailbox
        interrupts.lead(stop: { mailbox.post(.interrupted) }, abandon: run.abandon)
        if launched { Leash.watch { mailbox.post(.interrupted) } }
        let (result, end) = try run.run()
        if isatty(2) == 1 && !output.quiet { StandardError.write("\r\u{1B}[K") }
        switch end {
        case .completed: try finish(result!, run.directory)
        case .interrupted(let round):
            throw Failure(
                "interrupted after round \(round); go on with: \(resumption) \(run.directory.path)",
                code: .interrupted)
        case .workersCannotServe(let why):
            throw Failure(why.description, code: why.isMissingInput ? .missingInput : .badData)
        case .noWorkers(let why): throw Failure("no workers: \(why)", code: .unavailable)
        case .taskFailed(let why), .damaged(let why): throw Failure(why, code: .badData)
        case .quorumMissed(let why): throw Failure(why, code: .quorumMissed)
        case .cannotWrite(let why):
            throw Failure("cannot write to \(run.directory.path): \(why)", code: .cannotWrite)
        }
    }

    private func finish(_ result: RunResult, _ directory: RunDirectory) throws {
        // The run is finished, whatever becomes of its report.
        do { try ReportFiles.write(directory) } catch { writeError("warning: no report: \(error)") }
        try show(result, directory)
    }

    /// A finished run prints its result again, after what was `restored` of its files.
    private func report(_ text: String, _ directory: RunDirectory, _ restored: [String]) throws {
        let page = directory.path(of: RunDirectory.Name.report)
        if !restored.isEmpty || !FileManager.default.fileExists(atPath: page) {
            do { try ReportFiles.write(directory) } catch { writeError("warning: no report: \(error)") }
        }
        if !restored.isEmpty { writeError("note: made again: \(restored.joined(separator: ", "))") }
        guard let result = try? JSONDecoder().decode(RunResult.self, from: Data(text.utf8)) else {
            throw LedgerError(
                .corrupt, file: directory.path(of: RunDirectory.Name.ledger),
                "has a result that cannot be read", remedy: "take the run from a copy")
        }
        try show(result, directory)
    }

    private func show(_ result: RunResult, _ directory: RunDirectory) throws {
        if output.json { try printJSON(result) } else { try printText(try ReportFiles.summary(directory)) }
        for missed in result.thresholdsMissed { writeError("threshold missed: \(missed)") }
        if !result.thresholdsMissed.isEmpty { throw ExitCode.thresholdMissed }
    }
}

/// Ctrl-C and termination while a run is going: the first asks it to stop, the second stops at once.
final class Interrupts {
    private struct State {
        var count = 0
        var stop: (@Sendable () -> Void)?
        var abandon: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())
    private var sources: [any DispatchSourceSignal] = []

    /// From here on a signal is kept until there is something to stop.
    init() {
        let queue = DispatchQueue(label: "signals")
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // Children inherit that signals are ignored: the coordinator stops them.
            let before = signal(number, SIG_IGN)
            // Whoever starts a run with nohup wants it to outlive the terminal.
            if number == SIGHUP, unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
                continue
            }
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [weak self] in self?.receive() }
            source.resume()
            sources.append(source)
        }
    }

    /// `abandon` removes what a sudden end would leave behind.
    convenience init(stop: @escaping @Sendable () -> Void, abandon: @escaping @Sendable () -> Void) {
        self.init()
        lead(stop: stop, abandon: abandon)
    }

    /// What signals do from now on, and those that came before.
    func lead(stop: @escaping @Sendable () -> Void, abandon: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            (state.stop, state.abandon) = (stop, abandon)
            return state.count > 0
        }
        if isDue { stop() }
    }

    private func receive() {
        let (count, stop, abandon) = state.withLock { state in
            state.count += 1
            return (state.count, state.stop, state.abandon)
        }
        if count == 1 { return stop?() ?? () }
        abandon()
        _exit(130)
    }

    /// From here on signals do again what they do by themselves.
    func end() {
        for source in sources {
            source.cancel()
            signal(Int32(source.handle), SIG_DFL)
        }
        sources = []
    }
}

/// The end of standard input, which whoever launched this process holds open for as long as it is to run.
enum Leash {
    static func watch(_ stop: @escaping @Sendable () -> Void) {
        Thread.detachNewThread {
            while FileHandle.standardInput.availableData.count > 0 {}
            stop()
        }
    }
}

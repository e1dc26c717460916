import Experiment
import Foundation
import Logging
import Methods
import Networks
import Synchronization
import TensorMath
import Wire

/// Carries out a scenario: owns the run directory, the socket, the workers and the ledger.
public final class ExperimentRun<Setup: ExperimentSetup> {
    public typealias Driver = CoordinatorDriver<Setup.Experiment>

    public let scenario: Scenario
    public let setup: Setup
    public let directory: RunDirectory
    public let settings: RunSettings
    public let mailbox: Driver.Mailbox
    private let ledger: Ledger
    private let lock: RunLock
    private let epoch: UInt64
    private let snapshot: Snapshot?
    private let fingerprint: ObjectID?
    private let existing: [String]
    private let stateFile: StateFile?
    private let states: ClientStateStore
    private let number: UInt64
    private let leftBehind = LeftBehind()
    private let earlier: EarlierExecutions
    private let logger: Logger
    private let observe: (RunProgress) -> Void
    /// Told where workers connect, once the socket is there.
    public var listening: (String) -> Void = { _ in }

    /// A new run in a fresh directory.
    public init(
        scenario: Scenario, setup: Setup, directory: RunDirectory, settings: RunSettings,
        environment: RunEnvironment, logger: Logger, observe: @escaping (RunProgress) -> Void
    ) throws {
        self.scenario = scenario
        self.setup = setup
        self.directory = directory
        self.settings = settings
        self.logger = logger
        self.observe = observe
        mailbox = try Driver.Mailbox()
        lock = try directory.lock()
        epoch = 1
        snapshot = nil
        fingerprint = nil
        existing = []
        number = settings.run
        earlier = EarlierExecutions()
        try directory.makeDirectory(RunDirectory.Name.checkpoints)
        stateFile = try setup.stateFile(in: directory)
        states = ClientStateStore(medium: stateFile.map { $0 as any StateMedium } ?? MemoryMedium())
        try directory.write(scenario.resolvedYAML, to: RunDirectory.Name.scenario)
        try directory.writeEnvironment(environment)
        ledger = try Ledger.create(
            at: directory.path(of: RunDirectory.Name.ledger),
            identity: try setup.identity().merging([
                "version": settings.version, "kernel_family": KernelFamily.active.rawValue,
                "scenario_digest": hexadecimal(scenario.digest),
            ]) { $1 })
        try ledger.set(meta: ["epoch": "1", "run": "\(number)"])
    }

    /// A run that goes on from its last durability point. Everything but `settings` comes from its directory.
    public init(
        resuming directory: RunDirectory, scenario: Scenario, setup: Setup, ledger: Ledger,
        settings: RunSettings, resumption: RunEnvironment.Resumption, logger: Logger,
        observe: @escaping (RunProgress) -> Void
    ) throws {
        self.scenario = scenario
        self.setup = setup
        self.directory = directory
        self.settings = settings
        self.logger = logger
        self.observe = observe
        self.ledger = ledger
        mailbox = try Driver.Mailbox()
        lock = try directory.lock()
        let point = try ledger.lastPoint()?.point
        fingerprint = point?.state[Checkpoint.fingerprintKey].flatMap {
            ObjectID(String(decoding: $0, as: UTF8.self))
        }
        existing = try Checkpoint.tidy(directory, lastRound: point?.round ?? 0)
        let kept = try ledger.clientStates()
        stateFile = try setup.stateFile(in: directory)
        states = try ClientStateStore(
            medium: stateFile.map { $0 as any StateMedium } ?? MemoryMedium(), resuming: kept)
        snapshot = try point.map { point in
            var snapshot = try Checkpoint.read(point, setup: setup, ledger: ledger, from: directory)
            for state in kept {
                snapshot.states[state.client] = ObjectReference(
                    id: state.id, bytes: UInt64(setup.stateBytes))
            }
            return snapshot
        }
        earlier = EarlierExecutions(try ledger.infrastructure())
        let meta = try ledger.meta()
        guard let last = meta["epoch"].flatMap({ UInt64($0) }), last < UInt64(UInt32.max),
            let number = meta["run"].flatMap({ UInt64($0) })
        else {
            throw LedgerError(
                .corrupt, file: ledger.file, "does not say which execution of which run it belongs to",
                remedy: "take the run from a copy")
        }
        (self.number, epoch) = (number, last + 1)
        if let left = meta["socket_directory"] { SocketPlace.remove(left) }
        try ledger.set(meta: ["epoch": "\(epoch)"])
        try directory.appendResumption(resumption)
    }

    /// Removes the directory of a new run that failed before a round was recorded, so that the same command can be
    /// given again. Whether it did.
    public func discardIfEmpty() throws -> Bool {
        guard epoch == 1, try ledger.lastPoint() == nil else { return false }
        try ledger.close()
        directory.discard()
        return true
    }

    /// Runs to the end. Returns the result, or how it ended otherwise.
    public func run() throws -> (result: RunResult?, end: RunEnd) {
        if let snapshot, snapshot.final {
            // The last round was durable before: only the files were not written.
            let outcome = try setup.outcome(ledger)
            return (try finish(outcome, Machinery()), .completed(outcome))
        }
        let place = try SocketPlace(settings.endpoint)
        leftBehind.path = place.file
        try ledger.set(meta: ["socket_directory": place.directory ?? ""])
        let (end, machinery) = try serve(at: place.endpoint)
        guard case .completed = end else { return (nil, end) }
        // A program that was resumed late need not know how earlier rounds went.
        let outcome = try setup.outcome(ledger)
        return (try finish(outcome, machinery), .completed(outcome))
    }

    /// For a second Ctrl-C: removes the socket, and nothing else, at once. Safe from any thread.
    public var abandon: @Sendable () -> Void {
        let leftBehind = leftBehind
        return { if let file = leftBehind.path { SocketPlace.removeSocket(file) } }
    }

    /// What carrying out a run took, beside its result.
    private struct Machinery {
        var meter = TrafficMeter()
        var retries = 0
        var workerMemory: UInt64 = 0
    }

    /// Binds, starts workers, and drives the coordinator until the run ends.
    private func serve(at endpoint: String) throws -> (RunEnd, Machinery) {
        let context = ZeroMQContext()
        let socket = try ZeroMQSocket(.router, context: context, endpoint: endpoint, limits: settings.limits)
        let bound = socket.boundEndpoint
        logger.info("listening", metadata: ["endpoint": "\(bound)"])
        listening(bound)
        let launcher = LocalLauncher(
            executable: settings.executable, arguments: ["worker", "--connect", bound])
        try launcher.start(workers: settings.workers)
        defer { launcher.stop() }
        if snapshot == nil { try setup.writeInputs(to: directory) }
        let mailbox = mailbox
        let writer = DurabilityWriter(
            ledger: ledger, directory: directory, states: stateFile, existing: existing
        ) { mailbox.post($0) }
        let driver = try makeDriver(launcher: settings.workers > 0 ? launcher : nil, writer: writer)
        let end = driver.run(socket: socket)
        writer.close()
        launcher.stop()
        let machinery = Machinery(
            meter: driver.coordinator.meter, retries: driver.coordinator.retries,
            workerMemory: max(driver.coordinator.workerMemory, launcher.peakMemory))
        return (end, machinery)
    }

    private func makeDriver(launcher: LocalLauncher?, writer: DurabilityWriter) throws -> Driver {
        var limits = settings.limits
        limits.sessions = Descriptors.workers(atMost: limits.sessions)
        let coordinator = Coordinator(
            settings: CoordinatorSettings(
                run: number, epoch: epoch, version: settings.version,
                kernelFamily: KernelFamily.active.rawValue,
                scenario: ObjectBytes(Array(scenario.resolvedYAML.utf8)), limits: limits,
                minimumWorkers: settings.minimumWorkers, launchesWorkers: settings.workers > 0,
                slots: setup.clients.flatMap { settings.workers >= $0 ? settings.workers : nil },
                fingerprint: fingerprint, began: settings.began,
                committedRound: snapshot?.round ?? 0),
            program: try setup.program(resuming: snapshot), states: states)
        let logger = logger
        let observe = observe
        return Driver(
            coordinator: coordinator, mailbox: mailbox, launcher: launcher, persist: { writer.write($0) },
            observe: { action in
                switch action {
                case .note(let note):
                    logger.log(level: note.level.logLevel, "\(note.text)")
                    if note.level != .info { writer.note(note.text) }
                case .progress(let progress): observe(progress)
                default: break
                }
            })
    }

    /// The files that a finished run leaves: pure functions of the ledger and the last model.
    private func finish(_ outcome: Outcome, _ machinery: Machinery) throws -> RunResult {
        try FinishedRun.writeModels(directory, ledger, setup, states)
        try directory.exportCSV(from: ledger, of: scenario.kind)
        let infrastructure = try ledger.infrastructure()
        let meter = machinery.meter
        let first = infrastructure.first.flatMap { snapshot == nil && $0.round == 1 ? $0.wallSeconds : nil }
        var result = RunResult(
            runDirectory: directory.path, name: scenario.name, rounds: outcome.rounds,
            finalAccuracy: outcome.finalAccuracy, modelDigest: outcome.modelDigest,
            wallSeconds: Double(MonotonicClock.now() - settings.began) / 1e9, firstRoundSeconds: first,
            peakMemoryBytes: .init(coordinator: peakMemoryBytes(), workerMax: machinery.workerMemory),
            bytes: .init(
                federatedUp: 0, federatedDown: 0,
                simulation: earlier.simulation &+ meter.received.simulation &+ meter.sent.simulation,
                wire: earlier.wire &+ meter.received.total &+ meter.sent.total,
                framing: meter.received.framing + meter.sent.framing),
            retries: earlier.retries &+ machinery.retries, workers: infrastructure.map(\.workers).max() ?? 0,
            thresholdsMissed: [])
        try setup.complete(&result, from: ledger)
        result.thresholdsMissed = result.missed(scenario.thresholds, rounds: try ledger.rounds())
        try ledger.set(meta: ["result": String(decoding: try JSONEncoder().encode(result), as: UTF8.self)])
        return result
    }
}

/// The socket's file, for whoever ends the process suddenly.
private final class LeftBehind: Sendable {
    private let file = Mutex<String?>(nil)
    var path: String? {
        get { file.withLock { $0 } }
        set { file.withLock { $0 = newValue } }
    }
}

/// What the executions before this one moved, as far as it became durable.
private struct EarlierExecutions {
    var wire: UInt64 = 0
    var simulation: UInt64 = 0
    var retries = 0

    init(_ rows: [InfrastructureRow] = []) {
        // No digest covers these rows: sums of wrong ones must not trap.
        for row in rows {
            wire &+= row.wireInBytes &+ row.wireOutBytes
            simulation &+= row.simulationBytes
            retries &+= row.retries
        }
    }
}

extension Note.Level {
    fileprivate var logLevel: Logger.Level {
        switch self {
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

import Methods
import TensorMath
import Wire

/// What a coordinator is told at its start.
public struct CoordinatorSettings: Sendable {
    public var run: UInt64
    /// Incarnation: one more at every resumption.
    public var epoch: UInt64
    public var version: String
    public var kernelFamily: String
    /// The resolved scenario, which every worker receives.
    public var scenario: ObjectBytes
    public var limits: Limits
    /// Workers that must be there before the first task is handed out.
    public var minimumWorkers: Int
    /// Whether this host starts workers of its own, which have the say about the data set.
    public var launchesWorkers: Bool
    /// Client c is computed by the worker in slot c mod `slots` as long as there is one; nil: by whoever is free.
    public var slots: Int?
    /// Least nanoseconds between two durability points.
    public var durabilityInterval: UInt64
    /// The data set that all workers must hold; nil until the first worker says it.
    public var fingerprint: ObjectID?
    /// When the command began, for wall times.
    public var began: Instant
    /// The last round of an earlier execution that is durable.
    public var committedRound: Int

    public init(
        run: UInt64, epoch: UInt64, version: String, kernelFamily: String, scenario: ObjectBytes,
        limits: Limits,
        minimumWorkers: Int, launchesWorkers: Bool, slots: Int?, durabilityInterval: UInt64 = 1_000_000_000,
        fingerprint: ObjectID? = nil, began: Instant = 0,
        committedRound: Int = 0
    ) {
        precondition(run != 0 && epoch != 0)
        self.run = run
        self.epoch = epoch
        self.version = version
        self.kernelFamily = kernelFamily
        self.scenario = scenario
        self.limits = limits
        self.minimumWorkers = minimumWorkers
        self.launchesWorkers = launchesWorkers
        self.slots = slots
        self.durabilityInterval = durabilityInterval
        self.fingerprint = fingerprint
        self.began = began
        self.committedRound = committedRound
    }
}

/// The process that owns the experiment, as a state machine without I/O: events in, actions out.
///
/// Sessions, leases and objects are its business; rounds and methods are the program's.
public struct Coordinator<Experiment: Program> {
    public let settings: CoordinatorSettings
    public internal(set) var program: Experiment
    /// Where clients' states are.
    public let states: ClientStateStore
    public internal(set) var meter = TrafficMeter()
    public internal(set) var retries = 0
    /// Greatest peak memory that a worker reported, bytes.
    public internal(set) var workerMemory: UInt64 = 0

    var limits: Limits { settings.limits }
    var sessions: [PeerID: Session] = [:]
    var lastSession: UInt64 = 0
    var board = TaskBoard()
    /// Of the streams that were leased at least once and are not done.
    var items: [UInt64: ItemBoard] = [:]
    var fingerprint: ObjectID?
    var actions: [CoordinatorAction] = []
    var now: Instant = 0
    var started = false
    var startedAt: Instant = 0
    /// How the run ends, once that is known: then only farewells are awaited, until `deadline`.
    var ending: (end: RunEnd, deadline: Instant)?
    /// When the last session was lost (or the run began), for "no workers".
    var lonelySince: Instant?
    var slotLost: [Int: Instant] = [:]
    /// When a worker was last seen reading its data set.
    var lastReading: Instant = 0
    private var complaints: [Complaint: Int] = [:]
    var exhausted: String?
    /// What the last worker said that could not take part.
    var refusal: CannotServe?
    private var finished = false
    var receiving: UInt64 = 0
    var durability: Durability
    var clock: RoundClock

    public init(settings: CoordinatorSettings, program: Experiment, states: ClientStateStore) {
        self.settings = settings
        self.program = program
        self.states = states
        fingerprint = settings.fingerprint
        clock = RoundClock(began: settings.began)
        durability = Durability(committed: settings.committedRound)
    }

    /// Takes one event at time `now`; what it returns is to be done in that order.
    public mutating func step(_ event: CoordinatorEvent, at now: Instant) -> [CoordinatorAction] {
        self.now = max(now, self.now)
        actions = []
        defer { actions = [] }
        if ending == nil {
            handle(event)
        } else {
            takeFarewell(event)
        }
        return actions
    }

    private mutating func handle(_ event: CoordinatorEvent) {
        switch event {
        case .received(let peer, let header, let frame, let surplus):
            receive(from: peer, header: header, frame: frame, surplus: surplus)
        case .unreachable(let peer): voidSession(peer, why: "unreachable", isExpected: true)
        case .workerExited(let slot, let reason):
            for session in sessions.values where session.slot == slot {
                voidSession(session.peer, why: "its process ended: \(reason)")
            }
            releaseStreams(ofSlot: slot)
        case .workersExhausted(let reason): exhausted = reason
        case .persisted(let round): durability.persisted(round: round)
        case .persistFailed(let reason): end(.cannotWrite(reason))
        case .interrupted: interrupt()
        case .tick: checkTime()
        }
        if ending == nil { dispatch() }
        if ending == nil { persistIfDue() }
    }

    mutating func note(_ level: Note.Level, _ text: String) {
        actions.append(.note(Note(level: level, text: text)))
    }

    /// What any peer can bring about as often as it likes.
    enum Complaint {
        case malformed, version, kernelFamily, dataset, leaving, returning, error, conflict
    }

    /// Notes what a peer did, the first, second, fourth, eighth ... time: none may fill the log.
    mutating func complain(_ kind: Complaint, as level: Note.Level = .warning, _ text: String) {
        let times = complaints[kind, default: 0] + 1
        complaints[kind] = times
        guard times & (times - 1) == 0 else { return }
        note(level, times == 1 ? text : "\(text) (\(times) of this kind so far)")
    }

    /// Says farewell to every worker. The run is finished when all have answered, or a second has passed: what a
    /// closing connection still carries may be lost.
    mutating func end(_ end: RunEnd) {
        guard ending == nil else { return }
        ending = (end, now + 1_000_000_000)
        for session in sessions.values.sorted(by: { $0.id < $1.id }) {
            send(.bye(code: 0, text: "the run is over", memoryBytes: 0), to: session.peer)
        }
        if sessions.isEmpty {
            finished = true
            actions.append(.finished(end))
        }
    }

    private mutating func takeFarewell(_ event: CoordinatorEvent) {
        guard let ending, !finished else { return }
        switch event {
        case .received(let peer, let header, let frame, _):
            meter.receive(header: header.count, frame: frame?.count)
            if case .bye(_, _, let memory) = try? Envelope(decoding: header).message {
                workerMemory = max(workerMemory, memory)
                sessions[peer] = nil
            }
        case .unreachable(let peer): sessions[peer] = nil
        case .workerExited(let slot, _): sessions = sessions.filter { $0.value.slot != slot }
        default: break
        }
        if sessions.isEmpty || now >= ending.deadline {
            finished = true
            actions.append(.finished(ending.end))
        }
    }

    // MARK: - The program's steps

    mutating func apply(_ step: ProgramStep) {
        do throws(StateError) {
            for state in step.states { try states.keep(state, pins: durability.pins) }
        } catch {
            end(RunEnd(error))
            return
        }
        if let failure = step.failure { return end(.taskFailed(failure)) }
        clock.apply(step, now: now, coordinator: (meter, retries, sessions.count))
        durability.append(step, infrastructure: clock.finishedRows)
        clock.finishedRows = []
        board.add(step.tasks)
        // What was not due before may be now.
        pushItems()
        if step.phase != nil || step.snapshot != nil { reportProgress() }
    }

    func progressNow() -> RunProgress? {
        guard let phase = clock.phase else { return nil }
        return RunProgress(
            round: clock.round, phase: phase, done: clock.total - board.open, total: clock.total,
            workers: sessions.count, accuracy: clock.accuracy)
    }

    mutating func reportProgress() { if let progress = progressNow() { actions.append(.progress(progress)) } }

    // MARK: - Durability

    private mutating func persistIfDue() {
        if let request = durability.due(
            now: now, interval: settings.durabilityInterval, fingerprint: fingerprint)
        {
            actions.append(.persist(request))
        }
        if let end = durability.end { self.end(end) }
    }

    private mutating func interrupt() {
        note(.warning, "stopping: what is finished is kept")
        durability.interrupt()
        persistIfDue()
    }
}

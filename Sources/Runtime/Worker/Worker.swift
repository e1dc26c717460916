import Methods
import TensorMath
import Wire

/// What happens to a worker.
public enum WorkerEvent: Sendable {
    case received(header: [UInt8], frame: ObjectBytes?, surplus: Bool)
    case tick
}

/// What a worker wants done.
public enum WorkerAction: Sendable {
    case send(header: [UInt8], frame: ObjectBytes?, range: Range<Int>?)
    /// Close the connection and open another after so many nanoseconds.
    case reconnect(after: UInt64)
    case exit(WorkerExit)
}

/// Why a worker ends.
public enum WorkerExit: Sendable, Equatable {
    case runOver
    /// The coordinator will not have it: another version, other kernels, another data set.
    case rejected(Reject)
    /// No coordinator answered for as long as it was to be waited for.
    case noCoordinator
    /// It cannot take part: the scenario's data set cannot be read.
    case cannotServe(CannotServe)
}

/// What a worker is told at its start.
public struct WorkerSettings: Sendable {
    public var version: String
    public var kernelFamily: String
    public var slot: Int?
    public var process: UInt32
    /// The worker's own number for this incarnation; never 0.
    public var nonce: UInt64
    /// Nanoseconds without a coordinator after which it gives up.
    public var patience: UInt64
    public var limits: Limits

    public init(
        version: String, kernelFamily: String, slot: Int?, process: UInt32, nonce: UInt64,
        patience: UInt64 = 60_000_000_000, limits: Limits = Limits()
    ) {
        precondition(nonce != 0)
        self.version = version
        self.kernelFamily = kernelFamily
        self.slot = slot
        self.process = process
        self.nonce = nonce
        self.patience = patience
        self.limits = limits
    }
}

/// Why a worker cannot take part in a run.
public struct CannotServe: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// Whether something is absent on its host, rather than wrong.
    public let isMissingInput: Bool

    public init(_ description: String, isMissingInput: Bool) {
        self.description = description
        self.isMissingInput = isMissingInput
    }

    /// In BYE: as in sysexits.h, 66 for what is missing and 65 for what is wrong.
    var code: UInt32 { isMissingInput ? 66 : 65 }
}

/// What the scenario makes of a worker: it computes, and says what data it holds.
public struct WorkerEngine {
    public let executor: any TaskExecutor
    public let fingerprint: ObjectID

    public init(executor: any TaskExecutor, fingerprint: ObjectID) {
        self.executor = executor
        self.fingerprint = fingerprint
    }
}

/// A process that computes for clients, as a state machine without I/O.
///
/// It computes on the thread that drives it: `compute` does a few milliseconds of work and returns, so that the socket
/// is looked at between batches and no second thread is needed to stay alive.
public struct Worker {
    /// Builds the engine from the resolved scenario that WELCOME brings.
    public typealias MakeEngine = (ObjectBytes) throws(CannotServe) -> WorkerEngine

    let settings: WorkerSettings
    let makeEngine: MakeEngine
    var now: Instant = 0
    var actions: [WorkerAction] = []
    var link: Link
    var run: UInt64 = Envelope.unknown
    var epoch: UInt64 = Envelope.unknown
    var engine: WorkerEngine?
    var scenario: ObjectID?
    var tasks: [HeldTask] = []
    /// The task that is being computed: its execution owns the engine's memory until it is done.
    var running: UInt64?
    var cache: [ObjectBytes] = []
    var fetching: [ObjectID: Fetching] = [:]
    /// What a lost connection interrupted, until a task under the next one is done or opened: who still wants the object
    /// by then has asked for it.
    var interrupted: [ObjectID: ObjectTransfer] = [:]
    var progress: UInt64 = 0
    var memoryBytes: UInt64 = 0

    /// The connection to the coordinator.
    struct Link {
        /// nil: HELLO was not answered yet.
        var session: UInt64?
        var sequence: UInt64 = 0
        var receivedSequence: UInt64 = 0
        var lastHeard: Instant?
        var lastSent: Instant = 0
        var lastPing: Instant = 0
        var chunkBytes = 1 << 20
        var ping: UInt64 = 2_000_000_000
        var dead: UInt64 = 10_000_000_000
        var attempts = 0
        var lostSince: Instant
        /// HELLO waits until the new connection was made.
        var notBefore: Instant = 0
    }

    struct HeldTask {
        let order: TaskOrder
        /// Inputs that are this task's alone.
        var own: [ObjectBytes] = []
        var execution: (any TaskExecution)?
        /// Set where the task is answered item by item.
        var stream: HeldStream?
        var offer: (message: Offer, objects: [ObjectBytes], sent: Instant)?
    }

    struct Fetching {
        var transfer: ObjectTransfer
        var lastChunk: Instant
    }

    public init(settings: WorkerSettings, now: Instant, makeEngine: @escaping MakeEngine) {
        self.settings = settings
        self.makeEngine = makeEngine
        self.now = now
        link = Link(lostSince: now)
    }

    /// Peak memory of this process, bytes, for the next PING.
    public mutating func report(memoryBytes: UInt64) { self.memoryBytes = memoryBytes }

    /// Whether a coordinator has answered on this connection.
    public var isConnected: Bool { link.session != nil }

    /// Whether `compute` has something to do.
    public var hasWork: Bool {
        nextAlone != nil
            || link.session != nil && (nextStream != nil || tasks.contains { isComputable($0) })
    }

    /// Takes one event at time `now`; what it returns is to be done in that order.
    public mutating func step(_ event: WorkerEvent, at now: Instant) -> [WorkerAction] {
        self.now = max(now, self.now)
        actions = []
        if case .received(let header, let frame, let surplus) = event {
            receive(header: header, frame: frame, surplus: surplus)
        } else {
            checkTime()
        }
        defer { actions = [] }
        return actions
    }

    /// Computes for a few milliseconds.
    public mutating func compute(at now: Instant) -> [WorkerAction] {
        self.now = max(now, self.now)
        actions = []
        advance()
        defer { actions = [] }
        return actions
    }

    // MARK: - Sending

    mutating func send(_ message: Message, frame: ObjectBytes? = nil, range: Range<Int>? = nil) {
        link.sequence += 1
        link.lastSent = now
        let envelope = Envelope(
            run: link.session == nil ? Envelope.unknown : run,
            epoch: link.session == nil ? Envelope.unknown : epoch,
            session: link.session ?? settings.nonce, sequence: link.sequence, message: message)
        actions.append(.send(header: envelope.encoded(), frame: frame, range: range))
    }

    mutating func sayHello() {
        link.attempts += 1
        send(
            .hello(
                Hello(
                    version: settings.version, kernelFamily: settings.kernelFamily, slot: settings.slot,
                    process: settings.process, memoryBytes: memoryBytes)))
    }

    mutating func sendPing() {
        link.lastPing = now
        send(
            .ping(
                Ping(
                    progress: progress, memoryBytes: memoryBytes, held: tasks.map(\.order.task),
                    fingerprint: engine?.fingerprint)))
    }

    // MARK: - Time

    /// Anything that waits too long for its answer is said again.
    private mutating func checkTime() {
        guard link.session != nil else {
            if now - link.lostSince > settings.patience {
                actions.append(.exit(.noCoordinator))
            } else if now >= link.notBefore, link.attempts == 0 || now - link.lastSent > 1_000_000_000 {
                sayHello()
            }
            return
        }
        let heard = link.lastHeard ?? now
        link.lastHeard = heard
        if now - heard > link.dead {
            reconnect()
            return
        }
        if now - link.lastPing >= link.ping { sendPing() }
        for i in tasks.indices {
            if let offer = tasks[i].offer, now - offer.sent > settings.limits.retransmit { sendOffer(i) }
        }
        for id in fetching.keys.sorted() where now - fetching[id]!.lastChunk > settings.limits.retransmit {
            fetching[id]!.lastChunk = now
            if case .fetch(let first, let count) = fetching[id]!.transfer.request() {
                send(.fetch(id: id, first: first, count: count))
            }
        }
    }

    /// Starts over: another connection, another session. Objects and parts of them are kept, for their names are still
    /// true; so are streams whose device goes on by itself.
    mutating func reconnect() {
        let wait = min(UInt64(100_000_000) << UInt64(min(link.attempts, 6)), 5_000_000_000)
        // Patience is for a WELCOME: a connection that brought none does not begin it anew.
        link = Link(lostSince: link.session == nil ? link.lostSince : now)
        link.notBefore = now + wait
        // What is finished is offered again under the next session: the work is not lost with the connection.
        tasks.removeAll { $0.offer == nil && $0.stream?.local == nil }
        for place in tasks.indices { tasks[place].stream?.disconnect() }
        running = nil
        interrupted.merge(fetching.mapValues(\.transfer)) { $1 }
        fetching = [:]
        actions.append(.reconnect(after: wait))
    }
}

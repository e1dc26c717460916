import Methods
import Wire

/// The tasks of a run: what waits, what is leased to whom, what was accepted.
///
/// PENDING -> LEASED -> accepted; a lease that is lost or refused goes back to PENDING.
struct TaskBoard {
    struct Entry {
        let spec: TaskSpec
        /// Refusals and failures so far.
        var attempts = 0
        var leases = 0
        /// Session that computes it; nil while pending.
        var session: UInt64?
        /// Sessions whose result was refused.
        var refused: Set<UInt64> = []
        /// Set while a stream waits for the worker that continues it without the link.
        var absent: AbsentWorker?
    }

    /// A worker whose link is down, and until when a stream is kept for it.
    struct AbsentWorker {
        let nonce: UInt64
        let slot: Int?
        let until: Instant
    }

    private(set) var entries: [UInt64: Entry] = [:]
    private var pending: [UInt64] = []
    private var pendingStreams: [UInt64] = []
    /// Streams that are done.
    private var closedStreams: Set<UInt64> = []
    /// What was accepted in this step of the program and the one before, to answer a repeated offer.
    private var accepted: [UInt64: Offer] = [:]
    private var previous: [UInt64: Offer] = [:]

    /// Tasks that are not accepted yet.
    var open: Int { entries.count }
    /// Of these, the ones that are no streams.
    private(set) var openTasks = 0
    var waiting: Int { pending.count }
    var waitingStreams: Int { pendingStreams.count }

    mutating func add(_ tasks: [TaskSpec]) {
        guard !tasks.isEmpty else { return }
        previous = accepted
        accepted = [:]
        for task in tasks {
            precondition(entries[task.id] == nil, "task \(task.id) twice")
            entries[task.id] = Entry(spec: task)
        }
        let streams = tasks.filter { $0.stream != nil }.map(\.id)
        pendingStreams.append(contentsOf: streams)
        pending.append(contentsOf: tasks.lazy.filter { $0.stream == nil }.map(\.id))
        openTasks += tasks.count - streams.count
    }

    /// The first pending task that `wanted` agrees to, marked as leased to `session`.
    mutating func lease(to session: UInt64, where wanted: (Entry) -> Bool) -> Entry? {
        guard let place = pending.firstIndex(where: { wanted(entries[$0]!) }) else { return nil }
        return mark(pending.remove(at: place), session)
    }

    /// The same of streams.
    mutating func leaseStream(to session: UInt64, where wanted: (Entry) -> Bool) -> Entry? {
        guard let place = pendingStreams.firstIndex(where: { wanted(entries[$0]!) }) else { return nil }
        return mark(pendingStreams.remove(at: place), session)
    }

    private mutating func mark(_ id: UInt64, _ session: UInt64) -> Entry {
        entries[id]!.session = session
        entries[id]!.absent = nil
        entries[id]!.leases += 1
        return entries[id]!
    }

    /// Back to the front of the queue: it has waited longest.
    mutating func requeue(_ id: UInt64) {
        guard entries[id] != nil, entries[id]!.session != nil else { return }
        entries[id]!.session = nil
        if entries[id]!.spec.stream == nil {
            pending.insert(id, at: 0)
        } else {
            pendingStreams.insert(id, at: 0)
        }
    }

    /// Keeps a waiting stream for a worker whose link is down.
    mutating func keep(_ stream: UInt64, for worker: AbsentWorker) { entries[stream]?.absent = worker }

    /// Streams that wait for a worker, in order.
    func streams(awaiting worker: (AbsentWorker) -> Bool) -> [UInt64] {
        pendingStreams.filter { entries[$0]!.absent.map(worker) ?? false }.sorted()
    }

    /// An absent worker will not go on with a stream: it is anybody's.
    mutating func release(_ stream: UInt64) { entries[stream]?.absent = nil }

    /// Gives a stream back to the worker that it waited for: the lease goes on.
    mutating func resume(_ stream: UInt64, in session: UInt64) {
        precondition(entries[stream]!.session == nil)
        pendingStreams.removeAll { $0 == stream }
        entries[stream]!.session = session
        entries[stream]!.absent = nil
    }

    /// Counts a refusal by or of `session`; the number of refusals so far.
    mutating func refuse(_ id: UInt64, session: UInt64) -> Int {
        entries[id]!.attempts += 1
        entries[id]!.refused.insert(session)
        return entries[id]!.attempts
    }

    /// A task is done that is leased: a pending one would stay in the queue.
    mutating func accept(_ offer: Offer) {
        entries[offer.task] = nil
        openTasks -= 1
        accepted[offer.task] = offer
    }

    /// A stream is done, whether it is leased or waits.
    mutating func close(_ stream: UInt64) {
        entries[stream] = nil
        pendingStreams.removeAll { $0 == stream }
        closedStreams.insert(stream)
    }

    /// Whether a task is a stream, or was one.
    func isStream(_ id: UInt64) -> Bool { entries[id]?.spec.stream != nil || closedStreams.contains(id) }

    /// The offer with which a task was accepted.
    func accepted(_ id: UInt64) -> Offer? { accepted[id] ?? previous[id] }

    /// Leases a pending task to a session that has its result already.
    mutating func lease(_ id: UInt64, to session: UInt64) -> Bool {
        guard entries[id] != nil, let place = pending.firstIndex(of: id) else { return false }
        _ = mark(pending.remove(at: place), session)
        return true
    }
}

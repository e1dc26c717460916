import TensorMath
import Wire

/// What the coordinator knows of one connected worker.
struct Session {
    let peer: PeerID
    let id: UInt64
    /// The worker's own number for this incarnation of itself; a HELLO with it is the same worker.
    let nonce: UInt64
    let slot: Int?
    let process: UInt32
    var lastHeard: Instant
    var receivedSequence: UInt64
    var sentSequence: UInt64 = 0
    /// It has not said yet which data set it holds.
    var isReading = true
    /// It holds the data set and takes tasks.
    var ready = false
    var progress: UInt64 = 0
    var progressAt: Instant
    /// Tasks leased to it: those whose entry on the board names this session.
    var leased: [UInt64: Lease] = [:]
    /// Streams that it serves, with the moment each was sent.
    var streams: [UInt64: Instant] = [:]
    /// Smoothed nanoseconds per task; decides how many may be queued.
    var taskDuration: Double?
    /// When its last result was accepted or refused.
    var lastResult: Instant = 0
    /// Objects that it was sent, newest last, as many as a worker keeps.
    var holdings: [Holding] = []
    var downloads: [ObjectID: Download] = [:]
    /// The last chunk of each object that it asked for: who gets further with an object makes progress.
    var asked: [ObjectID: UInt32] = [:]
    /// Offers whose outputs are not all here yet, by task.
    var arriving: [UInt64: Arriving] = [:]

    /// A task at its worker. Sending the order again does not begin it anew.
    struct Lease {
        let began: Instant
        var sent: Instant

        init(at now: Instant) { (began, sent) = (now, now) }
    }

    /// An object that a worker was sent, and what sending it cost.
    struct Holding {
        let id: ObjectID
        /// Whether it serves a client of the experiment, or only the simulation.
        var federated: Bool
        var payload: UInt64 = 0
        var overhead: UInt64 = 0
        /// Chunks below this index went out before; again is simulation traffic.
        var nextChunk: UInt32 = 0
    }

    /// A result of which some outputs are still on their way.
    struct Arriving {
        let offer: Offer
        /// In the order of the offer.
        var objects: [ObjectBytes?]
    }

    /// An output on its way from this worker.
    struct Download {
        let task: UInt64
        var transfer: ObjectTransfer
        var lastChunk: Instant
    }

    /// When the oldest of its tasks was leased.
    var oldestLease: Instant? { leased.values.lazy.map(\.began).min() }

    /// Takes note of a request; whether it is for more than any before.
    mutating func ask(_ id: ObjectID, last: UInt32) -> Bool {
        guard last > asked[id] ?? 0 else { return false }
        if asked.count >= Self.askedObjects { asked = [:] }
        asked[id] = last
        return true
    }

    /// More than a worker fetches at once.
    private static let askedObjects = 64

    func holding(_ id: ObjectID) -> Int? { holdings.firstIndex { $0.id == id } }

    mutating func hold(_ holding: Holding) {
        holdings.append(holding)
        if holdings.count > WorkerCache.objects { holdings.removeFirst() }
    }
}

/// How many objects a worker keeps beyond its tasks' own. The coordinator reckons with it to avoid sending twice; a worker that lost one
/// simply fetches it.
enum WorkerCache {
    static let objects = 2
}

import Methods
import TensorMath
import Wire

/// Nanoseconds on a clock that never goes back; only differences mean anything.
public typealias Instant = UInt64

/// A peer of the coordinator's socket: libzmq's routing identity of one connection.
public struct PeerID: Sendable, Hashable {
    public let bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// What happens to a coordinator.
public enum CoordinatorEvent: Sendable {
    case received(PeerID, header: [UInt8], frame: ObjectBytes?, surplus: Bool)
    /// A message to this peer cannot be delivered any more.
    case unreachable(PeerID)
    /// The launcher saw a child end, so nobody has to wait for its silence.
    case workerExited(slot: Int, reason: String)
    /// No launcher will start another worker.
    case workersExhausted(String)
    /// A durability point is on disk.
    case persisted(round: Int)
    case persistFailed(String)
    /// The user wants to stop; what is finished is kept.
    case interrupted
    case tick
}

/// What a coordinator wants done.
public enum CoordinatorAction: Sendable {
    case send(PeerID, header: [UInt8], frame: ObjectBytes?, range: Range<Int>?)
    /// An answer to a peer that has no session; it may be lost.
    case reply(PeerID, header: [UInt8])
    /// Drop what is queued for a peer.
    case forget(PeerID)
    case persist(DurabilityRequest)
    case note(Note)
    case progress(RunProgress)
    case finished(RunEnd)
}

/// Rows since the last durability point and the state after them, to be made durable together.
public struct DurabilityRequest: Sendable {
    public var rows: [Row]
    public var snapshot: Snapshot
    /// XXH3-128 of the data set that all workers hold.
    public var fingerprint: ObjectID?
}

/// Something worth a line in the log; never part of a result.
public struct Note: Sendable, Equatable {
    public enum Level: Sendable { case info, warning, error }
    public var level: Level
    public var text: String
}

/// How far a run is.
public struct RunProgress: Sendable, Equatable {
    public var round: Int
    public var phase: Phase
    public var done: Int
    public var total: Int
    public var workers: Int
    /// Of the last evaluated round.
    public var accuracy: Double?
}

/// How a run ended.
public enum RunEnd: Sendable, Equatable {
    case completed(Outcome)
    case interrupted(round: Int)
    /// No worker came, or none is left.
    case noWorkers(String)
    /// Workers came and said that they cannot take part, and none is left.
    case workersCannotServe(CannotServe)
    /// A task was refused too often: the experiment itself is at fault.
    case taskFailed(String)
    /// Too few of the experiment's clients are there, in simulated time.
    case quorumMissed(String)
    case cannotWrite(String)
    /// What was kept for the run is not there any more, or is something else.
    case damaged(String)
}

extension RunEnd {
    /// States cannot be kept or read.
    init(_ error: StateError) {
        self = error.kind == .damaged ? .damaged(error.description) : .cannotWrite(error.description)
    }
}

/// Every bound of the protocol, with the reason for its number.
public struct Limits: Sendable, Equatable {
    /// Header frame: protobuf-c copies what it unpacks, up to 44 times the size for hostile input.
    public static let headerBytes = 65_536
    /// Memory that unpacking one header may take.
    public static let unpackBytes = 4 << 20
    /// Fields of a later minor version in one header; they are ignored.
    public static let unknownFields = 8
    /// An object; a count beyond it is a mistake or an attack.
    public static let objectBytes: UInt64 = 64 << 30
    /// Inputs or outputs of one task.
    public static let objectsPerTask = 16
    /// Numbers in `metrics`, `work`, `held`.
    public static let numbersPerMessage = 64
    /// Items that may wait to be computed at one worker; more is a mistake or an attack.
    public static let waitingItems = 1024
    /// Chunks that one frame may hold, of objects that each fit one: a client's update travels with its state.
    public static let chunksInFrame = 4
    /// Bytes of UTF-8 in a name or an explanation.
    public static let textBytes = 1024

    /// Payload of one CHUNK: 1 MiB on this host, 64 KiB where a slow link must stay responsive.
    public var chunkBytes = 1 << 20
    /// Chunks asked for ahead: ten kept a link full in the ZeroMQ guide's measurements; eight bound memory.
    public var window = 8
    /// Bytes of objects that are being received at once, over all peers.
    public var receiveBudget: UInt64 = 512 << 20
    /// Sessions at once.
    public var sessions = 4096
    /// Nanoseconds between two PINGs of a worker.
    public var ping: UInt64 = 2_000_000_000
    /// Nanoseconds of silence after which the other side is gone: 10 s on this host, 30 s elsewhere.
    public var dead: UInt64 = 10_000_000_000
    /// Nanoseconds without an answer after which a request is sent again.
    public var retransmit: UInt64 = 3_000_000_000
    /// Nanoseconds a running task may go without a batch.
    public var noProgress: UInt64 = 60_000_000_000
    /// Nanoseconds that one task may be computed, however busy its worker says it is: a client's whole round is one.
    public var deadline: UInt64 = 6 * 3600 * 1_000_000_000
    /// Times that a task is tried on workers that refuse or fail it.
    public var attempts = 3
    /// Times that a task is leased to workers that then die.
    public var leases = 20
    /// Tasks a worker may hold at most: enough to cover a round trip when tasks last microseconds.
    public var credit = 8
    /// Items under way with one worker, shared by its streams: fewer than the messages that may wait for it.
    public var items = 128
    /// Nanoseconds to wait for the first worker, or for any worker once all are gone.
    public var lonely: UInt64 = 60_000_000_000

    public init() {}

    /// For peers behind a network.
    public static var remote: Limits {
        var limits = Limits()
        limits.chunkBytes = 64 << 10
        limits.dead = 30_000_000_000
        return limits
    }
}

import TensorMath

/// The version of the protocol. Majors must match; a higher minor may add fields, which are ignored.
public enum ProtocolVersion {
    public static let major: UInt32 = 1
    public static let minor: UInt32 = 3
}

/// The header of every message. Field by field: `wire.proto`.
public struct Envelope: Sendable, Equatable {
    public var run: UInt64
    public var epoch: UInt64
    public var session: UInt64
    public var sequence: UInt64
    public var message: Message

    /// Stands for "not yet known" in the identifiers of HELLO.
    public static let unknown = UInt64.max

    public init(run: UInt64, epoch: UInt64, session: UInt64, sequence: UInt64, message: Message) {
        self.run = run
        self.epoch = epoch
        self.session = session
        self.sequence = sequence
        self.message = message
    }
}

/// What a header says.
public enum Message: Sendable, Equatable {
    case hello(Hello)
    case welcome(Welcome)
    case reject(Reject)
    case ping(Ping)
    case pong(committed: UInt64)
    case task(TaskOrder)
    case fetch(id: ObjectID, first: UInt32, count: UInt32)
    case chunk(id: ObjectID, index: UInt32, length: UInt32)
    case offer(Offer)
    case result(task: UInt64, code: ResultCode, text: String)
    case bye(code: UInt32, text: String, memoryBytes: UInt64)
    case error(code: ErrorCode, text: String, object: ObjectID?)
    case item(Item)

    /// Whether it is void once a later message was read. A chunk says where it belongs, however late it comes.
    public var isOrdered: Bool { if case .chunk = self { false } else { true } }

    /// The name in `wire.proto`.
    public var name: String {
        switch self {
        case .hello: "HELLO"
        case .welcome: "WELCOME"
        case .reject: "REJECT"
        case .ping: "PING"
        case .pong: "PONG"
        case .task: "TASK"
        case .fetch: "FETCH"
        case .chunk: "CHUNK"
        case .offer: "OFFER"
        case .result: "RESULT"
        case .bye: "BYE"
        case .error: "ERROR"
        case .item: "ITEM"
        }
    }
}

public struct Hello: Sendable, Equatable {
    public var version: String
    public var kernelFamily: String
    /// Number given by a launcher, from 0; nil for a worker started by hand.
    public var slot: Int?
    public var process: UInt32
    public var memoryBytes: UInt64

    public init(version: String, kernelFamily: String, slot: Int?, process: UInt32, memoryBytes: UInt64) {
        self.version = version
        self.kernelFamily = kernelFamily
        self.slot = slot
        self.process = process
        self.memoryBytes = memoryBytes
    }
}

public struct Welcome: Sendable, Equatable {
    public var session: UInt64
    public var epoch: UInt64
    public var run: UInt64
    public var chunkBytes: UInt32
    public var pingMilliseconds: UInt32
    public var deadMilliseconds: UInt32

    public init(
        session: UInt64, epoch: UInt64, run: UInt64, chunkBytes: UInt32, pingMilliseconds: UInt32,
        deadMilliseconds: UInt32
    ) {
        self.session = session
        self.epoch = epoch
        self.run = run
        self.chunkBytes = chunkBytes
        self.pingMilliseconds = pingMilliseconds
        self.deadMilliseconds = deadMilliseconds
    }
}

public struct Reject: Sendable, Equatable {
    public enum Code: UInt32, Sendable {
        case version = 1
        case kernelFamily, full, staleSession, revoked, dataset
    }

    public var code: Code
    public var text: String
    /// nil: do not come back.
    public var retryMilliseconds: UInt32?

    public init(code: Code, text: String, retryMilliseconds: UInt32?) {
        self.code = code
        self.text = text
        self.retryMilliseconds = retryMilliseconds
    }
}

public struct Ping: Sendable, Equatable {
    /// Batches computed so far.
    public var progress: UInt64
    public var memoryBytes: UInt64
    /// Tasks that are queued, running or offered.
    public var held: [UInt64]
    /// XXH3-128 of the data set, once it is read.
    public var fingerprint: ObjectID?

    public init(progress: UInt64, memoryBytes: UInt64, held: [UInt64], fingerprint: ObjectID?) {
        self.progress = progress
        self.memoryBytes = memoryBytes
        self.held = held
        self.fingerprint = fingerprint
    }
}

/// A task as it is sent to a worker.
public struct TaskOrder: Sendable, Equatable {
    public var task: UInt64
    public var attempt: UInt32
    public var kind: UInt32
    public var round: UInt32
    public var client: Int?
    public var participation: Int
    /// First sample and number of samples; nil: all.
    public var first: Int
    public var count: Int?
    public var layout: [UInt8]
    public var inputs: [ObjectReference]
    /// Bit i: input i stands in the frame behind this header, after those of lower bits.
    public var inline: UInt32

    public init(
        task: UInt64, attempt: UInt32, kind: UInt32, round: UInt32, client: Int?, participation: Int,
        first: Int,
        count: Int?, layout: [UInt8], inputs: [ObjectReference], inline: UInt32
    ) {
        self.task = task
        self.attempt = attempt
        self.kind = kind
        self.round = round
        self.client = client
        self.participation = participation
        self.first = first
        self.count = count
        self.layout = layout
        self.inputs = inputs
        self.inline = inline
    }
}

/// A finished task.
public struct Offer: Sendable, Equatable {
    public var task: UInt64
    public var attempt: UInt32
    public var outputs: [ObjectReference]
    public var metrics: [Double]
    public var work: [UInt64]
    /// Bit i: output i stands in the frame behind this header, after those of lower bits.
    public var inline: UInt32
    /// Why it failed; nil when it is done.
    public var failure: String?

    public init(
        task: UInt64, attempt: UInt32, outputs: [ObjectReference], metrics: [Double], work: [UInt64],
        inline: UInt32,
        failure: String?
    ) {
        self.task = task
        self.attempt = attempt
        self.outputs = outputs
        self.metrics = metrics
        self.work = work
        self.inline = inline
        self.failure = failure
    }
}

/// An item of a stream: its input on the way to the worker, its answer on the way back.
public struct Item: Sendable, Equatable {
    public var task: UInt64
    /// Counted from 1.
    public var number: Int
    /// As in the task's order.
    public var attempt: UInt32
    /// Whether the frame behind this header holds it; inputs that the worker has itself have none.
    public var hasFrame: Bool
    /// Whether it is an answer that the device gave by itself while the link was down.
    public var isLocal: Bool

    public init(task: UInt64, number: Int, attempt: UInt32, hasFrame: Bool, isLocal: Bool = false) {
        self.task = task
        self.number = number
        self.attempt = attempt
        self.hasFrame = hasFrame
        self.isLocal = isLocal
    }

    /// Bytes of the header of every item.
    public static let headerBytes = UInt64(
        Message.item(Item(task: 1, number: 1, attempt: 1, hasFrame: true)).headerBytes)
}

/// What became of an offered update.
public enum ResultCode: UInt32, Sendable, CaseIterable {
    case accepted = 1
    /// The same result was accepted before.
    case duplicate
    /// A different result was accepted before: a machine that does not compute what the others do.
    case conflict
    /// Of a task that is not leased to this session, or of another epoch.
    case stale
    case badNaN
    case badRange
    case badShape
    case badDigest
    case badSize
    /// The worker said that it could not do it.
    case failed

    /// As in logs and documents.
    public var name: String {
        switch self {
        case .accepted: "ACCEPTED"
        case .duplicate: "DUPLICATE"
        case .conflict: "CONFLICT"
        case .stale: "STALE"
        case .badNaN: "BAD_NAN"
        case .badRange: "BAD_RANGE"
        case .badShape: "BAD_SHAPE"
        case .badDigest: "BAD_DIGEST"
        case .badSize: "BAD_SIZE"
        case .failed: "FAILED"
        }
    }
}

public enum ErrorCode: UInt32, Sendable {
    /// An object that was asked for is not here (any more).
    case unknownObject = 1
    /// A message that cannot be understood; the session is over.
    case malformed
    /// A message that does not fit the state of the session.
    case unexpected
}

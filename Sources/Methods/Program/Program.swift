import TensorMath

/// An experiment as a state machine: finished tasks in, tasks and ledger rows out.
///
/// It knows rounds and methods, and nothing of sockets, workers, files or clocks. Calls come one at a time; results
/// in any order give the same state.
public protocol Program {
    /// The first tasks. Called once, for a fresh run and for a resumed one.
    mutating func start() -> ProgramStep

    /// Takes the result of a task that was asked for and not yet accepted. Throws, and changes nothing, when the
    /// result cannot be used; the task is then computed again elsewhere.
    mutating func accept(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep

    /// The bytes of an object that a task of this program names as input; nil for states, which are kept elsewhere.
    func object(_ id: ObjectID) -> ObjectBytes?

    /// What item `item`, from 1, of a stream brings its worker; asked for again after every answer while it is
    /// `.later`. The same whenever it is asked for.
    func input(_ item: Int, of task: TaskSpec) -> StreamInput

    /// Takes the answer to an item that was not answered yet, whatever the order; `isLocal`, only of streams that
    /// continue: the device gave it by itself while the link was down. Throws, and changes nothing, when it cannot be used.
    mutating func accept(
        _ answer: ObjectBytes, item: Int, of task: TaskSpec, isLocal: Bool
    ) throws(Rejection) -> ProgramStep

    /// Takes note that items of a stream will never be answered.
    mutating func lose(_ items: [Int], of task: TaskSpec) -> ProgramStep
}

/// Programs without streams.
extension Program {
    public func input(_ item: Int, of task: TaskSpec) -> StreamInput {
        preconditionFailure("task \(task.id) is no stream")
    }

    public mutating func accept(
        _ answer: ObjectBytes, item: Int, of task: TaskSpec, isLocal: Bool
    ) throws(Rejection) -> ProgramStep { preconditionFailure("task \(task.id) is no stream") }

    public mutating func lose(_ items: [Int], of task: TaskSpec) -> ProgramStep {
        preconditionFailure("task \(task.id) is no stream")
    }
}

/// What an item of a stream brings.
public enum StreamInput: Sendable {
    /// Bytes that a deployment would send, too.
    case object(ObjectBytes)
    /// Nothing: the worker has the item's data itself.
    case sensed
    /// The item is not due yet.
    case later
}

/// How a task exchanges items with its worker instead of giving outputs. It is done when every item was answered or lost.
public struct StreamSpec: Sendable, Equatable {
    public enum Disconnection: Sendable, Equatable {
        /// Another worker answers what is missing: the result is the same.
        case restart
        /// What was under way is lost; another worker goes on with the rest.
        case lose
        /// The device goes on by itself while the link is down, and its stream waits for it; only when it does not come
        /// back, another worker answers what is missing.
        case `continue`
    }

    /// Counted from 1.
    public var items: Int
    /// Items that may be under way at once.
    public var window: Int
    public var onDisconnect: Disconnection

    public init(items: Int, window: Int, onDisconnect: Disconnection) {
        precondition(items >= 1 && window >= 1)
        self.items = items
        self.window = window
        self.onDisconnect = onDisconnect
    }
}

/// What a worker is asked to compute: (kind, input objects, random key) -> (output objects, metrics, work).
public struct TaskSpec: Sendable, Equatable {
    public enum Kind: UInt32, Sendable {
        /// Train a client: broadcast, its state if it has one -> update, new state, activations; each if due. Metrics:
        /// loss sum, correct, samples seen, steps, sum over steps of samples x squared mean loss.
        case train = 1
        /// Evaluate a model on a slice of the test split. Metrics: loss sum, correct, samples.
        case evaluateTest
        /// Evaluate a model, made personal by the client's state, on its held-out samples. Metrics: loss sum, correct, samples.
        case evaluateClient
        /// Train a network on samples `first`, `count` of an epoch's order: shared data, state of the training -> new
        /// state. `round` is the epoch, `client` the number of the network. Metrics: loss sum, correct, samples.
        case trainNetwork
        /// A teacher's outputs on a slice of a split: its state -> features and logits of each sample. Metrics: loss
        /// sum, correct, samples.
        case teacherOutputs
        /// Make images `first`, `count` for students to learn from: a teacher's parameters, metadata if there are any ->
        /// images and the teacher's answers to them. Metrics: loss, images that the teacher takes for their class, images.
        case makeImages
        /// Serve a student: its parameters -> a stream of images in, features out.
        case serveStudent
        /// Play the device of a mode of split computing (`participation`): parameters of its head, the teacher's -> a
        /// stream of what a device sends for the test images.
        case serveDevice
    }

    /// Unique within the run and equal in every execution of it; never 0.
    public var id: UInt64
    public var kind: Kind
    /// Counted from 1.
    public var round: Int
    public var client: Int?
    /// How often the client took part before.
    public var participation: Int
    /// Slice of the test split; nil count: to the end.
    public var first: Int
    public var count: Int?
    /// Digest of the layout of the model.
    public var layout: [UInt8]
    /// The first is shared by the tasks of a round and worth keeping; the others are this task's alone.
    public var inputs: [ObjectReference]
    /// Bytes of each object that it must give; only the asking side knows.
    public var outputs: [UInt64]
    /// Whether a deployment would send this task's first input and first output, too; the others never.
    public var isFederated: Bool
    /// Set where the task exchanges items; only the asking side knows.
    public var stream: StreamSpec?

    public init(
        id: UInt64, kind: Kind, round: Int, client: Int? = nil, participation: Int = 0, first: Int = 0,
        count: Int? = nil, layout: [UInt8], inputs: [ObjectReference], outputs: [UInt64] = [],
        isFederated: Bool = false, stream: StreamSpec? = nil
    ) {
        precondition(id != 0 && round >= 1)
        self.id = id
        self.kind = kind
        self.round = round
        self.client = client
        self.participation = participation
        self.first = first
        self.count = count
        self.layout = layout
        self.inputs = inputs
        self.outputs = outputs
        self.isFederated = isFederated
        self.stream = stream
    }
}

extension TaskSpec {
    /// Round, kind and place: unique in the run, equal in every execution of it.
    static func id(_ kind: Kind, _ position: Int, round: Int) -> UInt64 {
        precondition(position < 1 << 28)
        return UInt64(round) << 32 | UInt64(kind.rawValue) << 28 | UInt64(position)
    }
}

/// What a task gave.
public struct TaskOutput: Sendable {
    public var objects: [ObjectBytes]
    public var metrics: [Double]
    /// Samples forward and backward; MACs follow from the network.
    public var work: [UInt64]

    public init(objects: [ObjectBytes], metrics: [Double], work: [UInt64]) {
        self.objects = objects
        self.metrics = metrics
        self.work = work
    }
}

/// Why a result cannot be used.
public struct Rejection: Error, Sendable, Equatable {
    public enum Reason: Sendable { case notFinite, outOfRange, wrongShape, wrongMetrics }

    public let reason: Reason
    public let text: String

    /// Values that are no numbers any more, or beyond all bounds, come of training that diverges: the text then says
    /// what helps, to lower the learning rate of what is trained at `place`.
    public init(_ reason: Reason, _ text: String, training place: String = "training") {
        self.reason = reason
        switch reason {
        case .notFinite, .outOfRange:
            self.text = text + "; training diverges: lower \(place).optimizer.learning_rate"
        case .wrongShape, .wrongMetrics: self.text = text
        }
    }
}

/// What follows from a step.
public struct ProgramStep {
    /// To be computed, in this order where workers are scarce.
    public var tasks: [TaskSpec] = []
    /// Whether the answer of a stream that this follows from is the simulation's alone: a deployment would not send it.
    public var isSilent = false
    /// For the ledger, in an order that does not depend on arrival.
    public var rows: [Row] = []
    /// States of clients that are from now on to be had by their names.
    public var states: [ClientState] = []
    /// Set when the state is consistent: a run can go on from here.
    public var snapshot: Snapshot?
    /// Set once, with the last step.
    public var outcome: Outcome?
    /// Set when the experiment cannot go on, with place and remedy.
    public var failure: String?
    /// Set when too few clients are there for the experiment to go on, in simulated time.
    public var quorumMissed: String?
    /// What the tasks of this step are for, for progress and timing.
    public var phase: Phase?
    /// Rounds that this step finished: several where one had nothing to compute.
    public var finished: [FinishedRound] = []

    public init() {}

    /// Puts what a round that is over left behind before what follows from it.
    mutating func begin(with rows: [Row], _ snapshot: Snapshot, _ round: FinishedRound) {
        self.rows = rows + self.rows
        self.snapshot = self.snapshot ?? snapshot
        finished.insert(round, at: 0)
    }
}

public enum Phase: Sendable, Equatable {
    case training(round: Int)
    case evaluating(round: Int)
}

/// A round that is over, for progress and timing.
public struct FinishedRound: Sendable, Equatable {
    public var round: Int
    /// Where it was measured.
    public var accuracy: Double?

    public init(round: Int, accuracy: Double?) {
        self.round = round
        self.accuracy = accuracy
    }
}

/// State from which a run goes on: everything else follows from the scenario.
public struct Snapshot: Sendable {
    /// The last finished round.
    public var round: Int
    public var model: ObjectBytes
    /// What the model's values belong to.
    public var layout: ParameterLayout
    /// What the server remembers besides the model.
    public var memory: [NamedVector]
    /// The newest state of each client that has one; for resuming only, because rows of clients name them.
    public var states: [Int: ObjectReference]
    public var final: Bool

    public init(
        round: Int, model: ObjectBytes, layout: ParameterLayout, memory: [NamedVector] = [],
        states: [Int: ObjectReference] = [:], final: Bool
    ) {
        self.round = round
        self.model = model
        self.layout = layout
        self.memory = memory
        self.states = states
        self.final = final
    }
}

/// Float32 values that the server keeps between rounds, such as a momentum.
public struct NamedVector: Sendable {
    /// What it is, such as `momentum`, and what its values belong to.
    public var name: String
    public var layout: ParameterLayout
    public var values: ObjectBytes

    public init(name: String, layout: ParameterLayout, values: ObjectBytes) {
        self.name = name
        self.layout = layout
        self.values = values
    }
}

/// What a client keeps between its rounds, as it is after `round`.
public struct ClientState: Sendable {
    public var client: Int
    public var round: Int
    public var object: ObjectBytes

    public init(client: Int, round: Int, object: ObjectBytes) {
        self.client = client
        self.round = round
        self.object = object
    }
}

/// How an experiment ended.
public struct Outcome: Sendable, Equatable {
    public var rounds: Int
    /// `global_test` where evaluated, else the mean of `local_test`.
    public var finalAccuracy: Double?
    public var modelDigest: String

    public init(rounds: Int, finalAccuracy: Double?, modelDigest: String) {
        self.rounds = rounds
        self.finalAccuracy = finalAccuracy
        self.modelDigest = modelDigest
    }
}

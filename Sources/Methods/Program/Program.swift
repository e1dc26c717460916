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

    /// The bytes of an object that a task of this program names as input.
    func object(_ id: ObjectID) -> ObjectBytes?
}

/// What a worker is asked to compute: (kind, input objects, random key) -> (output objects, metrics, work).
public struct TaskSpec: Sendable, Equatable {
    public enum Kind: UInt32, Sendable {
        /// Train a client: model -> update. Metrics: loss sum, correct, samples seen, steps.
        case train = 1
        /// Evaluate a model on a slice of the test split. Metrics: loss sum, correct, samples.
        case evaluateTest
        /// Evaluate a model on a client's held-out samples. Metrics: loss sum, correct, samples.
        case evaluateClient
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
    public var inputs: [ObjectReference]

    public init(
        id: UInt64, kind: Kind, round: Int, client: Int? = nil, participation: Int = 0, first: Int = 0,
        count: Int? = nil, layout: [UInt8], inputs: [ObjectReference]
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

    public init(_ reason: Reason, _ text: String) {
        self.reason = reason
        self.text = text
    }
}

/// What follows from a step.
public struct ProgramStep {
    /// To be computed, in this order where workers are scarce.
    public var tasks: [TaskSpec] = []
    /// For the ledger, in an order that does not depend on arrival.
    public var rows: [Row] = []
    /// Set when the state is consistent: a run can go on from here.
    public var snapshot: Snapshot?
    /// Set once, with the last step.
    public var outcome: Outcome?
    /// What the tasks of this step are for, for progress and timing.
    public var phase: Phase?

    public init() {}
}

public enum Phase: Sendable, Equatable {
    case training(round: Int)
    case evaluating(round: Int)
}

/// State from which a run goes on: everything else follows from the scenario.
public struct Snapshot: Sendable {
    /// The last finished round.
    public var round: Int
    public var model: ObjectBytes
    public var final: Bool

    public init(round: Int, model: ObjectBytes, final: Bool) {
        self.round = round
        self.model = model
        self.final = final
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

import Devices

/// What a round left behind: the state after it, and its totals over the cohort.
public struct RoundRow: Sendable, Equatable {
    /// Counted from 1.
    public var round: Int
    public var clients: Int
    /// Samples of the clients that took part.
    public var samples: Int
    /// Mean cross-entropy over all samples of the local training, while it ran.
    public var trainLoss: Double?
    public var globalTestAccuracy: Double?
    public var globalTestLoss: Double?
    /// Mean over all clients that hold test samples.
    public var localTestAccuracyMean: Double?
    /// Standard deviation over the same clients, as of a whole population.
    public var localTestAccuracyStd: Double?
    /// Mean over the worst tenth of them, rounded up to whole clients.
    public var localTestAccuracyWorstTenth: Double?
    /// Mean over those that took part in this round.
    public var localTestAccuracyParticipants: Double?
    /// Divergence of the activations of the cohort's models, bits; see `ActivationProbe`.
    public var activationDivergence: Double?
    /// BLAKE2b-256 of the global model, hexadecimal.
    public var modelDigest: String
    /// Bytes that a deployment would have sent, headers included.
    public var federatedUpBytes: UInt64
    public var federatedDownBytes: UInt64
    /// Of these, what was sent for nothing: by or to clients whose update did not count.
    public var wastedUpBytes: UInt64
    public var wastedDownBytes: UInt64
    /// From the start of the round to its end, in simulated time; nil without devices.
    public var simulatedSeconds: Double?
    /// Of all clients that were drawn, and of these of the ones whose update did not count.
    public var energyJoules: Double?
    public var wastedJoules: Double?
    /// Clients whose part ended in this round, whatever became of it.
    public var drawn: Int

    public init(round: Int, clients: Int, samples: Int, modelDigest: String) {
        self.round = round
        self.clients = clients
        self.samples = samples
        self.modelDigest = modelDigest
        federatedUpBytes = 0
        federatedDownBytes = 0
        wastedUpBytes = 0
        wastedDownBytes = 0
        drawn = clients
    }
}

/// What became of a client's part in a round.
public enum ClientFate: String, Sendable, CaseIterable {
    /// Its update is in the model.
    case accepted
    /// It finished after the deadline.
    case late
    /// It finished in time, when enough others had.
    case surplus
    /// It left before it was done.
    case dropped
    /// It started from a model that is too old.
    case stale
    /// It finished, and too few others did.
    case abandoned
}

/// A client's way through a round on its device, in simulated time.
public struct ClientTiming: Sendable, Equatable {
    /// Names of the profiles.
    public var device: String
    public var link: String
    /// Since the start of the run.
    public var startSeconds: Double
    public var downloadSeconds: Double
    public var computeSeconds: Double
    public var uploadSeconds: Double
    /// From the end of the upload to the end of the round.
    public var waitingSeconds: Double
    public var computeJoules: Double
    /// Of the radio, above the idle device.
    public var radioJoules: Double
    /// Of the device while it communicated and waited.
    public var idleJoules: Double
    /// Rounds that ended while the client was at work.
    public var staleness: Int

    public init(
        device: String, link: String, startSeconds: Double, downloadSeconds: Double, computeSeconds: Double,
        uploadSeconds: Double, waitingSeconds: Double, computeJoules: Double, radioJoules: Double,
        idleJoules: Double, staleness: Int
    ) {
        self.device = device
        self.link = link
        self.startSeconds = startSeconds
        self.downloadSeconds = downloadSeconds
        self.computeSeconds = computeSeconds
        self.uploadSeconds = uploadSeconds
        self.waitingSeconds = waitingSeconds
        self.computeJoules = computeJoules
        self.radioJoules = radioJoules
        self.idleJoules = idleJoules
        self.staleness = staleness
    }

    public var joules: Double { computeJoules + radioJoules + idleJoules }
}

/// One client's part in one round.
public struct ClientRow: Sendable, Equatable {
    public var round: Int
    public var client: Int
    /// Samples that it trained on in an epoch: its weight in the average.
    public var samples: Int
    public var steps: Int
    /// Sum of the cross-entropies and number of right answers over all samples of all epochs, while training.
    public var trainLossSum: Double
    public var trainCorrect: Int
    /// XXH3-128 of its update, hexadecimal; empty where nothing is sent.
    public var updateDigest: String
    /// XXH3-128 of the state that it keeps, hexadecimal; empty where it keeps none.
    public var stateDigest: String
    public var downPayloadBytes: UInt64
    public var downOverheadBytes: UInt64
    public var upPayloadBytes: UInt64
    public var upOverheadBytes: UInt64
    public var work: Work
    public var fate = ClientFate.accepted
    /// Whether it is one of the simulated attackers.
    public var attacks = false
    /// How much of its update's difference to the model the aggregation rule took, as far as training moves it: 1 all, 0
    /// nothing. Nil where no update counts, and with rules that choose value by value.
    public var factor: Double?
    /// Nil without devices.
    public var timing: ClientTiming?

    public init(
        round: Int, client: Int, samples: Int, steps: Int, trainLossSum: Double, trainCorrect: Int,
        updateDigest: String, stateDigest: String = "", downPayloadBytes: UInt64, downOverheadBytes: UInt64,
        upPayloadBytes: UInt64,
        upOverheadBytes: UInt64, work: Work
    ) {
        self.round = round
        self.client = client
        self.samples = samples
        self.steps = steps
        self.trainLossSum = trainLossSum
        self.trainCorrect = trainCorrect
        self.updateDigest = updateDigest
        self.stateDigest = stateDigest
        self.downPayloadBytes = downPayloadBytes
        self.downOverheadBytes = downOverheadBytes
        self.upPayloadBytes = upPayloadBytes
        self.upOverheadBytes = upOverheadBytes
        self.work = work
    }
}

/// Accuracy of a model on one client's held-out samples.
public struct LocalTestRow: Sendable, Equatable {
    public var round: Int
    public var client: Int
    public var samples: Int
    public var correct: Int
    public var lossSum: Double
    public init(round: Int, client: Int, samples: Int, correct: Int, lossSum: Double) {
        self.round = round
        self.client = client
        self.samples = samples
        self.correct = correct
        self.lossSum = lossSum
    }
}

/// Federated bytes of one round, direction, kind and segment, over all clients of the cohort.
public struct TrafficRow: Sendable, Equatable {
    public enum Direction: String, Sendable { case up, down }
    public enum Part: String, Sendable { case payload, overhead }

    public var round: Int
    public var direction: Direction
    /// What was sent: `model` or `update`.
    public var kind: String
    public var part: Part
    /// Segment of the layout; `header` for overhead.
    public var segment: String
    /// Clients that sent or received it.
    public var clients: Int
    public var bytes: UInt64
    public init(
        round: Int, direction: Direction, kind: String, part: Part, segment: String, clients: Int,
        bytes: UInt64
    ) {
        self.round = round
        self.direction = direction
        self.kind = kind
        self.part = part
        self.segment = segment
        self.clients = clients
        self.bytes = bytes
    }
}

/// What the machinery did for a round: the one kind of row that may differ between equal runs.
public struct InfrastructureRow: Sendable, Equatable {
    public var round: Int
    /// Seconds from dispatch of the first training task to the last accepted update.
    public var trainingSeconds: Double
    public var evaluationSeconds: Double
    /// Since the command began (the one that resumed, for rounds after a resumption).
    public var wallSeconds: Double
    /// Bytes that the coordinator's socket received and sent in this round.
    public var wireInBytes: UInt64
    public var wireOutBytes: UInt64
    /// Of these, what moved only because this is a simulation.
    public var simulationBytes: UInt64
    /// Tasks that had to be computed again.
    public var retries: Int
    public var workers: Int
    public init(
        round: Int, trainingSeconds: Double, evaluationSeconds: Double, wallSeconds: Double,
        wireInBytes: UInt64,
        wireOutBytes: UInt64, simulationBytes: UInt64, retries: Int, workers: Int
    ) {
        self.round = round
        self.trainingSeconds = trainingSeconds
        self.evaluationSeconds = evaluationSeconds
        self.wallSeconds = wallSeconds
        self.wireInBytes = wireInBytes
        self.wireOutBytes = wireOutBytes
        self.simulationBytes = simulationBytes
        self.retries = retries
        self.workers = workers
    }
}

/// One observation for the ledger.
public enum Row: Sendable, Equatable {
    case round(RoundRow)
    case client(ClientRow)
    case localTest(LocalTestRow)
    case traffic(TrafficRow)
    case epoch(EpochRow)
    case contender(ContenderRow)
    case node(NodeRow)
    case transfer(TransferRow)
    case subset(SubsetRow)
    case filter(FilterRow)
    case edge(EdgeRow)
    case activity(ActivityRow)
    case mode(ModeRow)
    case neuralFilter(NeuralFilterRow)
    case infrastructure(InfrastructureRow)
}

import CKernels
import Datasets
import Networks

/// Everything that decides the result of a federated experiment; `Scenario` composes it from the YAML document.
public struct FederatedConfiguration: Sendable, Equatable {
    public var seed: UInt64
    public var dataset: DatasetSpec
    public var partition: PartitionSpec
    /// Share of each client's samples that is held out for its own test.
    public var localTestFraction: Double
    public var model: ModelSpec
    public var initialization: Initialization
    public var method: MethodSpec
    public var training: TrainingSpec
    public var evaluation: EvaluationSpec
    public var stop: StopSpec
    public var compression: CompressionSpec

    public init(
        seed: UInt64, dataset: DatasetSpec, partition: PartitionSpec, localTestFraction: Double,
        model: ModelSpec,
        initialization: Initialization, method: MethodSpec, training: TrainingSpec,
        evaluation: EvaluationSpec,
        stop: StopSpec, compression: CompressionSpec = .none
    ) {
        self.seed = seed
        self.dataset = dataset
        self.partition = partition
        self.localTestFraction = localTestFraction
        self.model = model
        self.initialization = initialization
        self.method = method
        self.training = training
        self.evaluation = evaluation
        self.stop = stop
        self.compression = compression
    }
}

/// A federated algorithm and its settings.
public enum MethodSpec: Sendable, Equatable {
    case fedavg

    /// The name that scenarios use.
    public var name: String {
        switch self {
        case .fedavg: "fedavg"
        }
    }

    public static let names = ["fedavg"]
}

/// Rounds, cohort and local training.
public struct TrainingSpec: Sendable, Equatable {
    public enum Selection: String, Sendable, CaseIterable { case uniform }

    public var rounds: Int
    public var clientsPerRound: Int
    public var selection: Selection
    public var localEpochs: Int
    public var batchSize: Int
    public var optimizer: SGD
    public var schedule: Schedule

    public init(
        rounds: Int, clientsPerRound: Int, selection: Selection = .uniform, localEpochs: Int = 1,
        batchSize: Int = 10, optimizer: SGD, schedule: Schedule = .constant
    ) {
        self.rounds = rounds
        self.clientsPerRound = clientsPerRound
        self.selection = selection
        self.localEpochs = localEpochs
        self.batchSize = batchSize
        self.optimizer = optimizer
        self.schedule = schedule
    }
}

/// How the learning rate of round r (counted from 1) follows from the optimiser's.
public enum Schedule: Sendable, Equatable {
    case constant
    /// learning rate x factor^(r - 1).
    case exponential(factor: Double)
    /// learning rate x factor^((r - 1) / every, rounded down).
    case step(every: Int, factor: Double)
    /// Half a cosine from the learning rate in round 1 to `minimum` times it in round `rounds`, where it stays
    /// (Loshchilov and Hutter, ICLR 2017, equation 5, without restarts).
    case cosine(rounds: Int, minimum: Double)

    /// The learning rate of round `round`, 1 or more; with powers and cosines that do not depend on libm.
    public func learningRate(_ initial: Float, round: Int) -> Float {
        precondition(round >= 1)
        switch self {
        case .constant: return initial
        case .exponential(let factor): return Float(Double(initial) * Self.power(factor, round - 1))
        case .step(let every, let factor):
            return Float(Double(initial) * Self.power(factor, (round - 1) / every))
        case .cosine(let rounds, let minimum):
            guard round < rounds else { return Float(Double(initial) * minimum) }
            let cosine = ck_cos(Double.pi * Double(round - 1) / Double(rounds - 1))
            return Float(Double(initial) * (minimum + (1 - minimum) * 0.5 * (1 + cosine)))
        }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (power, base, exponent) = (1.0, base, exponent)
        while exponent > 0 {
            if exponent & 1 == 1 { power *= base }
            base *= base
            exponent >>= 1
        }
        return power
    }
}

/// When and on what the global model is evaluated; the last round always is.
public struct EvaluationSpec: Sendable, Equatable {
    public enum Target: String, Sendable, CaseIterable {
        /// The data set's own test split.
        case globalTest = "global_test"
        /// Each client's held-out samples.
        case localTest = "local_test"
    }

    public var every: Int
    public var on: [Target]

    public init(every: Int = 5, on: [Target] = [.globalTest]) {
        self.every = every
        self.on = on
    }
}

/// When a run ends before its last round.
public struct StopSpec: Sendable, Equatable {
    /// `final_accuracy` that is enough, in 0...1; seen at evaluated rounds.
    public var targetAccuracy: Double?

    public init(targetAccuracy: Double? = nil) { self.targetAccuracy = targetAccuracy }
}

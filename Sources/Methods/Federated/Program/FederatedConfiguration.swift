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
    public var preprocessing: PreprocessingSpec
    public var aggregation: AggregationSpec
    public var attack: AttackSpec?
    public var compression: CompressionSpec
    /// What clients compute and communicate with; nil: no simulated time.
    public var devices: DevicesSpec?

    public init(
        seed: UInt64, dataset: DatasetSpec, partition: PartitionSpec, localTestFraction: Double,
        model: ModelSpec,
        initialization: Initialization, method: MethodSpec, training: TrainingSpec,
        evaluation: EvaluationSpec,
        stop: StopSpec, preprocessing: PreprocessingSpec = PreprocessingSpec(),
        aggregation: AggregationSpec = .mean, attack: AttackSpec? = nil, compression: CompressionSpec = .none,
        devices: DevicesSpec? = nil
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
        self.preprocessing = preprocessing
        self.aggregation = aggregation
        self.attack = attack
        self.compression = compression
        self.devices = devices
    }

    /// What travels and what stays in this experiment.
    package func exchange(_ plan: NetworkPlan) -> Exchange {
        let exchange = method.method.exchange(plan)
        let keepsResidual =
            compression.errorFeedback && !compression.uplink.isEmpty && method.isFederated
        return keepsResidual ? exchange.keeping(.payload(Exchange.residual)) : exchange
    }

    /// Whether there is an accuracy that could be final, or enough to stop at.
    public var measuresAccuracy: Bool {
        evaluation.on.contains(.localTest) || evaluation.on.contains(.globalTest) && method.hasGlobalModel
    }

    /// Whether the activations of a round's clients are compared.
    package func measuresDivergence(round: Int) -> Bool {
        evaluation.on.contains(.activationDivergence) && evaluates(round: round)
    }

    /// Whether the state after a round is evaluated.
    package func evaluates(round: Int) -> Bool {
        round == training.rounds || round % evaluation.every == 0
    }
}

/// What happens to images before they go in; pixels are byte / 255 before.
public struct PreprocessingSpec: Sendable, Equatable {
    public enum Augmentation: String, Sendable, CaseIterable {
        case none
        /// A random crop of the image padded by 4, mirrored with probability 1/2; training only.
        case cropAndFlip = "crop_and_flip"
    }

    /// Mean and deviation of each channel that pixels are brought to 0 and 1 with; nil leaves them.
    public var normalization: ChannelStatistics?
    public var augmentation: Augmentation

    public init(normalization: ChannelStatistics? = nil, augmentation: Augmentation = .none) {
        self.normalization = normalization
        self.augmentation = augmentation
    }
}

/// Rounds, cohort and local training.
public struct TrainingSpec: Sendable, Equatable {
    public var rounds: Int
    public var clientsPerRound: Int
    public var selection: SelectionSpec
    public var localEpochs: Int
    public var batchSize: Int
    public var optimizer: OptimizerSpec
    /// The greatest Euclidean norm of a step's gradient; nil: any.
    public var clipNorm: Float?
    public var schedule: Schedule

    public init(
        rounds: Int, clientsPerRound: Int, selection: SelectionSpec = .uniform, localEpochs: Int = 1,
        batchSize: Int = 10, optimizer: OptimizerSpec, clipNorm: Float? = nil, schedule: Schedule = .constant
    ) {
        self.rounds = rounds
        self.clientsPerRound = clientsPerRound
        self.selection = selection
        self.localEpochs = localEpochs
        self.batchSize = batchSize
        self.optimizer = optimizer
        self.clipNorm = clipNorm
        self.schedule = schedule
    }

    /// The clients' learning rate in a round.
    package func learningRate(round: Int) -> Float {
        schedule.learningRate(optimizer.learningRate, round: round)
    }

    /// Steps of `epochs` passes over `samples`; the last, partial batch of each pass is one, too.
    package func steps(samples: Int, epochs: Int) -> Int {
        (samples + batchSize - 1) / batchSize * epochs
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
        /// How far the activations of the cohort's models are apart; see `ActivationProbe`.
        case activationDivergence = "activation_divergence"
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

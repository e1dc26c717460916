import Networks

/// A network that others are made from.
public struct TeacherSpec: Sendable, Equatable {
    public var model: ModelSpec
    public var initialization: Initialization
    /// A safetensors file with its parameters; nil: it is trained.
    public var weights: String?
    public var training: NetworkTrainingSpec

    public init(
        model: ModelSpec, initialization: Initialization = .he, weights: String? = nil,
        training: NetworkTrainingSpec
    ) {
        self.model = model
        self.initialization = initialization
        self.weights = weights
        self.training = training
    }
}

/// How a network is trained in one place.
public struct NetworkTrainingSpec: Sendable, Equatable {
    public var epochs: Int
    public var batchSize: Int
    public var optimizer: OptimizerSpec
    /// The greatest Euclidean norm of a step's gradient; nil: any.
    public var clipNorm: Float?
    /// Of epochs, where federated training counts rounds.
    public var schedule: Schedule

    public init(
        epochs: Int, batchSize: Int = 128, optimizer: OptimizerSpec, clipNorm: Float? = nil,
        schedule: Schedule = .constant
    ) {
        self.epochs = epochs
        self.batchSize = batchSize
        self.optimizer = optimizer
        self.clipNorm = clipNorm
        self.schedule = schedule
    }
}

import TensorMath

/// Samples to learn from and to test on, with what is agreed about them.
public struct Dataset: Sendable {
    /// The name under which a scenario asks for it.
    public let name: String
    /// Training samples, in the order of the files.
    public let train: Split
    /// The global test set.
    public let test: Split
    /// Training samples of each client where the data have owners of their own; otherwise nil.
    public let natural: [[UInt32]]?

    /// - Precondition: both splits agree in shape and classes; natural lists point into `train`.
    public init(name: String, train: Split, test: Split, natural: [[UInt32]]? = nil) {
        precondition(train.shape == test.shape, "train is \(train.shape), test is \(test.shape)")
        precondition(train.classes == test.classes, "\(train.classes) and \(test.classes) classes")
        precondition(
            natural?.joined().allSatisfy { Int($0) < train.count } ?? true,
            "owners of samples that do not exist")
        self.name = name
        self.train = train
        self.test = test
        self.natural = natural
    }

    public var shape: SampleShape { train.shape }
    /// Number of classes, at most 256.
    public var classes: Int { train.classes }

    /// All that is needed to partition the data.
    public var labels: DatasetLabels {
        DatasetLabels(
            name: name, shape: shape, classes: classes, train: train.labels, testCount: test.count,
            natural: natural)
    }
}

/// A data set without its images: what a coordinator needs to say whose sample is whose.
public struct DatasetLabels: Sendable, Equatable {
    public let name: String
    public let shape: SampleShape
    public let classes: Int
    /// Label of each training sample, in the order of `Dataset.train`.
    public let train: [UInt8]
    /// Number of samples in the global test set.
    public let testCount: Int
    /// As in `Dataset`.
    public let natural: [[UInt32]]?

    public init(
        name: String, shape: SampleShape, classes: Int, train: [UInt8], testCount: Int,
        natural: [[UInt32]]? = nil
    ) {
        self.name = name
        self.shape = shape
        self.classes = classes
        self.train = train
        self.testCount = testCount
        self.natural = natural
    }

    /// Deals the training samples to clients; see `PartitionSpec`.
    public func partition(_ spec: PartitionSpec, seed: UInt64) throws(PartitionError) -> Partition {
        try spec.partition(labels: train, classes: classes, natural: natural, seed: seed)
    }
}

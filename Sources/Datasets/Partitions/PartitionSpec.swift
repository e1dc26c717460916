import TensorMath

/// A rule that deals training samples to clients. Each rule has a file of its own.
public enum PartitionSpec: Sendable, Equatable {
    /// A random permutation cut into equal parts; see `IIDPartition.swift`.
    case iid(clients: Int)
    /// Shards of samples sorted by label, as in the FedAvg paper; see `ShardPartition.swift`.
    case shards(clients: Int, shardsPerClient: Int)
    /// A number of classes for each client; see `ClassPartition.swift`.
    case classesPerClient(clients: Int, classes: Int, assignment: ClassAssignment)
    /// Shares of each class drawn for the clients, with a cap on sizes; see `DirichletPartition.swift`.
    case dirichlet(clients: Int, alpha: Double, minimum: Int)
    /// Shares of the classes drawn for each client, of equal size; see `BalancedDirichletPartition.swift`.
    case balancedDirichlet(clients: Int, alpha: Double)
    /// Clients that differ in size alone; see `QuantityPartition.swift`.
    case quantitySkew(clients: Int, alpha: Double, minimum: Int)
    /// As `iid`, with more noise on the features of each next client; see `FeatureNoise.swift`.
    case featureNoise(clients: Int, level: Double)
    /// The owners that the data set states.
    case natural
    /// The owners that the data set states, in groups of equal size; see `NaturalPartition.swift`.
    case naturalGroups(clients: Int)

    /// Deals the samples whose labels are `labels`, where a label is below `classes`.
    /// - Parameters:
    ///   - natural: owners stated by the data set, for the rule of that name.
    ///   - seed: of the experiment; the draw is the stream (seed, partition).
    /// - Throws: `PartitionError` where the rule cannot be fulfilled, before anything else happens.
    public func partition(
        labels: [UInt8], classes: Int, natural: [[UInt32]]? = nil, seed: UInt64
    ) throws(PartitionError) -> Partition {
        precondition(
            classes >= 1 && labels.allSatisfy { Int($0) < classes }, "labels outside 0..<\(classes)")
        guard !labels.isEmpty else { throw .noSamples }
        guard labels.count <= Int(UInt32.max) else { throw .tooManySamples(labels.count) }
        var stream = RandomStream(RandomKey(seed: seed, purpose: .partition))
        let dealt: DealtSamples
        var noise: FeatureNoise?
        switch self {
        case .iid(let clients):
            dealt = try dealEqually(labels.count, clients: clients, &stream)
        case .shards(let clients, let shardsPerClient):
            dealt = try dealShards(
                labels, classes: classes, clients: clients, shardsPerClient: shardsPerClient, &stream)
        case .classesPerClient(let clients, let perClient, let assignment):
            dealt = try dealClasses(
                labels, classes: classes, clients: clients, classesPerClient: perClient,
                assignment: assignment, &stream)
        case .dirichlet(let clients, let alpha, let minimum):
            dealt = try dealDirichlet(
                labels, classes: classes, clients: clients, alpha: alpha, minimum: minimum, &stream)
        case .balancedDirichlet(let clients, let alpha):
            dealt = try dealBalancedDirichlet(
                labels, classes: classes, clients: clients, alpha: alpha, &stream)
        case .quantitySkew(let clients, let alpha, let minimum):
            dealt = try dealQuantities(
                labels.count, clients: clients, alpha: alpha, minimum: minimum, &stream)
        case .featureNoise(let clients, let level):
            dealt = try dealEqually(labels.count, clients: clients, &stream)
            noise = try FeatureNoise(level: level, clients: clients, seed: seed)
        case .natural:
            dealt = try dealToOwners(natural, samples: labels.count)
        case .naturalGroups(let clients):
            dealt = try dealGroups(natural, clients: clients, samples: labels.count, &stream)
        }
        let partition = Partition(
            clients: dealt.clients, dropped: dealt.dropped, labels: labels, classes: classes, noise: noise)
        try partition.validate()
        return partition
    }
}

/// What a rule hands out: samples per client, and those it leaves over.
struct DealtSamples {
    var clients: [[UInt32]]
    var dropped: [UInt32] = []
}

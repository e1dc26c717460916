import TensorMath

/// A rule that deals training samples to clients. Each rule has a file of its own.
public enum PartitionSpec: Sendable, Equatable {
    /// A random permutation cut into equal parts; see `IIDPartition.swift`.
    case iid(clients: Int)
    /// Shards of samples sorted by label, as in the FedAvg paper; see `ShardPartition.swift`.
    case shards(clients: Int, shardsPerClient: Int)
    /// The owners that the data set states.
    case natural

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
        switch self {
        case .iid(let clients):
            dealt = try dealEqually(labels.count, clients: clients, &stream)
        case .shards(let clients, let shardsPerClient):
            dealt = try dealShards(
                labels, classes: classes, clients: clients, shardsPerClient: shardsPerClient, &stream)
        case .natural:
            dealt = try dealToOwners(natural, samples: labels.count)
        }
        let partition = Partition(
            clients: dealt.clients, dropped: dealt.dropped, labels: labels, classes: classes)
        try partition.validate()
        return partition
    }
}

/// What a rule hands out: samples per client, and those it leaves over.
struct DealtSamples {
    var clients: [[UInt32]]
    var dropped: [UInt32] = []
}

/// Which training samples are whose.
public struct Partition: Sendable, Equatable {
    /// Samples of each client, in the order in which the rule dealt them.
    public let clients: [[UInt32]]
    /// Samples that the rule states to leave over.
    public let dropped: [UInt32]
    /// Label of every training sample, dealt or not.
    public let labels: [UInt8]
    /// Number of classes.
    public let classes: Int
    /// What clients see added to their features; nil where they see them as they are.
    public let noise: FeatureNoise?

    /// Takes what is given; `validate` says whether it is a partition.
    public init(
        clients: [[UInt32]], dropped: [UInt32], labels: [UInt8], classes: Int, noise: FeatureNoise? = nil
    ) {
        precondition(
            classes >= 1 && labels.allSatisfy { Int($0) < classes }, "labels outside 0..<\(classes)")
        self.clients = clients
        self.dropped = dropped
        self.labels = labels
        self.classes = classes
        self.noise = noise
    }

    /// Throws unless every sample belongs to exactly one client or is dropped.
    public func validate() throws(PartitionError) {
        guard !clients.isEmpty else { throw .notPositive(key: "clients", value: 0) }
        var isTaken = [Bool](repeating: false, count: labels.count)
        for (client, samples) in (clients + [dropped]).enumerated() {
            for sample in samples {
                guard Int(sample) < labels.count else {
                    throw .outOfRange(client: client, sample: sample, samples: labels.count)
                }
                guard !isTaken[Int(sample)] else { throw .notDisjoint(sample: sample, client: client) }
                isTaken[Int(sample)] = true
            }
        }
        if let lost = isTaken.firstIndex(of: false) { throw .lost(sample: UInt32(lost)) }
    }

    /// How many samples of each class `client` has.
    public func labelHistogram(_ client: Int) -> [Int] {
        histogram(of: clients[client])
    }

    func histogram(of samples: [UInt32]) -> [Int] {
        var counts = [Int](repeating: 0, count: classes)
        for sample in samples { counts[Int(labels[Int(sample)])] += 1 }
        return counts
    }
}

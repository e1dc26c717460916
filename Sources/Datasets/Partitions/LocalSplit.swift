import TensorMath

/// The samples that each client trains on, and those that it keeps back to test on.
public struct LocalSplit: Sendable, Equatable {
    /// Per client, in the order of the partition.
    public let train: [[UInt32]]
    /// Per client, in the order of the partition.
    public let test: [[UInt32]]

    public init(train: [[UInt32]], test: [[UInt32]]) {
        precondition(train.count == test.count)
        self.train = train
        self.test = test
    }
}

extension Partition {
    /// Keeps back `fraction` of every client's samples, drawn without regard to labels from the stream
    /// (seed, split, client).
    ///
    /// Of n samples, fraction * n are kept back, rounded to the nearest with halves upwards; with a fraction
    /// above 0 at least one where there are two samples, and never the last one. Fraction 0 keeps none back.
    /// - Throws: `badFraction` outside 0..<1.
    public func localSplit(fraction: Double, seed: UInt64) throws(PartitionError) -> LocalSplit {
        guard fraction >= 0 && fraction < 1 else { throw .badFraction(fraction) }
        guard fraction > 0 else {
            return LocalSplit(train: clients, test: clients.map { _ in [] })
        }
        var train: [[UInt32]] = []
        var test: [[UInt32]] = []
        for (client, samples) in clients.enumerated() {
            let wanted = Int((fraction * Double(samples.count)).rounded())
            let count = samples.count < 2 ? 0 : min(max(wanted, 1), samples.count - 1)
            var stream = RandomStream(RandomKey(seed: seed, purpose: .split, client: UInt32(client)))
            var isTest = [Bool](repeating: false, count: samples.count)
            for position in stream.sample(count, of: samples.count) { isTest[position] = true }
            train.append(samples.indices.filter { !isTest[$0] }.map { samples[$0] })
            test.append(samples.indices.filter { isTest[$0] }.map { samples[$0] })
        }
        return LocalSplit(train: train, test: test)
    }
}

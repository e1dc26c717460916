import TensorMath

/// The samples that each client trains on, and those that it keeps back to test on.
public struct LocalSplit: Sendable, Equatable {
    /// Per client, in the order of the partition.
    public let train: [[UInt32]]
    /// Per client, in the order of the partition.
    public let test: [[UInt32]]
    /// Where training and test samples were pooled (`DatasetSpec.pool`), the global test set: what all clients keep
    /// back, client by client, without their noise. Otherwise nil: the data set has a test set of its own.
    public let pooledTest: [UInt32]?
    /// What is added to training samples whenever a batch is filled; nil for nothing.
    public let noise: SampleNoise?

    /// - Precondition: both lists have one entry for each client.
    public init(
        train: [[UInt32]], test: [[UInt32]], pooledTest: [UInt32]? = nil, noise: SampleNoise? = nil
    ) {
        precondition(train.count == test.count, "\(train.count) and \(test.count) clients")
        self.train = train
        self.test = test
        self.pooledTest = pooledTest
        self.noise = noise
    }

    /// The data as clients see them: whatever fills a batch with training samples gets the noise of their owners.
    /// The test set stays as it is, and so does everything without noise.
    public func seenByClients(_ dataset: Dataset) -> Dataset {
        guard let noise else { return dataset }
        return Dataset(
            name: dataset.name, train: dataset.train.adding(noise), test: dataset.test,
            natural: dataset.natural)
    }
}

extension LocalSplit {
    /// The global test set: samples of the training split where it was pooled, of the test split otherwise. Never noisy.
    public func globalTest(of dataset: Dataset) -> (split: Split, samples: [UInt32]) {
        if let pooledTest { return (dataset.train.withoutNoise, pooledTest) }
        return (dataset.test, Array(0..<UInt32(dataset.test.count)))
    }
}

extension Partition {
    /// Keeps back `fraction` of every client's samples, drawn without regard to labels from the stream
    /// (seed, split, client).
    ///
    /// Of n samples, fraction * n are kept back, rounded to the nearest with halves upwards; with a fraction
    /// above 0 at least one where there are two samples, and never the last one. Fraction 0 keeps none back.
    /// - Parameter pooled: whether the samples are those of a data set pooled with its test set, so that what is
    ///   kept back is the global test set, too.
    /// - Throws: `badFraction` outside 0..<1, `noPooledTest` where pooled data leave nothing to test on.
    public func localSplit(
        fraction: Double, seed: UInt64, pooled: Bool = false
    ) throws(PartitionError) -> LocalSplit {
        guard fraction >= 0 && fraction < 1 else { throw .badFraction(fraction) }
        let (train, test) = fraction > 0 ? keepBack(fraction, seed) : (clients, clients.map { _ in [] })
        let pooledTest = pooled ? test.flatMap { $0 } : nil
        if pooledTest?.isEmpty == true { throw .noPooledTest }
        let sampleNoise = noise.map { SampleNoise($0, samples: labels.count, of: clients) }
        return LocalSplit(train: train, test: test, pooledTest: pooledTest, noise: sampleNoise)
    }

    private func keepBack(_ fraction: Double, _ seed: UInt64) -> (train: [[UInt32]], test: [[UInt32]]) {
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
        return (train, test)
    }
}

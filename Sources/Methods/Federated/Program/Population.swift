import Datasets

/// How many samples each client holds: what the coordinator knows of the data. Weights n_k come from here, never from
/// a worker's claim.
public struct Population: Sendable, Equatable {
    public var trainCounts: [Int]
    public var localTestCounts: [Int]
    /// Samples of the global test split.
    public var testCount: Int

    public var clients: Int { trainCounts.count }

    public init(trainCounts: [Int], localTestCounts: [Int], testCount: Int) {
        precondition(trainCounts.count == localTestCounts.count)
        self.trainCounts = trainCounts
        self.localTestCounts = localTestCounts
        self.testCount = testCount
    }
}

/// Bytes of headers that a deployment would send around the objects of a client's round.
public struct MessageOverhead: Sendable, Equatable {
    /// Around what the server sends, and around what the client sends back.
    public var down: UInt64
    public var up: UInt64

    public init(down: UInt64, up: UInt64) {
        self.down = down
        self.up = up
    }
}

extension LocalSplit {
    /// The counts, without the samples.
    public func population(testCount: Int) -> Population {
        Population(trainCounts: train.map(\.count), localTestCounts: test.map(\.count), testCount: testCount)
    }
}

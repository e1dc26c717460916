/// Why a partition cannot be made, or is not one.
public enum PartitionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A number of clients or shards below 1.
    case notPositive(key: String, value: Int)
    /// There are no samples.
    case noSamples
    /// Somebody would get nothing.
    case moreClientsThanSamples(clients: Int, samples: Int)
    /// Shards would be empty.
    case moreShardsThanSamples(clients: Int, shardsPerClient: Int, samples: Int)
    /// The data set has no owners of its own.
    case noNaturalOwners
    /// More samples than an index can number.
    case tooManySamples(Int)
    /// A fraction outside 0..<1.
    case badFraction(Double)
    /// A client points at a sample that does not exist.
    case outOfRange(client: Int, sample: UInt32, samples: Int)
    /// A sample was given twice; a client number equal to the number of clients stands for the dropped samples.
    case notDisjoint(sample: UInt32, client: Int)
    /// A sample belongs to nobody and is not stated as dropped.
    case lost(sample: UInt32)

    public var description: String {
        switch self {
        case .notPositive(let key, let value):
            return "\(key) is \(value); set it to at least 1"
        case .noSamples:
            return "there are no training samples to partition; raise dataset.limit"
        case .moreClientsThanSamples(let clients, let samples):
            return "\(clients) clients cannot each have one of \(samples) training samples; "
                + "ask for at most \(samples) clients or raise dataset.limit"
        case .moreShardsThanSamples(let clients, let shardsPerClient, let samples):
            let (shards, _) = clients.multipliedReportingOverflow(by: shardsPerClient)
            return
                "\(clients) clients with \(shardsPerClient) shards each make \(shards) shards, more than the "
                + "\(samples) training samples; lower clients or shards_per_client, or raise dataset.limit"
        case .noNaturalOwners:
            return "this data set does not say whose its samples are; use partition kind iid or shards"
        case .tooManySamples(let samples):
            return "\(samples) training samples are more than \(UInt32.max); set dataset.limit"
        case .badFraction(let fraction):
            return "a local test fraction of \(fraction) leaves nothing to train or to test; "
                + "set local_test_fraction to at least 0 and below 1"
        case .outOfRange(let client, let sample, let samples):
            return "client \(client) has sample \(sample) of \(samples)"
        case .notDisjoint(let sample, let client):
            return "sample \(sample) of client \(client) was already given"
        case .lost(let sample):
            return "sample \(sample) belongs to no client and is not stated as dropped"
        }
    }
}

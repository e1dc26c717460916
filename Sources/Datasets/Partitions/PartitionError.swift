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
    /// A client would own more different classes than there are.
    case tooManyClasses(classesPerClient: Int, classes: Int)
    /// Fewer claims than classes, where every class needs an owner.
    case classesWithoutOwner(clients: Int, classesPerClient: Int, classes: Int)
    /// No draw gave every class an owner.
    case noFullAssignment(draws: Int, clients: Int, classesPerClient: Int, classes: Int)
    /// A client owns only classes that have more owners than samples.
    case classesTooSmall(client: Int, clients: Int, classesPerClient: Int)
    /// A concentration outside its bounds.
    case badAlpha(Double)
    /// There are not enough samples for the least that every client is to have.
    case minimumTooLarge(clients: Int, minimum: Int, samples: Int)
    /// No draw gave every client its least; `best` is what the smallest client of the best draw had.
    case minimumNotReached(draws: Int, clients: Int, minimum: Int, best: Int, alpha: Double)
    /// A level of noise outside its bounds.
    case badLevel(Double)
    /// The data set has no owners of its own.
    case noNaturalOwners
    /// More clients than the data set has owners.
    case moreClientsThanOwners(clients: Int, owners: Int)
    /// More samples than an index can number.
    case tooManySamples(Int)
    /// A fraction outside 0..<1.
    case badFraction(Double)
    /// Pooled data of which no client keeps anything back.
    case noPooledTest
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
        case .tooManyClasses(let classesPerClient, let classes):
            return "no client can own \(classesPerClient) of \(classes) classes that have samples; "
                + "set classes to at most \(classes)"
        case .classesWithoutOwner(let clients, let classesPerClient, let classes):
            return
                "\(clients) clients with \(classesPerClient) classes each cannot own all \(classes) classes; "
                + "set classes to at least \((classes + clients - 1) / max(clients, 1)), "
                + "ask for at least \((classes + classesPerClient - 1) / max(classesPerClient, 1)) clients, "
                + "or set assignment to cyclic, which drops classes that nobody owns"
        case .noFullAssignment(let draws, let clients, let classesPerClient, let classes):
            return "in \(draws) draws of \(classesPerClient) classes for each of \(clients) clients, "
                + "none gave each of the \(classes) classes an owner; raise classes or clients, "
                + "or set assignment to cyclic"
        case .classesTooSmall(let client, let clients, let classesPerClient):
            return
                "client \(client) of \(clients) gets no sample: its \(classesPerClient) classes have more owners "
                + "than samples; ask for fewer clients, raise classes or raise dataset.limit"
        case .badAlpha(let alpha):
            return "alpha is \(alpha); set it to \(DirichletShares.alphaRange.lowerBound) "
                + "to \(Int(DirichletShares.alphaRange.upperBound))"
        case .minimumTooLarge(let clients, let minimum, let samples):
            let most = samples / max(clients, 1)
            let lower = most > 0 ? "set minimum to \(most) or less, " : ""
            return "minimum is \(minimum): \(clients) clients with so many samples each need more than the "
                + "\(samples) training samples; \(lower)ask for at most \(samples / minimum) clients, "
                + "or raise dataset.limit"
        case .minimumNotReached(let draws, let clients, let minimum, let best, let alpha):
            let reached = best == 0 ? "" : "set minimum to \(best) or less, "
            return
                "in \(draws) draws with alpha \(alpha), none gave each of \(clients) clients \(minimum) samples: "
                + "at best the smallest had \(best); \(reached)raise alpha, or ask for fewer clients"
        case .badLevel(let level):
            return "level is \(level); set it to 0 to \(Int(FeatureNoise.maximumLevel))"
        case .noNaturalOwners:
            return "this data set does not say whose its samples are; use another partition kind, such as iid"
        case .moreClientsThanOwners(let clients, let owners):
            return "the data set has \(owners) clients of its own, which cannot be dealt to \(clients); "
                + "set clients to at most \(owners)"
        case .tooManySamples(let samples):
            return "\(samples) training samples are more than \(UInt32.max); set dataset.limit"
        case .badFraction(let fraction):
            return "a local test fraction of \(fraction) leaves nothing to train or to test; "
                + "set local_test_fraction to at least 0 and below 1"
        case .noPooledTest:
            return
                "with dataset.pool the clients' held-out samples are the global test set, and there are none; "
                + "set dataset.local_test_fraction above 0, such as 0.25"
        case .outOfRange(let client, let sample, let samples):
            return "client \(client) has sample \(sample) of \(samples)"
        case .notDisjoint(let sample, let client):
            return "sample \(sample) of client \(client) was already given"
        case .lost(let sample):
            return "sample \(sample) belongs to no client and is not stated as dropped"
        }
    }
}

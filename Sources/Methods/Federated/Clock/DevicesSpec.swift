import Devices

/// What clients compute and communicate with, as a scenario asks.
public struct DevicesSpec: Sendable, Equatable {
    public enum Clock: String, Sendable, CaseIterable {
        /// Rounds pass in simulated time, which follows from work and bytes.
        case simulated
        /// Nothing is simulated: the ledger's wall times are what there is.
        case real
    }

    public var clock: Clock
    public var groups: [DeviceGroup]
    public var round: RoundPolicy
    public var availability: AvailabilitySpec

    public init(
        clock: Clock = .simulated, groups: [DeviceGroup], round: RoundPolicy = .strict(minimum: 1),
        availability: AvailabilitySpec = AvailabilitySpec()
    ) {
        self.clock = clock
        self.groups = groups
        self.round = round
        self.availability = availability
    }

    /// Where the scenario has that number.
    package var leastUpdatesKey: String {
        if case .async = round { "devices.round.buffer" } else { "devices.round.minimum" }
    }

    /// The fewest updates that a round may have which changes the model, of a cohort of `size`.
    package func leastUpdates(of size: Int) -> Int {
        switch round {
        case .strict(let minimum): availability == AvailabilitySpec() ? size : Swift.min(minimum, size)
        case .deadline(_, _, let minimum): Swift.min(minimum, size)
        case .async(let buffer, _, _): Swift.min(buffer, size)
        }
    }
}

/// A share of the clients that have the same device and the same connection.
public struct DeviceGroup: Sendable, Equatable {
    /// Name or path of the profiles.
    public var profile: String
    public var link: String
    /// Of all groups' shares together.
    public var share: Double

    public init(profile: String, link: String, share: Double = 1) {
        self.profile = profile
        self.link = link
        self.share = share
    }
}

/// When a round ends, in simulated time.
public enum RoundPolicy: Sendable, Equatable {
    /// When every client of the cohort has finished or dropped out.
    case strict(minimum: Int)
    /// When enough clients have finished, or the time is over: `ceil(overSelection x clients_per_round)` clients are
    /// drawn, the first `clients_per_round` count (Bonawitz et al., Towards Federated Learning at Scale, MLSys 2019).
    case deadline(seconds: Double, overSelection: Double, minimum: Int)
    /// Whenever `buffer` updates have come in; a client that is done is replaced at once (FedBuff: Nguyen et al.,
    /// Federated Learning with Buffered Asynchronous Aggregation, AISTATS 2022, algorithm 1).
    case async(buffer: Int, concurrency: Int, maximumStaleness: Int)

    /// The names that scenarios use.
    public static let names = ["strict", "deadline", "async"]

    public var name: String {
        switch self {
        case .strict: "strict"
        case .deadline: "deadline"
        case .async: "async"
        }
    }
}

/// When clients are there, and how many leave in the middle.
public struct AvailabilitySpec: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case always
        /// On and off in turn, for exponentially distributed times with these means, in seconds.
        case markov(on: Double, off: Double)
        /// On in the intervals of a file.
        case trace(file: String)
    }

    /// Probability that a client which was drawn leaves before it is done, at a uniformly distributed point of its way.
    public var dropout: Double
    public var kind: Kind

    public init(dropout: Double = 0, kind: Kind = .always) {
        self.dropout = dropout
        self.kind = kind
    }

    /// The names that scenarios use.
    public static let names = ["always", "markov", "trace"]
}

extension FederatedConfiguration {
    /// Clients that take part in a round where all that are drawn finish: those that count with `async`.
    package var clientsDrawn: Int {
        switch devices?.round {
        case nil, .strict: training.clientsPerRound
        case .deadline(_, let factor, _): RoundPolicy.drawn(training.clientsPerRound, overSelection: factor)
        case .async(let buffer, _, _): buffer
        }
    }

    /// Whether clients may leave, or be cut off, with less than their whole traffic.
    package var mayWaste: Bool {
        guard let devices else { return false }
        if case .strict = devices.round { return devices.availability.dropout > 0 }
        return true
    }
}

extension RoundPolicy {
    /// ceil(overSelection x size).
    static func drawn(_ size: Int, overSelection: Double) -> Int {
        // 1.1 x 100 is a little more than 110 in binary.
        let wanted = overSelection * Double(size)
        return Int((wanted - 1e-9 * wanted).rounded(.up))
    }
}

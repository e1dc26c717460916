import Experiment
import Methods

/// Bytes of one direction that a deployment would have sent.
public struct FederatedBytes: Sendable, Equatable {
    /// Tensors as encoded.
    public var payload: UInt64 = 0
    /// Headers.
    public var overhead: UInt64 = 0
    public var total: UInt64 { payload + overhead }

    public init(payload: UInt64 = 0, overhead: UInt64 = 0) {
        self.payload = payload
        self.overhead = overhead
    }

    mutating func add(_ part: TrafficRow.Part, _ bytes: UInt64) {
        switch part {
        case .payload: payload += bytes
        case .overhead: overhead += bytes
        }
    }

    static func + (a: FederatedBytes, b: FederatedBytes) -> FederatedBytes {
        FederatedBytes(payload: a.payload + b.payload, overhead: a.overhead + b.overhead)
    }
}

/// What a run's learning cost in federated traffic: by round, by client, and on the way to an accuracy.
public struct Communication: Sendable, Equatable {
    /// One round, and everything up to it.
    public struct Round: Sendable, Equatable {
        public var round: Int
        /// Whose updates count.
        public var clients: Int
        /// Of all clients, whether their updates count or not.
        public var up: FederatedBytes
        public var down: FederatedBytes
        /// Mean over the clients whose updates count, of what these alone sent; nil where no update counts.
        public var upPerClient: Double?
        /// As `upPerClient`, of what was sent to them.
        public var downPerClient: Double?
        /// Since the start, this round included.
        public var upSinceStart: FederatedBytes
        public var downSinceStart: FederatedBytes
        /// On the simulated clock since the start; nil without one.
        public var simulatedSeconds: Double?
        /// Of all clients since the start; nil without devices.
        public var joules: Double?
        /// Nil where it was not measured.
        public var accuracy: Double?
    }

    /// The first round with an accuracy, and what had been spent when it ended.
    public struct Reach: Sendable, Equatable {
        public var round: Int
        public var up: UInt64
        public var down: UInt64
        public var simulatedSeconds: Double?
        public var joules: Double?
        public var bytes: UInt64 { up + down }

        public init(
            round: Int, up: UInt64, down: UInt64, simulatedSeconds: Double? = nil, joules: Double? = nil
        ) {
            (self.round, self.up, self.down) = (round, up, down)
            (self.simulatedSeconds, self.joules) = (simulatedSeconds, joules)
        }
    }

    /// A round that was evaluated.
    public struct Milestone: Sendable, Equatable {
        public var accuracy: Double
        /// What had been spent when it ended.
        public var reach: Reach

        public init(accuracy: Double, reach: Reach) { (self.accuracy, self.reach) = (accuracy, reach) }
    }

    public let rounds: [Round]
    /// In order.
    public let milestones: [Milestone]
    public let clients: [ClientTraffic]

    /// `measure`: which accuracy counts; nil for `global_test` where measured, else the mean of `local_test`.
    public init(_ record: RunRecord, measure: AccuracyMeasure? = nil) {
        var bytes: [Int: (up: FederatedBytes, down: FederatedBytes)] = [:]
        for sum in record.roundTraffic {
            switch sum.direction {
            case .up: bytes[sum.round, default: (.init(), .init())].up.add(sum.part, sum.bytes)
            case .down: bytes[sum.round, default: (.init(), .init())].down.add(sum.part, sum.bytes)
            }
        }
        var (up, down) = (FederatedBytes(), FederatedBytes())
        var (seconds, joules) = (0 as Double?, 0 as Double?)
        rounds = record.rounds.map { row in
            let own = bytes[row.round] ?? (.init(), .init())
            (up, down) = (up + own.up, down + own.down)
            seconds = seconds.flatMap { sum in row.simulatedSeconds.map { sum + $0 } }
            joules = joules.flatMap { sum in row.energyJoules.map { sum + $0 } }
            return Round(
                round: row.round, clients: row.clients, up: own.up, down: own.down,
                upPerClient: Self.mean(own.up, without: row.wastedUpBytes, over: row.clients),
                downPerClient: Self.mean(own.down, without: row.wastedDownBytes, over: row.clients),
                upSinceStart: up, downSinceStart: down, simulatedSeconds: seconds, joules: joules,
                accuracy: Report.accuracy(of: row, measure: measure))
        }
        milestones = rounds.compactMap { row in
            row.accuracy.map {
                Milestone(
                    accuracy: $0,
                    reach: Reach(
                        round: row.round, up: row.upSinceStart.total, down: row.downSinceStart.total,
                        simulatedSeconds: row.simulatedSeconds, joules: row.joules))
            }
        }
        clients = record.clientTraffic
    }

    /// Bytes of the clients whose updates count, by their number; nil where there are none.
    private static func mean(_ all: FederatedBytes, without wasted: UInt64, over clients: Int) -> Double? {
        clients > 0 ? (Double(all.total) - Double(wasted)) / Double(clients) : nil
    }

    /// Nil when no round was that good.
    public func reach(_ target: Double) -> Reach? { milestones.reach(target) }

    /// For people: the first round with an accuracy, or why there is none.
    func roundText(of target: Double) -> String {
        if let reach = reach(target) { return "\(reach.round)" }
        return finalAccuracy == nil ? "not measured" : "never"
    }

    /// Of the last round in which it was measured.
    public var finalAccuracy: Double? { rounds.last { $0.accuracy != nil }?.accuracy }

    public var bestAccuracy: Double? { rounds.compactMap(\.accuracy).max() }

    /// The first with the best accuracy.
    public var bestRound: Int? { bestAccuracy.flatMap { reach($0)?.round } }

    /// Up and down, over all rounds.
    public var bytes: UInt64 {
        rounds.last.map { $0.upSinceStart.total + $0.downSinceStart.total } ?? 0
    }

    public var bytesPerRound: Double { Double(bytes) / Double(max(rounds.count, 1)) }
}

extension [Communication.Milestone] {
    /// The first at or above an accuracy; nil when no round was that good.
    func reach(_ target: Double) -> Communication.Reach? { first { $0.accuracy >= target }?.reach }
}

/// An accuracy that runs are compared by.
public enum AccuracyMeasure: String, Sendable, CaseIterable {
    /// On the data set's own test split.
    case globalTest = "global_test"
    /// Of each client on its own held-out samples: the mean.
    case localTest = "local_test"

    /// Which accuracy stands in the figures of several `among`, as a sentence; `remedy` for nil.
    static func note(_ measure: AccuracyMeasure?, among: String, remedy: String? = nil) -> String {
        guard let measure else {
            return "The \(among) have no kind of accuracy in common: each goes by its own"
                + "\(remedy.map { "; " + $0 } ?? "")."
        }
        return "Accuracy is \(measure.rawValue)'s\(measure == .localTest ? ", the mean of clients" : "")."
    }
}

/// `global_test` where measured, else the mean of `local_test`, unless `measure` says which.
func accuracy(of row: RoundRow, measure: AccuracyMeasure? = nil) -> Double? {
    switch measure {
    case .globalTest: row.globalTestAccuracy
    case .localTest: row.localTestAccuracyMean
    case nil: row.globalTestAccuracy ?? row.localTestAccuracyMean
    }
}

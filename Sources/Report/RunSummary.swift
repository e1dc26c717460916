import Experiment
import Methods

/// A run in a few numbers.
public struct RunSummary: Sendable, Equatable {
    /// Of one direction, over all rounds and clients.
    public struct FederatedBytes: Sendable, Equatable {
        public var payload: UInt64
        public var overhead: UInt64
        public var total: UInt64 { payload + overhead }
    }

    public var directory: String
    public var name: String
    public var method: String
    public var rounds: Int
    /// Of the last evaluated round: on `global_test` where measured, else the mean of `local_test`.
    public var finalAccuracy: Double?
    public var bestAccuracy: Double?
    /// The first round with the best accuracy.
    public var bestRound: Int?
    public var modelDigest: String
    public var up: FederatedBytes
    public var down: FederatedBytes
    /// Federated traffic by segment.
    public var segments: [TrafficTotal]
    /// What moved only because this is a simulation.
    public var simulationBytes: UInt64
    /// What the coordinator's socket moved, both ways.
    public var wireBytes: UInt64
    public var wallSeconds: Double
    /// Accepted updates of rounds 2 and later by their training time; nil before the second round.
    public var clientUpdatesPerSecond: Double?
    public var retries: Int

    public init(_ record: RunRecord) {
        directory = record.directory
        name = record.scenario.name
        method = Self.method(record.scenario)
        let last = record.rounds[record.rounds.count - 1]
        rounds = last.round
        modelDigest = last.modelDigest
        let measured = record.rounds.compactMap { row in accuracy(of: row).map { (row.round, $0) } }
        finalAccuracy = measured.last?.1
        let best = measured.max { $0.1 < $1.1 }
        bestAccuracy = best?.1
        bestRound = measured.first { $0.1 == best?.1 }?.0
        up = Self.bytes(record.traffic, .up)
        down = Self.bytes(record.traffic, .down)
        segments = record.traffic
        simulationBytes = record.infrastructure.reduce(0) { $0 + $1.simulationBytes }
        wireBytes = record.infrastructure.reduce(0) { $0 + $1.wireInBytes + $1.wireOutBytes }
        wallSeconds = Self.wallSeconds(record.infrastructure)
        clientUpdatesPerSecond = Self.updateRate(record)
        retries = record.infrastructure.reduce(0) { $0 + $1.retries }
    }

    private static func method(_ scenario: Scenario) -> String {
        switch scenario.kind {
        case .federated(let configuration): configuration.method.name
        }
    }

    private static func bytes(_ traffic: [TrafficTotal], _ direction: TrafficRow.Direction) -> FederatedBytes
    {
        var bytes = FederatedBytes(payload: 0, overhead: 0)
        for total in traffic where total.direction == direction {
            switch total.part {
            case .payload: bytes.payload += total.bytes
            case .overhead: bytes.overhead += total.bytes
            }
        }
        return bytes
    }

    /// Each resumption counts from zero again.
    private static func wallSeconds(_ rows: [InfrastructureRow]) -> Double {
        var total = 0.0
        var previous = 0.0
        for row in rows {
            if row.wallSeconds < previous { total += previous }
            previous = row.wallSeconds
        }
        return total + previous
    }

    private static func updateRate(_ record: RunRecord) -> Double? {
        let seconds = record.infrastructure.filter { $0.round >= 2 }.reduce(0) { $0 + $1.trainingSeconds }
        let updates = record.rounds.filter { $0.round >= 2 }.reduce(0) { $0 + $1.clients }
        return seconds > 0 && updates > 0 ? Double(updates) / seconds : nil
    }
}

/// `global_test` where measured, else the mean of `local_test`.
func accuracy(of row: RoundRow) -> Double? { row.globalTestAccuracy ?? row.localTestAccuracyMean }

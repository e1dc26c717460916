import Experiment
import Methods

/// A run in a few numbers.
public struct RunSummary: Sendable, Equatable {
    /// How good the model was on the clients' own samples.
    public struct LocalTest: Sendable, Equatable {
        /// The last round in which it was measured.
        public var round: Int
        public var mean: Double
        /// Over clients, as of a whole population.
        public var standardDeviation: Double?
        /// Mean of the worst tenth of the clients.
        public var worstTenth: Double?
        /// Mean of those that took part in the round.
        public var participants: Double?
    }

    /// How far the activations of the cohort's models were apart.
    public struct ActivationDivergence: Sendable, Equatable {
        /// The last round in which it was measured.
        public var round: Int
        public var bits: Double
    }

    /// What the updates of simulated attackers came to.
    public struct Attack: Sendable, Equatable {
        /// Its kind, as in the scenario.
        public var kind: String
        /// The aggregation rule.
        public var rule: String
        /// Who took part, whatever became of it.
        public var attackers: Int
        /// That count, as all that follows.
        public var falseUpdates: Int
        public var honestUpdates: Int
        /// How much of a false update, and of another one, the aggregation rule took, from 0 to 1, on average; nil where there
        /// are none, and with rules that choose value by value.
        public var falseFactor: Double?
        public var honestFactor: Double?
    }

    public var directory: String
    public var name: String
    public var method: String
    public var rounds: Int
    /// Rounds that the scenario asks for; a run may stop before.
    public var plannedRounds: Int
    public var isFinished: Bool
    /// Of the last evaluated round: on `global_test` where measured, else the mean of `local_test`.
    public var finalAccuracy: Double?
    public var bestAccuracy: Double?
    /// The first round with the best accuracy.
    public var bestRound: Int?
    /// Nil when it was never measured.
    public var localTest: LocalTest?
    /// Nil when it was never measured.
    public var activationDivergence: ActivationDivergence?
    /// Nil without one.
    public var attack: Attack?
    public var modelDigest: String
    public var up: FederatedBytes
    public var down: FederatedBytes
    /// Federated traffic by segment.
    public var segments: [TrafficTotal]
    /// Multiply-accumulates of all clients' training.
    public var trainingMACs: UInt64
    /// On the simulated clock; nil without one.
    public var simulatedSeconds: Double?
    /// Nil without device profiles.
    public var energyJoules: Double?
    /// Of these, of clients whose updates did not count.
    public var wastedJoules: Double?
    /// What moved only because this is a simulation.
    public var simulationBytes: UInt64
    /// What the coordinator's socket moved, both ways.
    public var wireBytes: UInt64
    public var wallSeconds: Double
    /// Accepted updates of rounds 2 and later by their training time; nil before the second round.
    public var clientUpdatesPerSecond: Double?
    public var retries: Int

    /// `measure`: which accuracy counts; nil for `global_test` where measured, else the mean of `local_test`.
    public init(_ record: RunRecord, measure: AccuracyMeasure? = nil) {
        directory = record.directory
        name = record.scenario.name
        method = record.method
        let last = record.rounds[record.rounds.count - 1]
        rounds = last.round
        plannedRounds = record.plannedRounds
        isFinished = record.isFinished
        modelDigest = last.modelDigest
        let measured = record.rounds.compactMap { row in
            accuracy(of: row, measure: measure).map { (row.round, $0) }
        }
        finalAccuracy = measured.last?.1
        let best = measured.max { $0.1 < $1.1 }
        bestAccuracy = best?.1
        bestRound = measured.first { $0.1 == best?.1 }?.0
        up = Self.bytes(record.traffic, .up)
        down = Self.bytes(record.traffic, .down)
        localTest = record.rounds.last { $0.localTestAccuracyMean != nil }.map(LocalTest.init)
        activationDivergence =
            record.rounds.compactMap { row in
                row.activationDivergence.map { ActivationDivergence(round: row.round, bits: $0) }
            }.last
        attack = record.configuration.attack.map {
            Attack($0, rule: record.configuration.aggregation.name, record.updates)
        }
        segments = record.traffic
        trainingMACs = record.trainingWork.totalMACs
        simulatedSeconds = Self.sum(record.rounds.map(\.simulatedSeconds))
        energyJoules = Self.sum(record.rounds.map(\.energyJoules))
        wastedJoules = Self.sum(record.rounds.map(\.wastedJoules))
        // No digest covers these rows: sums of wrong ones must not trap.
        simulationBytes = record.infrastructure.reduce(0) { $0 &+ $1.simulationBytes }
        wireBytes = record.infrastructure.reduce(0) { $0 &+ $1.wireInBytes &+ $1.wireOutBytes }
        wallSeconds = Self.wallSeconds(record.infrastructure)
        clientUpdatesPerSecond = Self.updateRate(record)
        retries = record.infrastructure.reduce(0) { $0 &+ $1.retries }
    }

    /// Nil unless all rounds have one.
    private static func sum(_ values: [Double?]) -> Double? {
        let known = values.compactMap { $0 }
        return known.count == values.count ? known.reduce(0, +) : nil
    }

    private static func bytes(_ traffic: [TrafficTotal], _ direction: TrafficRow.Direction) -> FederatedBytes
    {
        var bytes = FederatedBytes()
        for total in traffic where total.direction == direction { bytes.add(total.part, total.bytes) }
        return bytes
    }

    /// Each resumption counts from zero again.
    static func wallSeconds(_ rows: [InfrastructureRow]) -> Double {
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

extension RunSummary.Attack {
    fileprivate init(_ attack: AttackSpec, rule: String, _ updates: [UpdateTotal]) {
        let attacking = updates.first(where: \.areAttackers)
        let honest = updates.first { !$0.areAttackers }
        (kind, self.rule) = (attack.kind.rawValue, rule)
        attackers = attacking?.clients ?? 0
        (falseUpdates, honestUpdates) = (attacking?.updates ?? 0, honest?.updates ?? 0)
        (falseFactor, honestFactor) = (attacking?.meanFactor, honest?.meanFactor)
    }
}

extension RunSummary.LocalTest {
    /// `row` has measured it.
    fileprivate init(_ row: RoundRow) {
        round = row.round
        mean = row.localTestAccuracyMean ?? 0
        standardDeviation = row.localTestAccuracyStd
        worstTenth = row.localTestAccuracyWorstTenth
        participants = row.localTestAccuracyParticipants
    }
}

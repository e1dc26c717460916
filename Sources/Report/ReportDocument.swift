import Experiment
import Methods

/// A report for machines: what the text shows, exact and whole. Names become snake_case where it is printed.
public struct ReportDocument: Encodable, Sendable {
    struct Bytes: Encodable {
        let payload: UInt64
        let overhead: UInt64
        let total: UInt64

        init(_ bytes: FederatedBytes) {
            (payload, overhead, total) = (bytes.payload, bytes.overhead, bytes.total)
        }
    }

    struct Segment: Encodable {
        let direction: String
        let kind: String
        let part: String
        let segment: String
        let transfers: Int
        let bytes: UInt64
    }

    struct Round: Encodable {
        let round: Int
        let clients: Int
        let accuracy: Double?
        let upBytes: UInt64
        let downBytes: UInt64
        /// Of the clients whose updates count; without them where there are none.
        let upBytesPerClient: Double?
        let downBytesPerClient: Double?
        let upBytesSinceStart: UInt64
        let downBytesSinceStart: UInt64
        let simulatedSecondsSinceStart: Double?
    }

    struct Client: Encodable {
        let client: Int
        let rounds: Int
        let upBytes: UInt64
        let downBytes: UInt64
    }

    /// Without a round where the accuracy was never reached.
    struct Target: Encodable {
        let targetAccuracy: Double
        let round: Int?
        let upBytes: UInt64?
        let downBytes: UInt64?
        let simulatedSeconds: Double?
        let roundsRatio: Double?
        let bytesRatio: Double?
    }

    struct LocalTest: Encodable {
        let round: Int
        let accuracyMean: Double
        let accuracyStd: Double?
        let accuracyWorstTenth: Double?
        let accuracyParticipants: Double?
    }

    struct Attack: Encodable {
        let kind: String
        let rule: String
        let attackers: Int
        let falseUpdates: Int
        let honestUpdates: Int
        /// What the aggregation rule took of each on average, 0 to 1; nil with rules that choose value by value.
        let falseFactor: Double?
        let honestFactor: Double?
    }

    struct Run: Encodable {
        let run: String
        let directory: String
        let method: String
        let rounds: Int
        let roundsPlanned: Int
        /// False for a run that was interrupted or is running still.
        let finished: Bool
        let finalAccuracy: Double?
        let bestAccuracy: Double?
        let bestRound: Int?
        let localTest: LocalTest?
        /// Of the last round in which it was measured.
        let activationDivergenceBits: Double?
        let attack: Attack?
        let up: Bytes
        let down: Bytes
        let bytesPerRound: Double
        let trainingMacs: UInt64
        let simulatedSeconds: Double?
        let energyJoules: Double?
        let wallSeconds: Double
        let modelDigest: String
        let roundsRatio: Double?
        let bytesRatio: Double?
        let bytesPerRoundRatio: Double?
        let segments: [Segment]
        let targets: [Target]
        let byRound: [Round]
        let byClient: [Client]
    }

    /// What an accuracy took the runs of an experiment that reached it.
    struct Cost: Encodable {
        let targetAccuracy: Double
        let reached: Int
        let figures: [String: MeanAndDeviation]
        /// Of bytes up and down, over the seeds with which the baseline's experiment reached it, too.
        let bytesRatio: Double?
    }

    /// Runs that differ in nothing but their seed.
    struct Group: Encodable {
        let experiment: String
        let runs: [String]
        let figures: [String: MeanAndDeviation]
        let targets: [Cost]
    }

    let runs: [Run]
    /// Empty where no run is the repetition of another.
    let experiments: [Group]
    /// The run that ratios are to.
    let baseline: String?
    /// `global_test` or `local_test`; nil where each run goes by its own rule.
    let measure: String?
    /// Where the files of the comparison are.
    let out: String?

    /// `out`: where the files of the comparison were written, if anywhere.
    public init(_ comparison: Comparison, out: String? = nil) {
        runs = comparison.runs.indices.map { Run(comparison, $0) }
        experiments = comparison.groups.map { Group(comparison, $0) }
        baseline = comparison.baseline.map { comparison.labels[$0] }
        measure = comparison.measure?.rawValue
        self.out = out
    }
}

extension ReportDocument.Group {
    fileprivate init(_ comparison: Comparison, _ group: Comparison.Group) {
        experiment = group.label
        runs = group.runs.map { comparison.labels[$0] }
        figures = MeanAndDeviation.figures(group.figures)
        targets = group.costs.enumerated().map { place, cost in
            ReportDocument.Cost(
                targetAccuracy: cost.target, reached: cost.reached,
                figures: MeanAndDeviation.figures(cost.figures),
                bytesRatio: comparison.bytesRatio(of: group, place: place))
        }
    }
}

extension ReportDocument.Run {
    fileprivate init(_ comparison: Comparison, _ index: Int) {
        let report = comparison.runs[index]
        let it = report.summary
        let whole = comparison.ratios(index)
        run = comparison.labels[index]
        (directory, method, rounds) = (it.directory, it.method, it.rounds)
        (roundsPlanned, finished) = (it.plannedRounds, it.isFinished)
        let found = report.communication
        (finalAccuracy, bestAccuracy, bestRound) = (found.finalAccuracy, found.bestAccuracy, found.bestRound)
        localTest = it.localTest.map {
            ReportDocument.LocalTest(
                round: $0.round, accuracyMean: $0.mean, accuracyStd: $0.standardDeviation,
                accuracyWorstTenth: $0.worstTenth, accuracyParticipants: $0.participants)
        }
        activationDivergenceBits = it.activationDivergence?.bits
        attack = it.attack.map {
            ReportDocument.Attack(
                kind: $0.kind, rule: $0.rule, attackers: $0.attackers, falseUpdates: $0.falseUpdates,
                honestUpdates: $0.honestUpdates, falseFactor: $0.falseFactor, honestFactor: $0.honestFactor)
        }
        (up, down) = (.init(it.up), .init(it.down))
        bytesPerRound = report.communication.bytesPerRound
        trainingMacs = it.trainingMACs
        (simulatedSeconds, energyJoules) = (it.simulatedSeconds, it.energyJoules)
        (wallSeconds, modelDigest) = (it.wallSeconds, it.modelDigest)
        (roundsRatio, bytesRatio) = (whole.rounds, whole.bytes)
        bytesPerRoundRatio = comparison.roundBytesRatio(index)
        segments = it.segments.map {
            ReportDocument.Segment(
                direction: $0.direction.rawValue, kind: $0.kind, part: $0.part.rawValue, segment: $0.segment,
                transfers: $0.transfers, bytes: $0.bytes)
        }
        targets = comparison.targets.map { target in
            let reach = report.communication.reach(target)
            let ratios = comparison.ratios(index, to: target)
            return ReportDocument.Target(
                targetAccuracy: target, round: reach?.round, upBytes: reach?.up, downBytes: reach?.down,
                simulatedSeconds: reach?.simulatedSeconds, roundsRatio: ratios.rounds,
                bytesRatio: ratios.bytes)
        }
        byRound = report.communication.rounds.map {
            ReportDocument.Round(
                round: $0.round, clients: $0.clients, accuracy: $0.accuracy, upBytes: $0.up.total,
                downBytes: $0.down.total, upBytesPerClient: $0.upPerClient,
                downBytesPerClient: $0.downPerClient, upBytesSinceStart: $0.upSinceStart.total,
                downBytesSinceStart: $0.downSinceStart.total,
                simulatedSecondsSinceStart: $0.simulatedSeconds)
        }
        byClient = report.communication.clients.map {
            ReportDocument.Client(
                client: $0.client, rounds: $0.rounds, upBytes: $0.upPayloadBytes + $0.upOverheadBytes,
                downBytes: $0.downPayloadBytes + $0.downOverheadBytes)
        }
    }
}

import Experiment
import Methods

/// A report on split computing for machines: what the text shows, exact and whole. Names become snake_case where it is
/// printed.
public struct SplitDocument: Encodable, Sendable {
    struct Cost: Encodable {
        let deviceSeconds: Double
        let preparationSeconds: Double
        let uplinkSeconds: Double
        let serverSeconds: Double
        let downlinkSeconds: Double
        let latencySeconds: Double
        let computeJoules: Double
        let radioJoules: Double
        let waitingJoules: Double
        let energyJoules: Double
        let marginalJoules: Double

        init(_ it: MeanCost) {
            (deviceSeconds, preparationSeconds) = (it.deviceSeconds, it.preparationSeconds)
            (uplinkSeconds, serverSeconds) = (it.uplinkSeconds, it.serverSeconds)
            (downlinkSeconds, latencySeconds) = (it.downlinkSeconds, it.seconds)
            (computeJoules, radioJoules, waitingJoules) = (it.computeJoules, it.radioJoules, it.waitingJoules)
            (energyJoules, marginalJoules) = (it.joules, it.marginalJoules)
        }
    }

    struct Mode: Encodable {
        let mode: String
        let kind: String
        let channels: Int
        let bits: Int
        /// Quality of JPEG, or threshold of an early exit or a filter.
        let setting: Double?
        let accuracy: Double
        let teacherDifferencePoints: Double?
        let wholeAccuracy: Double?
        let images: Int
        let sent: Int
        let exits: Int
        let local: Int
        let lost: Int
        /// Mean over all images, without headers.
        let payloadBytesPerImage: Double
        let headerBytes: UInt64
        let deviceParameters: Int
        let deviceMacs: UInt64
        let serverMacs: UInt64
        let cost: Cost
    }

    struct Crossover: Encodable {
        let device: String
        let cost: String
        let below: String
        let above: String
        let rateMbps: Double
        let gridFromMbps: Double?
        let gridToMbps: Double?
    }

    struct Policy: Encodable {
        let policy: String
        let accuracy: Double
        let latencySeconds: Double
        let energyJoules: Double
        let marginalJoules: Double
        let bytesOnAir: Double
        let score: Double
        let regret: Double
        let missedDeadlines: Int
        let fallbacks: Int

        init(_ it: SplitControl.PolicyRow) {
            (policy, accuracy) = (it.policy, it.accuracy)
            (latencySeconds, energyJoules, marginalJoules) = (it.seconds, it.joules, it.marginalJoules)
            (bytesOnAir, score, regret) = (it.bytesOnAir, it.score, it.regret)
            (missedDeadlines, fallbacks) = (it.missedDeadlines, it.fallbacks)
        }
    }

    struct Filter: Encodable {
        struct Part: Encodable {
            let sentOfInterest: Int
            let sentOthers: Int
            let withheldOfInterest: Int
            let withheldOthers: Int
            let recall: Double?
            let falsePositiveRate: Double?

            init(_ it: FilterCounts) {
                (sentOfInterest, sentOthers) = (it.sentOfInterest, it.sentOthers)
                (withheldOfInterest, withheldOthers) = (it.withheldOfInterest, it.withheldOthers)
                (recall, falsePositiveRate) = (it.recall, it.falsePositiveRate)
            }
        }

        let mode: String
        let classes: [Int]
        let threshold: Double
        let validation: Part
        let test: Part
        /// To the server, of an image, with headers.
        let bytes: Double
        let bytesWithout: Double
        /// Of the device, above idle.
        let marginalJoules: Double
        let marginalJoulesWithout: Double

        init(_ it: FilterSummary, classes: [Int]) {
            (mode, self.classes, threshold) = (it.filtered.mode, classes, it.threshold)
            (validation, test) = (Part(it.validation), Part(it.counts))
            (bytes, bytesWithout) = it.bytes
            (marginalJoules, marginalJoulesWithout) = it.joules
        }
    }

    struct Run: Encodable {
        let run: String
        let directory: String
        let mode: String
        let seed: UInt64
        let rounds: Int
        let roundsPlanned: Int
        /// False for a run that was interrupted or is running still.
        let finished: Bool
        let teacherAccuracy: Double?
        let accuracy: Double?
        /// Latency and energy are modelled with these.
        let devices: String
        let wallSeconds: Double
        let modelDigest: String?
        let modes: [Mode]
        let crossovers: [Crossover]
        /// Of the controller, the oracle and each mode in every window; empty before all modes were tried.
        let policies: [Policy]
        /// nil without a filter.
        let filter: Filter?
    }

    struct ModeGroup: Encodable {
        let mode: String
        let figures: [String: MeanAndDeviation]
    }

    /// Runs of one experiment.
    struct Group: Encodable {
        let experiment: String
        let runs: [String]
        let modes: [ModeGroup]
    }

    let kind: String
    let runs: [Run]
    /// Runs that differ in nothing but their seed.
    let experiments: [Group]
    /// Where the files of the comparison are.
    let out: String?

    /// `out`: where the files of the comparison were written, if anywhere.
    public init(_ comparison: ModeComparison, out: String? = nil) {
        kind = comparison.runs[0].record.scenario.kind.name
        runs = comparison.runs.map { Run($0) }
        experiments = comparison.groups.map { group in
            Group(
                experiment: group.label, runs: group.runs.map(\.record.directory),
                modes: group.modes.map { ModeGroup(mode: $0.mode, figures: MeanAndDeviation.figures($0.all)) }
            )
        }
        self.out = out
    }
}

extension SplitDocument.Run {
    fileprivate init(_ report: SplitReport) {
        let it = report.record
        (run, directory, mode) = (it.scenario.name, it.directory, it.configuration.mainMode.name)
        (seed, rounds, roundsPlanned) = (it.configuration.seed, it.rounds, it.plannedRounds)
        (finished, teacherAccuracy) = (it.isFinished, it.teacher?.accuracy)
        (devices, wallSeconds) = (report.devices, it.wallSeconds)
        (accuracy, modelDigest) = (it.main?.accuracy, it.main?.digest)
        modes = it.modes.map { row in
            SplitDocument.Mode(
                mode: row.mode, kind: row.kind, channels: row.channels, bits: row.bits, setting: row.setting,
                accuracy: row.accuracy,
                teacherDifferencePoints: report.difference(row), wholeAccuracy: row.wholeAccuracy,
                images: row.images, sent: row.sent, exits: row.exits, local: row.local, lost: row.lost,
                payloadBytesPerImage: row.payloadBytesPerImage, headerBytes: row.headerBytes,
                deviceParameters: row.deviceParameters, deviceMacs: row.deviceMACs,
                serverMacs: row.serverMACs, cost: SplitDocument.Cost(row.cost))
        }
        policies = (it.costs.control?.policies ?? []).map { SplitDocument.Policy($0) }
        filter = FilterSummary(it).map { SplitDocument.Filter($0, classes: it.configuration.filter.classes) }
        crossovers = it.costs.crossovers.map { row in
            SplitDocument.Crossover(
                device: row.device, cost: row.cost.rawValue, below: row.below, above: row.above,
                rateMbps: row.rateMbps, gridFromMbps: row.gridMbps?.lowerBound,
                gridToMbps: row.gridMbps?.upperBound)
        }
    }
}

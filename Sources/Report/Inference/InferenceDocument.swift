import Experiment
import Methods

/// A report on distributed inference for machines: what the text shows, exact and whole. Names become snake_case where
/// it is printed.
public struct InferenceDocument: Encodable, Sendable {
    /// By name.
    typealias Record = [String: Figure.Value]

    struct Lost: Encodable {
        let contender: String
        let fill: String
        let lost: Int
        let subsets: Int
        let accuracyMean: Double
        let accuracyBest: Double
        let accuracyWorst: Double
    }

    struct Transfer: Encodable {
        let contender: String
        let content: String
        let sender: Int
        let receiver: Int
        let payloadBytes: UInt64
        let headerBytes: UInt64
        let messages: Int
    }

    struct Node: Encodable {
        let contender: String
        let node: Int
        let device: String
        let link: String
        let network: String
        let features: Int
        let parameters: Int
        let weightBytes: UInt64
        let memoryBytes: UInt64
        let memoryFits: Bool
        let macs: UInt64
        let flops: UInt64
        let inputSeconds: Double
        let computeSeconds: Double
        let uplinkSeconds: Double
        let waitingSeconds: Double
        let computeJoules: Double
        let radioJoules: Double
        let idleJoules: Double
    }

    struct Run: Encodable {
        let run: String
        let directory: String
        let contender: String
        let seed: UInt64
        let rounds: Int
        let roundsPlanned: Int
        /// False for a run that was interrupted or is running still.
        let finished: Bool
        let teacherAccuracy: Double?
        let accuracy: Double?
        /// Latency and energy are modelled with these.
        let devices: [String]
        let hub: String
        let link: String
        let wallSeconds: Double
        let modelDigest: String?
        let contenders: [Record]
        let ratios: [Record]
        let lostStudents: [Lost]
        let transfers: [Transfer]
        let nodes: [Node]
    }

    struct Contender: Encodable {
        let contender: String
        let figures: [String: MeanAndDeviation]
    }

    /// Runs of one experiment.
    struct Group: Encodable {
        let experiment: String
        let runs: [String]
        let contenders: [Contender]
    }

    let kind: String
    let runs: [Run]
    /// Runs that differ in nothing but their seed.
    let experiments: [Group]
    /// Where the files of the comparison are.
    let out: String?

    /// `out`: where the files of the comparison were written, if anywhere.
    public init(_ comparison: InferenceComparison, out: String? = nil) {
        kind = comparison.runs[0].record.scenario.kind.name
        runs = comparison.runs.map { Run($0) }
        experiments = comparison.groups.map { group in
            Group(
                experiment: group.label, runs: group.runs.map(\.record.directory),
                contenders: group.contenders.map {
                    Contender(contender: $0.contender, figures: MeanAndDeviation.figures($0.all))
                })
        }
        self.out = out
    }
}

extension InferenceDocument.Run {
    fileprivate init(_ report: InferenceReport) {
        func record(_ figures: [Figure]) -> InferenceDocument.Record {
            Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value) })
        }
        let it = report.record
        (run, directory, contender) = (it.scenario.name, it.directory, it.main.name)
        (seed, rounds, roundsPlanned) = (it.configuration.seed, it.rounds, it.plannedRounds)
        (finished, teacherAccuracy) = (it.isFinished, it.teacher?.accuracy)
        let deployment = it.configuration.deployment
        (devices, hub, link) = (deployment.devices, deployment.hub, deployment.link)
        wallSeconds = it.wallSeconds
        let main = it.row(it.main.name)
        (accuracy, modelDigest) = (main?.accuracy, main?.digest)
        contenders = report.figures.map { record($0.figures) }
        ratios = report.ratios.map { record($0.figures) }
        lostStudents = report.lost.map {
            InferenceDocument.Lost(
                contender: $0.contender, fill: $0.fill, lost: $0.lost, subsets: $0.subsets,
                accuracyMean: $0.mean, accuracyBest: $0.best, accuracyWorst: $0.worst)
        }
        transfers = it.transfers.map {
            InferenceDocument.Transfer(
                contender: $0.contender, content: $0.content, sender: $0.sender, receiver: $0.receiver,
                payloadBytes: $0.payloadBytes, headerBytes: $0.headerBytes, messages: $0.messages)
        }
        nodes = it.nodes.map {
            InferenceDocument.Node(
                contender: $0.contender, node: $0.node, device: $0.device, link: $0.link,
                network: $0.network,
                features: $0.filters, parameters: $0.parameters, weightBytes: $0.weightBytes,
                memoryBytes: $0.memoryBytes, memoryFits: $0.fits, macs: $0.macs, flops: 2 * $0.macs,
                inputSeconds: $0.inputSeconds, computeSeconds: $0.computeSeconds,
                uplinkSeconds: $0.uplinkSeconds, waitingSeconds: $0.waitingSeconds,
                computeJoules: $0.computeJoules, radioJoules: $0.radioJoules, idleJoules: $0.idleJoules)
        }
    }
}

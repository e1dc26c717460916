import Experiment
import Foundation
import Methods
import Testing

/// The directory of a run of distributed inference, made by hand; gone when the test is.
///
/// A teacher of six filters, two students by activation hubs, and what they are compared with. Filters 0 to 2 are one
/// community and part, 3 and 4 the other, 5 is dropped.
final class SampleInferenceRun {
    let directory: RunDirectory

    /// `lift` is added to the students' accuracy.
    init(
        name: String = "nonn", seed: UInt64 = 1, lift: Double = 0, extra: String = "",
        isFinished: Bool = true,
        isEvaluated: Bool = true
    ) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tributary-\(UUID().uuidString)"
        ).path
        directory = try RunDirectory.create(at: path)
        var scenario = try Scenario.load(
            text: """
                kind: distributed_inference
                seed: \(seed)
                dataset: {name: fashion_mnist}
                teacher: {model: {name: small_cnn}}
                baselines: [teacher, single_student, channel_split, random]
                thresholds: {final_accuracy: ">= 0.8"}
                \(extra)
                """)
        scenario.name = name
        try directory.write(scenario.resolvedYAML, to: RunDirectory.Name.scenario)
        try directory.writeEnvironment(
            RunEnvironment(
                version: "1.0", kernelFamily: "avx2", blas: "OpenBLAS", processor: "Cores & <more>",
                logicalProcessors: 2, memoryBytes: 8_000_000_000, operatingSystem: "Debian", host: "h",
                startedAt: "2026-01-01T00:00:00Z", arguments: ["run", "a.yaml"], libraries: [:]))
        let ledger = try Ledger.create(at: directory.path(of: RunDirectory.Name.ledger), identity: [:])
        let rows =
            Self.training + Self.division("activation_hub_2", hasGraph: true)
            + Self.division("random_2", hasGraph: false) + (isEvaluated ? Self.contenders(lift) : [])
        try ledger.append(rows: rows, point: DurabilityPoint(round: isEvaluated ? 7 : 3))
        if isFinished { try ledger.set(meta: ["result": "{}"]) }
        try directory.exportCSV(from: ledger, of: scenario.kind)
        try ledger.close()
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: directory.path)
        } catch {
            Issue.record("\(directory.path) remains: \(error)")
        }
    }

    private static var training: [Methods.Row] {
        let epochs = [("teacher", 1, 0.5), ("teacher", 2, 0.75), ("activation_hub_2", 1, 0.625)]
        return epochs.map { network, epoch, accuracy in
            .epoch(
                EpochRow(
                    round: network == "teacher" ? epoch : 3, network: network, epoch: epoch, samples: 900,
                    learningRate: 0.1, loss: 1.5, accuracy: 0.5, validationLoss: 1.25,
                    validationAccuracy: accuracy, macs: 1_000_000))
        } + [
            .infrastructure(
                InfrastructureRow(
                    round: 2, trainingSeconds: 0.5, evaluationSeconds: 0.25, wallSeconds: 3,
                    wireInBytes: 5000,
                    wireOutBytes: 6000, simulationBytes: 7, retries: 1, workers: 2))
        ]
    }

    /// Filters, edges and activities of a contender with two parts.
    private static func division(_ contender: String, hasGraph: Bool) -> [Methods.Row] {
        let groups = [1, 1, 1, 2, 2, nil]
        let degrees = [2, 2, 2, 1, 1, 0]
        let filters = groups.indices.map { filter in
            Methods.Row.filter(
                FilterRow(
                    round: 2, contender: contender, filter: filter,
                    community: hasGraph ? groups[filter] : nil, part: groups[filter],
                    degree: hasGraph ? degrees[filter] : nil, activity: 0.25))
        }
        let pairs = hasGraph ? [(0, 1), (0, 2), (1, 2), (3, 4)] : []
        let edges = pairs.map { first, second in
            Methods.Row.edge(
                EdgeRow(round: 2, contender: contender, first: first, second: second, weight: 1))
        }
        let activities = (0...2).flatMap { part in
            (0..<2).map { label in
                Methods.Row.activity(
                    ActivityRow(
                        round: 2, contender: contender, part: part, label: label,
                        share: label == 0 ? [0.125, 0.625, 0.25][part] : nil))
            }
        }
        return filters + edges + activities
    }

    /// Figures that are easily divided: the students take a tenth of the teacher's parameters and time.
    private static func contenders(_ lift: Double) -> [Methods.Row] {
        func row(
            _ round: Int, _ name: String, _ kind: String, rule: String = "", devices: Int, accuracy: Double,
            parameters: Int, macs: UInt64, features: UInt64 = 0, messages: Int = 0, seconds: Double
        ) -> Methods.Row {
            let isDivided = kind == "partitioned"
            return .contender(
                ContenderRow(
                    round: round, contender: name, kind: kind, rule: rule,
                    students: kind == "teacher" ? 1 : 2, devices: devices, parts: isDivided ? 2 : 0,
                    filters: isDivided ? 5 : 0, accuracy: accuracy, lossyAccuracy: nil, lostAnswers: 0,
                    images: 1000, parameters: parameters * devices, largestParameters: parameters,
                    macs: macs * UInt64(devices), largestMACs: macs,
                    weightBytes: UInt64(4 * parameters * devices), largestWeightBytes: UInt64(4 * parameters),
                    largestMemoryBytes: UInt64(5 * parameters), featureBytes: features,
                    largestLinkBytes: features / UInt64(devices), inputBytes: UInt64(784 * devices),
                    messages: messages, inputMessages: devices, dependentRounds: messages > 0 ? 2 : 1,
                    headerBytes: UInt64(77 * (messages + devices)), latencySeconds: seconds,
                    latencyMedianSeconds: seconds, latency95Seconds: seconds, latency99Seconds: 2 * seconds,
                    sequentialSeconds: Double(devices) * seconds, energyJoules: Double(devices) * seconds,
                    largestEnergyJoules: seconds, digest: name))
        }
        func nodes(_ round: Int, _ name: String, _ count: Int, seconds: Double, fits: Bool = true)
            -> [Methods.Row]
        {
            (1...count).map { node in
                .node(
                    NodeRow(
                        round: round, contender: name, node: node, device: "stm32u5", link: "wifi",
                        network: "small_cnn", filters: count > 1 ? 3 : 0, parameters: 1000,
                        weightBytes: 4000, memoryBytes: 5000, fits: fits, macs: 10_000,
                        inputSeconds: seconds / 4, computeSeconds: seconds / 2, uplinkSeconds: seconds / 4,
                        waitingSeconds: 0, computeJoules: 0.5, radioJoules: 0.25, idleJoules: 0.125))
            }
        }
        func transfer(
            _ round: Int, _ name: String, _ content: String, _ sender: Int, _ receiver: Int, _ bytes: UInt64
        ) -> Methods.Row {
            .transfer(
                TransferRow(
                    round: round, contender: name, content: content, sender: sender, receiver: receiver,
                    payloadBytes: bytes, headerBytes: 77, messages: 1))
        }
        func subset(_ fill: String, _ students: String, _ accuracy: Double) -> Methods.Row {
            .subset(
                SubsetRow(
                    round: 4, contender: "activation_hub_2", fill: fill, lost: 1, students: students,
                    accuracy: accuracy))
        }
        return [
            row(
                3, "teacher", "teacher", devices: 1, accuracy: 0.875, parameters: 100_000, macs: 1_000_000,
                seconds: 0.5),
            row(
                4, "activation_hub_2", "partitioned", rule: "activation_hub", devices: 2,
                accuracy: 0.75 + lift, parameters: 10_000, macs: 100_000, features: 20, messages: 2,
                seconds: 0.0625),
            row(
                5, "single_student_2", "single_student", devices: 1, accuracy: 0.5, parameters: 20_000,
                macs: 200_000, seconds: 0.25),
            row(
                6, "channel_split_2", "channel_split", devices: 2, accuracy: 0.5, parameters: 10_000,
                macs: 100_000, features: 660, messages: 4, seconds: 1),
            row(
                7, "random_2", "partitioned", rule: "random", devices: 2, accuracy: 0.625, parameters: 10_000,
                macs: 100_000, features: 20, messages: 2, seconds: 0.0625),
        ] + nodes(3, "teacher", 1, seconds: 0.5, fits: false)
            + nodes(4, "activation_hub_2", 2, seconds: 0.0625)
            + [
                transfer(3, "teacher", "input", 0, 1, 784),
                transfer(4, "activation_hub_2", "input", 0, 1, 784),
                transfer(4, "activation_hub_2", "input", 0, 2, 784),
                transfer(4, "activation_hub_2", "features", 1, 0, 12),
                transfer(4, "activation_hub_2", "features", 2, 0, 8),
                transfer(4, "activation_hub_2", "weights", 0, 1, 40_000),
                subset("zero", "1", 0.25), subset("zero", "2", 0.5), subset("mean", "1", 0.375),
                subset("mean", "2", 0.625),
            ]
    }
}

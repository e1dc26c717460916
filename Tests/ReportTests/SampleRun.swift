import Devices
import Experiment
import Foundation
import Methods
import Testing

/// A run's directory as a run leaves it, made by hand; gone when the test is.
final class SampleRun {
    let directory: RunDirectory

    /// `rounds` rounds with `accuracies`, the bytes of the clients' updates divided by `thrift`.
    init(
        name: String = "sample", rounds: Int = 4, thrift: UInt64 = 1, extra: String = "",
        isFinished: Bool = true,
        dataset: String = "{name: fashion_mnist, partition: {kind: iid, clients: 20}}",
        accuracies: (Int) -> Double? = { $0 % 2 == 0 ? ($0 == 2 ? 0.75 : 0.7) : nil },
        change: (inout RoundRow) -> Void = { _ in }
    ) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tributary-\(UUID().uuidString)"
        ).path
        directory = try RunDirectory.create(at: path)
        let scenario = try Scenario.load(
            text: """
                dataset: \(dataset)
                model: {name: logistic}
                thresholds: {final_accuracy: ">= 0.5", rounds: "> 100"}
                \(extra)
                """)
        var named = scenario
        named.name = name
        try directory.write(named.resolvedYAML, to: RunDirectory.Name.scenario)
        try directory.writeEnvironment(
            RunEnvironment(
                version: "1.0", kernelFamily: "avx2", blas: "OpenBLAS", processor: "Cores & <more>",
                logicalProcessors: 2, memoryBytes: 8_000_000_000, operatingSystem: "Debian", host: "h",
                startedAt: "2026-01-01T00:00:00Z", arguments: ["run", "a.yaml"],
                libraries: ["libzmq": "4.3.4"]))
        let ledger = try Ledger.create(at: directory.path(of: RunDirectory.Name.ledger), identity: [:])
        let rows = stride(from: 1, through: rounds, by: 1).flatMap { round in
            var state = RoundRow(round: round, clients: 10, samples: 600, modelDigest: "digest\(round)")
            state.trainLoss = 2 / Double(round)
            state.globalTestAccuracy = accuracies(round)
            state.federatedUpBytes = 1_000_000 / thrift
            state.federatedDownBytes = 1_000_100
            change(&state)
            return [.round(state)] + Self.rows(round, thrift)
        }
        try ledger.append(rows: rows, point: DurabilityPoint(round: rounds))
        if isFinished { try ledger.set(meta: ["result": "{}"]) }
        try ledger.close()
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: directory.path)
        } catch {
            Issue.record("\(directory.path) remains: \(error)")
        }
    }

    /// Ten clients, of whom one is new in each round.
    private static func rows(_ round: Int, _ thrift: UInt64) -> [Methods.Row] {
        func traffic(_ direction: TrafficRow.Direction, _ part: TrafficRow.Part, _ bytes: UInt64)
            -> Methods.Row
        {
            .traffic(
                TrafficRow(
                    round: round, direction: direction, kind: direction == .up ? "update" : "model",
                    part: part,
                    segment: part == .payload ? "dense1.weight" : "header", clients: 10, bytes: bytes))
        }
        let clients = (round..<round + 10).map { client in
            Methods.Row.client(
                ClientRow(
                    round: round, client: client, samples: 60, steps: 6, trainLossSum: 1, trainCorrect: 30,
                    updateDigest: "update", downPayloadBytes: 99_900, downOverheadBytes: 110,
                    upPayloadBytes: 99_900 / thrift, upOverheadBytes: 100 / thrift,
                    work: Work(
                        macs: [0, 2_000_000, 0, 0, 1_000_000, 0], forwardSamples: 60, backwardSamples: 60)))
        }
        let infrastructure = InfrastructureRow(
            round: round, trainingSeconds: 0.5, evaluationSeconds: 0.1,
            wallSeconds: Double(round == 4 ? 1 : round),
            wireInBytes: 1_100_000, wireOutBytes: 1_200_000, simulationBytes: 100,
            retries: round == 3 ? 1 : 0,
            workers: 2)
        return [
            traffic(.up, .payload, 999_000 / thrift), traffic(.up, .overhead, 1000 / thrift),
            traffic(.down, .payload, 999_000), traffic(.down, .overhead, 1100),
            .infrastructure(infrastructure),
        ] + clients
    }
}

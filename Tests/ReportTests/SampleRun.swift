import Devices
import Experiment
import Foundation
import Methods
import Testing

/// A run's directory as a run leaves it, made by hand; gone when the test is.
final class SampleRun {
    let directory: RunDirectory

    /// `rounds` rounds with `accuracies`, the bytes of the clients' updates divided by `thrift`; by round, how many
    /// clients' updates count, and how many more took part for nothing.
    init(
        name: String = "sample", rounds: Int = 4, thrift: UInt64 = 1, extra: String = "",
        isFinished: Bool = true, accepted: (Int) -> Int = { _ in 10 }, wasted: (Int) -> Int = { _ in 0 },
        dataset: String = "{name: fashion_mnist, partition: {kind: iid, clients: 20}}",
        accuracies: (Int) -> Double? = { $0 % 2 == 0 ? ($0 == 2 ? 0.75 : 0.7) : nil },
        change: (inout RoundRow) -> Void = { _ in }, changeClient: (inout ClientRow) -> Void = { _ in }
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
            let (accepted, wasted) = (accepted(round), wasted(round))
            var state = RoundRow(
                round: round, clients: accepted, samples: 60 * accepted, modelDigest: "digest\(round)")
            state.trainLoss = 2 / Double(round)
            state.globalTestAccuracy = accuracies(round)
            state.wastedUpBytes = 40_000 * UInt64(wasted)
            state.wastedDownBytes = 100_010 * UInt64(wasted)
            state.federatedUpBytes = 100_000 * UInt64(accepted) / thrift + state.wastedUpBytes
            state.federatedDownBytes = 100_010 * UInt64(accepted) + state.wastedDownBytes
            change(&state)
            return [.round(state)]
                + Self.rows(round, thrift, accepted: accepted, wasted: wasted, change: changeClient)
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

    /// Clients of whom one is new in each round; those whose updates do not count were on their way when it ended.
    private static func rows(
        _ round: Int, _ thrift: UInt64, accepted: Int, wasted: Int, change: (inout ClientRow) -> Void
    ) -> [Methods.Row] {
        let clients = (round..<round + accepted + wasted).map { client in
            let counts = client < round + accepted
            var row = ClientRow(
                round: round, client: client, samples: 60, steps: 6, trainLossSum: 1, trainCorrect: 30,
                updateDigest: "update", downPayloadBytes: 99_900, downOverheadBytes: 110,
                upPayloadBytes: counts ? 99_900 / thrift : 40_000, upOverheadBytes: counts ? 100 / thrift : 0,
                work: Work(
                    macs: [0, 2_000_000, 0, 0, 1_000_000, 0], forwardSamples: 60, backwardSamples: 60))
            if !counts { row.fate = .late }
            change(&row)
            return Methods.Row.client(row)
        }
        let infrastructure = InfrastructureRow(
            round: round, trainingSeconds: 0.5, evaluationSeconds: 0.1,
            wallSeconds: Double(round == 4 ? 1 : round),
            wireInBytes: 1_100_000, wireOutBytes: 1_200_000, simulationBytes: 100,
            retries: round == 3 ? 1 : 0,
            workers: 2)
        return traffic(round, thrift, accepted: accepted, wasted: wasted)
            + [.infrastructure(infrastructure)] + clients
    }

    private static func traffic(
        _ round: Int, _ thrift: UInt64, accepted: Int, wasted: Int
    ) -> [Methods.Row] {
        func row(
            _ direction: TrafficRow.Direction, _ kind: String, _ part: TrafficRow.Part, _ segment: String,
            _ clients: Int, _ bytes: UInt64
        ) -> Methods.Row {
            .traffic(
                TrafficRow(
                    round: round, direction: direction, kind: kind, part: part, segment: segment,
                    clients: clients, bytes: bytes))
        }
        let all = UInt64(accepted)
        let counted = [
            row(.up, "update", .payload, "dense1.weight", accepted, 99_900 * all / thrift),
            row(.up, "update", .overhead, "header", accepted, 100 * all / thrift),
            row(.down, "model", .payload, "dense1.weight", accepted, 99_900 * all),
            row(.down, "model", .overhead, "header", accepted, 110 * all),
        ]
        let vain = [
            row(.up, "wasted", .payload, "all", wasted, 40_000 * UInt64(wasted)),
            row(.down, "wasted", .payload, "all", wasted, 99_900 * UInt64(wasted)),
            row(.down, "wasted", .overhead, "all", wasted, 110 * UInt64(wasted)),
        ]
        return (accepted > 0 ? counted : []) + (wasted > 0 ? vain : [])
    }
}

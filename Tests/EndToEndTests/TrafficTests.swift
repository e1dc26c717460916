import Foundation
import Testing

/// Bytes: what is metered, what a deployment would send, and what the kernel moved.
@Suite(.serialized) struct TrafficTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    static func numbers(_ outcome: Program.Outcome) -> [String: UInt64] {
        (outcome.json["bytes"] as? [String: NSNumber] ?? [:]).mapValues(\.uint64Value)
    }

    /// One client a worker, both the model and an update in more than one chunk, evaluations in between.
    @Test func wireIsFederatedPlusSimulation() throws {
        for (every, extra) in [(6, ""), (1, "")] {
            let scenario = try laboratory.scenario(clients: 4, perRound: 4, rounds: 6, extra: extra)
            let outcome = try Program.run([
                "run", scenario, "--out", laboratory.file("run\(every)"), "--quiet", "--json", "--workers",
                "4",
                "--set", "evaluation.every=\(every)",
            ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let bytes = Self.numbers(outcome)
            #expect(bytes["wire"] == bytes["federated_up"]! + bytes["federated_down"]! + bytes["simulation"]!)
            #expect(outcome.json["retries"] as? Int == 0)
        }
    }

    private func onePerWorker(
        _ name: String, method: String, _ settings: [String] = []
    ) throws -> Program.Outcome {
        let scenario = try laboratory.scenario(clients: 4, perRound: 4, rounds: 3)
        let outcome = try Program.run(
            [
                "run", scenario, "--out", laboratory.file(name), "--quiet", "--json", "--workers", "4",
                "--set", "method.name=\(method)",
            ] + settings.flatMap { ["--set", $0] })
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.json["retries"] as? Int == 0)
        return outcome
    }

    /// Bytes of payloads by direction and segment.
    private func payloads(_ run: String) -> [String: UInt64] {
        let rows = laboratory.table("\(run)/traffic.csv").filter { $0["part"] == "payload" }
        return Dictionary(
            rows.map { ("\($0["direction"]!) \($0["segment"]!)", UInt64($0["bytes"]!)!) }, uniquingKeysWith: +
        )
    }

    /// States, control variates and compressed payloads beside each other; objects that ride along and objects in
    /// chunks, as the hidden layer decides.
    @Test(
        arguments: [
            ("fedper", []), ("scaffold", []), ("local_only", []), ("ditto", []),
            ("fedavg", ["compression.uplink=[{kind: quantize}]", "compression.downlink=[{kind: quantize}]"]),
            ("scaffold", ["compression.uplink=[{kind: top_k}]", "compression.error_feedback=true"]),
        ] as [(String, [String])])
    func methodsKeepTheSum(method: String, settings: [String]) throws {
        for units in [1400, 20] {
            let layers =
                "model.layers=[{conv: {channels: 4, kernel: 3, padding: same}}, relu, {max_pool: 2}, flatten, "
                + "{dense: \(units)}, relu, {dense: classes}]"
            let outcome = try onePerWorker("run\(units)", method: method, settings + [layers])
            let bytes = Self.numbers(outcome)
            let federated = bytes["federated_up"]! + bytes["federated_down"]!
            #expect(bytes["wire"] == federated + bytes["simulation"]!)
            #expect((federated == 0) == (method == "local_only"))
        }
    }

    /// FedPer sends FedAvg's segments without the classifier's, SCAFFOLD everything twice, to the byte.
    @Test func payloadsAreTheSegmentsThatTravel() throws {
        for method in ["fedavg", "fedper", "scaffold"] { _ = try onePerWorker(method, method: method) }
        let (fedavg, fedper, scaffold) = (payloads("fedavg"), payloads("fedper"), payloads("scaffold"))
        // 4 kernels of 3 x 3 and 4 biases, then 4 planes of 7 x 7 to 1,400 units, then 10 classes; 3 rounds of 4 clients.
        let base = 4 * (4 * 9 + 4 + 4 * 49 * 1400 + 1400)
        let head = 4 * (1400 * 10 + 10)
        for direction in ["up", "down"] {
            func sum(_ payloads: [String: UInt64]) -> UInt64 {
                payloads.reduce(0) { $1.key.hasPrefix("\(direction) ") ? $0 + $1.value : $0 }
            }
            #expect(sum(fedavg) == UInt64(12 * (base + head)))
            #expect(sum(fedper) == UInt64(12 * base))
            #expect(sum(scaffold) == 2 * sum(fedavg))
        }
        #expect(fedper.allSatisfy { fedavg[$0.key] == $0.value })
        for (segment, bytes) in fedavg {
            let control = segment.replacing(" ", with: " control.")
            #expect(scaffold[segment] == bytes && scaffold[control] == bytes)
        }
    }

    /// ZMTP 3.1 without security: a greeting of 64 bytes and a READY command of 43 on either side of a connection;
    /// everything else is the meter's bytes and the stated framing.
    @Test func theKernelCountsTheSame() throws {
        let scenario = try laboratory.scenario(clients: 3, perRound: 3, rounds: 4)
        let run = try RunningProgram([
            "coordinator", scenario, "--bind", "tcp://127.0.0.1:0", "--out", laboratory.file("run"),
            "--quiet",
            "--json", "--set", "hosts.minimum=3", "--set", "hosts.launch=[{kind: manual}]",
        ])
        #expect(eventually { laboratory.endpoint("run") != nil })
        let endpoint = try #require(laboratory.endpoint("run"))
        let port = try #require(endpoint.split(separator: ":").last.flatMap { Int($0) })
        let proxy = try CountingProxy(to: port)
        let workers = try (0..<3).map { _ in
            try RunningProgram(["worker", "--connect", "tcp://127.0.0.1:\(proxy.port)"])
        }
        let outcome = try run.wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        for worker in workers { #expect(try worker.wait(seconds: 20).code == 0) }
        let bytes = Self.numbers(outcome)
        let counts = proxy.snapshot
        #expect(counts.connections == 3)
        let handshake = UInt64(2 * (64 + 43) * counts.connections)
        #expect(counts.up + counts.down == bytes["wire"]! + bytes["framing"]! + handshake)
    }
}

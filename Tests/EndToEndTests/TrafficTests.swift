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

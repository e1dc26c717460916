import Experiment
import Foundation
import Methods
import TensorMath
import Testing

/// Every method with real processes: the same bits whatever the workers, and what its models are good for afterwards.
@Suite(.serialized) struct MethodTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func run(_ scenario: String, _ name: String, workers: Int) throws -> Program.Outcome {
        try Program.run([
            "run", scenario, "--out", laboratory.file(name), "--quiet", "--json", "--workers", "\(workers)",
        ])
    }

    @Test(arguments: MethodSpec.names) func oneAndThreeWorkersGiveTheSameBits(method: String) throws {
        let scenario = try laboratory.smallScenario(method: method)
        let one = try run(scenario, "one", workers: 1)
        #expect(one.code == 0, "\(one.errors)")
        let three = try run(scenario, "three", workers: 3)
        #expect(three.code == 0, "\(three.errors)")
        #expect(laboratory.differingResults("one", "three") == [])
        let spec = try #require(MethodSpec(named: method))
        let results = laboratory.results("one")
        #expect(results.contains("model.safetensors") && results.contains("clients.csv"))
        let keeps = ["fedper", "fedrep", "fedbn", "ditto", "apfl", "pfedme", "local_only"].contains(method)
        #expect(results.contains("personal.safetensors") == keeps)
        if KernelFamily.active == .supported { try equalsTheRunInMemory(scenario, one) }
        let rounds = laboratory.table("one/rounds.csv")
        #expect(rounds.count == 4)
        #expect(
            rounds.map { $0["global_test_accuracy"] != "" }
                == [false, true, false, true].map {
                    $0 && spec.hasGlobalModel
                })
        #expect(rounds.map { $0["local_test_accuracy_mean"] != "" } == [false, true, false, true])
        try warnsOnce(scenario, method, one, expected: !spec.hasGlobalModel)
        try evaluates(scenario, one, hasGlobalModel: spec.hasGlobalModel)
    }

    /// The same state machines without processes, in another order of arrival.
    private func equalsTheRunInMemory(_ scenario: String, _ outcome: Program.Outcome) throws {
        let scenario = try Scenario.load(text: try String(contentsOfFile: scenario, encoding: .utf8))
        guard case .federated(let configuration) = scenario.kind else { return }
        let memory = try InMemoryRun(scenario, configuration, workers: 3)
        #expect(memory.outcome.modelDigest == outcome.json["model_digest"] as? String)
        // From the table: reading JSON may lose the last bit.
        let last = try #require(laboratory.table("one/rounds.csv").last)
        let cells = [last["global_test_accuracy"]!, last["local_test_accuracy_mean"]!]
        #expect(memory.outcome.finalAccuracy == cells.first { $0 != "" }.flatMap { Double($0) })
    }

    /// A scenario that asks for the accuracy of a global model that does not exist runs, and says so once.
    private func warnsOnce(
        _ scenario: String, _ method: String, _ run: Program.Outcome, expected: Bool
    ) throws {
        let check = try Program.run(["check", scenario])
        #expect(check.code == 0)
        for errors in [run.errors, check.errors] {
            let lines = errors.split(separator: "\n").filter { $0.hasPrefix("warning:") }
            #expect(lines.count == (expected ? 1 : 0), "\(errors)")
            #expect(lines.allSatisfy { $0.contains("\(method) has no global model") })
        }
    }

    /// `evaluate` gives the run's own figures, or says why there are none.
    private func evaluates(_ scenario: String, _ run: Program.Outcome, hasGlobalModel: Bool) throws {
        let model = laboratory.file("one/model.safetensors")
        let outcome = try Program.run(["evaluate", "--model", model, "--scenario", scenario, "--json"])
        guard hasGlobalModel else {
            #expect(outcome.code == 65)
            #expect(outcome.errors.contains("has no global model"), "\(outcome.errors)")
            #expect(outcome.errors.contains("personal.safetensors"), "\(outcome.errors)")
            return
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.json["accuracy"] as? Double == run.json["final_accuracy"] as? Double)
        #expect(outcome.json["samples"] as? Int == 500)
    }

    /// What `check` foretells is what a run then reports, in every round.
    @Test(arguments: [
        ("fedavg", ""), ("fedper", ""), ("scaffold", ""), ("local_only", ""), ("centralised", ""),
        ("fedavg", "compression: {uplink: [{kind: quantize}], downlink: [{kind: quantize}]}"),
        ("fedavg", "compression: {uplink: [{kind: top_k}, {kind: float16}], error_feedback: true}"),
    ])
    func checkForetellsTheBytes(method: String, extra: String) throws {
        let scenario = try laboratory.smallScenario(method: method, rounds: 2, extra: extra)
        let check = try Program.run(["check", scenario, "--json"])
        #expect(check.code == 0, "\(check.errors)")
        let outcome = try run(scenario, "run", workers: 2)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let rounds = laboratory.table("run/rounds.csv").map { row in
            Int(row["federated_up_bytes"]!)! + Int(row["federated_down_bytes"]!)!
        }
        let forecast = try #require(check.json["federated_bytes_per_round"] as? Int)
        #expect(rounds == [forecast, forecast])
        #expect(check.json["federated_bytes_total"] as? Int == 2 * forecast)
        #expect((forecast == 0) == ["local_only", "centralised"].contains(method))
    }
}

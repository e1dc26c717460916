import Foundation
import Testing

/// `tributary report`, and what commands say to machines.
@Suite struct ReportCommandTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func run(_ name: String, _ changes: String...) throws -> String {
        let scenario = try laboratory.scenario(rounds: 4)
        let out = laboratory.file(name)
        let sets = (changes + ["name=\(name)"]).flatMap { ["--set", $0] }
        let outcome = try Program.run(["run", scenario, "--out", out, "--quiet"] + sets)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return out
    }

    @Test func runsAreComparedInADirectoryOfTheirOwn() throws {
        let (plain, few) = (try run("plain"), try run("few", "training.clients_per_round=5"))
        let out = laboratory.file("out/comparison")
        let text = try Program.run(["report", plain, few, "--targets", "0.05", "--out", out])
        #expect(text.code == 0 && text.output.contains("Ratios are to plain (fedavg)"), "\(text.errors)")
        #expect(text.output.contains("comparison  \(out)/comparison.html"))
        for name in ["comparison.html", "comparison.csv", "targets.csv", "communication.csv"] {
            #expect(laboratory.bytes("out/comparison/\(name)") != nil)
        }
        #expect(laboratory.bytes("few/comparison.html") == nil)
        let json = try Program.run(["report", plain, few, "--targets", "0.05", "--json"])
        #expect(json.errors.contains("--out DIR") == false)
        let runs = try #require(json.json["runs"] as? [[String: Any]])
        #expect(
            json.json["baseline"] as? String == "plain" && json.json["measure"] as? String == "global_test")
        #expect(runs.map { $0["run"] as? String } == ["plain", "few"])
        #expect(runs[1]["bytes_per_round_ratio"] as? Double == 0.5)
        let rounds = try #require(runs[1]["by_round"] as? [[String: Any]])
        let up = try #require(runs[1]["up"] as? [String: Any])
        #expect(rounds.count == 4)
        #expect(rounds.last?["up_bytes_since_start"] as? Int == up["total"] as? Int)
        let clients = try #require(runs[1]["by_client"] as? [[String: Any]])
        #expect(clients.reduce(0) { $0 + ($1["up_bytes"] as? Int ?? 0) } == up["total"] as? Int)
        // The same through --baseline, which need not be among the runs.
        let other = try Program.run(["report", plain, "--baseline", few, "--json"])
        #expect(other.json["baseline"] as? String == "few")
        let same = try Program.run(["report", plain, few, "--baseline", few + "/", "--json"])
        #expect((same.json["runs"] as? [Any])?.count == 2)
    }

    @Test func noRunIsWrittenInto() throws {
        let plain = try run("plain")
        let inside = try Program.run(["report", plain, plain, "--out", plain])
        #expect(inside.code == 73 && inside.errors.contains("belongs to the run"), "\(inside.errors)")
        let text = try Program.run(["report", plain, plain])
        #expect(text.code == 0 && text.errors.contains("give --out DIR"))
        let alone = try Program.run(["report", plain, "--out", laboratory.file("out")])
        #expect(alone.code == 64 && alone.errors.contains("comparison of several runs"))
        for list in ["0.5,", "2", "many", "0"] {
            let outcome = try Program.run(["report", plain, "--targets", list])
            #expect(outcome.code == 64 && outcome.errors.contains(list), "\(outcome.errors)")
        }
        // A comparison only reads, whatever its targets are.
        let files = try FileManager.default.subpathsOfDirectory(atPath: plain)
        let before = files.map { laboratory.bytes("plain/\($0)") }
        for arguments in [[plain], ["--baseline", try run("other")]] {
            let outcome = try Program.run(["report", plain, "--targets", "0.123"] + arguments)
            #expect(outcome.code == 0, "\(outcome.errors)")
        }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: plain) == files)
        #expect(files.map { laboratory.bytes("plain/\($0)") } == before)
        let table = String(decoding: laboratory.bytes("plain/targets.csv") ?? Data(), as: UTF8.self)
        #expect(try Program.run(["report", plain, "--targets", "0.9999,0.01"]).code == 0)
        let again = String(decoding: laboratory.bytes("plain/targets.csv") ?? Data(), as: UTF8.self)
        #expect(again != table && again.hasSuffix("0.9999,,,,,\n"))
    }

    @Test func whatIsMissingIsMadeAgain() throws {
        let finished = try run("finished")
        #expect(
            try Program.run([
                "run", laboratory.file("scenario.yaml"), "--out", laboratory.file("whole"),
                "--quiet", "--set", "name=finished",
            ]).code == 0)
        let names = [
            "rounds.csv", "clients.csv", "local_test.csv", "traffic.csv", "costs.csv", "infrastructure.csv",
            "partition.csv", "model.safetensors", "report.html", "communication.csv",
        ]
        let times = laboratory.bytes("finished/infrastructure.csv")
        for name in names { try FileManager.default.removeItem(atPath: "\(finished)/\(name)") }
        let outcome = try Program.run(["run", "--resume", finished])
        #expect(outcome.code == 0 && outcome.errors.contains("made again: rounds.csv"), "\(outcome.errors)")
        #expect(laboratory.differences("finished", "whole") == [])
        #expect(laboratory.bytes("finished/infrastructure.csv") == times)
        for name in names { #expect(laboratory.bytes("finished/\(name)") != nil, "\(name)") }
        // Nothing is missing now, so nothing is said.
        #expect(try Program.run(["run", "--resume", finished]).errors == "")
    }

    @Test func theArgumentsOfAResumptionAreKept() throws {
        let scenario = try laboratory.scenario(rounds: 40)
        let out = laboratory.file("long")
        let program = try RunningProgram(["run", scenario, "--out", out, "--quiet"])
        #expect(eventually { laboratory.bytes("long/run.sqlite") != nil && !program.children.isEmpty })
        kill(program.pid, SIGINT)
        #expect(try program.wait().code == 130)
        #expect(try Program.run(["run", "--resume", out, "--quiet", "--workers", "1"]).code == 0)
        let text = try JSONSerialization.jsonObject(with: laboratory.bytes("long/environment.json") ?? Data())
        let environment = try #require(text as? [String: Any])
        #expect((environment["arguments"] as? [String])?.contains(scenario) == true)
        let resumptions = try #require(environment["resumptions"] as? [[String: Any]])
        #expect(resumptions.count == 1)
        #expect((resumptions[0]["arguments"] as? [String])?.suffix(2) == ["--workers", "1"])
    }

    @Test func whoAttacksIsCountedAndWhatDoesNothingIsTold() throws {
        let scenario = try laboratory.scenario()
        func check(_ share: Double) throws -> (text: Program.Outcome, json: Program.Outcome) {
            let arguments = ["check", scenario, "--set", "attack={kind: sign_flip, share: \(share)}"]
            return (try Program.run(arguments), try Program.run(arguments + ["--json"]))
        }
        let some = try check(0.2)
        let clients = try #require(some.json.json["clients"] as? Int)
        let attackers = Int((0.2 * Double(clients)).rounded())
        #expect(some.json.json["attackers"] as? Int == attackers && attackers > 0)
        #expect((some.json.json["attacking_clients"] as? [Int])?.count == attackers)
        #expect(some.text.output.contains("\nattackers    \(attackers) of them: ") && some.text.errors == "")
        let none = try check(0.4 / Double(clients))
        #expect(none.json.json["attackers"] as? Int == 0)
        #expect(
            none.text.code == 0 && none.text.errors.hasPrefix("warning: attack.share: "),
            "\(none.text.errors)")
        #expect(try Program.run(["check", scenario, "--json"]).json["attackers"] == nil)
    }

    @Test func rulesThatNeedMoreThanARoundMayHaveNameTheKey() throws {
        let scenario = try laboratory.scenario()
        for (round, key) in [
            ("deadline, seconds: 100", "minimum"), ("async, buffer: 2, concurrency: 4", "buffer"),
        ] {
            let outcome = try Program.run([
                "check", scenario, "--set", "aggregation={rule: krum, byzantine: 0}", "--set",
                "devices={groups: [{profile: raspberry_pi_4, link: wifi}], round: {policy: \(round)}}",
            ])
            #expect(outcome.code == 65)
            #expect(outcome.errors.contains("aggregation.rule: krum needs at least 2 x byzantine + 3 = 3"))
            #expect(
                outcome.errors.contains("; raise devices.round.\(key) or lower byzantine"),
                "\(outcome.errors)")
        }
    }

    @Test func anAccuracyThatNobodyMeasuredIsRefused() throws {
        let scenario = try laboratory.scenario()
        let out = laboratory.file("measured")
        #expect(
            try Program.run([
                "run", scenario, "--out", out, "--quiet", "--workers", "1", "--set",
                "evaluation.on=[global_test]",
            ]).code == 0)
        let before = laboratory.bytes("measured/targets.csv")
        let outcome = try Program.run(["report", out, "--accuracy", "local_test"])
        #expect(
            outcome.code == 65
                && outcome.errors.contains("--accuracy local_test: the run has not measured it"))
        #expect(laboratory.bytes("measured/targets.csv") == before && before != nil)
        #expect(try Program.run(["report", out, "--accuracy", "global_test"]).code == 0)
    }

    @Test func machinesGetTheResolvedScenario() throws {
        let scenario = try laboratory.scenario()
        let outcome = try Program.run(["check", scenario, "--json", "--resolved"])
        let resolved = try #require(outcome.json["scenario"] as? [String: Any])
        #expect(resolved["seed"] as? Int == 3)
        let training = try #require(resolved["training"] as? [String: Any])
        #expect(training["clients_per_round"] as? Int == 10 && training["selection"] as? String == "uniform")
        #expect(try Program.run(["check", scenario, "--json"]).json["scenario"] == nil)
        // It is a scenario itself.
        let data = try JSONSerialization.data(withJSONObject: resolved)
        try laboratory.write(String(decoding: data, as: UTF8.self), to: "resolved.json")
        let again = try Program.run(["check", laboratory.file("resolved.json"), "--json"])
        #expect(again.json["scenario_digest"] as? String == outcome.json["scenario_digest"] as? String)
    }

    /// One value of a tensor in the middle is enough.
    @Test func aModelWithoutNumbersIsRefused() throws {
        let out = try run("plain")
        var model = try #require(laboratory.bytes("plain/model.safetensors"))
        // Eight bytes of length, the header, then Float32 values in little-endian order.
        let header = model.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let last = model.count - 4
        precondition(last >= 8 + header)
        model.replaceSubrange(last..<model.count, with: [0, 0, 0xC0, 0x7F])
        try model.write(to: URL(fileURLWithPath: laboratory.file("nan.safetensors")))
        let arguments = [
            "evaluate", "--model", laboratory.file("nan.safetensors"), "--scenario", out + "/scenario.yaml",
        ]
        let outcome = try Program.run(arguments + ["--json"])
        #expect(outcome.code == 65 && outcome.output.isEmpty, "\(outcome.output)")
        #expect(outcome.errors.contains("dense2.bias, value 9 is nan; take a model"), "\(outcome.errors)")
    }
}

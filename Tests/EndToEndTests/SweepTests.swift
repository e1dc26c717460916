import Foundation
import Testing

/// A matrix of runs as a user starts, stops and continues it.
@Suite(.serialized) struct SweepTests {
    let laboratory: Laboratory

    init() throws {
        laboratory = try Laboratory()
        try laboratory.write(
            """
            dataset: {name: synthetic, partition: {kind: natural}, local_test_fraction: 0.2}
            model: {name: logistic}
            evaluation: {every: 100, on: [global_test, local_test]}
            """, to: "base.yaml")
    }

    private func write(rounds: Int = 600, rates: String = "0.01, 0.02", more: String = "") throws {
        try laboratory.write(
            """
            name: rates
            base: base.yaml
            set: {training.rounds: \(rounds)}
            matrix: {training.optimizer.learning_rate: [\(rates)]}
            seeds: [1, 2]
            \(more)
            """, to: "sweep.yaml")
    }

    private var arguments: [String] {
        ["sweep", laboratory.file("sweep.yaml"), "--out", laboratory.file("sweep")]
    }

    /// Folders of the cells, in their order, with their status.
    private func cells() throws -> [(folder: String, status: String)] {
        let listed = try Program.run(arguments + ["--dry-run", "--json"])
        #expect(listed.code == 0, "\(listed.errors)")
        let cells = try #require(listed.json["cells"] as? [[String: Any]])
        return try cells.map {
            let path = try #require($0["directory"] as? String)
            return (URL(fileURLWithPath: path).lastPathComponent, try #require($0["status"] as? String))
        }
    }

    /// When each file of a cell was written, by name.
    private func times(_ folder: String) throws -> [String: Date] {
        let path = laboratory.file("sweep/cells/\(folder)")
        let names = try FileManager.default.subpathsOfDirectory(atPath: path) + [""]
        return try Dictionary(
            uniqueKeysWithValues: names.map { name in
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
                return (name, try #require(attributes[.modificationDate] as? Date))
            })
    }

    private func statuses() -> [String] {
        let table = String(decoding: laboratory.bytes("sweep/sweep.csv") ?? Data(), as: UTF8.self)
        return table.split(separator: "\n").dropFirst().map { String($0.split(separator: ",").last!) }
    }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: laboratory.file("sweep/cells/\(name)"))
    }

    @Test func interruptedContinuedAndExtended() throws {
        try write()
        let planned = try cells()
        #expect(planned.count == 4 && planned.allSatisfy { $0.status == "waiting" })
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("sweep")))

        let sweep = try RunningProgram(arguments + ["--parallel", "1"])
        let (first, second) = (planned[0].folder, planned[1].folder)
        #expect(eventually { exists("\(first)/report.html") && exists("\(second)/run.sqlite") })
        let runs = sweep.children
        kill(sweep.pid, SIGINT)
        let stopped = try sweep.wait()
        #expect(stopped.code == 130, "\(stopped.errors)")
        #expect(
            stopped.errors.contains("interrupted with 1 of 4 cells finished; go on with: tributary sweep"))
        #expect(runs.allSatisfy { !isAlive($0) })
        #expect(statuses() == ["finished", "interrupted", "waiting", "waiting"])
        #expect(!exists("\(second)/model.safetensors") && !exists(planned[2].folder))
        let before = try times(first)

        let continued = try Program.run(arguments)
        #expect(continued.code == 0, "\(continued.errors)")
        #expect(continued.errors.contains("4 cells, 1 done, 3 to run"))
        #expect(continued.output.contains("learning_rate") && continued.output.contains("±"))
        #expect(statuses() == Array(repeating: "finished", count: 4))
        #expect(try times(first) == before)
        let groups = String(decoding: laboratory.bytes("sweep/groups.csv") ?? Data(), as: UTF8.self)
        #expect(groups.contains("\n1,0.01,2,global_test,0.") && groups.contains("\n2,0.02,2,global_test,0."))
        let targets = String(decoding: laboratory.bytes("sweep/targets.csv") ?? Data(), as: UTF8.self)
        #expect(targets.contains("\n1,0.01,global_test,0.1,2,2,100,0,"), "\(targets)")
        let page = String(decoding: laboratory.bytes("sweep/sweep.html") ?? Data(), as: UTF8.self)
        #expect(page.contains("cells/\(first)/report.html"))

        // The interrupted cell is what a run of its scenario alone gives.
        let alone = try Program.run(
            [
                "run", laboratory.file("sweep/cells/\(second).yaml"), "--out", laboratory.file("alone"),
                "--workers", "2", "--quiet", "--json",
            ])
        #expect(alone.code == 0, "\(alone.errors)")
        #expect(laboratory.differences("alone", "sweep/cells/\(second)") == [])

        try extended(planned.map(\.folder))
    }

    /// A rate that fails and one less than before: the others go on, and what is finished stays as it is.
    private func extended(_ old: [String]) throws {
        try write(
            rates: "0.02, 1000",
            more: "include: [{training.optimizer.learning_rate: 0.03, training.rounds: 10, seed: 3}]")
        let before = try old.map(times)
        let failing = try Program.run(arguments + ["--json"])
        #expect(failing.code == 65, "\(failing.errors)")
        #expect(failing.errors.contains("failed: learning_rate=1000, rounds=600, seed=1: training client"))
        #expect(failing.errors.contains("exit code 65"))
        #expect(statuses() == ["finished", "finished", "failed", "failed", "finished"])
        let cells = try #require(failing.json["cells"] as? [[String: Any]])
        #expect(cells.map { $0["exit_code"] as? Int } == [0, 0, 65, 65, 0])
        let metrics = try #require(cells[4]["metrics"] as? [String: Double])
        #expect(metrics["rounds"] == 10 && metrics["final_accuracy"] != nil)
        let group = try #require((failing.json["groups"] as? [[String: Any]])?.first)
        let target = try #require((group["targets"] as? [[String: Any]])?.first)
        #expect(target["target_accuracy"] as? Double == 0.1 && target["reached"] as? Int == 2)
        #expect(target["bytes_ratio"] as? Double == 1)
        let figures = try #require(target["figures"] as? [String: [String: Double]])
        #expect(figures["rounds"]?["mean"] == 100 && figures["simulated_seconds"] == nil)
        let settings = try #require(cells[0]["settings"] as? [String: String])
        #expect(settings["training.optimizer.learning_rate"] == "0.02")
        #expect(try old.map(times) == before)
    }

    @Test func aKilledSweepLeavesNoProcess() throws {
        try write(rounds: 20_000)
        let sweep = try RunningProgram(arguments + ["--quiet", "--parallel", "2"])
        #expect(eventually { sweep.children.count == 2 })
        let runs = sweep.children
        #expect(
            eventually {
                let ledgers = (try? FileManager.default.subpathsOfDirectory(atPath: laboratory.file("sweep")))
                return (ledgers ?? []).filter { $0.hasSuffix("run.sqlite") }.count == 2
            })
        let again = try Program.run(arguments + ["--quiet"])
        #expect(again.code == 74 && again.errors.contains("in use"), "\(again.errors)")
        kill(sweep.pid, SIGKILL)
        _ = try sweep.wait()
        #expect(eventually { runs.allSatisfy { !isAlive($0) } }, "runs outlive their sweep")
        #expect(try cells().count { $0.status == "interrupted" } == 2)
    }

    @Test func aMissedThresholdIsTheSweepsExitCode() throws {
        try write(rounds: 5)
        let base = String(decoding: laboratory.bytes("base.yaml")!, as: UTF8.self)
        try laboratory.write(base + "\nthresholds: {final_accuracy: \">= 0.999\"}\n", to: "base.yaml")
        for _ in 1...2 {
            let missed = try Program.run(arguments + ["--quiet", "--json"])
            #expect(missed.code == 1)
            #expect(missed.errors.contains("threshold missed: learning_rate=0.01, seed=1: final_accuracy is"))
        }
        #expect(Set(statuses()) == ["threshold_missed"])
    }

    @Test func faults() throws {
        func fails(_ code: Int32, _ words: [String], _ arguments: [String]) throws {
            let outcome = try Program.run(arguments, seconds: 30)
            #expect(outcome.code == code, "\(outcome.errors)")
            for word in words {
                #expect(outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)")
            }
        }
        try fails(66, ["nowhere.yaml"], ["sweep", laboratory.file("nowhere.yaml")])
        try write(more: "exclud: []")
        try fails(65, ["sweep.yaml:6", "exclud", "exclude"], arguments)
        try write(rates: "0.01, fast")
        try fails(65, ["sweep.yaml:4", "fast", "learning_rate=fast"], arguments)
        // More clients than samples: known before anything runs.
        let data =
            "{name: mnist, path: \(laboratory.path), partition: {kind: iid, clients: 3000}, local_test_fraction: 0.2}"
        try write(more: "include: [{dataset: \(data)}]")
        try fails(65, ["dataset.partition", "3000", "in the cell"], arguments)
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("sweep")))
        try write()
        try FileManager.default.removeItem(atPath: laboratory.file("base.yaml"))
        try fails(66, ["base.yaml", "base"], arguments)
        try fails(64, ["--parallel"], arguments + ["--parallel", "0"])
        try laboratory.write("dataset: {name: mnist, path: /nowhere}", to: "base.yaml")
        try fails(65, ["dataset.partition"], arguments)
        try laboratory.write(
            "{dataset: {name: mnist, path: /nowhere, partition: {kind: iid, clients: 10}}, model: {name: mlp}}",
            to: "base.yaml")
        try fails(66, ["/nowhere"], arguments)
        try FileManager.default.createDirectory(
            atPath: laboratory.file("sweep/inside"), withIntermediateDirectories: true)
        try laboratory.write(
            "{dataset: {name: synthetic, partition: {kind: natural}}, model: {name: logistic}}",
            to: "base.yaml")
        try fails(73, ["no sweep"], arguments)
    }
}

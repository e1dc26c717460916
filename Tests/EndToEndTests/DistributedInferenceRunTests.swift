import Foundation
import TensorMath
import Testing

/// Runs of distributed inference in processes of their own: equal bits, counted bytes, and what is killed and taken up
/// again.
@Suite(.serialized) struct DistributedInferenceRunTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func start(_ arguments: [String], workers: Int = 2) throws -> RunningProgram {
        try RunningProgram(["run"] + arguments + ["--quiet", "--json", "--workers", "\(workers)"])
    }

    @discardableResult
    private func run(
        _ name: String, _ settings: [String] = [], workers: Int = 1, scenario: String? = nil
    ) throws -> Program.Outcome {
        let scenario = try scenario ?? laboratory.inferenceScenario()
        let outcome = try start(
            [scenario, "--out", laboratory.file(name)] + settings.flatMap { ["--set", $0] }, workers: workers
        ).wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        return outcome
    }

    @Test func samplesThatAreAllHeldOut() throws {
        let laboratory = try Laboratory()
        let scenario = try laboratory.inferenceScenario()
        let outcome = try Program.run([
            "run", scenario, "--set", "dataset.limit=1", "--out", laboratory.file("none"), "--quiet",
        ])
        #expect(outcome.code == 65)
        #expect(
            outcome.errors.contains("of 1 training samples none is left to learn from; raise dataset.limit"),
            "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("none")))
    }

    /// A scenario of some seconds, most of them inference.
    private func longScenario(_ name: String, _ deployment: String = "") throws -> String {
        try laboratory.inferenceScenario(
            name: name, epochs: 4, students: "[4, 3]", images: 500, deployment: deployment,
            baselines: "[single_student, split_kd, random, equal, co_activation]")
    }

    // MARK: - Bits and bytes

    @Test func workersDoNotMatter() throws {
        let one = try run("one", workers: 1)
        let three = try run("three", workers: 3)
        #expect(laboratory.results("one").count >= 9, "\(laboratory.results("one"))")
        #expect(laboratory.differingResults("one", "three") == [])
        for key in ["model_digest", "accuracy", "final_accuracy", "teacher_accuracy"] {
            #expect(one.json[key] != nil && "\(one.json[key]!)" == "\(three.json[key] ?? "")", "\(key)")
        }
        let rows = laboratory.table("one/contenders.csv")
        #expect(one.json["model_digest"] as? String == rows[1]["digest"])
        #expect(one.json["payload_bytes_per_inference"] as? Double == Double(rows[1]["feature_bytes"]!))
    }

    /// Wire = federated + simulation; what students send is a part's filters times bytes of a value, for each image.
    @Test(
        arguments: [
            ("float32", 4, "broadcast", 1), ("float16", 2, "broadcast", 7), ("int8", 1, "local", 4),
            ("float32", 4, "local", 1),
        ])
    func bytes(values: String, width: Int, input: String, batch: Int) throws {
        let outcome = try run(
            "run",
            ["values=\(values)", "input=\(input)", "batch=\(batch)"].map { "deployment.\($0)" })
        let bytes = TrafficTests.numbers(outcome)
        #expect(bytes["wire"] == bytes["federated_up"]! + bytes["federated_down"]! + bytes["simulation"]!)
        #expect(outcome.json["retries"] as? Int == 0)
        let images = 100
        let messages = (images + batch - 1) / batch
        let nodes = laboratory.table("run/nodes.csv")
        let transfers = laboratory.table("run/transfers.csv")
        var (up, down) = (0, 0)
        var served = 0
        for row in laboratory.table("run/contenders.csv") {
            let name = row["contender"]!
            let own = transfers.filter { $0["contender"] == name }
            func sum(_ content: String, _ column: String) -> Int {
                own.filter { $0["content"] == content }.reduce(0) { $0 + Int($1[column]!)! }
            }
            guard ["partitioned", "split_kd"].contains(row["kind"]!) else { continue }
            served += 1
            let filters = nodes.filter { $0["contender"] == name }.map { Int($0["filters"]!)! }
            #expect(Int(row["feature_bytes"]!) == width * filters.reduce(0, +))
            #expect(sum("features", "payload_bytes") == width * filters.reduce(0, +))
            #expect(sum("features", "messages") == filters.count)
            #expect(sum("input", "payload_bytes") == (input == "local" ? 0 : 14 * 14 * filters.count))
            up += images * sum("features", "payload_bytes") + messages * sum("features", "header_bytes")
            down += images * sum("input", "payload_bytes") + messages * sum("input", "header_bytes")
            down += sum("weights", "payload_bytes") + sum("weights", "header_bytes")
        }
        #expect(served == 6)
        #expect(bytes["federated_up"] == UInt64(up))
        #expect(bytes["federated_down"] == UInt64(down))
    }

    // MARK: - Disturbances

    /// The coordinator killed and interrupted, and a worker killed, at moments that are drawn after a durable point.
    @Test func theSameBitsAsUndisturbed() throws {
        let scenario = try longScenario("long.yaml")
        try laboratory.expectEqualWhenDisturbed(scenario, least: 2, pause: 0.3, seed: 12)
    }

    /// A device's process is killed while it may be answering: another one answers, or what was under way is lost.
    @Test(arguments: ["restart", "lose"]) func workersKilled(policy: String) throws {
        let scenario = try longScenario("\(policy).yaml", "on_disconnect: \(policy)")
        let calm = try run("calm", workers: 2, scenario: scenario)
        let seconds = calm.json["wall_seconds"] as? Double ?? 1
        for trial in 0..<3 {
            let name = "killed\(trial)"
            let running = try start([scenario, "--out", laboratory.file(name)], workers: 1 + trial)
            usleep(useconds_t(seconds * (0.7 + 0.1 * Double(trial)) * 1e6))
            if let victim = running.children.last { kill(victim, SIGKILL) }
            let outcome = try running.wait()
            #expect(outcome.code == 0, "\(outcome.errors)")
            guard policy == "lose" else {
                #expect(laboratory.differingResults("calm", name) == [])
                continue
            }
            #expect(outcome.json["model_digest"] as? String == calm.json["model_digest"] as? String)
            let rows = laboratory.table("\(name)/contenders.csv")
            for (row, due) in zip(rows, laboratory.table("calm/contenders.csv")) {
                let (lost, accuracy) = (Int(row["lost_answers"]!)!, Double(row["accuracy"]!)!)
                #expect((accuracy - Double(due["accuracy"]!)!).magnitude * 500 <= Double(lost) + 1e-6)
                #expect(lost <= 3 * 16 * 4)
            }
        }
    }

    /// What a finished run left and somebody removed comes back as it was.
    @Test func missingFilesAreRestored() throws {
        let outcome = try run("run")
        let names = laboratory.results("run") + ["infrastructure.csv"]
        let before = names.map { laboratory.bytes("run/\($0)") }
        for name in names { try FileManager.default.removeItem(atPath: laboratory.file("run/\(name)")) }
        let again = try start(["--resume", laboratory.file("run")]).wait()
        #expect(again.code == 0, "\(again.errors)")
        #expect(names.map { laboratory.bytes("run/\($0)") } == before)
        #expect(again.json as NSDictionary == outcome.json as NSDictionary)
    }

    // MARK: - A teacher from a file

    @Test func loadedTeacher() throws {
        let scenario = try laboratory.inferenceScenario()
        let trained = try run("trained", scenario: scenario)
        func loading(_ weights: String) throws -> String {
            let text = String(decoding: laboratory.bytes("scenario-inference.yaml")!, as: UTF8.self)
            let lines = text.split(separator: "\n").map { line in
                line.hasPrefix("  training:") ? "  weights: \(weights)" : String(line)
            }
            try laboratory.write(lines.joined(separator: "\n"), to: "loading.yaml")
            return laboratory.file("loading.yaml")
        }
        let weights = laboratory.file("trained/teacher.safetensors")
        let loaded = try run("loaded", scenario: try loading(weights))
        #expect(loaded.json["model_digest"] as? String == trained.json["model_digest"] as? String)
        for key in ["accuracy", "teacher_accuracy"] {
            #expect(loaded.json[key] as? Double == trained.json[key] as? Double)
        }
        for name in ["teacher", "students"] {
            #expect(
                laboratory.bytes("loaded/\(name).safetensors")
                    == laboratory.bytes("trained/\(name).safetensors"))
        }

        func fails(_ code: Int32, _ words: [String], _ path: String, _ settings: [String] = []) throws {
            let outcome = try start(
                [try loading(path), "--out", laboratory.file("bad")] + settings.flatMap { ["--set", $0] }
            ).wait(seconds: 30)
            #expect(outcome.code == code, "\(path): \(outcome.errors)")
            for word in words { #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)") }
            #expect(!FileManager.default.fileExists(atPath: laboratory.file("bad")))
        }
        try fails(66, ["/nowhere.safetensors"], "/nowhere.safetensors")
        // Students' weights are no teacher's; nor are a teacher's of another width.
        try fails(65, ["students.safetensors"], laboratory.file("trained/students.safetensors"))
        try fails(65, ["teacher.safetensors"], weights, ["teacher.model.name=small_cnn_0.25"])
        let whole = laboratory.bytes("trained/teacher.safetensors")!
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: laboratory.file("half.safetensors")))
        try fails(65, ["half.safetensors"], laboratory.file("half.safetensors"))
        let nan = whole.dropLast(4) + Data([0, 0, 0xC0, 0x7F])
        try nan.write(to: URL(fileURLWithPath: laboratory.file("nan.safetensors")))
        try fails(65, ["nan.safetensors"], laboratory.file("nan.safetensors"))
    }

    // MARK: - Mistakes

    /// Training that diverges ends the run with the key to change, and accuses no worker.
    @Test(arguments: ["teacher.training", "distillation"]) func divergence(key: String) throws {
        let outcome = try start([
            try laboratory.inferenceScenario(), "--out", laboratory.file("out"), "--set",
            "\(key).optimizer.learning_rate=1000",
        ]).wait(seconds: 60)
        #expect(outcome.code == 65 || outcome.code == 70, "\(outcome.code) \(outcome.errors)")
        #expect(outcome.errors.contains("lower \(key).optimizer.learning_rate"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("sent away"), "\(outcome.errors)")
    }

    @Test(
        arguments: [
            ("partition.students=200", ["partition.students", "200"]),
            ("partition.redundancy=3", ["partition.redundancy", "3"]),
            ("partition.rule=best", ["partition.rule", "best", "activation_hub"]),
            ("student.model.name=resnet99", ["student.model.name", "resnet99"]),
            ("deployment.devices=[toaster]", ["deployment.devices", "toaster"]),
            ("deployment.link=string", ["deployment.link", "string"]),
            ("deployment.lost.probability=2", ["deployment.lost.probability", "2"]),
            ("deployment.values=float64", ["deployment.values", "float64"]),
            ("deployment.batch=0", ["deployment.batch", "0"]),
            ("distillation.images=imagined", ["distillation.images", "imagined"]),
            ("teacher.model.name=logistic", ["teacher.model.name", "logistic"]),
            ("dataset.validation_fraction=1", ["dataset.validation_fraction", "1"]),
            ("baselines=[magic]", ["baselines", "magic"]),
            ("method.name=fedavg", ["method"]), ("training.rounds=3", ["training"]),
        ] as [(String, [String])])
    func mistakes(setting: String, words: [String]) throws {
        let outcome = try start([
            try laboratory.inferenceScenario(), "--out", laboratory.file("out"), "--set", setting,
        ]).wait(seconds: 30)
        #expect(outcome.code == 65, "\(outcome.code) \(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)") }
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("out")))
    }
}

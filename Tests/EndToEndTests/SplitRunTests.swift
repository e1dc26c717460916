import Foundation
import Methods
import Networks
import TensorMath
import Testing

/// Runs of split computing in processes of their own: equal bits, counted bytes, a server that answers what the same
/// network in one piece would, and links that are cut.
@Suite(.serialized) struct SplitRunTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func start(_ arguments: [String], workers: Int = 1) throws -> RunningProgram {
        try RunningProgram(["run"] + arguments + ["--quiet", "--json", "--workers", "\(workers)"])
    }

    @discardableResult
    private func run(
        _ name: String, _ settings: [String] = [], workers: Int = 1, scenario: String? = nil
    ) throws -> Program.Outcome {
        let scenario = try scenario ?? laboratory.splitScenario()
        let outcome = try start(
            [scenario, "--out", laboratory.file(name)] + settings.flatMap { ["--set", $0] }, workers: workers
        ).wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        return outcome
    }

    private func modes(_ run: String) -> [String: [String: String]] {
        Dictionary(
            uniqueKeysWithValues: laboratory.table("\(run)/modes.csv").map { ($0["mode"]!, $0) })
    }

    // MARK: - Bits and bytes

    @Test func workersDoNotMatter() throws {
        let one = try run("one", workers: 1)
        let three = try run("three", workers: 3)
        #expect(laboratory.results("one").count >= 6, "\(laboratory.results("one"))")
        #expect(laboratory.differingResults("one", "three") == [])
        for key in ["model_digest", "accuracy", "final_accuracy", "teacher_accuracy"] {
            #expect(one.json[key] != nil && "\(one.json[key]!)" == "\(three.json[key] ?? "")", "\(key)")
        }
        let rows = modes("one")
        #expect(rows.count == 14, "\(rows.keys.sorted())")
        let main = rows["bottlefit_2"]!
        #expect(one.json["model_digest"] as? String == main["digest"])
        #expect(one.json["payload_bytes_per_inference"] as? Double == Double(2 * 8 * 8 + 8))
        #expect(one.json["messages_per_inference"] as? Double == 1)
        // The teacher gives the same answers on the server as on the device.
        #expect(rows["edge_raw"]!["accuracy"] == rows["local"]!["accuracy"])
        #expect(
            rows["edge_raw"]!["payload_bytes"] == "\(14 * 14)"
                || rows["edge_raw"]!["payload_bytes"] == "\(14 * 14).0")
        let best = Double(rows["edge_jpeg_95"]!["payload_bytes"]!)!
        #expect(Double(rows["edge_jpeg_20"]!["payload_bytes"]!)! < best)
    }

    /// Wire = federated + simulation, and what devices send is what the formats say.
    @Test(arguments: [(8, false), (4, false), (16, false), (32, false), (8, true)])
    func bytes(bits: Int, deflates: Bool) throws {
        let outcome = try run(
            "run", ["bottleneck.bits=\(bits)", "bottleneck.deflate=\(deflates)"])
        let bytes = TrafficTests.numbers(outcome)
        #expect(bytes["wire"] == bytes["federated_up"]! + bytes["federated_down"]! + bytes["simulation"]!)
        #expect(outcome.json["retries"] as? Int == 0)
        let images = 60
        var up = 0
        for (name, row) in modes("run") {
            let (sent, exits) = (Int(row["sent"]!)!, Int(row["exits"]!)!)
            let (total, header) = (Int(row["total_payload_bytes"]!)!, Int(row["header_bytes"]!)!)
            #expect(sent + exits == (name.hasPrefix("local") ? 0 : images), "\(name)")
            up += total + sent * header
            guard let channels = Int(row["channels"]!), name.hasPrefix("bottlefit") else { continue }
            let due = (bits > 8 ? 0 : 8) + (channels * 8 * 8 * bits + 7) / 8
            if deflates {
                #expect(total < images * (due + 12) && row["least_payload_bytes"] != "\(due)")
            } else {
                #expect(total == images * due, "\(name)")
                #expect(row["least_payload_bytes"] == "\(due)" && row["greatest_payload_bytes"] == "\(due)")
            }
        }
        #expect(bytes["federated_up"] == UInt64(up))
    }

    /// Head and tail in two processes give the logits of the same quantised network in one, bit for bit: here by the
    /// formulas of the quantiser, written down once more.
    @Test func quantisedInOnePiece() throws {
        try run("run", scenario: try laboratory.splitScenario(channels: "2", baselines: "[local]"))
        let teacher = try NetworkPlan(
            spec: ModelSpec.named("resnet8", classes: 10)!, input: Shape(channels: 1, height: 14, width: 14),
            classes: 10)
        let divided = try DividedNetwork.bottleneck(of: teacher, version: 2, channels: 2)
        let all = FloatBuffer(count: divided.whole.layout.count).view
        try SafetensorsFile(path: laboratory.file("run/divided.safetensors")).load(
            divided.whole.layout, into: all)
        let head = Network(
            plan: divided.head, batch: 1, mode: .evaluation, parameters: divided.parametersOfHead(in: all))
        let tail = Network(
            plan: try #require(divided.tail), batch: 1, mode: .evaluation,
            parameters: divided.parametersOfTail(in: all))
        let test = try laboratory.testImages()
        let logits = FloatBuffer(count: 60 * 10).view
        var correct = 0
        for image in 0..<60 {
            for (place, pixel) in test.pixels(image..<image + 1).enumerated() {
                head.input[place] = Float(pixel) / 255
            }
            head.forward(samples: 1)
            let code = head.logits.slice(0, divided.code.count).array
            let (least, greatest) = (code.min()!, code.max()!)
            let scale = (greatest - least) / 255
            let zero = Float(Int(min(max(-least / scale, 0), 255)))
            for (place, value) in code.enumerated() {
                let step = min(max(value / scale + zero, 0), 255).rounded(.toNearestOrEven)
                tail.input[place] = scale * (step - zero)
            }
            tail.forward(samples: 1)
            let row = logits.slice(10 * image, 10)
            row.copy(from: tail.logits.slice(0, 10))
            let values = row.array
            if values.firstIndex(of: values.max()!) == Int(test.labels[image]) { correct += 1 }
        }
        let main = modes("run")["bottlefit_2"]!
        #expect(main["answers_digest"] == "\(ObjectBytes(logits).id)")
        #expect(Double(main["accuracy"]!)! == Double(correct) / 60)
    }

    // MARK: - Disturbances

    /// The coordinator killed and interrupted, and a worker killed, after durable points.
    @Test func theSameBitsAsUndisturbed() throws {
        let scenario = try laboratory.splitScenario(name: "long.yaml", epochs: 2, images: 500)
        try laboratory.expectEqualWhenDisturbed(scenario, least: 1, pause: 0.3, seed: 12)
    }

    /// The link is cut while a device answers images, for shorter and for longer than the coordinator waits for it: the
    /// device answers by itself meanwhile, every image is answered once, and it goes back.
    @Test(arguments: [7.0, 14.0]) func linkCut(seconds: Double) throws {
        let scenario = try laboratory.splitScenario(
            channels: "2", images: 400, deployment: "window: 1, on_disconnect: continue",
            baselines: "[local, edge_raw]", filter: "[]")
        try run("calm", scenario: scenario)
        let running = try RunningProgram([
            "coordinator", scenario, "--bind", "tcp://127.0.0.1:0", "--out", laboratory.file("cut"),
            "--quiet", "--json", "--set", "hosts.launch=[{kind: manual}]",
        ])
        #expect(eventually { laboratory.endpoint("cut") != nil })
        let endpoint = try #require(laboratory.endpoint("cut"))
        let port = try #require(endpoint.split(separator: ":").last.flatMap { Int($0) })
        let proxy = try CountingProxy(to: port, delay: 5_000)
        let worker = try RunningProgram(["worker", "--connect", "tcp://127.0.0.1:\(proxy.port)"])
        // After three epochs of training the first mode answers, for four seconds at least.
        #expect(eventually(seconds: 60) { laboratory.checkpoints("cut").last ?? "" >= "round-000003" })
        usleep(500_000)
        proxy.setCut(true)
        usleep(useconds_t(seconds * 1e6))
        proxy.setCut(false)
        let outcome = try running.wait(seconds: 90)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try worker.wait(seconds: 20).code == 0)
        let (rows, due) = (modes("cut"), modes("calm"))
        var local = 0
        for (name, row) in rows where name != "local" {
            let counts = ["sent", "exits", "local", "lost"].map { Int(row[$0]!)! }
            #expect(counts.reduce(0, +) == 400 && counts[3] == 0, "\(name): \(counts)")
            #expect(counts[0] > 0, "\(name): \(counts)")
            local += counts[2]
            if counts[2] == 0 { #expect(row["answers_digest"] == due[name]!["answers_digest"]) }
            #expect(row["digest"] == due[name]!["digest"])
        }
        #expect(local > 0 && local < 400, "\(local)")
    }

    /// What a finished run left and somebody removed comes back as it was.
    @Test func missingFilesAreRestored() throws {
        let scenario = try laboratory.splitScenario(baselines: "[local, edge_jpeg]")
        let outcome = try run("run", scenario: scenario)
        let names = laboratory.results("run") + ["infrastructure.csv"]
        let before = names.map { laboratory.bytes("run/\($0)") }
        for name in names { try FileManager.default.removeItem(atPath: laboratory.file("run/\(name)")) }
        let again = try start(["--resume", laboratory.file("run")]).wait()
        #expect(again.code == 0, "\(again.errors)")
        #expect(names.map { laboratory.bytes("run/\($0)") } == before)
        #expect(again.json as NSDictionary == outcome.json as NSDictionary)
    }

    // MARK: - Mistakes

    @Test(
        arguments: [
            ("bottleneck.version=4", ["bottleneck.version", "4"]),
            ("bottleneck.channels=0", ["bottleneck.channels", "0"]),
            ("bottleneck.bits=9", ["bottleneck.bits", "9", "16"]),
            ("teacher.model.name=mlp", ["teacher.model.name", "mlp"]),
            ("device=toaster", ["device", "toaster"]), ("server=fridge", ["server", "fridge"]),
            ("links.radio=string", ["links.radio", "string"]),
            ("links.rates_mbps=[5, 1]", ["links.rates_mbps", "ascend"]),
            ("deployment.jpeg_qualities=0", ["deployment.jpeg_qualities", "0"]),
            ("deployment.exit_thresholds=[1.5]", ["deployment.exit_thresholds", "1.5"]),
            ("training.stage2.loss=mse", ["training.stage2.loss", "mse"]),
            ("filter.classes=[1, 1]", ["filter.classes", "1"]),
            ("controller={latency_weight: 0, energy_weight: 0}", ["controller.latency_weight", "raise"]),
            ("controller.trace={windows: 5, outage: [6, 1]}", ["controller.trace.outage", "6"]),
            ("small_model=resnet9", ["small_model", "resnet9"]),
            ("baselines=[magic]", ["baselines", "magic"]), ("partition.students=2", ["partition"]),
        ] as [(String, [String])])
    func mistakes(setting: String, words: [String]) throws {
        let outcome = try start([
            try laboratory.splitScenario(), "--out", laboratory.file("out"), "--set", setting,
        ]).wait(seconds: 30)
        #expect(outcome.code == 65, "\(outcome.code) \(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)") }
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("out")))
    }

    /// A filter that no validation sample is of interest to has no threshold: of ten classes nine are not the one sample's.
    @Test func nothingOfInterest() throws {
        let scenario = try laboratory.splitScenario()
        let outcomes = try (0..<2).map { label in
            try start([
                scenario, "--out", laboratory.file("out"), "--set", "dataset.limit=6", "--set",
                "filter.classes=[\(label)]",
            ]).wait(seconds: 30)
        }
        let refused = outcomes.filter { $0.code == 65 }
        #expect(!refused.isEmpty && outcomes.allSatisfy { [0, 65].contains($0.code) })
        for outcome in refused {
            #expect(
                outcome.errors.contains(
                    "filter.classes: none of 1 validation samples is of these; raise dataset.validation_fraction"
                ))
        }
    }

    /// Profiles that changed since are told, before anything of the run is made again.
    @Test func changedProfiles() throws {
        _ = try laboratory.devices("")
        let scenario = try laboratory.splitScenario(baselines: "[local]", filter: "[]")
        try run("run", ["device=\(laboratory.file("fast.yaml"))"], scenario: scenario)
        let report = try Program.run(["report", laboratory.file("run")])
        #expect(report.code == 0, "\(report.errors)")
        let fast = try String(contentsOfFile: laboratory.file("fast.yaml"), encoding: .utf8)
        try laboratory.write(
            fast.replacing("active_watts: 3", with: "active_watts: 4"), to: "fast.yaml")
        try FileManager.default.removeItem(atPath: laboratory.file("run/rates.csv"))
        for arguments in [["report", laboratory.file("run")], ["run", "--resume", laboratory.file("run")]] {
            let outcome = try Program.run(arguments)
            #expect(outcome.code == 65, "\(outcome.code) \(outcome.errors)")
            #expect(outcome.errors.contains("are not those that the run began with"), "\(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("run/rates.csv")))
    }

    /// A trace that is not there is told at its key, as missing input.
    @Test func missingTrace() throws {
        let outcome = try start([
            try laboratory.splitScenario(), "--out", laboratory.file("out"), "--set",
            "controller.trace={kind: file, path: nowhere.csv}",
        ]).wait(seconds: 30)
        #expect(outcome.code == 66, "\(outcome.code) \(outcome.errors)")
        #expect(
            outcome.errors.contains("controller.trace.path: nowhere.csv does not exist; check the path"),
            "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: laboratory.file("out")))
    }

    /// Training that diverges ends the run with the key to change, and accuses no worker.
    @Test(arguments: ["teacher.training", "training.stage2"]) func divergence(key: String) throws {
        let outcome = try start([
            try laboratory.splitScenario(baselines: "[local]"), "--out", laboratory.file("out"), "--set",
            "\(key).optimizer.learning_rate=1000",
        ]).wait(seconds: 60)
        #expect(outcome.code == 65 || outcome.code == 70, "\(outcome.code) \(outcome.errors)")
        #expect(outcome.errors.contains("lower \(key).optimizer.learning_rate"), "\(outcome.errors)")
    }
}

import Foundation
import TensorMath
import Testing

/// Partitions as a user meets them: looked at, drawn, refused, and trained on with the same bits everywhere.
@Suite(.serialized) struct DataCommandTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    private func partition(_ text: String, pool: Bool = false) throws -> [String] {
        [try laboratory.scenario(), "--set", "dataset.partition={\(text)}"]
            + (pool ? ["--set", "dataset.pool=true"] : [])
    }

    @Test(arguments: [
        "kind: iid, clients: 20", "kind: shards, clients: 20", "kind: classes_per_client, clients: 20",
        "kind: classes_per_client, clients: 20, assignment: random", "kind: dirichlet, clients: 20",
        "kind: dirichlet_balanced, clients: 20", "kind: quantity_skew, clients: 20, alpha: 2",
        "kind: feature_noise, clients: 20",
    ])
    func inspect(text: String) throws {
        for pool in [false, true] {
            let arguments = try partition(text, pool: pool)
            let outcome = try Program.run(["data", "inspect"] + arguments + ["--json"])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let json = outcome.json
            let histograms = try #require(json["client_label_histograms"] as? [[Int]])
            let dropped = try #require(json["dropped"] as? Int)
            #expect(histograms.count == 20)
            #expect(histograms.joined().reduce(0, +) + dropped == (pool ? 2500 : 2000))
            let mean = try #require(json["jensen_shannon_mean"] as? Double)
            let most = try #require(json["jensen_shannon_maximum"] as? Double)
            #expect(mean >= 0 && mean <= most && most <= 1)
            let held = try #require(json["held_out_samples"] as? Int)
            #expect(json["test_samples"] as? Int == (pool ? held : 500))
            let shown = try Program.run(["data", "inspect"] + arguments + ["--rows", "3"])
            #expect(shown.output.contains("and 17 more clients"), "\(shown.output)")
        }
    }

    @Test func pictures() throws {
        let arguments = try partition("kind: dirichlet, clients: 20")
        for name in ["a.svg", "b.png"] {
            let outcome = try Program.run(["data", "plot"] + arguments + ["--out", laboratory.file(name)])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect((laboratory.bytes(name)?.count ?? 0) > 1000)
        }
        let wrong = try Program.run(["data", "plot"] + arguments + ["--out", laboratory.file("c.pdf")])
        #expect(wrong.code == 64 && wrong.errors.contains(".svg"))
        let nowhere = try Program.run(["data", "plot"] + arguments + ["--out", "/nowhere/c.svg"])
        #expect(nowhere.code == 74, "\(nowhere.errors)")
    }

    /// Every command names what an infeasible partition needs, in time, before anything starts.
    @Test(arguments: [
        ("kind: classes_per_client, clients: 10, classes: 11", "at most 10"),
        ("kind: dirichlet, clients: 100, alpha: 0.001", "raise alpha"),
        ("kind: dirichlet, clients: 100, minimum: 30", "at most 66 clients"),
        ("kind: quantity_skew, clients: 100, alpha: 0.01", "raise alpha"),
    ])
    func infeasible(text: String, remedy: String) throws {
        let out = laboratory.file("out")
        let arguments = try partition(text)
        for command in [
            ["data", "inspect"], ["data", "plot", "--out", laboratory.file("x.svg")], ["check"],
            ["run", "--out", out],
        ] {
            let outcome = try Program.run(command + arguments, seconds: 60)
            #expect(outcome.code == 65, "\(command): \(outcome.errors)")
            #expect(outcome.errors.contains("dataset.partition"), "\(outcome.errors)")
            #expect(outcome.errors.contains(remedy), "\(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func noiseAndPoolGiveTheSameBits() throws {
        for (name, workers) in [("one", "1"), ("three", "3")] {
            let outcome = try Program.run(
                ["run"] + partition("kind: feature_noise, clients: 12, level: 0.3", pool: true) + [
                    "--out", laboratory.file(name), "--workers", workers, "--quiet", "--json",
                ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let evaluated = try Program.run([
                "evaluate", "--model", laboratory.file(name) + "/model.safetensors", "--scenario",
                laboratory.file(name) + "/scenario.yaml", "--json",
            ])
            #expect(evaluated.json["accuracy"] as? Double == outcome.json["final_accuracy"] as? Double)
            // Of twelve parts of 208 or 209 samples, 42 each.
            #expect(evaluated.json["samples"] as? Int == 504)
        }
        #expect(laboratory.differences("one", "three") == [])
    }

    /// Three writers, training and test files apart, a file of its own for one of them.
    private func writeLEAF(to folder: String) throws {
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        func user(_ samples: Int) -> (x: String, y: String) {
            let labels = (0..<samples).map { _ in stream.index(below: 4) }
            let rows = labels.map { label in
                let values = (0..<4).map {
                    "\(Double(stream.index(below: 100) + ($0 == label ? 155 : 0)) / 255)"
                }
                return "[\(values.joined(separator: ", "))]"
            }
            return (rows.joined(separator: ", "), labels.map { "\($0)" }.joined(separator: ", "))
        }
        func document(_ users: [(String, Int)]) -> String {
            let data = users.map { name, samples in
                let (x, y) = user(samples)
                return "\"\(name)\": {\"x\": [\(x)], \"y\": [\(y)]}"
            }
            let names = users.map { "\"\($0.0)\"" }.joined(separator: ", ")
            let counts = users.map { "\($0.1)" }.joined(separator: ", ")
            return "{\"users\": [\(names)], \"num_samples\": [\(counts)], \"user_data\": "
                + "{\(data.joined(separator: ", "))}}"
        }
        for part in ["train", "test"] {
            try FileManager.default.createDirectory(
                atPath: laboratory.file("\(folder)/\(part)"), withIntermediateDirectories: true)
        }
        try laboratory.write(document([("f0", 40), ("f1", 25)]), to: "\(folder)/train/all_data_0.json")
        try laboratory.write(document([("f2", 31)]), to: "\(folder)/train/all_data_1.json")
        try laboratory.write(document([("f0", 9), ("f2", 12)]), to: "\(folder)/test/all_data_0.json")
    }

    @Test func trainsOnUsersOfLEAF() throws {
        try writeLEAF(to: "leaf")
        try laboratory.write(
            """
            dataset: {name: leaf, path: \(laboratory.file("leaf")), classes: 4, shape: 4, partition: {kind: natural}}
            model: {name: logistic}
            training: {rounds: 20, clients_per_round: 3, optimizer: {name: sgd, learning_rate: 0.5}}
            """, to: "leaf.yaml")
        let scenario = laboratory.file("leaf.yaml")
        let inspected = try Program.run(["data", "inspect", scenario, "--json"]).json
        #expect(inspected["clients"] as? Int == 3 && inspected["test_samples"] as? Int == 21)
        let histograms = inspected["client_label_histograms"] as? [[Int]]
        #expect(histograms?.map { $0.reduce(0, +) } == [40, 25, 31])
        for (name, workers) in [("one", "1"), ("two", "2")] {
            let outcome = try Program.run([
                "run", scenario, "--out", laboratory.file(name), "--workers", workers, "--quiet", "--json",
            ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect((outcome.json["final_accuracy"] as? Double ?? 0) > 0.8)
        }
        #expect(laboratory.differences("one", "two") == [])
        let pooled = try Program.run([
            "data", "inspect", scenario, "--json", "--set", "dataset.pool=true", "--set",
            "dataset.local_test_fraction=0.1", "--set", "dataset.users=2", "--set",
            "training.clients_per_round=2",
        ]).json
        #expect((pooled["client_label_histograms"] as? [[Int]])?.map { $0.reduce(0, +) } == [49, 25])
        let groups = try Program.run([
            "run", scenario, "--out", laboratory.file("groups"), "--quiet", "--set",
            "dataset.partition={kind: natural_groups, clients: 2}", "--set", "training.clients_per_round=2",
        ])
        #expect(groups.code == 0, "\(groups.errors)")
        let many = try Program.run(["check", scenario, "--set", "training.clients_per_round=4"])
        #expect(many.code == 65 && many.errors.contains("at most 3"))
        try laboratory.write("{\"user_data\": {", to: "leaf/train/all_data_1.json")
        let broken = try Program.run(["data", "inspect", scenario])
        #expect(broken.code == 65 && broken.errors.contains("all_data_1.json, byte 15"), "\(broken.errors)")
    }
}

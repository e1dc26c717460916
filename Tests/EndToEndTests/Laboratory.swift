import Datasets
import Foundation
import TensorMath

/// A directory with a small data set in IDX files and scenarios over it; removed with the value.
final class Laboratory {
    let path: String

    init() throws {
        var template = Array("/tmp/tributary-test-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
        try writeData()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    }

    /// A file that nobody may touch.
    func keep(_ name: String) { _ = FileManager.default.createFile(atPath: file(name), contents: Data([1])) }

    func bytes(_ name: String) -> Data? { FileManager.default.contents(atPath: file(name)) }

    static let side = 14
    static let classes = 10

    /// 2,000 training and 500 test images: a blob whose place tells the class, and noise.
    private func writeData() throws {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        for (name, count) in [("train", 2000), ("t10k", 500)] {
            var images = Self.header([0x0803, count, Self.side, Self.side])
            var labels = Self.header([0x0801, count])
            for _ in 0..<count {
                let label = stream.index(below: Self.classes)
                labels.append(UInt8(label))
                for y in 0..<Self.side {
                    for x in 0..<Self.side {
                        let near = abs(x - 1 - label) < 2 && abs(y - 3 - label / 2) < 3
                        images.append(UInt8((near ? 120 : 0) + stream.index(below: 100)))
                    }
                }
            }
            try images.write(to: URL(fileURLWithPath: file("\(name)-images-idx3-ubyte")))
            try labels.write(to: URL(fileURLWithPath: file("\(name)-labels-idx1-ubyte")))
        }
    }

    /// As the program reads them.
    func testImages() throws -> Split {
        var spec = DatasetSpec(name: .mnist)
        spec.path = path
        return try Dataset.load(spec, seed: 1).test
    }

    static func header(_ numbers: [Int]) -> Data {
        Data(numbers.flatMap { n in (0..<4).map { UInt8(truncatingIfNeeded: n >> (24 - 8 * $0)) } })
    }

    /// A scenario whose model takes more than one chunk of 1 MiB.
    func scenario(
        name: String = "scenario.yaml", clients: Int = 40, perRound: Int = 10, rounds: Int = 6,
        extra: String = ""
    ) throws -> String {
        try write(
            """
            name: laboratory
            kind: federated
            seed: 3
            dataset:
              name: mnist
              path: \(path)
              partition: {kind: shards, clients: \(clients), shards_per_client: 2}
              local_test_fraction: 0.2
            model:
              layers: [{conv: {channels: 4, kernel: 3, padding: same}}, relu, {max_pool: 2}, flatten, {dense: 1400}, relu, {dense: classes}]
            method: {name: fedavg}
            training: {rounds: \(rounds), clients_per_round: \(perRound), batch_size: 8, local_epochs: 1,
                       optimizer: {name: sgd, learning_rate: 0.05}}
            evaluation: {every: 2, on: [global_test, local_test]}
            \(extra)
            """, to: name)
        return file(name)
    }

    /// A scenario that takes a fraction of a second, with everything that methods ask of a model: norms, running
    /// statistics and a hidden layer.
    func smallScenario(
        name: String = "small.yaml", method: String, rounds: Int = 4, extra: String = ""
    ) throws -> String {
        try write(
            """
            name: small
            kind: federated
            seed: 5
            dataset:
              name: mnist
              path: \(path)
              partition: {kind: shards, clients: 8, shards_per_client: 2}
              local_test_fraction: 0.2
            model:
              layers: [{conv: {channels: 2, kernel: 3, padding: same}}, batch_norm, relu, {max_pool: 2}, flatten,
                       {dense: 8}, relu, {dense: classes}]
            method: {name: \(method)}
            training: {rounds: \(rounds), clients_per_round: 4, batch_size: 20, local_epochs: 1,
                       optimizer: {name: sgd, learning_rate: 0.02}}
            evaluation: {every: 2, on: [global_test, local_test]}
            \(extra)
            """, to: name)
        return file(name)
    }

    /// Distributed inference of about a second: a teacher of three small convolutions, its students a quarter as wide.
    func inferenceScenario(
        name: String = "scenario-inference.yaml", epochs: Int = 1, students: String = "[2, 3]",
        images: Int = 100, deployment: String = "",
        baselines: String = "[single_student, channel_split, split_kd, random]"
    ) throws -> String {
        let training = "batch_size: 32, optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9}"
        try write(
            """
            name: students
            kind: distributed_inference
            seed: 5
            dataset: {name: mnist, path: \(path), limit: 800, validation_fraction: 0.2}
            teacher:
              model: {name: small_cnn_0.5}
              training: {epochs: \(2 * epochs), \(training)}
            partition: {students: \(students), edge_percentile: 80}
            student: {model: {name: small_cnn_0.125}}
            distillation: {epochs: \(epochs), \(training)}
            deployment: {images: \(images)\(deployment.isEmpty ? "" : ", \(deployment)")}
            baselines: \(baselines)
            """, to: name)
        return file(name)
    }

    /// ResNet-8 on images of 14 x 14, divided by a bottleneck of version 2, whose code has 8 x 8 values a channel.
    func splitScenario(
        name: String = "scenario-split.yaml", epochs: Int = 1, channels: String = "[2, 1]", images: Int = 60,
        bottleneck: String = "", deployment: String = "",
        baselines: String =
            "[local, edge_jpeg, edge_raw, naive_kd, hnd, autoencoder, early_exit, local_small]",
        filter: String = "[1, 3, 5]"
    ) throws -> String {
        let training = "epochs: \(epochs), batch_size: 32"
        try write(
            """
            name: bottleneck
            kind: split_computing
            seed: 5
            dataset: {name: mnist, path: \(path), limit: 300, validation_fraction: 0.2}
            teacher:
              model: {name: resnet8}
              training: {\(training), optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9}}
            bottleneck: {version: 2, channels: \(channels)\(bottleneck.isEmpty ? "" : ", \(bottleneck)")}
            training: {stage1: {\(training)}, stage2: {\(training)}, end_to_end: {\(training)}}
            deployment: {images: \(images), jpeg_qualities: [95, 20], exit_thresholds: [0.2]\(deployment.isEmpty ? "" : ", \(deployment)")}
            filter: {classes: \(filter), training: {\(training)}}
            baselines: \(baselines)
            """, to: name)
        return file(name)
    }

    /// `devices` of a scenario: boards that take 1 s and 4 s for any pass, from files; `others` are its other keys.
    func devices(_ others: String) throws -> String {
        for (name, seconds) in [("fast", 1), ("slow", 4)] {
            try write(
                """
                name: \(name)
                processor: none
                runtime: none
                speed:
                  peak_gflops: 1000
                  efficiency: {conv3x3: 1, convolution: 1, pointwise: 1, depthwise: 1, dense: 1, elementwise: free}
                  activation_gb_per_second: free
                  weight_gb_per_second: free
                  pass_us: \(seconds)e6
                  source: none
                memory: {mib: 64, source: none}
                power: {active_watts: 3, idle_watts: 1, source: none}
                """, to: "\(name).yaml")
        }
        let groups = ["fast", "slow"].map { "{profile: \(file("\($0).yaml")), link: wifi}" }
        return "devices: {groups: [\(groups.joined(separator: ", "))], \(others)}"
    }

    /// Names of the files that a finished run leaves and that must not differ between equal runs: models and every
    /// table but that of the infrastructure.
    func results(_ run: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: file(run))) ?? []
        return names.filter {
            $0.hasSuffix(".safetensors") || $0.hasSuffix(".csv") && $0 != "infrastructure.csv"
        }.sorted()
    }

    /// The names of those results that differ between two run directories, or are missing in one.
    func differingResults(_ a: String, _ b: String) -> [String] {
        Set(results(a)).union(results(b)).filter { name in
            guard let left = bytes("\(a)/\(name)"), let right = bytes("\(b)/\(name)") else { return true }
            return left != right
        }.sorted()
    }

    /// The lines of a table, each as its cells by the names of the columns.
    func table(_ name: String) -> [[String: String]] {
        let lines = String(decoding: bytes(name) ?? Data(), as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        guard let head = lines.first else { return [] }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(head, $0)) }
    }

    /// The files that must not differ between equal runs.
    static let compared = [
        "model.safetensors", "rounds.csv", "clients.csv", "local_test.csv", "traffic.csv", "costs.csv",
        "partition.csv", "scenario.yaml",
    ]

    /// The names of those that differ between two run directories.
    func differences(_ a: String, _ b: String) -> [String] {
        Self.compared.filter { name in
            guard let left = bytes("\(a)/\(name)"), let right = bytes("\(b)/\(name)") else { return true }
            return left != right
        }
    }

    func rounds(_ run: String) -> [String] {
        String(decoding: bytes("\(run)/rounds.csv") ?? Data(), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }

    /// The endpoint that a run's last (or first) coordinator wrote into its log.
    func endpoint(_ run: String, first: Bool = false) -> String? {
        let log = String(decoding: bytes("\(run)/log.jsonl") ?? Data(), as: UTF8.self)
        let lines = log.split(separator: "\n")
        for line in first ? lines : lines.reversed() {
            guard let entry = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let details = entry["details"] as? [String: String], let endpoint = details["endpoint"]
            else { continue }
            return endpoint
        }
        return nil
    }
}

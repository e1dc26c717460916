import Foundation
import Testing

/// What commands say of distributed inference.
@Suite struct InferenceCommandTests {
    /// Every file of the kind, in seconds.
    static let scenario = """
        kind: distributed_inference
        dataset: {name: fashion_mnist, limit: 400, validation_fraction: 0.25}
        teacher: {model: {name: small_cnn}, training: {epochs: 1}}
        partition: {students: 2, edge_percentile: 80}
        student: {model: {name: small_cnn_0.25}}
        distillation: {epochs: 1}
        deployment: {images: 20}
        baselines: [teacher, random]

        """

    let laboratory: Laboratory
    private let file: String

    init() throws {
        laboratory = try Laboratory()
        try laboratory.write(Self.scenario, to: "nonn.yaml")
        file = laboratory.file("nonn.yaml")
    }

    @Test func aRunIsReportedOnAndItsTeacherEvaluated() throws {
        let run = laboratory.file("run")
        let done = try Program.run(["run", file, "--out", run, "--quiet"])
        #expect(done.code == 0 && done.output.contains("activation_hub_2"), "\(done.errors)")
        #expect(done.output.contains("report     \(run)/report.html"))
        for name in ["activation_hub_2.json", "activation_hub_2.graphml", "random_2.json"] {
            #expect(laboratory.bytes("run/partition/\(name)") != nil, "\(name)")
        }
        #expect(laboratory.bytes("run/partition/random_2.graphml") == nil)

        let text = try Program.run(["report", run])
        #expect(text.code == 0 && text.output.hasPrefix(done.output.prefix { $0 != "\n" }), "\(text.errors)")
        let report = try Program.run(["report", run, "--json"])
        let record = try #require((report.json["runs"] as? [[String: Any]])?.first)
        let contenders = try #require(record["contenders"] as? [[String: Any]])
        #expect(
            contenders.map { $0["contender"] as? String } == ["teacher", "activation_hub_2", "random_2"])
        // All 128 filters of the teacher, four bytes each.
        #expect(contenders[2]["feature_bytes"] as? Int == 512)
        let refused = try Program.run(["report", run, "--targets", "0.5"])
        #expect(refused.code == 64 && refused.errors.contains("--targets is about federated runs"))

        let teacher = try Program.run(
            ["evaluate", "--model", run + "/teacher.safetensors", "--scenario", file, "--json"])
        #expect(teacher.code == 0, "\(teacher.errors)")
        #expect(teacher.json["accuracy"] as? Double == record["teacher_accuracy"] as? Double)
        #expect(teacher.json["samples"] as? Int == 20)
        let students = try Program.run(
            ["evaluate", "--model", run + "/students.safetensors", "--scenario", file])
        #expect(students.code == 65 && students.errors.contains("contenders.csv"), "\(students.errors)")

        // What is missing is made again.
        try FileManager.default.removeItem(atPath: run + "/partition/activation_hub_2-nodes.csv")
        let again = try Program.run(["run", "--resume", run])
        #expect(again.code == 0 && again.errors.contains("activation_hub_2-nodes.csv"), "\(again.errors)")
        #expect(laboratory.bytes("run/partition/activation_hub_2-nodes.csv") != nil)
        try expectOtherKindsRefused(beside: run)
    }

    private func expectOtherKindsRefused(beside run: String) throws {
        let federated = laboratory.file("federated")
        let scenario = try laboratory.scenario(rounds: 1)
        #expect(try Program.run(["run", scenario, "--out", federated, "--quiet"]).code == 0)
        let mixed = try Program.run(["report", federated, run])
        #expect(mixed.code == 64, "\(mixed.errors)")
        #expect(
            mixed.errors.contains("kind federated") && mixed.errors.contains("kind distributed_inference"))
    }

    @Test func checkForecastsEveryContender() throws {
        let check = try Program.run(["check", file, "--json"])
        #expect(check.code == 0 && check.errors == "", "\(check.errors)")
        // 128 filters over two students, four bytes each; an image to each, features from each.
        #expect(check.json["payload_bytes_per_inference"] as? Int == 512)
        #expect(check.json["messages_per_inference"] as? Int == 2)
        let contenders = try #require(check.json["contenders"] as? [[String: Any]])
        #expect(contenders[1]["networks"] as? [String] == ["small_cnn_0.25", "small_cnn_0.25"])
        #expect(contenders[1]["input_bytes"] as? Int == 2 * 784)
        let text = try Program.run(["check", file])
        #expect(text.output.contains("2 small_cnn_0.25"), "\(text.output)")
    }

    @Test func checkWarnsOfFewEdgesAndSmallDevices() throws {
        let few = try Program.run(
            [
                "check", file, "--set", "partition.edge_percentile=99", "--set",
                "teacher.model.name=small_cnn_0.5",
            ])
        // 64 filters: 64 * 63 / 200.
        #expect(
            few.code == 0 && few.errors.contains("of 64 filters leaves at most about 20 edges"),
            "\(few.errors)")
        let small = try Program.run(
            [
                "check", file, "--set", "deployment.devices=[stm32u5]", "--set",
                "teacher.model.name=small_cnn_4.0",
            ])
        #expect(small.code == 0, "\(small.errors)")
        #expect(small.errors.contains("warning: deployment.devices: stm32u5 has "), "\(small.errors)")
    }
}

import Foundation
import Testing

/// `tributary devices`: what it lists, predicts, fits and measures, and what it says of arguments that do not fit.
@Suite struct DevicesCommandTests {
    @Test func listAndShow() throws {
        let listed = try Program.run(["devices", "list", "--json"], seconds: 30)
        #expect(listed.code == 0, "\(listed.errors)")
        let devices = try #require(listed.json["devices"] as? [[String: Any]])
        let links = try #require(listed.json["links"] as? [[String: Any]])
        #expect(devices.count >= 13 && links.count >= 6)
        let table = try Program.run(["devices", "list"], seconds: 30).output
        let laboratory = try Laboratory()
        for name in (devices + links).compactMap({ $0["name"] as? String }) {
            #expect(table.contains(name))
            let shown = try Program.run(["devices", "show", name], seconds: 30)
            #expect(shown.code == 0 && shown.output.hasPrefix("name: "), "\(shown.errors)")
            // What it shows is a profile of one's own.
            try laboratory.write(shown.output, to: "own.yaml")
            #expect(try Program.run(["devices", "show", laboratory.file("own.yaml")]).output == shown.output)
        }
    }

    /// Parts add up, and a profile of the user's own counts as it says: 1 GFLOP/s and nothing else.
    @Test func predict() throws {
        let laboratory = try Laboratory()
        try laboratory.write(
            """
            name: plain
            processor: none
            runtime: none
            speed:
              peak_gflops: 1
              efficiency: {conv3x3: 1, convolution: 1, pointwise: 1, depthwise: 1, dense: 1, elementwise: free}
              activation_gb_per_second: free
              weight_gb_per_second: free
              pass_us: 1000
              source: none
            memory: {mib: 1, source: none}
            power: {active_watts: 3, idle_watts: 1, source: none}
            """, to: "plain.yaml")
        let arguments = ["devices", "predict", "lenet5", "--input", "1x28x28", "--json", "--device"]
        let outcome = try Program.run(
            arguments + [laboratory.file("plain.yaml"), "--batch", "2"], seconds: 30)
        #expect(outcome.code == 0, "\(outcome.errors)")
        // 416,520 MACs are 833,040 operations, of two samples, and 1 ms.
        let seconds = try #require(outcome.json["seconds"] as? Double)
        #expect(abs(seconds - (2 * 833_040e-9 + 1e-3)) < 1e-12)
        #expect(abs((outcome.json["joules"] as? Double ?? 0) - 3 * seconds) < 1e-12)
        #expect(abs((outcome.json["joules_above_idle"] as? Double ?? 0) - 2 * seconds) < 1e-12)
        #expect(outcome.json["macs"] as? Int == 416_520)
        let layers = try #require(outcome.json["layers"] as? [[String: Any]])
        let sum = layers.reduce(0) { $0 + ($1["seconds"] as? Double ?? 0) }
        #expect(abs(sum + 1e-3 - seconds) < 1e-12)
        let memory = try #require(outcome.json["memory_bytes"] as? [String: Any])
        #expect(memory["weights"] as? Int == 4 * 61_706 && memory["gradients"] as? Int == 0)
        #expect(outcome.json["fits"] as? Bool == true)
        // Forward once and back twice; plain SGD moves bytes, which are free here.
        let trained = try Program.run(
            arguments + [laboratory.file("plain.yaml"), "--batch", "2", "--training"], seconds: 30)
        let step = try #require(trained.json["seconds"] as? Double)
        #expect(abs(step - (6 * 833_040e-9 + 1e-3)) < 1e-12)
    }

    @Test func predictAsText() throws {
        let outcome = try Program.run(
            ["devices", "predict", "resnet18", "--device", "stm32u5", "--training"], seconds: 30)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("one step of training of 1 on stm32u5"))
        #expect(outcome.output.contains("does not fit in 786432 B"))
    }

    /// Ten networks of the zoo on a board of 2 ms and 0.05 ms for 10^6 operations: what `fit` finds.
    @Test func fitBoards() throws {
        let laboratory = try Laboratory()
        let networks = [
            "squeezenet", "mobilenet", "mobilenet_v2", "mnasnet", "shufflenet_v2", "googlenet", "resnet18",
            "resnet50", "yolov4-tiny",
        ]
        var lines = ["board,processor,threads,network,precision,min_ms,avg_ms"]
        for network in networks {
            let macs =
                network == "yolov4-tiny"
                ? 1.0
                : try Program.run(
                    [
                        "model", network == "mobilenet" ? "mobilenet_v1" : network, "--classes", "1000",
                        "--input",
                        network == "squeezenet" ? "3x227x227" : "3x224x224", "--json",
                    ]
                ).json["macs"] as? Double ?? 0
            lines.append("board,cpu,4,\(network),float,\(2 + 1e-7 * macs),0")
        }
        try laboratory.write(lines.joined(separator: "\n"), to: "boards.csv")
        let outcome = try Program.run(
            ["devices", "fit", laboratory.file("boards.csv"), "--device", "board", "--json"], seconds: 60)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.json["device"] as? String == "board/cpu/4")
        #expect(outcome.json["networks"] as? Int == 8 && outcome.json["excluded"] as? Int == 1)
        #expect((outcome.json["mape_percent"] as? Double ?? 100) < 1)
        #expect((outcome.json["within_10_percent"] as? Double ?? 0) == 100)
        #expect((outcome.json["spearman"] as? Double ?? 0) == 1)
        let plain = try #require(outcome.json["flops_only"] as? [String: Any])
        #expect((plain["mape_percent"] as? Double ?? 100) < 0.001)
        let text = try Program.run(["devices", "fit", laboratory.file("boards.csv"), "--device", "board"])
        #expect(text.code == 0 && text.output.contains("FLOPs only") && text.output.contains("speed:"))
    }

    /// A second of measuring gives a profile that predicts.
    @Test func measure() throws {
        let laboratory = try Laboratory()
        let out = laboratory.file("host.yaml")
        let outcome = try Program.run(
            ["devices", "measure", "--out", out, "--seconds", "1", "--json"], seconds: 60)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect((outcome.json["networks"] as? [Any])?.count ?? 0 > 10)
        let predicted = try Program.run(["devices", "predict", "resnet20", "--device", out, "--json"])
        #expect(predicted.code == 0, "\(predicted.errors)")
        #expect((predicted.json["seconds"] as? Double ?? 0) > 0)
    }

    @Test(arguments: [
        (65, ["show", "raspbery_pi_4"], "nearest are raspberry_pi_4"),
        (66, ["show", "./no.yaml"], "does not exist"),
        (65, ["predict", "resnet21", "--device", "jetson_nano"], "nearest are resnet20"),
        (65, ["predict", "resnet20", "--device", "wifi"], "is no device profile"),
        (64, ["predict", "resnet20", "--device", "jetson_nano", "--batch", "0"], "--batch is 0"),
        (66, ["fit", "no.csv", "--device", "x"], "does not exist"),
        (64, ["fit", "no.csv", "--device", "x", "--dead-paths", "some"], "dead-paths"),
        (64, ["measure", "--out", "x", "--seconds", "0"], "--seconds is 0"),
        (74, ["measure", "--out", "/nowhere/x.yaml"], "/nowhere"),
    ])
    func refusals(code: Int32, arguments: [String], words: String) throws {
        let outcome = try Program.run(["devices"] + arguments, seconds: 30)
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}

import Testing

/// `tributary model`: counts, and what it says of names and shapes that do not fit.
@Suite struct ModelCommandTests {
    @Test func countsBlocksAndTotals() throws {
        let outcome = try Program.run(["model", "wrn_16_1", "--json"], seconds: 30)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.json["parameters"] as? Int == 175_626)
        #expect(outcome.json["macs"] as? Int == 26_657_408)
        #expect(outcome.json["buffer_values"] as? Int == 928)
        #expect(outcome.json["weight_bytes"] as? Int == 4 * (175_626 + 928))
        let blocks = try #require(outcome.json["blocks"] as? [[String: Any]])
        #expect(blocks.first?["block"] as? String == "conv1")
        #expect(blocks.first?["output"] as? [Int] == [16, 32, 32])
        for key in ["parameters", "macs", "weight_bytes", "activation_bytes"] {
            #expect(blocks.reduce(0) { $0 + ($1[key] as? Int ?? 0) } == outcome.json[key] as? Int, "\(key)")
        }
    }

    @Test func table() throws {
        let outcome = try Program.run(["model", "lenet5", "--input", "1x28x28"], seconds: 30)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.first == "lenet5, input 1x28x28, 10 classes")
        let total = try #require(lines.last).split(separator: " ")
        #expect(total == ["total", "10x1x1", "61706", "416520", "246824", "58408"])
    }

    /// A list of layers, on the samples and classes of the scenario's data set, whose files it does not need.
    @Test func aScenariosModel() throws {
        let laboratory = try Laboratory()
        try laboratory.write(
            """
            dataset: {name: cifar100, path: /nowhere, partition: {kind: iid, clients: 10}}
            model:
              layers:
                - residual: [batch_norm, {depthwise: {channels: 3, kernel: 3, padding: same, bias: false}}]
                - global_average_pool
                - dense: classes
            """, to: "layers.yaml")
        let file = laboratory.file("layers.yaml")
        let outcome = try Program.run(["model", "--scenario", file, "--json"], seconds: 30)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.json["classes"] as? Int == 100)
        #expect(outcome.json["input"] as? [Int] == [3, 32, 32])
        #expect(outcome.json["parameters"] as? Int == 2 * 3 + 27 + 400)
        #expect(outcome.json["macs"] as? Int == 1024 * 27 + 300)
        let names = (outcome.json["blocks"] as? [[String: Any]])?.compactMap { $0["block"] as? String }
        #expect(names == ["block1.norm1", "block1.conv1", "block1", "pool1", "dense1"])
        let changed = try Program.run(
            ["model", "--scenario", file, "--set", "dataset.name=cifar10", "--json"], seconds: 30)
        #expect(changed.json["parameters"] as? Int == 2 * 3 + 27 + 40)
    }

    @Test(arguments: [
        (64, [], "either"), (64, ["mlp", "--scenario", "x.yaml"], "either"),
        (64, ["--scenario", "x.yaml", "--classes", "3"], "follow from --scenario"),
        (64, ["mlp", "--set", "seed=2"], "--set"), (66, ["--scenario", "no.yaml"], "does not exist"),
        (65, ["resnet21"], "nearest are resnet20"), (65, ["wrn_D_K"], "wrn_16_1"),
        (65, ["vgg11", "--input", "1x28x28"], "pool5"), (64, ["mlp", "--input", "3x32"], "3x32"),
        (64, ["mlp", "--classes", "0"], "--classes is 0"), (64, ["mlp", "--input", "0x1x1"], "0x1x1"),
    ])
    func refusals(code: Int32, arguments: [String], words: String) throws {
        let outcome = try Program.run(["model"] + arguments, seconds: 30)
        #expect(outcome.code == code)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}

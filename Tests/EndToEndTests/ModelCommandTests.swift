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

    @Test(arguments: [
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

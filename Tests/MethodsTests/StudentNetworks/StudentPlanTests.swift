import Methods
import Networks
import TensorMath
import Testing

/// What students are made of: trunks, bridges, parts of a network.
@Suite struct StudentPlanTests {
    static let cifar = Shape(channels: 3, height: 32, width: 32)
    static let digits = Shape(channels: 1, height: 28, width: 28)
    static let large = Shape(channels: 3, height: 224, width: 224)

    static func plan(_ name: String, _ input: Shape = cifar) throws -> NetworkPlan {
        try .zoo(name, input: input, classes: 10)
    }

    /// Where the maps are that a teacher's knowledge is cut by.
    @Test(arguments: [
        ("wrn_40_4", cifar, "relu1", [256, 8, 8]), ("wrn_16_0.5", cifar, "relu1", [32, 8, 8]),
        ("resnet20", cifar, "relu10", [64, 8, 8]), ("resnet18", large, "relu9", [512, 7, 7]),
        ("vgg11", cifar, "pool5", [512, 1, 1]), ("vgg16", large, "pool5", [512, 7, 7]),
        ("mobilenet_v2", large, "relu2", [1280, 7, 7]), ("small_cnn", digits, "relu3", [128, 7, 7]),
        ("cnn", digits, "pool2", [64, 7, 7]), ("lenet5", digits, "pool2", [16, 5, 5]),
        ("fedmax_cnn", cifar, "pool3", [64, 4, 4]), ("squeezenet", large, "block8", [512, 13, 13]),
        ("densenet169", large, "relu2", [1664, 7, 7]), ("nasbench201_333333", cifar, "relu1", [64, 8, 8]),
    ])
    func stages(name: String, input: Shape, block: String, maps: [Int]) throws {
        let plan = try Self.plan(name, input)
        let stage = try FeatureStage(plan)
        #expect(plan.blocks[stage.block].name == block)
        #expect([stage.maps.channels, stage.maps.height, stage.maps.width] == maps)
    }

    @Test(arguments: ["mlp", "logistic"]) func networksWithoutMaps(name: String) throws {
        let plan = try Self.plan(name)
        #expect(throws: StudentError.noFeatureMaps(model: name)) { try FeatureStage(plan) }
    }

    @Test func featuresAreMeansOfMaps() throws {
        for (name, input) in [("resnet8", Self.cifar), ("lenet5", Self.digits)] {
            let plan = try Self.plan(name, input)
            let stage = try FeatureStage(plan)
            let network = Network(plan: plan, batch: 3, mode: .evaluation)
            var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
            plan.initialParameters(.he, stream: &stream, into: network.parameters)
            network.input.copy(from: DistillationLossTests.random(3 * input.count, 1))
            network.forward(samples: 2)
            let features = FloatBuffer(count: 2 * stage.filters).view
            stage.pool(network, samples: 2, into: features)
            let maps = network.activation(of: stage.block)
            let area = stage.maps.height * stage.maps.width
            let due = (0..<2 * stage.filters).map { plane in
                (0..<area).reduce(0.0) { $0 + Double(maps[plane * area + $1]) } / Double(area)
            }
            #expect(near(features.array, due, 1e-6))
            #expect(features.array.contains { $0 > 0 })
        }
    }

    /// wrn_16_1 and its bridge to the 48 or 49 filters of the authors' partition.
    @Test func parametersWithBridge() throws {
        let model = try Self.plan("wrn_16_1")
        #expect(try NetworkPlan.trunk(of: model).parameterCount == 175_626 - 650)
        #expect(try NetworkPlan.student(of: model, filters: 48).parameterCount == 178_144)
        #expect(try NetworkPlan.student(of: model, filters: 49).parameterCount == 178_210)
        let student = try NetworkPlan.student(of: model, filters: 49)
        #expect(student.blocks.map(\.name).suffix(4) == ["conv2", "norm2", "relu2", "pool1"])
        #expect(student.blocks.last?.output == Shape(channels: 49))
        #expect(student.macs == model.macs - 640 + 64 * 49 * 64)
    }

    @Test func unknownAndUnbuildable() throws {
        #expect(throws: StudentError.unknownModel("wrn_17_1")) { try Self.plan("wrn_17_1") }
        #expect(StudentError.unknownModel("wrn_17_1").description.contains("write wrn_D_K"))
        let tiny = Shape(channels: 1, height: 2, width: 2)
        let error = #expect(throws: StudentError.self) { try Self.plan("small_cnn", tiny) }
        #expect(error?.description.hasPrefix("small_cnn: pool2: a kernel of 2 x 2 does not fit") == true)
    }

    /// Half of wrn_16_2 is wrn_16_1 behind half of the first convolution.
    @Test func splitParts() throws {
        let whole = try Self.plan("wrn_16_2")
        let halves = try NetworkPlan.split(whole, into: 2)
        #expect(halves[0] == halves[1])
        #expect(halves[0].classes == 64)
        let one = try NetworkPlan.trunk(of: Self.plan("wrn_16_1"))
        // 8 fewer outputs of 3 x 3 x 3 with bias, and the first block reads them: norm, 3 x 3 and, now, a 1 x 1
        // shortcut from 8 to 16 with bias.
        #expect(halves[0].parameterCount == one.parameterCount - 8 * 28 - 2 * 8 - 8 * 16 * 9 + 8 * 16 + 16)
        let thirds = try NetworkPlan.split(whole, into: 3)
        #expect(thirds.map(\.classes) == [42, 43, 43])
        #expect(try NetworkPlan.split(whole, into: 1)[0].layout == NetworkPlan.trunk(of: whole).layout)
        let mobile = try NetworkPlan.split(Self.plan("mobilenet_v2"), into: 4)
        #expect(mobile.map(\.classes) == [320, 320, 320, 320])
        for (name, layer) in [
            ("shufflenet_v2", "a layer of kind block"), ("small_cnn_0.125", "a convolution of 4 channels"),
        ] {
            let plan = try Self.plan(name)
            #expect(throws: StudentError.indivisible(model: name, layer: layer, parts: 5)) {
                try NetworkPlan.split(plan, into: 5)
            }
        }
    }

    /// Ends of stages, for attention transfer.
    @Test(arguments: [
        ("wrn_40_1", "wrn_16_1", cifar, ["block6", "block12", "block18"], ["block2", "block4", "block6"]),
        ("resnet20", "resnet8", cifar, ["relu4", "relu7", "relu10"], ["relu2", "relu3", "relu4"]),
        ("cnn", "small_cnn_0.25", digits, ["relu1", "relu2"], ["relu1", "relu2"]),
        (
            "vgg11", "fedmax_cnn", cifar, ["relu1", "relu2", "relu4"], ["relu1", "relu3", "relu5"]
        ),
    ])
    func stagesOfAttention(
        teacher: String, student: String, input: Shape, taught: [String], learning: [String]
    ) throws {
        let (one, other) = (try Self.plan(teacher, input), try Self.plan(student, input))
        let attention = try AttentionTransfer(teacher: one, student: try .trunk(of: other))
        #expect(attention.stages.map { one.blocks[$0.teacher].name } == taught)
        #expect(attention.stages.map { other.blocks[$0.student].name } == learning)
    }

    @Test func noStagesOfOneSize() throws {
        let (one, other) = (try Self.plan("wrn_16_1"), try Self.plan("small_cnn", Self.digits))
        #expect(throws: StudentError.noCommonMaps(student: "small_cnn", teacher: "wrn_16_1")) {
            try AttentionTransfer(teacher: one, student: try .trunk(of: other))
        }
    }
}

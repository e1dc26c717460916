import Methods
import Networks
import Testing

/// Where networks are divided.
@Suite struct SplitPointTests {
    static let cifar = Shape(channels: 3, height: 32, width: 32)
    static let digits = Shape(channels: 1, height: 28, width: 28)
    static let large = Shape(channels: 3, height: 224, width: 224)

    static func plan(_ name: String, _ input: Shape = cifar, classes: Int = 10) throws -> NetworkPlan {
        try .zoo(name, input: input, classes: classes)
    }

    @Test(arguments: [
        ("resnet18", large, [128, 28, 28], ["relu5", "relu7", "relu9"]),
        ("resnet34", large, [128, 28, 28], ["relu8", "relu14", "relu17"]),
        ("resnet50", large, [512, 28, 28], ["relu8", "relu14", "relu17"]),
        ("resnet152", large, [512, 28, 28], ["relu12", "relu48", "relu51"]),
        ("densenet169", large, [256, 14, 14], ["block20", "block53", "block85"]),
        ("densenet201", large, [256, 14, 14], ["block20", "block69", "block101"]),
        ("mobilenet_v1", large, [256, 28, 28], ["block5", "block11", "block13"]),
        ("mobilenet_v1_0.25", large, [64, 28, 28], ["block5", "block11", "block13"]),
        ("resnet8", cifar, [32, 16, 16], ["relu3", "relu4"]),
        ("resnet20", cifar, [32, 16, 16], ["relu7", "relu10"]),
        ("resnet32", cifar, [32, 16, 16], ["relu11", "relu16"]),
        ("resnet56", cifar, [32, 16, 16], ["relu19", "relu28"]),
        ("wrn_16_1", cifar, [32, 16, 16], ["block4", "block6"]),
        ("wrn_40_4", cifar, [128, 16, 16], ["block12", "block18"]),
        ("resnet8", digits, [32, 14, 14], ["relu3", "relu4"]),
        ("wrn_16_0.5", digits, [16, 14, 14], ["block4", "block6"]),
        ("resnet18", cifar, [128, 4, 4], ["relu5", "relu7", "relu9"]),
        ("densenet169", cifar, [256, 2, 2], ["block20", "block53", "block85"]),
        ("mobilenet_v1", cifar, [256, 4, 4], ["block5", "block11", "block13"]),
    ])
    func targets(name: String, input: Shape, shape: [Int], taps: [String]) throws {
        let plan = try Self.plan(name, input)
        let point = try SplitPoint(plan)
        #expect([point.shape.channels, point.shape.height, point.shape.width] == shape)
        #expect(point.taps.map { plan.blocks[$0].name } == taps)
        #expect(point.block == point.taps[0])
        #expect(plan.blocks[point.block].output == point.shape)
        // The layers before it end with the target.
        let first = ModelSpec(name: name, layers: Array(plan.spec.layers[..<point.layer]))
        let head = try NetworkPlan(spec: first, input: input, classes: point.shape.count)
        #expect(head.blocks.last == plan.blocks[point.block])
    }

    /// Every family of the zoo is divided, or says why not.
    @Test(arguments: ModelSpec.zoo.map(\.example))
    func zoo(name: String) throws {
        let divided = ["resnet", "wrn_", "densenet", "mobilenet_v1"].contains { name.hasPrefix($0) }
        let plan = try Self.plan(name, Shape(channels: 3, height: 64, width: 64))
        guard !divided else {
            let point = try SplitPoint(plan)
            #expect(point.taps.count > 1)
            return
        }
        let error = #expect(throws: SplitError.self) { try SplitPoint(plan) }
        guard case .unsplittable(let model, let reason) = error else {
            Issue.record("\(name): \(String(describing: error))")
            return
        }
        #expect(model == name && !reason.isEmpty)
        let due = SplitError.unsplittable(model: name, reason: reason)
        #expect(throws: due) { try DividedNetwork.bottleneck(of: plan, version: 2, channels: 3) }
        #expect(throws: due) { try DividedNetwork.autoencoder(of: plan, version: 2, codeValues: 100) }
        #expect(throws: due) { try DividedNetwork.earlyExit(of: plan) }
    }

    @Test(arguments: [
        ("mlp", "no convolution stands before its classifier"),
        ("small_cnn", "it has no residual, dense or depthwise separable blocks"),
        ("mobilenet_v2", "block3 does not belong to its separable blocks"),
        ("squeezenet", "block1 is no residual, dense or separable block"),
        ("nasbench201_333333", "block1 is no residual, dense or separable block"),
    ])
    func reasons(name: String, reason: String) throws {
        let plan = try Self.plan(name)
        let error = #expect(throws: SplitError.unsplittable(model: name, reason: reason)) {
            try SplitPoint(plan)
        }
        #expect(error?.description.hasPrefix("\(name) cannot be divided: \(reason); use a ResNet") == true)
    }

    private static func conv(_ channels: Int, stride: Int = 1) -> LayerSpec {
        .conv(channels: channels, kernel: 3, stride: stride, padding: .same, bias: false)
    }

    private static func residual(_ channels: Int, stride: Int = 1) -> LayerSpec {
        .residual(
            body: [conv(channels, stride: stride), .batchNorm()],
            shortcut: [.conv(channels: channels, kernel: 1, stride: stride), .batchNorm()])
    }

    private static func plan(layers: [LayerSpec], _ input: Shape = cifar) throws -> NetworkPlan {
        let all = layers + [.globalAveragePool, .dense(units: 10)]
        return try NetworkPlan(spec: ModelSpec(name: "own", layers: all), input: input, classes: 10)
    }

    /// Four stages behind a stem that keeps the size, once as layers, once as one sequence a block.
    @Test func ownResiduals() throws {
        let stem: [LayerSpec] = [Self.conv(8), .batchNorm(), .relu]
        let stages = [Self.residual(8), Self.residual(12, stride: 2), Self.residual(12)]
        let more = [Self.residual(20, stride: 2), Self.residual(24, stride: 2)]
        let flat = try Self.plan(layers: stem + (stages + more).flatMap { [$0, .relu] })
        let nested = try Self.plan(layers: stem + (stages + more).map { .sequence([$0, .relu]) })
        let due = Shape(channels: 12, height: 16, width: 16)
        let (one, other) = (try SplitPoint(flat), try SplitPoint(nested))
        #expect(one.shape == due && other.shape == due)
        #expect(one.layer == 9 && other.layer == 6)
        #expect(one.taps.map { flat.blocks[$0].name } == ["relu4", "relu5", "relu6"])
        #expect(other.taps.map { nested.blocks[$0].name } == ["block3", "block4", "block5"])
    }

    /// Three dense blocks of one layer each behind such a stem: the second transition has a quarter of the sides.
    @Test func ownDenseNet() throws {
        let dense: LayerSpec = .concatenate(branches: [[], [.batchNorm(), .relu, Self.conv(4)]])
        let transition: LayerSpec = .sequence([
            .batchNorm(), .relu, .conv(channels: 6, kernel: 1), .averagePool(kernel: 2, stride: 2),
        ])
        let plan = try Self.plan(
            layers: [Self.conv(8), dense, transition, dense, transition, dense, dense, .batchNorm(), .relu])
        let point = try SplitPoint(plan)
        #expect(point.shape == Shape(channels: 6, height: 8, width: 8))
        #expect(point.taps.map { plan.blocks[$0].name } == ["block4", "block6"])
    }

    @Test func tooFewStages() throws {
        let stem: [LayerSpec] = [Self.conv(8), .relu]
        let plan = try Self.plan(
            layers: stem + [Self.residual(8), .relu, Self.residual(8, stride: 2), .relu])
        let reason =
            "it needs blocks behind planes that are halved 1 times, and for images of [3, 32, 32] its planes are "
            + "halved 1 times"
        #expect(throws: SplitError.unsplittable(model: "own", reason: reason)) { try SplitPoint(plan) }
        let two = try Self.plan(layers: stem + stem + [Self.residual(8), Self.residual(8, stride: 2)])
        let convolutions = "2 convolutions stand before its first block, not one"
        #expect(throws: SplitError.unsplittable(model: "own", reason: convolutions)) { try SplitPoint(two) }
    }
}

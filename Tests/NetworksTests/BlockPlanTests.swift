import Devices
import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Names, shapes, counts and costs of composite blocks and the layers in them, and what is refused.
    @Suite struct BlockPlanTests {
        let image = Shape(channels: 4, height: 8, width: 8)

        private func plan(_ layers: [LayerSpec], classes: Int = 10) throws -> NetworkPlan {
            try NetworkPlan(
                spec: .init(
                    name: "m", layers: layers + [.globalAveragePool, .flatten, .dense(units: classes)]),
                input: image, classes: classes)
        }

        @Test func namesAreDottedPaths() throws {
            let plan = try plan([
                .conv(channels: 4, kernel: 1), .sequence([.relu, .sequence([.relu6])]),
                .residual(
                    body: [.conv(channels: 6, kernel: 3, padding: .same), .batchNorm()],
                    shortcut: [.conv(channels: 6, kernel: 1)]),
                .concatenate(branches: [[], [.dropout(rate: 0.1), .relu]]),
                .cell(edges: [[[.relu]], [nil, [.relu]], [[], nil, [.relu]]]),
            ])
            #expect(
                plan.blocks.map(\.name) == [
                    "conv1", "block1.relu1", "block1.block1.relu1", "block1.block1", "block1",
                    "block2.conv1", "block2.norm1", "block2.shortcut.conv1", "block2",
                    "block3.branch2.dropout1", "block3.branch2.relu1", "block3",
                    "block4.edge0_1.relu1", "block4.node1", "block4.edge1_2.relu1", "block4.node2",
                    "block4.edge2_3.relu1", "block4", "pool1", "flatten1", "dense1",
                ])
            let segments = plan.layout.segments
            #expect(
                segments.map(\.name) == [
                    "conv1.weight", "conv1.bias", "block2.conv1.weight", "block2.conv1.bias",
                    "block2.norm1.weight",
                    "block2.norm1.bias", "block2.norm1.running_mean", "block2.norm1.running_var",
                    "block2.shortcut.conv1.weight", "block2.shortcut.conv1.bias", "dense1.weight",
                    "dense1.bias",
                ])
            #expect(segments.map(\.layer) == [0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 7, 7])
            #expect(segments.filter { $0.role == .buffer }.map(\.count) == [6, 6])
            #expect(plan.blocks[8].output == Shape(channels: 6, height: 8, width: 8))
            #expect(plan.blocks[11].output.channels == 12)
            #expect(plan.parameterCount == plan.layout.count - 12)
        }

        @Test func costsAndCounts() throws {
            let plan = try plan([
                .conv(channels: 4, kernel: 3, padding: .same, groups: 4, bias: false),
                .conv(channels: 8, kernel: 3, stride: 2, padding: .same, groups: 2),
                .transposedConv(channels: 3, kernel: 3, stride: 2, padding: 1, outputPadding: 1),
                .groupNorm(groups: 3), .maxPool(kernel: 3, stride: 2, ceiling: true), .slice(channels: 1..<3),
                .padChannels(before: 1, after: 2), .residual(body: []),
            ])
            let blocks = plan.blocks
            #expect(blocks[0].parameterCount == 36)
            #expect(blocks[0].cost.kind == .depthwise)
            #expect(blocks[0].cost.macs == 64 * 36)
            #expect(blocks[1].weight?.shape == [8, 2, 3, 3])
            #expect(blocks[1].cost.macs == 16 * 8 * 18)
            #expect(blocks[2].weight?.shape == [8, 3, 3, 3])
            #expect(blocks[2].output == Shape(channels: 3, height: 8, width: 8))
            #expect(blocks[2].cost.macs == 16 * 8 * 27)
            #expect(blocks[3].parameterCount == 6)
            #expect(blocks[4].output == Shape(channels: 3, height: 4, width: 4))
            #expect(blocks[6].output.channels == 5)
            #expect(blocks[7].cost.inputBytes == 2 * blocks[7].cost.outputBytes)
        }

        /// Each of the ten inner sequences has ten thousand times the values of the one before.
        @Test func growthStopsBeforeNumbersOverflow() throws {
            let hundred = LayerSpec.concatenate(branches: Array(repeating: [], count: 100))
            let error = try #require(
                fault(.sequence(Array(repeating: .sequence([hundred, hundred]), count: 10))))
            #expect(error.block == "block1.block2.block2")
            #expect(error.description.contains("too many values"))
        }

        @Test func adaptivePoolsOfTheInputsSizeAreFree() throws {
            let plan = try plan([.adaptiveAveragePool(side: 8), .adaptiveAveragePool(side: 3)])
            #expect(plan.blocks[0].cost.outputBytes == 0)
            #expect(plan.blocks[1].cost.outputBytes == 4 * 4 * 9)
            #expect(plan.blocks[1].output == Shape(channels: 4, height: 3, width: 3))
        }

        /// Sizes that PyTorch gives for side, kernel, stride, padding with ceil_mode.
        @Test(arguments: [
            (112, 3, 2, 0, 56), (111, 3, 2, 0, 55), (5, 2, 2, 1, 3), (6, 2, 2, 1, 4), (4, 3, 1, 1, 4),
            (3, 2, 3, 1, 2),
        ])
        func ceiling(side: Int, kernel: Int, stride: Int, padding: Int, expected: Int) throws {
            let layer = LayerSpec.maxPool(kernel: kernel, stride: stride, padding: padding, ceiling: true)
            let plan = try NetworkPlan(
                spec: .init(name: "m", layers: [layer]), input: Shape(channels: 1, height: side, width: side),
                classes: expected * expected)
            #expect(plan.blocks[0].output.height == expected)
        }

        private func fault(_ layer: LayerSpec) -> NetworkError? {
            do throws(NetworkError) {
                _ = try NetworkPlan(
                    spec: .init(name: "m", layers: [layer]), input: image, classes: image.count)
                return nil
            } catch {
                return error
            }
        }

        @Test func senselessNumbersAreRefused() {
            for layer in [
                LayerSpec.conv(channels: 4, kernel: 1, groups: 3), .conv(channels: 3, kernel: 1, groups: 2),
                .conv(channels: 4, kernel: 1, groups: 0), .transposedConv(channels: 0, kernel: 1),
                .transposedConv(channels: 1, kernel: 1, padding: 4),
                .transposedConv(channels: 1, kernel: 1, outputPadding: 1), .groupNorm(groups: 3),
                .groupNorm(groups: 0), .shuffle(groups: 3), .dropout(rate: 1), .dropout(rate: -0.1),
                .dropout(rate: .nan), .slice(channels: 2..<5), .slice(channels: 1..<1),
                .slice(channels: -1..<1),
                .padChannels(before: -1, after: 1), .maxPool(kernel: 3, stride: 1, padding: 2),
                .averagePool(kernel: 3, stride: 1, padding: -1), .concatenate(branches: []), .cell(edges: []),
                .cell(edges: [[[], []]]), .adaptiveAveragePool(side: 0), .batchNorm(epsilon: 0),
                .batchNorm(epsilon: 2), .batchNorm(epsilon: .nan), .batchNorm(momentum: -0.1),
                .batchNorm(momentum: 1.5), .padChannels(before: 1 << 32, after: 0),
                .residual(body: [.transposedConv(channels: 1 << 20, kernel: 100)]),
            ] {
                guard case .invalidLayer = fault(layer) else {
                    Issue.record("\(layer) was accepted")
                    continue
                }
            }
        }

        @Test func branchesMustFit() throws {
            let sum = try #require(fault(.residual(body: [.conv(channels: 5, kernel: 1)])))
            #expect(
                sum
                    == .branchMismatch(
                        block: "block1", outputs: [Shape(channels: 5, height: 8, width: 8), image]))
            #expect(sum.description.contains("[5, 8, 8] and [4, 8, 8]"))
            for layer in [
                LayerSpec.concatenate(branches: [[], [.maxPool(kernel: 2, stride: 2)]]),
                .cell(edges: [[[.flatten]], [[], []]]),
            ] {
                guard case .branchMismatch = fault(layer) else {
                    Issue.record("\(layer) was accepted")
                    continue
                }
            }
        }

        @Test(arguments: Initialization.allCases)
        func normsBeginAsTheIdentity(kind: Initialization) throws {
            let plan = try plan([.batchNorm(), .residual(body: [.groupNorm(groups: 2)])])
            let parameters = FloatBuffer(count: plan.layout.count).view
            parameters.fill(.nan)
            var stream = RandomStream(RandomKey(seed: 1, purpose: .initialization))
            plan.initialParameters(kind, stream: &stream, into: parameters)
            for segment in plan.layout.segments where segment.name.contains("norm") {
                let one = segment.name.hasSuffix("weight") || segment.name.hasSuffix("running_var")
                let values = parameters.slice(segment.offset, segment.count).array
                #expect(values.allSatisfy { $0 == (one ? 1 : 0) }, "\(segment.name)")
            }
            #expect(parameters.array.allSatisfy { $0.isFinite })
        }
    }
}

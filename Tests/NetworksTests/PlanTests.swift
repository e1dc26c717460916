import Devices
import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Shapes, counts and costs, and what is refused.
    @Suite struct PlanTests {
        let digits = Shape(channels: 1, height: 28, width: 28)

        @Test(arguments: [
            ("logistic", 7_850, 7_840), ("mlp", 199_210, 198_800), ("cnn", 1_663_370, 12_273_152),
        ])
        func zoo(name: String, parameters: Int, macs: UInt64) throws {
            let spec = try #require(ModelSpec.named(name, classes: 10))
            let plan = try NetworkPlan(spec: spec, input: digits, classes: 10)
            #expect(plan.layout.count == parameters)
            #expect(plan.blocks.reduce(0) { $0 + $1.parameterCount } == parameters)
            #expect(plan.macs == macs)
        }

        @Test func zooIsListed() {
            for entry in ModelSpec.zoo {
                #expect(ModelSpec.named(entry.example, classes: 3)?.name == entry.example)
                let isOne = entry.pattern == entry.example
                #expect((ModelSpec.named(entry.pattern, classes: 3) != nil) == isOne)
            }
            #expect(ModelSpec.names == ModelSpec.zoo.map(\.pattern))
            #expect(Set(ModelSpec.names).count == ModelSpec.names.count)
            #expect(ModelSpec.named("no such model", classes: 3) == nil)
        }

        @Test func blocksOfTheCNN() throws {
            let spec = try #require(ModelSpec.named("cnn", classes: 10))
            let plan = try NetworkPlan(spec: spec, input: digits, classes: 10)
            #expect(
                plan.blocks.map(\.name) == [
                    "conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "flatten1", "dense1", "relu3",
                    "dense2",
                ])
            #expect(plan.blocks[3].output == Shape(channels: 64, height: 14, width: 14))
            #expect(plan.blocks[6].output == Shape(channels: 3_136))
            #expect(
                plan.layout.segments.map(\.name) == [
                    "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "dense1.weight",
                    "dense1.bias",
                    "dense2.weight", "dense2.bias",
                ])
            #expect(plan.layout.segments[2].shape == [64, 32, 5, 5])
            #expect(plan.layout.segments[4].shape == [512, 3_136])
            let cost = plan.blocks[3].cost
            #expect(cost.kind == .convolution)
            #expect(cost.macs == 14 * 14 * 64 * 32 * 25)
            #expect(cost.inputBytes == 4 * 32 * 14 * 14)
            #expect(cost.outputBytes == 4 * 64 * 14 * 14)
            #expect(cost.weightBytes == 4 * (64 * 32 * 25 + 64))
        }

        @Test func kindsOfConvolutions() throws {
            let layers: [LayerSpec] = [
                .conv(channels: 2, kernel: 3, padding: .same), .conv(channels: 2, kernel: 1),
                .conv(channels: 2, kernel: 5, stride: 2, padding: .explicit(1)), .globalAveragePool, .flatten,
            ]
            let plan = try NetworkPlan(spec: .init(name: "kinds", layers: layers), input: digits, classes: 2)
            #expect(plan.blocks.map(\.cost.kind).prefix(3) == [.conv3x3, .pointwise, .convolution])
            #expect(plan.blocks[2].output == Shape(channels: 2, height: 13, width: 13))
            #expect(plan.blocks[4].cost.inputBytes == 0)
        }

        private func fault(_ layers: [LayerSpec], input: Shape? = nil, classes: Int = 10) -> NetworkError? {
            do throws(NetworkError) {
                _ = try NetworkPlan(
                    spec: .init(name: "m", layers: layers), input: input ?? digits, classes: classes)
                return nil
            } catch {
                return error
            }
        }

        @Test func faultsNameTheBlockTheShapesAndARemedy() throws {
            let mismatch = try #require(fault([.flatten, .dense(units: 9)]))
            #expect(mismatch == .outputMismatch(block: "dense1", output: Shape(channels: 9), classes: 10))
            #expect(mismatch.description.contains("dense1"))
            #expect(mismatch.description.contains("[9, 1, 1]"))
            #expect(mismatch.description.contains("dense: classes"))
            let kernel = try #require(fault([.relu, .conv(channels: 1, kernel: 31, padding: .explicit(1))]))
            #expect(kernel == .kernelTooLarge(block: "conv1", kernel: 31, input: digits, padding: 1))
            #expect(kernel.description.contains("30 x 30"))
            #expect(
                fault([.maxPool(kernel: 2, stride: 2), .averagePool(kernel: 15, stride: 1)])
                    == .kernelTooLarge(
                        block: "pool2", kernel: 15, input: Shape(channels: 1, height: 14, width: 14),
                        padding: 0))
        }

        @Test func senselessNumbersAreRefused() {
            for layer in [
                LayerSpec.dense(units: 0), .conv(channels: 0, kernel: 3), .conv(channels: 1, kernel: 0),
                .conv(channels: 1, kernel: 1, stride: 0),
                .conv(channels: 1, kernel: 1, padding: .explicit(-1)),
                .maxPool(kernel: 0, stride: 1), .maxPool(kernel: 17, stride: 1),
                .averagePool(kernel: 1, stride: 0),
            ] {
                guard case .invalidLayer = fault([layer]) else {
                    Issue.record("\(layer) was accepted")
                    continue
                }
            }
            for error in [
                fault([]), fault([.flatten], classes: 0), fault([.flatten], input: Shape(channels: 0)),
            ] {
                guard case .emptyModel = error else {
                    Issue.record("an empty model was accepted")
                    continue
                }
            }
        }

        @Test(arguments: Initialization.allCases)
        func initializations(kind: Initialization) throws {
            let spec = try #require(ModelSpec.named("cnn", classes: 10))
            let plan = try NetworkPlan(spec: spec, input: digits, classes: 10)
            let parameters = FloatBuffer(count: plan.layout.count).view
            var stream = RandomStream(RandomKey(seed: 3, purpose: .initialization))
            plan.initialParameters(kind, stream: &stream, into: parameters)
            let segment = try #require(plan.layout.segment(named: "conv2.weight"))
            let weights = parameters.slice(segment.offset, segment.count).array
            let variance = weights.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(weights.count)
            let greatest = weights.map(abs).max() ?? 0
            let fanIn = 800.0
            let bias = try #require(plan.layout.segment(named: "conv2.bias"))
            let biases = parameters.slice(bias.offset, bias.count).array
            switch kind {
            case .uniformFanIn:
                #expect(abs(variance * 3 * fanIn - 1) < 0.02)
                #expect(greatest <= Float(1 / fanIn.squareRoot()))
                #expect(biases.contains { $0 != 0 })
            case .he:
                #expect(abs(variance * fanIn / 2 - 1) < 0.02)
                #expect(biases.allSatisfy { $0 == 0 })
            case .glorot:
                #expect(abs(variance * 3 * 2_400 / 6 - 1) < 0.02)
                #expect(greatest <= Float((6.0 / 2_400).squareRoot()))
                #expect(biases.allSatisfy { $0 == 0 })
            }
        }
    }
}

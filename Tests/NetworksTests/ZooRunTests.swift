import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Every network of the zoo at work on images of the size that it is made for.
    @Suite struct ZooRunTests {
        private static let cifar = Shape(channels: 3, height: 32, width: 32)
        private static let digits = Shape(channels: 1, height: 28, width: 28)
        private static let imageNet = Shape(channels: 3, height: 224, width: 224)
        private static let inputs: [(prefix: String, input: Shape)] = [
            ("logistic", digits), ("mlp", digits), ("cnn", digits), ("pfllib_cnn", digits),
            ("lenet5", digits), ("resnet8", cifar), ("resnet20", cifar), ("resnet32", cifar),
            ("resnet56", cifar), ("wrn_", cifar), ("vgg11", cifar), ("nasbench201_", cifar),
            ("niid_simple_cnn", cifar), ("fedmax_cnn", cifar),
        ]

        private func plan(_ name: String, _ input: Shape, classes: Int) throws -> NetworkPlan {
            let spec = try #require(ModelSpec.named(name, classes: classes))
            return try NetworkPlan(spec: spec, input: input, classes: classes)
        }

        /// Random weights and input.
        private func fill(_ network: Network) {
            var stream = RandomStream(RandomKey(seed: 1, purpose: .initialization))
            network.plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
            for i in 0..<network.input.count { network.input[i] = stream.uniform() }
            network.dropoutStream = RandomStream(RandomKey(seed: 1, purpose: .dropout))
        }

        @Test(arguments: ModelSpec.zoo.map(\.example))
        func forward(name: String) throws {
            let input = Self.inputs.first { name.hasPrefix($0.prefix) }?.input ?? Self.imageNet
            let network = Network(
                plan: try plan(name, input, classes: 7), batch: input == Self.imageNet ? 1 : 2,
                mode: .evaluation)
            fill(network)
            network.forward(samples: network.batch)
            let logits = network.logits.array
            #expect(logits.count == 7 * network.batch)
            #expect(logits.allSatisfy { $0.isFinite })
            #expect(Set(logits[..<7]).count > 1, "\(logits)")
        }

        @Test(arguments: [
            ("lenet5", digits), ("niid_simple_cnn", cifar), ("pfllib_cnn", cifar), ("fedmax_cnn", cifar),
            ("resnet8", cifar), ("resnet20", cifar), ("resnet18", cifar), ("resnet34", cifar),
            ("mobilenet_v1", cifar), ("wrn_16_1", cifar), ("vgg11", cifar), ("nasbench201_334131", cifar),
        ])
        func training(name: String, input: Shape) throws {
            let network = Network(plan: try plan(name, input, classes: 10), batch: 4)
            fill(network)
            let labels: [UInt8] = [0, 3, 6, 9]
            network.forward(samples: 4)
            let before = network.softmaxCrossEntropy(labels: labels.span, samples: 4).lossSum
            #expect(before.isFinite && before > 0)
            network.backwardFromLoss(samples: 4)
            for segment in network.plan.layout.segments where segment.name.hasSuffix(".weight") {
                let greatest = network.gradients.slice(segment.offset, segment.count).maximumMagnitude
                #expect(greatest > 0 && greatest.isFinite, "\(segment.name)")
            }
            // A short way against the gradient lowers the mean loss by its length times the gradient's norm.
            let step = 1e-5
            let norm = network.clipGradients(norm: .greatestFiniteMagnitude)
            var state = SGDState(SGD(learningRate: Float(step / norm)), count: network.parameters.count)
            network.applyGradients(optimizer: &state)
            network.forward(samples: 4)
            let after = network.lossAndCorrect(labels: labels.span, samples: 4).lossSum
            #expect(
                abs((before - after) / 4 / (step * norm) - 1) < 0.1, "\(before) to \(after), norm \(norm)")
        }

        /// torchvision's VGG-16 gives its first dense layer 7 x 7 values of a plane, whatever the image.
        @Test func vgg16HasOneSizeOfDenseLayers() throws {
            for side in [32, 96, 224] {
                let input = Shape(channels: 3, height: side, width: side)
                let plan = try plan("vgg16", input, classes: 1000)
                #expect(plan.parameterCount == 138_357_544)
            }
        }

        @Test func normsAsInTorchvision() throws {
            for (name, norm) in [
                ("googlenet", LayerSpec.batchNorm(epsilon: 1e-3)), ("mnasnet", .batchNorm(momentum: 3e-4)),
                ("mobilenet_v2", .batchNorm()),
            ] {
                let norms = try plan(name, Self.imageNet, classes: 10).blocks.filter {
                    $0.weight?.shape.count == 1
                }
                #expect(norms.count > 50 && norms.allSatisfy { $0.spec == norm }, "\(name)")
            }
        }
    }
}

import CKernels
import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Families of kernels against each other and against themselves, through networks.
    @Suite struct FamilyTests {
        /// A kind of layer and the sides of inputs and windows that are worth a look, besides random ones.
        enum Kind: String, CaseIterable, Sendable {
            case convolution, convolutionWithReLU, convolutionWithPool, grouped, depthwise, pointwise,
                transposed
            case dense, denseWithReLU, batchNorm, batchNormWithReLU, batchNormWithReLU6, groupNorm
            case maxPool, averagePool, adaptiveAveragePool, globalAveragePool, relu, relu6, dropout, residual,
                channels
        }

        /// What a case is made of; not every kind uses all of it.
        struct Sides {
            var samples, channels, height, width, outputs, kernel, stride, padding: Int

            /// One pixel, one channel, one sample, kernels beyond the input, strides beyond it.
            static let degenerate = [
                Sides(
                    samples: 1, channels: 1, height: 1, width: 1, outputs: 1, kernel: 1, stride: 1, padding: 0
                ),
                Sides(
                    samples: 1, channels: 1, height: 1, width: 1, outputs: 1, kernel: 3, stride: 1, padding: 1
                ),
                Sides(
                    samples: 3, channels: 2, height: 1, width: 1, outputs: 2, kernel: 5, stride: 1, padding: 2
                ),
                Sides(
                    samples: 1, channels: 3, height: 2, width: 1, outputs: 3, kernel: 7, stride: 1, padding: 3
                ),
                Sides(
                    samples: 2, channels: 17, height: 1, width: 4, outputs: 1, kernel: 3, stride: 5,
                    padding: 1),
                Sides(
                    samples: 2, channels: 4, height: 3, width: 3, outputs: 4, kernel: 2, stride: 9, padding: 1
                ),
                Sides(
                    samples: 1, channels: 16, height: 2, width: 2, outputs: 16, kernel: 1, stride: 3,
                    padding: 0),
                Sides(
                    samples: 2, channels: 1, height: 9, width: 1, outputs: 33, kernel: 3, stride: 2,
                    padding: 1),
            ]

            static func random(_ stream: inout RandomStream) -> Sides {
                let kernel = 1 + stream.index(below: 6)
                let padding = stream.index(below: kernel / 2 + 1)
                let least = max(1, kernel - 2 * padding)
                return Sides(
                    samples: 1 + stream.index(below: 5), channels: 1 + stream.index(below: 36),
                    height: least + stream.index(below: 14), width: least + stream.index(below: 18),
                    outputs: 1 + stream.index(below: 40), kernel: kernel, stride: 1 + stream.index(below: 3),
                    padding: padding)
            }
        }

        private func layers(_ kind: Kind, _ s: Sides) -> (input: Shape, layers: [LayerSpec]) {
            let input = Shape(channels: s.channels, height: s.height, width: s.width)
            func convolution(_ channels: Int, _ kernel: Int, groups: Int = 1) -> LayerSpec {
                .conv(
                    channels: channels, kernel: kernel, stride: s.stride, padding: .explicit(s.padding),
                    groups: groups, bias: s.samples % 2 == 1)
            }
            let padding = min(s.padding, s.kernel / 2)
            switch kind {
            case .convolution: return (input, [convolution(s.outputs, s.kernel)])
            case .convolutionWithReLU: return (input, [convolution(s.outputs, s.kernel), .relu])
            case .convolutionWithPool:
                let twice = Shape(
                    channels: s.channels, height: s.height + s.stride, width: s.width + s.stride)
                return (twice, [convolution(s.outputs, s.kernel), .relu, .maxPool(kernel: 2, stride: 2)])
            case .grouped:
                let input = Shape(channels: 3 * s.channels, height: s.height, width: s.width)
                return (input, [convolution(3 * s.outputs, s.kernel, groups: 3)])
            case .depthwise: return (input, [convolution(s.channels, s.kernel, groups: s.channels)])
            case .pointwise:
                return (input, [.conv(channels: s.outputs, kernel: 1, bias: s.samples % 2 == 1)])
            case .transposed:
                return (
                    input,
                    [
                        .transposedConv(
                            channels: s.outputs, kernel: s.kernel, stride: s.stride,
                            padding: (s.kernel - 1) / 2, bias: s.samples % 2 == 1)
                    ]
                )
            case .dense: return (input, [.flatten, .dense(units: s.outputs)])
            case .denseWithReLU: return (input, [.flatten, .dense(units: s.outputs), .relu])
            case .batchNorm: return (input, [.batchNorm()])
            case .batchNormWithReLU: return (input, [.batchNorm(), .relu])
            case .batchNormWithReLU6: return (input, [.batchNorm(), .relu6])
            case .groupNorm: return (input, [.groupNorm(groups: s.channels % 2 == 0 ? 2 : 1)])
            case .maxPool: return (input, [.maxPool(kernel: s.kernel, stride: s.stride, padding: padding)])
            case .averagePool:
                return (input, [.averagePool(kernel: s.kernel, stride: s.stride, padding: padding)])
            case .adaptiveAveragePool: return (input, [.adaptiveAveragePool(side: s.kernel)])
            case .globalAveragePool: return (input, [.globalAveragePool])
            case .relu: return (input, [.relu])
            case .relu6: return (input, [.relu6])
            case .dropout: return (input, [.dropout(rate: 0.5)])
            case .residual: return (input, [.residual(body: [.batchNorm()]), .relu])
            case .channels:
                return (
                    input,
                    [
                        .concatenate(branches: [[.slice(channels: 0..<1)], []]),
                        .padChannels(before: 1, after: 2), .shuffle(groups: s.channels + 4),
                    ]
                )
            }
        }

        /// What one forward and backward pass leaves: outputs, and gradients of input and parameters.
        private func pass(_ kind: Kind, _ sides: Sides, family: Int32) throws -> [[Float]]? {
            let (input, layers) = layers(kind, sides)
            guard let outputs = try? GradientTests.outputs(of: layers, input: input) else { return nil }
            let plan = try NetworkPlan(
                spec: .init(name: kind.rawValue, layers: layers), input: input, classes: outputs)
            let network = Network(plan: plan, batch: sides.samples, inputGradient: true)
            var stream = RandomStream(RandomKey(seed: 52, purpose: .test))
            network.dropoutStream = RandomStream(RandomKey(seed: 52, purpose: .dropout))
            for view in [network.parameters, network.input, network.outputGradient] {
                for i in 0..<view.count { view[i] = 2 * stream.uniform() - 1 }
            }
            withFamily(family) {
                network.forward(samples: sides.samples)
                network.backwardFromLoss(samples: sides.samples)
            }
            let values = [network.logits, network.inputGradient, network.gradients, network.parameters]
            return values.compactMap { $0?.array }
        }

        /// Within 2e-5 of the greatest value: sums are taken in another order, and with fused products or
        /// without.
        @Test(arguments: Kind.allCases)
        func agreeWithThePortableOne(kind: Kind) throws {
            var stream = RandomStream(RandomKey(seed: 51, purpose: .test))
            var ran = 0
            for sides in Sides.degenerate + (0..<25).map({ _ in .random(&stream) }) {
                guard let expected = try pass(kind, sides, family: Int32(CK_PORTABLE)) else { continue }
                ran += 1
                for family in families {
                    let found = try #require(try pass(kind, sides, family: family))
                    for (a, b) in zip(found, expected) {
                        expectClose(a, b, tolerance: 2e-5, "\(kind), family \(family), \(sides)")
                    }
                }
            }
            #expect(ran >= 20, "only \(ran) cases fit")
        }

        @Test(arguments: ["cnn", "mlp", "resnet20", "mobilenet_v1_0.25"], families)
        func wholeStepsRepeatToTheBit(name: String, family: Int32) throws {
            let image =
                ["cnn", "mlp"].contains(name)
                ? Shape(channels: 1, height: 28, width: 28) : Shape(channels: 3, height: 32, width: 32)
            let spec = try #require(ModelSpec.named(name, classes: 10))
            let plan = try NetworkPlan(spec: spec, input: image, classes: 10)
            func train() -> ([UInt32], Double) {
                let network = Network(plan: plan, batch: 5)
                var stream = RandomStream(RandomKey(seed: 53, purpose: .test))
                plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
                var state = SGDState(SGD(learningRate: 0.05, momentum: 0.9), count: plan.layout.count)
                var loss = 0.0
                withFamily(family) {
                    for samples in [5, 3, 5] {
                        for i in 0..<network.input.count { network.input[i] = stream.uniform() }
                        let labels = (0..<samples).map { _ in UInt8(stream.index(below: 10)) }
                        loss +=
                            network.trainStep(labels: labels.span, samples: samples, optimizer: &state)
                            .lossSum
                    }
                }
                return (network.parameters.array.map(\.bitPattern), loss)
            }
            let (first, again) = (train(), train())
            #expect(first.0 == again.0)
            #expect(first.1 == again.1)
        }
    }
}

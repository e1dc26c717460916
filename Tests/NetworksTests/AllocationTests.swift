import CAllocations
import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// A step of training takes nothing from the heap once a first one has run.
    @Suite(.enabled(if: allocations_can_be_counted() == 1)) struct AllocationTests {
        /// What follows a forward and a backward pass.
        enum Optimizer: String, CaseIterable, Sendable {
            case plain, momentum, clipped, adam
        }

        /// Every kind of layer and of composite block.
        private static let everything: [LayerSpec] =
            BlockTrainingTests.layers.dropLast(3)
            + [
                .dropout(rate: 0.2), .groupNorm(groups: 3), .conv(channels: 12, kernel: 3, groups: 2),
                .concatenate(branches: [
                    [.slice(channels: 0..<6)], [.maxPool(kernel: 3, stride: 1, padding: 1)],
                ]),
                .shuffle(groups: 3),
                .cell(edges: [[[.relu]], [[], [.averagePool(kernel: 3, stride: 1, padding: 1)]]]),
                .transposedConv(channels: 4, kernel: 2, stride: 2), .padChannels(before: 1, after: 2),
                .adaptiveAveragePool(side: 3), .globalAveragePool, .flatten, .dense(units: 10),
            ]

        private func plan(_ name: String) throws -> NetworkPlan {
            let image =
                name == "cnn"
                ? Shape(channels: 1, height: 28, width: 28) : Shape(channels: 3, height: 32, width: 32)
            let spec =
                name == "everything"
                ? ModelSpec(name: name, layers: Self.everything)
                : try #require(ModelSpec.named(name, classes: 10))
            return try NetworkPlan(spec: spec, input: image, classes: 10)
        }

        @Test(arguments: ["cnn", "resnet20", "mobilenet_v1_0.25", "everything"], Optimizer.allCases)
        func stepsAllocateNothing(name: String, optimizer: Optimizer) throws {
            let plan = try plan(name)
            let network = Network(plan: plan, batch: 10)
            var stream = RandomStream(RandomKey(seed: 9, purpose: .test))
            network.dropoutStream = RandomStream(RandomKey(seed: 9, purpose: .dropout))
            plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
            for i in 0..<network.input.count { network.input[i] = stream.uniform() }
            let labels = (0..<10).map { _ in UInt8(stream.index(below: 10)) }
            let momentum: Float = optimizer == .momentum ? 0.9 : 0
            var sgd = SGDState(SGD(learningRate: 0.01, momentum: momentum), count: plan.layout.count)
            var adam = AdamState(Adam(learningRate: 0.001), count: plan.layout.count)
            func step(samples: Int) {
                let some = labels.span.extracting(0..<samples)
                switch optimizer {
                case .plain, .momentum:
                    _ = network.trainStep(labels: some, samples: samples, optimizer: &sgd)
                case .clipped:
                    network.forward(samples: samples)
                    _ = network.softmaxCrossEntropy(labels: some, samples: samples)
                    network.step(samples: samples, limit: 0.1, optimizer: &sgd)
                case .adam:
                    network.forward(samples: samples)
                    _ = network.softmaxCrossEntropy(labels: some, samples: samples)
                    network.backwardFromLoss(samples: samples)
                    network.applyGradients(optimizer: &adam)
                }
            }
            step(samples: 10)
            allocations_begin()
            for samples in [10, 10, 7, 1, 10] { step(samples: samples) }
            let count = allocations_end()
            #expect(count == 0, "\(count) allocations in five steps of \(name), \(optimizer)")
        }

        @Test(arguments: [100]) func theCounterCounts(values: Int) {
            allocations_begin()
            let array = [Float](repeating: 1, count: values)
            let count = allocations_end()
            #expect(array.count == values)
            #expect(count >= 1)
        }
    }
}

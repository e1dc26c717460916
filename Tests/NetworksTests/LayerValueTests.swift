import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Values of layers on numbers small enough to compute by hand.
    @Suite struct LayerValueTests {
        /// `x` as samples of `shape` through one layer.
        private func forward(
            _ layer: LayerSpec, _ shape: Shape, outputs: Int, _ x: [Float],
            network: (Network) -> Void = { _ in }
        ) throws -> [Float] {
            let plan = try NetworkPlan(
                spec: .init(name: "one", layers: [layer]), input: shape, classes: outputs)
            let subject = Network(plan: plan, batch: x.count / shape.count)
            var stream = RandomStream(RandomKey(seed: 1, purpose: .initialization))
            plan.initialParameters(.uniformFanIn, stream: &stream, into: subject.parameters)
            subject.input.copy(from: x)
            subject.forward(samples: subject.batch)
            network(subject)
            return subject.logits.array
        }

        /// Five columns as three: [0, 2), [1, 4), [3, 5); two rows as three: [0, 1), [0, 2), [1, 2).
        @Test func adaptivePoolsOverlap() throws {
            let x: [Float] = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
            let y = try forward(
                .adaptiveAveragePool(side: 3), Shape(channels: 1, height: 2, width: 5), outputs: 9, x)
            #expect(y == [2, 5, 8, 7, 10, 13, 12, 15, 18])
        }

        @Test func adaptivePoolsRepeat() throws {
            let y = try forward(
                .adaptiveAveragePool(side: 2), Shape(channels: 2, height: 1, width: 1), outputs: 8, [4, -6])
            #expect(y == [4, 4, 4, 4, -6, -6, -6, -6])
        }

        /// Mean 2, variance 1: one away from the mean is 1 / sqrt(1 + 0.5625) = 0.8. The unbiased variance is
        /// 2.
        @Test func epsilonAndMomentumOfBatchNorm() throws {
            let norm = LayerSpec.batchNorm(epsilon: 0.5625, momentum: 0.25)
            let y = try forward(norm, Shape(channels: 1), outputs: 1, [1, 3]) { network in
                // Scale, shift, running mean and variance, which began as 0 and 1.
                #expect(network.parameters.array == [1, 0, 0.25 * 2, 0.75 * 1 + 0.25 * 2])
            }
            #expect(y == [-0.8, 0.8])
            let still = try forward(
                .batchNorm(momentum: 0), Shape(channels: 1), outputs: 1, [1, 3]
            ) { network in
                #expect(network.parameters.array == [1, 0, 0, 1])
            }
            #expect(abs(still[1] - 1) < 1e-5)
        }
    }
}

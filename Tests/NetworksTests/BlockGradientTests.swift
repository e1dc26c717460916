import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Gradients through norms, other convolutions and composite blocks against central differences.
    @Suite struct BlockGradientTests {
        static let layers: [(String, [LayerSpec])] = [
            ("batch norm", [.batchNorm()]),
            ("batch norm of large epsilon", [.batchNorm(epsilon: 0.5, momentum: 1)]),
            (
                "conv without bias, norm, relu",
                [.conv(channels: 3, kernel: 3, bias: false), .batchNorm(), .relu]
            ),
            ("norm, relu6", [.batchNorm(), .relu6, .globalAveragePool]),
            ("group norm", [.conv(channels: 6, kernel: 1), .groupNorm(groups: 3)]),
            ("relu6", [.conv(channels: 3, kernel: 1), .relu6]),
            ("groups", [.conv(channels: 6, kernel: 3, padding: .same, groups: 2), .relu]),
            ("groups, pool", [.conv(channels: 4, kernel: 3, groups: 2), .maxPool(kernel: 2, stride: 2)]),
            ("depthwise", [.conv(channels: 2, kernel: 3, padding: .same, groups: 2)]),
            ("depthwise stride 2", [.conv(channels: 2, kernel: 3, stride: 2, padding: .same, groups: 2)]),
            ("depthwise 5 without bias", [.conv(channels: 2, kernel: 5, groups: 2, bias: false)]),
            ("depthwise even", [.conv(channels: 2, kernel: 4, stride: 2, padding: .explicit(3), groups: 2)]),
            ("pointwise without bias", [.conv(channels: 5, kernel: 1, bias: false), .relu]),
            (
                "transposed",
                [.transposedConv(channels: 3, kernel: 3, stride: 2, padding: 1, outputPadding: 1)]
            ),
            ("transposed, stride 1", [.relu, .transposedConv(channels: 3, kernel: 2, bias: false)]),
            (
                "padded pools",
                [.maxPool(kernel: 3, stride: 2, padding: 1), .averagePool(kernel: 3, stride: 1, padding: 1)]
            ),
            ("adaptive pool", [.adaptiveAveragePool(side: 4)]),
            ("adaptive pool that repeats", [.relu, .adaptiveAveragePool(side: 7), .flatten]),
            (
                "adaptive pool that keeps",
                [
                    .conv(channels: 2, kernel: 3), .adaptiveAveragePool(side: 2),
                    .adaptiveAveragePool(side: 2), .relu,
                ]
            ),
            ("ceiling", [.maxPool(kernel: 3, stride: 2, ceiling: true)]),
            ("residual of one conv", [.residual(body: [.conv(channels: 2, kernel: 3, padding: .same)])]),
            (
                "residual, relu",
                [.residual(body: [.conv(channels: 2, kernel: 3, padding: .same)]), .relu, .flatten]
            ),
            ("empty residual", [.conv(channels: 2, kernel: 1), .residual(body: []), .relu]),
            (
                "basic blocks",
                [
                    .conv(channels: 3, kernel: 3, padding: .same, bias: false), .batchNorm(), .relu,
                    .residual(
                        body: [
                            .conv(channels: 3, kernel: 3, padding: .same, bias: false), .batchNorm(), .relu,
                            .conv(channels: 3, kernel: 3, padding: .same, bias: false), .batchNorm(),
                        ]), .relu,
                    .residual(
                        body: [
                            .conv(channels: 4, kernel: 3, stride: 2, padding: .same, bias: false),
                            .batchNorm(),
                        ],
                        shortcut: [.conv(channels: 4, kernel: 1, stride: 2, bias: false), .batchNorm()]),
                    .relu,
                    .globalAveragePool, .flatten, .dense(units: 3),
                ]
            ),
            (
                "padded shortcut",
                [
                    .residual(
                        body: [.conv(channels: 6, kernel: 3, stride: 2, padding: .same)],
                        shortcut: [.averagePool(kernel: 1, stride: 2), .padChannels(before: 1, after: 3)])
                ]
            ),
            (
                "branches",
                [
                    .concatenate(branches: [
                        [.conv(channels: 3, kernel: 1), .relu],
                        [.conv(channels: 2, kernel: 3, padding: .same)], [],
                    ]), .conv(channels: 2, kernel: 1),
                ]
            ),
            (
                "dense net",
                [
                    .concatenate(branches: [
                        [], [.batchNorm(), .relu, .conv(channels: 2, kernel: 3, padding: .same)],
                    ]),
                    .concatenate(branches: [
                        [], [.batchNorm(), .relu, .conv(channels: 2, kernel: 3, padding: .same)],
                    ]),
                ]
            ),
            (
                "shuffled halves",
                [
                    .conv(channels: 4, kernel: 1),
                    .concatenate(branches: [
                        [.slice(channels: 0..<2)], [.slice(channels: 2..<4), .conv(channels: 2, kernel: 1)],
                    ]),
                    .shuffle(groups: 2), .relu,
                ]
            ),
            (
                "cell",
                [
                    .conv(channels: 2, kernel: 1),
                    .cell(edges: [
                        [[.relu, .conv(channels: 2, kernel: 3, padding: .same)]],
                        [[], [.averagePool(kernel: 3, stride: 1, padding: 1)]],
                        [[.conv(channels: 2, kernel: 1), .relu], [], []],
                    ]),
                    .conv(channels: 2, kernel: 1),
                ]
            ),
            (
                "cell of identities",
                [
                    .conv(channels: 2, kernel: 1), .cell(edges: [[[]], [[], []], [[], [], []]]),
                    .cell(edges: [[nil], [[], []], [nil, [], [.relu]]]), .conv(channels: 2, kernel: 1),
                ]
            ),
            (
                "nested",
                [
                    .sequence([.conv(channels: 3, kernel: 1), .relu]),
                    .residual(
                        body: [
                            .residual(body: [.conv(channels: 3, kernel: 3, padding: .same)]), .relu,
                            .residual(body: [.residual(body: [])], shortcut: [.sequence([])]),
                        ], shortcut: [.residual(body: [.conv(channels: 3, kernel: 1)])]),
                    .conv(channels: 2, kernel: 1),
                ]
            ),
        ]

        static func filled(_ count: Int, _ stream: inout RandomStream) -> FloatView {
            let view = FloatBuffer(count: count).view
            for i in 0..<count { view[i] = 2 * stream.uniform() - 1 }
            return view
        }

        /// A network with random parameters and input; norms' scales and shifts are random, too.
        static func network(
            _ name: String, _ layers: [LayerSpec], taps: Set<String> = [], frozen: Set<String> = [],
            stream: inout RandomStream
        ) throws -> Network {
            let input = Shape(channels: 2, height: 6, width: 5)
            let plan = try NetworkPlan(
                spec: .init(name: name, layers: layers), input: input,
                classes: GradientTests.outputs(of: layers, input: input))
            let network = Network(plan: plan, batch: 4, taps: taps, frozen: frozen, inputGradient: true)
            plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
            for segment in plan.layout.segments where segment.shape.count == 1 && segment.role == .trainable {
                for i in 0..<segment.count {
                    network.parameters[segment.offset + i] += stream.uniform() - 0.5
                }
            }
            for i in 0..<network.input.count { network.input[i] = 3 * stream.uniform() - 1.5 }
            return network
        }

        @Test(arguments: layers)
        func agreeWithDifferences(name: String, layers: [LayerSpec]) throws {
            var stream = RandomStream(RandomKey(seed: 40, purpose: .test))
            let network = try Self.network(name, layers, stream: &stream)
            let plan = network.plan
            let samples = 3
            // Gradients at every block that takes one, and at the last.
            let taps = plan.blocks.indices.filter { tapped in
                network.hasOutput(tapped)
            }
            let factors = taps.map { Self.filled(samples * plan.blocks[$0].output.count, &stream) }
            for used in [taps, [plan.blocks.count - 1]] {
                func value() -> Double {
                    network.forward(samples: samples)
                    var sum = 0.0
                    for (tap, factor) in zip(taps, factors) where used.contains(tap) {
                        let y = network.activation(of: tap)
                        for i in 0..<factor.count { sum += Double(factor[i]) * Double(y[i]) }
                    }
                    return sum
                }
                _ = value()
                network.backward(
                    samples: samples,
                    taps: zip(taps, factors).filter { used.contains($0.0) }.map {
                        .init(block: $0, gradient: $1)
                    })
                let inputGradient = try #require(network.inputGradient)
                let gradients = FloatBuffer(count: network.gradients.count).view
                gradients.copy(from: network.gradients)
                try GradientTests.compare(
                    network.parameters, gradients, count: plan.layout.count, "\(name) weights",
                    curvature: 5e-3, value)
                try GradientTests.compare(
                    network.input, inputGradient, count: samples * plan.input.count, "\(name) input",
                    curvature: 5e-3, value)
            }
        }
    }
}

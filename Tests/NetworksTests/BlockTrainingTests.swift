import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Training with norms, dropout and composite blocks: fused steps, partial batches, freezing, taps,
    /// clipping.
    @Suite struct BlockTrainingTests {
        static func normed(_ channels: Int, stride: Int = 1, groups: Int = 1) -> [LayerSpec] {
            [
                .conv(
                    channels: channels, kernel: 3, stride: stride, padding: .same, groups: groups, bias: false
                ),
                .batchNorm(),
            ]
        }

        /// Two residual blocks, the second of which changes the shape, a depthwise and a pointwise
        /// convolution.
        static let layers: [LayerSpec] =
            normed(6) + [.relu, .residual(body: normed(6) + [.relu] + normed(6)), .relu]
            + [
                .residual(
                    body: normed(8, stride: 2) + [.relu] + normed(8),
                    shortcut: [.conv(channels: 8, kernel: 1, stride: 2, bias: false), .batchNorm()]), .relu,
            ] + normed(8, groups: 8) + [
                .relu6, .conv(channels: 12, kernel: 1, bias: false), .batchNorm(), .relu,
            ]
            + [.globalAveragePool, .flatten, .dense(units: 10)]

        let shape = Shape(channels: 3, height: 12, width: 12)

        private func plan(_ layers: [LayerSpec] = layers) throws -> NetworkPlan {
            try NetworkPlan(spec: .init(name: "small", layers: layers), input: shape, classes: 10)
        }

        private func begin(_ network: Network, seed: UInt64 = 1) -> [UInt8] {
            var stream = RandomStream(RandomKey(seed: seed, purpose: .initialization))
            network.plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
            for i in 0..<network.input.count { network.input[i] = stream.uniform() }
            return (0..<network.batch).map { _ in UInt8(stream.index(below: 10)) }
        }

        private func values(_ network: Network, _ name: String) throws -> [Float] {
            let segment = try #require(network.plan.layout.segment(named: name))
            return network.parameters.slice(segment.offset, segment.count).array
        }

        @Test func fusedStepsAgreeWithSeparateOnesAndRepeat() throws {
            let plan = try plan()
            func train(fused: Bool) -> [Float] {
                let network = Network(plan: plan, batch: 6)
                let labels = begin(network)
                var state = SGDState(SGD(learningRate: 0.05), count: plan.layout.count)
                for _ in 0..<3 {
                    if fused {
                        _ = network.trainStep(labels: labels.span, samples: 6, optimizer: &state)
                    } else {
                        network.forward(samples: 6)
                        _ = network.softmaxCrossEntropy(labels: labels.span, samples: 6)
                        network.backwardFromLoss(samples: 6)
                        network.applyGradients(optimizer: &state)
                    }
                }
                return network.parameters.array
            }
            let first = train(fused: true)
            #expect(first.map(\.bitPattern) == train(fused: true).map(\.bitPattern))
            expectClose(train(fused: false), first, tolerance: 1e-5, "separate steps")
        }

        private static let mixed: [LayerSpec] =
            [
                .conv(channels: 8, kernel: 3, padding: .same), .groupNorm(groups: 4), .relu,
                .maxPool(kernel: 2, stride: 2),
            ]
            + normed(8) + [
                .relu, .dropout(rate: 0.25), .flatten, .dense(units: 40), .relu, .dense(units: 10),
            ]

        private static let turns: [String: [LayerSpec]] = ["residual": layers, "mixed": mixed]

        /// In turns, both with dropout of their own; few samples and many; gradients that are stored, and SGD with momentum.
        @Test(arguments: ["residual", "mixed", "cnn", "lenet5", "mobilenet_v1_0.25"], [6, 30])
        func networksThatTakeTurnsInOneMemoryTrainAsApart(name: String, batch: Int) throws {
            let spec =
                try Self.turns[name].map { ModelSpec(name: name, layers: $0) }
                ?? #require(ModelSpec.named(name, classes: 10))
            let plan = try NetworkPlan(
                spec: spec, input: Shape(channels: 3, height: 32, width: 32), classes: 10)
            func train(inTurns: Bool, momentum: Float) -> [[Float]] {
                let first = Network(plan: plan, batch: batch)
                let labels = begin(first)
                let second =
                    inTurns
                    ? Network(takingTurnsWith: first) : Network(plan: plan, batch: batch, input: first.input)
                second.parameters.copy(from: first.parameters)
                var states = [0.02, 0.05].map {
                    SGDState(SGD(learningRate: $0, momentum: momentum), count: plan.layout.count)
                }
                for (index, network) in [first, second].enumerated() {
                    network.dropoutStream = RandomStream(
                        RandomKey(seed: UInt64(index), purpose: .dropout))
                }
                for (samples, limit) in [(batch, nil), (4, nil), (batch, 0.5)] as [(Int, Float?)] {
                    for (index, network) in [first, second].enumerated() {
                        network.forward(samples: samples)
                        _ = network.softmaxCrossEntropy(labels: labels.span, samples: samples)
                        network.step(samples: samples, limit: limit, optimizer: &states[index])
                    }
                }
                return [first, second].map(\.parameters.array)
            }
            for momentum in [0, 0.9] as [Float] {
                let together = train(inTurns: true, momentum: momentum)
                #expect(together == train(inTurns: false, momentum: momentum))
                #expect(together[0] != together[1])
            }
        }

        /// As MOON's models that stand still, over an input that is another's.
        @Test func networksThatTakeTurnsEvaluateAsApart() throws {
            let plan = try plan(Self.mixed)
            let trained = Network(plan: plan, batch: 20)
            _ = begin(trained)
            let parameters = FloatBuffer(count: plan.layout.count).view
            for index in 0..<parameters.count { parameters[index] = 0.5 * trained.parameters[index] }
            func logits(_ networks: [Network]) -> [[Float]] {
                (0..<2).flatMap { _ in
                    networks.map { network in
                        network.forward(samples: 15)
                        return Array(network.logits.array.prefix(15 * plan.classes))
                    }
                }
            }
            func network(_ parameters: FloatView) -> Network {
                Network(
                    plan: plan, batch: 20, mode: .evaluation, parameters: parameters, input: trained.input)
            }
            let first = network(trained.parameters)
            let found = logits([first, Network(takingTurnsWith: first, parameters: parameters)])
            #expect(found == logits([network(trained.parameters), network(parameters)]))
            #expect(found[0] == found[2] && found[0] != found[1])
        }

        @Test func partialBatchesAreBatchesOfTheirOwn() throws {
            let plan = try plan()
            var found: [[Float]] = []
            for batch in [3, 8] {
                let network = Network(plan: plan, batch: 8)
                let labels = begin(network)
                if batch == 3 {
                    for i in (3 * shape.count)..<network.input.count { network.input[i] = .nan }
                }
                let small = Network(plan: plan, batch: batch)
                small.parameters.copy(from: network.parameters)
                small.input.slice(0, 3 * shape.count).copy(from: network.input.slice(0, 3 * shape.count))
                var state = SGDState(SGD(learningRate: 0.1), count: plan.layout.count)
                for subject in [network, small] {
                    _ = subject.trainStep(
                        labels: labels.span.extracting(0..<3), samples: 3, optimizer: &state)
                    found.append(subject.parameters.array)
                }
            }
            #expect(found.allSatisfy { $0 == found[0] })
        }

        @Test func trainingLowersTheLossAndEvaluationUsesRunningStatistics() throws {
            let network = Network(plan: try plan(), batch: 16)
            let labels = begin(network)
            var state = SGDState(SGD(learningRate: 0.05, momentum: 0.9), count: network.parameters.count)
            let before = network.trainStep(labels: labels.span, samples: 16, optimizer: &state).lossSum
            var after = before
            for _ in 0..<60 {
                after = network.trainStep(labels: labels.span, samples: 16, optimizer: &state).lossSum
            }
            #expect(after < 0.3 * before)
            let evaluation = Network(
                plan: network.plan, batch: 16, mode: .evaluation, parameters: network.parameters)
            evaluation.input.copy(from: network.input)
            let statistics = try values(network, "norm1.running_mean")
            evaluation.forward(samples: 16)
            let whole = evaluation.logits.array
            for n in 0..<16 {
                evaluation.input.slice(0, shape.count).copy(
                    from: network.input.slice(n * shape.count, shape.count))
                evaluation.forward(samples: 1)
                let one = Array(evaluation.logits.array[0..<10])
                expectClose(one, Array(whole[(n * 10)..<(n * 10 + 10)]), "sample \(n) alone")
                evaluation.input.copy(from: network.input)
            }
            #expect(try values(network, "norm1.running_mean") == statistics)
            #expect(statistics.contains { $0 != 0 })
        }

        @Test func frozenBlocksStayAndTheRestLearnsAlike() throws {
            let plan = try plan()
            let lower: Set<String> = ["conv1", "norm1", "block1"]
            let free = Network(plan: plan, batch: 6)
            let frozen = Network(plan: plan, batch: 6, frozen: lower)
            // Without the batch's statistics below, both see the same values once these are the running ones.
            let labels = begin(free)
            frozen.parameters.copy(from: free.parameters)
            frozen.input.copy(from: free.input)
            let before = frozen.parameters.array
            var state = SGDState(SGD(learningRate: 0.1, momentum: 0.5, weightDecay: 0.1), count: before.count)
            for plain in [true, false] {
                var optimizer = plain ? SGDState(SGD(learningRate: 0.1), count: before.count) : state
                for _ in 0..<2 {
                    _ = frozen.trainStep(labels: labels.span, samples: 6, optimizer: &optimizer)
                }
                state = optimizer
                for segment in plan.layout.segments {
                    let range = segment.offset..<(segment.offset + segment.count)
                    let isLower = lower.contains { segment.name.hasPrefix("\($0).") }
                    #expect(
                        (Array(before[range]) == Array(frozen.parameters.array[range])) == isLower,
                        "\(segment.name)")
                    if isLower { #expect(frozen.gradients.array[range].allSatisfy { $0 == 0 }) }
                }
            }
        }

        @Test func gradientsAboveFrozenBlocksAreTheSame() throws {
            let layers: [LayerSpec] = [
                .conv(channels: 4, kernel: 3), .relu,
                .residual(body: [.conv(channels: 4, kernel: 3, padding: .same)]),
                .conv(channels: 5, kernel: 1), .globalAveragePool, .flatten, .dense(units: 10),
            ]
            let plan = try plan(layers)
            let free = Network(plan: plan, batch: 4)
            let labels = begin(free)
            free.forward(samples: 4)
            _ = free.softmaxCrossEntropy(labels: labels.span, samples: 4)
            free.backwardFromLoss(samples: 4)
            for names: Set<String> in [["conv1"], ["block1"], ["dense1"], ["conv1", "block1", "conv2"]] {
                let frozen = Network(plan: plan, batch: 4, parameters: free.parameters, frozen: names)
                frozen.input.copy(from: free.input)
                frozen.forward(samples: 4)
                _ = frozen.softmaxCrossEntropy(labels: labels.span, samples: 4)
                frozen.backwardFromLoss(samples: 4)
                for segment in plan.layout.segments {
                    let range = segment.offset..<(segment.offset + segment.count)
                    let isFrozen = names.contains { segment.name.hasPrefix("\($0).") }
                    let expected = isFrozen ? range.map { _ in 0 } : Array(free.gradients.array[range])
                    expectClose(Array(frozen.gradients.array[range]), expected, tolerance: 1e-6, segment.name)
                }
            }
        }

        @Test func compositeBlocksCanBeTapped() throws {
            let plan = try plan()
            let fused = Network(plan: plan, batch: 2)
            _ = begin(fused)
            let apart = Network(
                plan: plan, batch: 2, parameters: fused.parameters, taps: ["block1", "norm1"])
            apart.input.copy(from: fused.input)
            for network in [fused, apart] { network.forward(samples: 2) }
            #expect(fused.logits.array == apart.logits.array)
            #expect(
                apart.activation(of: "block1").array.map { max($0, 0) } == fused.activation(of: "relu2").array
            )
            let block = try #require(plan.index(of: "block1"))
            #expect(!fused.hasOutput(block) && apart.hasOutput(block))
            let body = apart.activation(of: "block1.norm2").array
            let sum = zip(body, apart.activation(of: "relu1").array).map { $0 + $1 }
            #expect(apart.activation(of: "block1").array == sum)
        }

        @Test func dropoutKeepsTheMeanAndItsGradient() throws {
            let plan = try NetworkPlan(
                spec: .init(name: "dropout", layers: [.dropout(rate: 0.25), .flatten]),
                input: Shape(channels: 10_000), classes: 10_000)
            let network = Network(plan: plan, batch: 2, inputGradient: true)
            network.input.fill(3)
            func run(_ stream: RandomStream) -> [Float] {
                network.dropoutStream = stream
                network.forward(samples: 2)
                return network.logits.array
            }
            let stream = RandomStream(RandomKey(seed: 4, purpose: .dropout))
            let once = run(stream)
            network.outputGradient.fill(1)
            network.backward(samples: 2, taps: [.init(block: 1, gradient: network.outputGradient)])
            #expect(network.inputGradient?.array == once.map { $0 / 3 })
            #expect(Set(once) == [0, 4])
            let share = Double(once.filter { $0 == 0 }.count) / 20_000
            #expect(abs(share - 0.25) < 0.01)
            network.forward(samples: 2)
            #expect(network.logits.array != once, "the stream moves on")
            #expect(run(stream) == once)
            for still in [
                Network(plan: plan, batch: 1, mode: .evaluation),
                Network(plan: plan, batch: 1, frozen: ["dropout1"]),
            ] {
                still.input.fill(3)
                still.forward(samples: 1)
                #expect(still.logits.array.allSatisfy { $0 == 3 })
            }
        }

        @Test func clippingBringsTheNormDown() throws {
            let network = Network(plan: try plan(), batch: 4, frozen: ["conv1"])
            let labels = begin(network)
            network.forward(samples: 4)
            _ = network.softmaxCrossEntropy(labels: labels.span, samples: 4)
            network.backwardFromLoss(samples: 4)
            let gradients = network.gradients.array
            let norm = gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(network.clipGradients(norm: Float(2 * norm)) - norm) < 1e-5 * norm)
            #expect(network.gradients.array == gradients)
            network.clipGradients(norm: Float(norm / 4))
            expectClose(network.gradients.array, gradients.map { $0 / 4 }, tolerance: 1e-5, "a quarter")
            var state = SGDState(SGD(learningRate: 1), count: gradients.count)
            let before = network.parameters.array
            network.forward(samples: 4)
            _ = network.softmaxCrossEntropy(labels: labels.span, samples: 4)
            let statistics = network.parameters.array
            network.step(samples: 4, limit: 1e-3, optimizer: &state)
            let moved = zip(network.parameters.array, statistics).reduce(0.0) {
                $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
            }.squareRoot()
            #expect(abs(moved - 1e-3) < 2e-5)
            #expect(before != statistics, "running statistics moved")
        }
    }
}

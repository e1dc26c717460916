import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Steps of training: fused and not, whole and partial batches, and what goes wrong in data.
    @Suite struct TrainingTests {
        private func network(_ name: String, batch: Int, mode: Network.Mode = .training) throws -> Network {
            let plan = try NetworkPlan(
                spec: try #require(ModelSpec.named(name, classes: 10)),
                input: Shape(channels: 1, height: 28, width: 28), classes: 10)
            return Network(plan: plan, batch: batch, mode: mode)
        }

        /// Random images and labels for `samples`.
        private func data(_ samples: Int, seed: UInt64) -> (images: FloatView, labels: [UInt8]) {
            var stream = RandomStream(RandomKey(seed: seed, purpose: .synthetic))
            let images = FloatBuffer(count: samples * 784).view
            for i in 0..<images.count { images[i] = stream.uniform() }
            return (images, (0..<samples).map { _ in UInt8(stream.index(below: 10)) })
        }

        private func begin(_ network: Network) {
            var stream = RandomStream(RandomKey(seed: 5, purpose: .initialization))
            network.plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
        }

        /// Trains over all of `images` in batches, the last one partial; the parameters afterwards.
        private func train(
            _ network: Network, images: FloatView, labels: [UInt8], sgd: SGD, fused: Bool = true
        ) -> (parameters: [Float], loss: Double) {
            begin(network)
            var state = SGDState(sgd, count: network.plan.layout.count)
            var loss = 0.0
            var first = 0
            while first < labels.count {
                let samples = min(network.batch, labels.count - first)
                let some = labels.span.extracting(first..<(first + samples))
                network.input.slice(0, samples * 784).copy(from: images.slice(first * 784, samples * 784))
                if fused {
                    loss += network.trainStep(labels: some, samples: samples, optimizer: &state).lossSum
                } else {
                    network.forward(samples: samples)
                    loss += network.softmaxCrossEntropy(labels: some, samples: samples).lossSum
                    network.backwardFromLoss(samples: samples)
                    network.applyGradients(optimizer: &state)
                }
                first += samples
            }
            return (network.parameters.array, loss)
        }

        @Test(arguments: [("logistic", 10), ("mlp", 10), ("mlp", 15), ("mlp", 40), ("cnn", 10), ("cnn", 16)])
        func fusedStepsAgreeWithSeparateOnesAndRepeat(name: String, batch: Int) throws {
            let (images, labels) = data(2 * batch + 3, seed: 1)
            let sgd = SGD(learningRate: 0.05)
            let first = train(try network(name, batch: batch), images: images, labels: labels, sgd: sgd)
            let again = train(try network(name, batch: batch), images: images, labels: labels, sgd: sgd)
            #expect(first.parameters.map(\.bitPattern) == again.parameters.map(\.bitPattern))
            #expect(first.loss == again.loss)
            let separate = train(
                try network(name, batch: batch), images: images, labels: labels, sgd: sgd, fused: false)
            expectClose(first.parameters, separate.parameters, tolerance: 1e-6, "\(name) \(batch)")
        }

        /// A step towards an anchor within the backward pass is the pass, then d = g + weight (w - anchor), then
        /// w -= rate (d + decay w): bit for bit, in every family, for layers that take it themselves and others.
        @Test(
            arguments: [
                ("mlp", 10), ("mlp", 12), ("mlp", 13), ("mlp", 40), ("cnn", 5), ("cnn", 16), ("resnet20", 3),
                ("mobilenet_v1_0.25", 3), ("mlp frozen", 10), ("cnn frozen", 5),
            ], families)
        func stepsTowardsAnAnchorTakeOnePass(model: (name: String, samples: Int), family: Int32) throws {
            let words = model.name.split(separator: " ").map(String.init)
            let side = ["mlp", "cnn"].contains(words[0]) ? 28 : 32
            let plan = try NetworkPlan(
                spec: try #require(ModelSpec.named(words[0], classes: 10)),
                input: Shape(channels: 1, height: side, width: side), classes: 10)
            let last = plan.blocks[plan.blocks.count - 1].name
            let frozen: Set<String> = words.count > 1 ? [last] : []
            let (apart, fused) = (
                Network(plan: plan, batch: model.samples, frozen: frozen),
                Network(plan: plan, batch: model.samples, frozen: frozen)
            )
            var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
            let anchor = FloatBuffer(count: plan.layout.count).view
            begin(apart)
            for i in 0..<anchor.count { anchor[i] = apart.parameters[i] + 0.1 * stream.uniform() }
            for i in 0..<apart.input.count { apart.input[i] = stream.uniform() }
            for view in [fused.parameters, fused.input] {
                view.copy(from: view.count == apart.input.count ? apart.input : apart.parameters)
            }
            let labels = (0..<model.samples).map { _ in UInt8(stream.index(below: 10)) }
            let (rate, decay, weight): (Float, Float, Float) = (0.1, 0.01, 0.3)
            typealias Term = (step: (Descent) -> Descent, gradient: (Float, Float, Float) -> Float)
            let plain: Term = ({ $0 }, { g, _, _ in g })
            let terms: [Term] = [
                ({ $0.pulled(by: weight, towards: anchor) }, { g, w, a in g + weight * (w - a) }), plain,
                ({ $0.turned(by: anchor) }, { g, _, a in g + a }), plain,
            ]
            withFamily(family) {
                for (term, add) in terms {
                    for network in [apart, fused] {
                        network.forward(samples: model.samples)
                        _ = network.softmaxCrossEntropy(labels: labels.span, samples: model.samples)
                    }
                    fused.descend(samples: model.samples, term(Descent(rate: rate, decay: decay)))
                    apart.backwardFromLoss(samples: model.samples)
                    let (w, g) = (apart.parameters, apart.gradients)
                    for i in apart.trainableRuns.joined() {
                        w[i] -= rate * (add(g[i], w[i], anchor[i]) + decay * w[i])
                    }
                    #expect(fused.parameters.array.map(\.bitPattern) == w.array.map(\.bitPattern))
                }
            }
        }

        @Test func momentumZeroAndVanishingDecayIsPlain() throws {
            let (images, labels) = data(23, seed: 2)
            let plain = train(
                try network("mlp", batch: 10), images: images, labels: labels, sgd: .init(learningRate: 0.1))
            let decayed = train(
                try network("mlp", batch: 10), images: images, labels: labels,
                sgd: .init(learningRate: 0.1, weightDecay: 1e-20))
            expectClose(plain.parameters, decayed.parameters, tolerance: 1e-6, "decay of 1e-20")
            let momentum = train(
                try network("mlp", batch: 10), images: images, labels: labels,
                sgd: .init(learningRate: 0.1, momentum: 0.9))
            #expect(momentum.parameters != plain.parameters)
        }

        @Test(arguments: ["logistic", "mlp", "cnn"])
        func partialBatchesAreBatchesOfTheirOwn(name: String) throws {
            let (images, labels) = data(3, seed: 3)
            let large = try network(name, batch: 10)
            for i in 0..<large.input.count { large.input[i] = .nan }
            let small = try network(name, batch: 3)
            let sgd = SGD(learningRate: 0.1)
            let a = train(large, images: images, labels: labels, sgd: sgd)
            let b = train(small, images: images, labels: labels, sgd: sgd)
            #expect(a.parameters == b.parameters)
            #expect(a.loss == b.loss)
        }

        @Test(arguments: ["logistic", "mlp", "cnn"])
        func trainingLowersTheLoss(name: String) throws {
            let (images, labels) = data(20, seed: 4)
            let network = try network(name, batch: 20)
            begin(network)
            var state = SGDState(SGD(learningRate: 0.05), count: network.plan.layout.count)
            network.input.copy(from: images)
            let before = network.trainStep(labels: labels.span, samples: 20, optimizer: &state).lossSum
            var after = before
            for _ in 0..<60 {
                after = network.trainStep(labels: labels.span, samples: 20, optimizer: &state).lossSum
            }
            #expect(after < 0.8 * before)
        }

        @Test(arguments: ["logistic", "mlp", "cnn"])
        func evaluationSharesParameters(name: String) throws {
            let (images, labels) = data(30, seed: 6)
            let training = try network(name, batch: 10)
            begin(training)
            let evaluation = Network(
                plan: training.plan, batch: 30, mode: .evaluation, parameters: training.parameters)
            evaluation.input.copy(from: images)
            evaluation.forward(samples: 30)
            let all = evaluation.lossAndCorrect(labels: labels.span, samples: 30)
            var loss = 0.0
            var correct = 0
            for first in [0, 10, 20] {
                training.input.copy(from: images.slice(first * 784, 7_840))
                training.forward(samples: 10)
                let some = training.lossAndCorrect(
                    labels: labels.span.extracting(first..<(first + 10)), samples: 10)
                loss += some.lossSum
                correct += some.correct
            }
            #expect(abs(all.lossSum - loss) < 1e-4)
            #expect(all.correct == correct)
        }

        @Test(arguments: ["logistic", "mlp", "cnn"])
        func notANumberPassesThrough(name: String) throws {
            let network = try network(name, batch: 10)
            begin(network)
            for i in 0..<network.input.count { network.input[i] = i % 3 == 0 ? .nan : .infinity }
            var state = SGDState(SGD(learningRate: 0.1), count: network.plan.layout.count)
            let labels = [UInt8](repeating: 1, count: 10)
            let result = network.trainStep(labels: labels.span, samples: 10, optimizer: &state)
            #expect(result.lossSum.isNaN)
            #expect(result.correct == 0)
        }

        @Test func tapsKeepFusedBlocksApart() throws {
            let plan = try network("cnn", batch: 1).plan
            let fused = Network(plan: plan, batch: 2)
            let apart = Network(
                plan: plan, batch: 2, parameters: fused.parameters, taps: ["conv1", "relu1", "dense1"])
            begin(fused)
            let (images, labels) = data(2, seed: 7)
            for network in [fused, apart] {
                network.input.copy(from: images)
                network.forward(samples: 2)
                _ = network.softmaxCrossEntropy(labels: labels.span, samples: 2)
                network.backwardFromLoss(samples: 2)
            }
            expectClose(apart.logits.array, fused.logits.array, tolerance: 1e-6, "logits")
            expectClose(apart.gradients.array, fused.gradients.array, tolerance: 1e-6, "gradients")
            let before = apart.activation(of: "conv1").array
            #expect(before.contains { $0 < 0 })
            #expect(apart.activation(of: "relu1").array == before.map { max($0, 0) })
        }
    }
}

import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Layers, losses and optimisers against values exported from PyTorch.
    @Suite struct GoldenTests {
        let golden: Golden

        init() throws { golden = try Golden() }

        private func layer(of reference: Golden.Case) throws -> LayerSpec? {
            switch reference.kind {
            case "linear": return .dense(units: try golden.shape("\(reference.name)/out.y")[1])
            case "conv2d":
                return .conv(
                    channels: try #require(reference.outChannels), kernel: try #require(reference.kernel),
                    stride: try #require(reference.stride),
                    padding: .explicit(try #require(reference.padding)),
                    groups: try #require(reference.groups))
            case "batch_norm": return .batchNorm()
            case "group_norm": return .groupNorm(groups: try #require(reference.groups))
            case "relu6": return .relu6
            case "relu": return .relu
            case "max_pool":
                return .maxPool(
                    kernel: try #require(reference.kernel), stride: try #require(reference.stride))
            case "avg_pool":
                return .averagePool(
                    kernel: try #require(reference.kernel), stride: try #require(reference.stride))
            case "global_avg_pool": return .globalAveragePool
            default: return nil
            }
        }

        @Test func layersAgreeWithPyTorch() throws {
            var tested = 0
            for reference in golden.cases {
                guard let layer = try layer(of: reference) else { continue }
                tested += 1
                let name = reference.name
                let inputShape = try golden.shape("\(name)/in.x") + [1, 1]
                let x = try golden.values("\(name)/in.x")
                let y = try golden.values("\(name)/out.y")
                let batch = inputShape[0]
                let plan = try NetworkPlan(
                    spec: ModelSpec(name: name, layers: [layer]),
                    input: Shape(channels: inputShape[1], height: inputShape[2], width: inputShape[3]),
                    classes: y.count / batch)
                let network = Network(
                    plan: plan, batch: batch, frozen: reference.train == false ? [plan.blocks[0].name] : [],
                    inputGradient: true)
                for segment in plan.layout.segments {
                    let part = segment.name.drop { $0 != "." }.dropFirst()
                    #expect(try golden.shape("\(name)/param.\(part)") == segment.shape)
                    network.parameters.slice(segment.offset, segment.count).copy(
                        from: try golden.values("\(name)/param.\(part)"))
                }
                network.input.copy(from: x)
                network.forward(samples: batch)
                expectClose(network.logits.array, y, "\(name) output")
                network.outputGradient.copy(from: try golden.values("\(name)/grad.out"))
                network.backward(samples: batch, taps: [.init(block: 0, gradient: network.outputGradient)])
                let inputGradient = try #require(network.inputGradient)
                expectClose(
                    inputGradient.array, try golden.values("\(name)/grad.x"), "\(name) input gradient")
                for segment in plan.layout.segments {
                    let part = segment.name.drop { $0 != "." }.dropFirst()
                    if segment.role == .buffer {
                        expectClose(
                            network.parameters.slice(segment.offset, segment.count).array,
                            try golden.values("\(name)/after.\(part)"), "\(part) of \(name)")
                        continue
                    }
                    if reference.train == false { continue }
                    expectClose(
                        network.gradients.slice(segment.offset, segment.count).array,
                        try golden.values("\(name)/grad.\(part)"), "\(segment.name) gradient of \(name)")
                }
            }
            #expect(tested == 18)
        }

        @Test(arguments: ["cross_entropy", "cross_entropy_extreme"])
        func crossEntropyAgrees(name: String) throws {
            let shape = try golden.shape("\(name)/in.x")
            let (samples, classes) = (shape[0], shape[1])
            let labels = try golden.values("\(name)/in.labels").map { UInt8($0) }
            let plan = try NetworkPlan(
                spec: ModelSpec(name: name, layers: [.flatten]), input: Shape(channels: classes),
                classes: classes)
            let network = Network(plan: plan, batch: samples)
            network.input.copy(from: try golden.values("\(name)/in.x"))
            network.forward(samples: samples)
            let (sum, _) = network.softmaxCrossEntropy(labels: labels.span, samples: samples)
            let loss = try golden.values("\(name)/out.loss")
            expectClose([Float(sum / Double(samples))], loss, tolerance: 1e-6, "\(name) loss")
            expectClose(
                network.outputGradient.array, try golden.values("\(name)/grad.x"), tolerance: 1e-6,
                "\(name) gradient")
            #expect(network.lossAndCorrect(labels: labels.span, samples: samples).lossSum == sum)
        }

        @Test(arguments: ["sgd", "sgd_momentum", "sgd_nesterov"])
        func optimizersAgree(name: String) throws {
            let reference = try #require(golden.cases.first { $0.name == name })
            let weights = try golden.values("\(name)/in.w")
            let gradients = try golden.values("\(name)/in.grads")
            let count = weights.count
            let buffer = FloatBuffer(count: 2 * count)
            let parameters = buffer.view.slice(0, count)
            let gradient = buffer.view.slice(count, count)
            parameters.copy(from: weights)
            let settings = SGD(
                learningRate: try #require(reference.lr), momentum: reference.momentum ?? 0,
                nesterov: reference.nesterov ?? false, weightDecay: reference.weightDecay ?? 0)
            var state = SGDState(settings, count: count)
            for step in 0..<(try #require(reference.steps)) {
                gradient.copy(from: Array(gradients[(step * count)..<((step + 1) * count)]))
                state.step(parameters: parameters, gradients: gradient, runs: [0..<count])
            }
            expectClose(parameters.array, try golden.values("\(name)/out.w"), tolerance: 1e-6, name)
        }

        @Test func adamAgrees() throws {
            let reference = try #require(golden.cases.first { $0.name == "adam" })
            let weights = try golden.values("adam/in.w")
            let gradients = try golden.values("adam/in.grads")
            let count = weights.count
            let parameters = FloatBuffer(count: count).view
            let gradient = FloatBuffer(count: count).view
            parameters.copy(from: weights)
            var state = AdamState(Adam(learningRate: try #require(reference.lr)), count: count)
            for step in 0..<(try #require(reference.steps)) {
                gradient.copy(from: Array(gradients[(step * count)..<((step + 1) * count)]))
                state.step(parameters: parameters, gradients: gradient, runs: [0..<count])
            }
            expectClose(parameters.array, try golden.values("adam/out.w"), tolerance: 1e-6, "adam")
        }

        /// Values of a golden case as a view.
        private func view(_ name: String) throws -> FloatView {
            let values = try golden.values(name)
            let view = FloatBuffer(count: values.count).view
            view.copy(from: values)
            return view
        }

        @Test func distillationAgrees() throws {
            let reference = try #require(golden.cases.first { $0.name == "distillation" })
            let student = try view("distillation/in.student")
            let gradient = FloatBuffer(count: student.count).view
            let loss = Loss.distillation(
                student: student, teacher: try view("distillation/in.teacher"),
                samples: try golden.shape("distillation/in.student")[0],
                temperature: try #require(reference.temperature), gradient: gradient)
            expectClose([Float(loss)], try golden.values("distillation/out.loss"), tolerance: 1e-6, "loss")
            expectClose(
                gradient.array, try golden.values("distillation/grad.student"), tolerance: 1e-6, "gradient")
        }

        @Test func squaredErrorAgrees() throws {
            let (student, teacher) = (try view("mse/in.student"), try view("mse/in.teacher"))
            let gradient = FloatBuffer(count: student.count).view
            let mean = Loss.squaredError(student, teacher, gradient: gradient)
            expectClose([Float(mean)], try golden.values("mse/out.loss"), tolerance: 1e-6, "mean")
            let expected = try golden.values("mse/grad.student")
            expectClose(
                gradient.array.map { $0 * 1e3 }, expected.map { $0 * 1e3 }, tolerance: 1e-6, "gradient")
            let sum = Loss.squaredError(student, teacher, reduction: .sum, gradient: gradient)
            #expect(abs(sum - mean * Double(student.count)) < 1e-6 * sum)
            expectClose(
                gradient.array, expected.map { $0 * Float(student.count) }, tolerance: 1e-5, "gradient of sum"
            )
        }

        @Test(arguments: [false, true])
        func twoStepsOfACNNAgree(plain: Bool) throws {
            let labels = try golden.values("net_cnn/in.labels").map { UInt8($0) }
            let layers: [LayerSpec] = [
                .conv(channels: 32, kernel: 5, padding: .same), .relu, .maxPool(kernel: 2, stride: 2),
                .conv(channels: 64, kernel: 5, padding: .same), .relu, .maxPool(kernel: 2, stride: 2),
                .flatten, .dense(units: 32), .relu, .dense(units: 10),
            ]
            let plan = try NetworkPlan(
                spec: ModelSpec(name: "net_cnn", layers: layers),
                input: Shape(channels: 1, height: 28, width: 28),
                classes: 10)
            let names = ["conv1": "c1", "conv2": "c2", "dense1": "f1", "dense2": "f2"]
            func goldenName(_ segment: Segment, _ prefix: String) throws -> String {
                let parts = segment.name.split(separator: ".").map(String.init)
                return "net_cnn/\(prefix).\(try #require(names[parts[0]])).\(parts[1])"
            }
            let network = Network(plan: plan, batch: 4)
            for segment in plan.layout.segments {
                network.parameters.slice(segment.offset, segment.count).copy(
                    from: try golden.values(goldenName(segment, "param")))
            }
            network.input.copy(from: try golden.values("net_cnn/in.x"))
            network.forward(samples: 4)
            expectClose(network.logits.array, try golden.values("net_cnn/out.logits"), "logits")
            var state = SGDState(SGD(learningRate: 0.05), count: plan.layout.count)
            var losses: [Float] = []
            for _ in 0..<2 {
                if plain {
                    let loss = network.trainStep(labels: labels.span, samples: 4, optimizer: &state).lossSum
                    losses.append(Float(loss / 4))
                } else {
                    network.forward(samples: 4)
                    losses.append(
                        Float(network.softmaxCrossEntropy(labels: labels.span, samples: 4).lossSum / 4))
                    network.backwardFromLoss(samples: 4)
                    network.applyGradients(optimizer: &state)
                }
            }
            expectClose(losses, try golden.values("net_cnn/out.losses"), "losses")
            for segment in plan.layout.segments {
                let found = network.parameters.slice(segment.offset, segment.count).array
                let name = try goldenName(segment, "after")
                if golden.file.tensors.contains(where: { $0.name == name }) {
                    expectClose(found, try golden.values(name), tolerance: 2e-6, name)
                } else {
                    let sparse = stride(from: 0, to: found.count, by: 16).map { found[$0] }
                    expectClose(sparse, try golden.values("\(name).every16th"), tolerance: 2e-6, name)
                }
            }
        }
    }
}

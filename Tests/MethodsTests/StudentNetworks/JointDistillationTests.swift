import Foundation
import Methods
import Networks
import TensorMath
import Testing

/// Steps of joint training against the same loss in double.
@Suite struct JointDistillationTests {
    static func training(
        _ plain: PlainEnsemble, _ settings: DistillationSettings,
        _ optimizer: OptimizerSpec = .sgd(SGD(learningRate: 0.01)), batch: Int = 5
    ) throws -> JointDistillation {
        let plan = try plain.plan
        let training = JointDistillation(
            plan: plan, settings: settings, optimizer: optimizer, batch: batch, seed: 3,
            filters: plain.filters)
        training.ensemble.parameters.copy(from: plain.parameters(plan))
        return training
    }

    static func settings(
        _ normalization: DistillationSettings.Normalization = .joint, dropout: Double = 0
    ) -> DistillationSettings {
        var settings = DistillationSettings()
        settings.beta = 10
        settings.normalization = normalization
        settings.studentDropout = dropout
        return settings
    }

    /// Two students, three, twins, and one student alone.
    @Test(
        arguments: [
            PlainEnsemble([2, 3]), PlainEnsemble([1, 4, 2]), PlainEnsemble([2, 3, 2, 3], parts: 2),
            PlainEnsemble([4]),
        ], DistillationSettings.Normalization.allCases)
    func gradientsAreThoseOfTheSum(
        plain: PlainEnsemble, normalization: DistillationSettings.Normalization
    ) throws {
        let settings = Self.settings(normalization)
        let training = try Self.training(plain, settings)
        let samples = plain.samples(5)
        let point = doubles(training.ensemble.parameters.array)
        let losses = training.step(samples)
        #expect(abs(losses.total - plain.loss(point, samples, settings, lost: [])) < 1e-4)
        let due = PlainNet.gradient(at: point) { plain.loss($0, samples, settings, lost: []) }
        #expect(near(training.ensemble.gradients.array, due))
    }

    /// Steps of SGD with momentum and weight decay over the flat buffer, with students that are left out.
    @Test func stepsFollowTheSum() throws {
        let plain = PlainEnsemble([2, 3, 2], parts: 2)
        let settings = Self.settings(.perPart, dropout: 0.4)
        let sgd = SGD(learningRate: 0.02, momentum: 0.5, weightDecay: 0.01)
        let training = try Self.training(plain, settings, .sgd(sgd))
        let samples = plain.samples(4)
        var w = doubles(training.ensemble.parameters.array)
        var v = w.map { _ in 0.0 }
        var omitted = Set<Int>()
        for step in 0..<8 {
            let lost = training.omitted(step: step)
            omitted.formUnion(lost)
            let gradient = PlainNet.gradient(at: w) { plain.loss($0, samples, settings, lost: lost) }
            v = 0.5 * v .+ (gradient .+ 0.01 * w)
            w = w - 0.02 * v
            _ = training.step(samples)
            #expect(training.ensemble.lost == lost)
        }
        #expect(!omitted.isEmpty)
        #expect(near(training.ensemble.parameters.array, w, 1e-4))
    }

    /// Parameters, the optimiser's memory and the number of steps are all that a run is resumed from.
    @Test(arguments: [
        OptimizerSpec.sgd(SGD(learningRate: 0.02, momentum: 0.9, weightDecay: 0.001)),
        .sgd(SGD(learningRate: 0.02)), .adam(Adam(learningRate: 0.003)),
    ])
    func resumedStepsGiveTheSameBits(optimizer: OptimizerSpec) throws {
        let plain = PlainEnsemble([2, 3, 2])
        let settings = Self.settings(dropout: 0.3)
        let samples = plain.samples(5)
        let whole = try Self.training(plain, settings, optimizer)
        for _ in 0..<9 { _ = whole.step(samples) }
        var current = try Self.training(plain, settings, optimizer)
        for step in 0..<9 {
            _ = current.step(samples)
            if step % 3 != 1 { continue }
            let next = try Self.training(plain, settings, optimizer)
            next.ensemble.parameters.copy(from: current.ensemble.parameters)
            for (to, from) in zip(next.optimizer.memory, current.optimizer.memory) { to.copy(from: from) }
            next.resume(after: current.steps)
            current = next
        }
        #expect(current.ensemble.parameters.array == whole.ensemble.parameters.array)
        #expect(current.steps == 9)
    }

    /// Left out as often as asked for, never all, and the same in every execution.
    @Test func studentsAreLeftOutAtRandom() throws {
        let training = try Self.training(PlainEnsemble([1, 1, 1]), Self.settings(dropout: 0.5))
        let drawn = (0..<4000).map { training.omitted(step: $0) }
        #expect(drawn.allSatisfy { $0.count < 3 })
        #expect(drawn == (0..<4000).map { training.omitted(step: $0) })
        // 1/2, less the third of 1/8 in which it alone is kept: 11/24.
        for student in 0..<3 {
            let share = Double(drawn.filter { $0.contains(student) }.count) / 4000
            #expect(abs(share - 11.0 / 24) < 0.03)
        }
        #expect(try Self.training(PlainEnsemble([1]), Self.settings(dropout: 0.9)).omitted(step: 1).isEmpty)
    }

    /// One student with all filters and no features to follow is a network that is distilled: trunk and head together
    /// give its bits.
    @Test func oneStudentIsPlainDistillation() throws {
        let layers: [LayerSpec] = [
            .conv(channels: 6, kernel: 3, padding: .same), .batchNorm(), .relu, .globalAveragePool,
            .dense(units: 4),
        ]
        let input = Shape(channels: 2, height: 5, width: 5)
        let model = try NetworkPlan(
            spec: ModelSpec(name: "whole", layers: layers), input: input, classes: 4)
        let plan = EnsemblePlan(students: [try .trunk(of: model)], classes: 4)
        #expect(plan.layout.count == model.layout.count)
        let sgd = SGD(learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4)
        let training = JointDistillation(
            plan: plan, settings: .logits, optimizer: .sgd(sgd), batch: 6, seed: 1)
        let network = Network(plan: model, batch: 6)
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        model.initialParameters(.he, stream: &stream, into: network.parameters)
        training.ensemble.parameters.copy(from: network.parameters)
        var state = SGDState(sgd, count: model.layout.count)
        let labels: [UInt8] = [0, 1, 2, 3, 2, 1]
        let (divergence, other) = (FloatBuffer(count: 24).view, FloatBuffer(count: 24).view)
        for step in 0..<4 {
            let images = DistillationLossTests.random(6 * 50, UInt32(step))
            let taught = DistillationLossTests.view(DistillationLossTests.random(24, UInt32(100 + step)))
            network.input.copy(from: images)
            training.ensemble.input.copy(from: images)
            let losses = training.step(
                labels: labels.span, teacher: TeacherOutputs(logits: taught), samples: 6)
            network.forward(samples: 6)
            let result = network.softmaxCrossEntropy(labels: labels.span, samples: 6)
            let value = Loss.distillation(
                student: network.logits, teacher: taught, samples: 6, temperature: 4, gradient: divergence)
            // 2 alpha / classes of the divergence, and 1 - alpha of the labels.
            other.copy(from: network.outputGradient)
            for i in 0..<24 { network.outputGradient[i] = Float(1 - 0.9) * other[i] + 0.45 * divergence[i] }
            network.backwardFromLoss(samples: 6)
            network.applyGradients(optimizer: &state)
            #expect(abs(losses.divergence - 0.45 * value) < 1e-9)
            #expect(abs(losses.labels - 0.1 * result.lossSum / 6) < 1e-9)
            #expect(losses.correct == result.correct && losses.features == 0)
        }
        #expect(near(training.ensemble.parameters.array, doubles(network.parameters.array), 1e-6))
    }

    /// KL and cross-entropy of three images by PyTorch 2.15, read off the bias of a head that sees nothing.
    @Test func logitsAreThoseOfPyTorch() throws {
        let student: [Float] = [
            -3.75, -1.984375, 1.4375, -1.390625, -2.9375, 0.359375, 2.90625, 1.28125, 3.875, -2.28125,
            -0.328125, 0.78125,
        ]
        let teacher: [Float] = [
            2.1875, -0.890625, -2.140625, -5.140625, 1.328125, 0.625, -0.578125, -0.390625, -3.15625,
            -1.328125, 0.671875, -0.984375,
        ]
        let due = [
            -0.23075958229199084, -0.05760824227958926, 0.20052242806378354, 0.08784539650779666,
            -0.135468986647854, -0.028986748717697783, 0.15350529846568328, 0.010950436899868427,
            0.20733973927339766, -0.07362351952836377, -0.12224616346266505, -0.011470056282368796,
        ]
        // The student's features are the image, and the head's weights are the logits of each unit vector.
        let plan = EnsemblePlan(
            students: [
                try NetworkPlan(
                    spec: ModelSpec(name: "identity", layers: [.flatten, .relu]), input: Shape(channels: 3),
                    classes: 3)
            ], classes: 4)
        let training = JointDistillation(
            plan: plan, settings: .logits, optimizer: .sgd(SGD(learningRate: 0)), batch: 3, seed: 1)
        let head = training.ensemble.head
        for image in 0..<3 {
            for other in 0..<3 { training.ensemble.input[image * 3 + other] = image == other ? 1 : 0 }
            for unit in 0..<4 { head.parameters[unit * 3 + image] = student[image * 4 + unit] }
        }
        let labels: [UInt8] = [1, 3, 0]
        let losses = training.step(
            labels: labels.span, teacher: TeacherOutputs(logits: DistillationLossTests.view(teacher)),
            samples: 3)
        #expect(abs(losses.divergence - 2.5793520349786005) < 1e-6)
        #expect(abs(losses.labels - 0.18152388501066452) < 1e-7)
        let found = (0..<3).flatMap { image in (0..<4).map { head.gradients[$0 * 3 + image] } }
        #expect(near(found, due, 1e-6))
    }

    /// Stages of teacher and student; one step's gradient by differences of the terms at the trunk's only weights.
    @Test func attentionReachesTheStages() throws {
        func model(_ channels: Int) throws -> NetworkPlan {
            try NetworkPlan(
                spec: ModelSpec(
                    name: "stages",
                    layers: [
                        .conv(channels: channels, kernel: 3, padding: .same, bias: false), .relu,
                        .maxPool(kernel: 2, stride: 2),
                        .conv(channels: 2 * channels, kernel: 3, padding: .same, bias: false), .relu,
                        .globalAveragePool, .dense(units: 3),
                    ]), input: Shape(channels: 1, height: 4, width: 4), classes: 3)
        }
        let (teacher, student) = (try model(3), try model(2))
        let plan = EnsemblePlan(students: [try .trunk(of: student)], classes: 3)
        let attention = try AttentionTransfer(teacher: teacher, student: plan.students[0])
        #expect(attention.stages.map(\.area) == [16, 4])
        let taught = Network(
            plan: teacher, batch: 2, mode: .evaluation,
            taps: Set(attention.stages.map { teacher.blocks[$0.teacher].name }))
        taught.parameters.copy(from: DistillationLossTests.random(teacher.layout.count, 1))
        taught.input.copy(from: DistillationLossTests.random(32, 2))
        taught.forward(samples: 2)
        let maps = attention.stages.map { stage in
            let map = FloatBuffer(count: 2 * stage.area).view
            AttentionTransfer.map(
                taught.activation(of: stage.teacher), shape: stage.teacherShape, samples: 2, into: map)
            return map
        }
        let training = JointDistillation(
            plan: plan, settings: .attentionTransfer, optimizer: .sgd(SGD(learningRate: 0)), batch: 2,
            seed: 1, attention: attention)
        let weights = DistillationLossTests.random(plan.layout.count, 3)
        let labels: [UInt8] = [2, 0]
        func losses(_ w: [Double]) -> DistillationLosses {
            training.ensemble.parameters.copy(from: w.map { Float($0) })
            training.ensemble.input.copy(from: taught.input)
            return training.step(
                labels: labels.span, teacher: TeacherOutputs(logits: taught.logits, maps: maps), samples: 2)
        }
        #expect(losses(doubles(weights)).attention > 1)
        let found = training.ensemble.gradients.array
        let step = 1e-3
        for index in weights.indices {
            var (above, below) = (doubles(weights), doubles(weights))
            above[index] += step
            below[index] -= step
            let slope = (losses(above).total - losses(below).total) / (2 * step)
            #expect(abs(Double(found[index]) - slope) < 0.02 * max(1, abs(slope)))
        }
    }
}

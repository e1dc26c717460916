import Methods
import Networks
import TensorMath
import Testing

@Suite struct DeepInversionTests {
    /// Nothing but the cross-entropy.
    static var bare: DeepInversion {
        var settings = DeepInversion()
        (settings.statistics, settings.variation, settings.norm) = (0, 0, 0)
        return settings
    }

    static let range = PixelRange(channels: 1, normalizedBy: nil)

    /// Values of PyTorch in double: hooks at its three batch norms, `torch.norm` of everything, autograd to the images.
    @Test func lossAndGradientArePyTorchs() throws {
        let reference = try ImageTeachers.Reference()
        var settings = DeepInversion()
        (settings.statistics, settings.variation, settings.norm) = (0.5, 0.02, 0.03)
        let loss = try DeepInversionLoss(reference.teacher, labels: reference.labels, settings: settings)
        let terms = loss.evaluate()
        #expect((terms.crossEntropy - 1.1168572476262155).magnitude < 1e-6)
        #expect((terms.mismatch - 5.399298214022867).magnitude < 1e-5)
        #expect((terms.variation - 44.1217302630856).magnitude < 1e-4)
        #expect((terms.norm - 8.235994171926059).magnitude < 1e-5)
        #expect((terms.total - 4.946020785057143).magnitude < 1e-5)
        let gradient = reference.teacher.gradient.array
        let due = [
            -0.0017957015561487568, 0.002332153928417892, 0.009587860362960485, 0.004287885053978953,
            0.004274077965959489, -0.000258949696206177, -0.0032451498185152045,
        ]
        #expect(near(stride(from: 0, to: 216, by: 31).map { gradient[$0] }, due, 2e-7))
        let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect((norm - 0.0999383391042349).magnitude < 1e-6)
    }

    @Test(arguments: [\DeepInversion.statistics, \.variation, \.norm])
    func everyTermFollowsItsDifferences(term: WritableKeyPath<DeepInversion, Double> & Sendable) throws {
        let reference = try ImageTeachers.Reference()
        var settings = Self.bare
        settings[keyPath: term] = 1
        let loss = try DeepInversionLoss(reference.teacher, labels: reference.labels, settings: settings)
        #expect(gradientError(loss) < 0.01)
    }

    @Test func crossEntropyFollowsItsDifferences() throws {
        let reference = try ImageTeachers.Reference()
        let loss = try DeepInversionLoss(
            reference.teacher, labels: reference.labels, settings: Self.bare)
        #expect(gradientError(loss) < 0.01)
    }

    /// A batch norm may read the input under another name, and a value that others read, too.
    @Test(arguments: [
        [LayerSpec.flatten, .batchNorm(), .dense(units: 5), .relu, .batchNorm(), .dense(units: 3)],
        [
            .conv(channels: 4, kernel: 3, padding: .same), .residual(body: [.batchNorm(), .relu]),
            .concatenate(branches: [[.batchNorm()], []]), .batchNorm(), .globalAveragePool, .dense(units: 3),
        ],
    ])
    func normsMayReadAnything(layers: [LayerSpec]) throws {
        let plan = try ImageTeachers.plan(layers, input: Shape(channels: 1, height: 4, width: 4))
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        let parameters = FloatBuffer(count: plan.layout.count).view
        plan.initialParameters(.uniformFanIn, stream: &stream, into: parameters)
        let teacher = FrozenTeacher(plan: plan, parameters: parameters, images: 6)
        for index in 0..<teacher.network.input.count {
            teacher.network.input[index] = 2 * Float(stream.normal())
        }
        var settings = Self.bare
        settings.statistics = 1
        let loss = try DeepInversionLoss(teacher, labels: [0, 1, 2, 0, 1, 2], settings: settings)
        #expect(gradientError(loss, step: 1e-2) < 0.01)
    }

    /// Images that are just what the norm remembers are at a norm of zero.
    @Test func matchedStatisticsHaveNoGradient() throws {
        let plan = try ImageTeachers.plan(
            [.batchNorm(), .flatten, .dense(units: 3)], input: Shape(channels: 1, height: 2, width: 2))
        let parameters = FloatBuffer(count: plan.layout.count).view
        let mean = try #require(plan.layout.segment(named: "norm1.running_mean"))
        parameters[mean.offset] = 0.5
        let teacher = FrozenTeacher(plan: plan, parameters: parameters, images: 2)
        teacher.network.input.fill(0.5)
        let terms = try DeepInversionLoss(teacher, labels: [0, 1], settings: DeepInversion()).evaluate()
        #expect(terms.mismatch == 0 && terms.variation == 0)
        #expect(teacher.gradient.array.allSatisfy { $0 == 0 })
    }

    @Test func teachersWithoutBatchNormAreRefused() throws {
        let plan = try ImageTeachers.plan(
            [.flatten, .dense(units: 4), .relu, .dense(units: 3)], input: Shape(channels: 4), name: "plain")
        let teacher = FrozenTeacher(
            plan: plan, parameters: FloatBuffer(count: plan.layout.count).view, images: 2)
        #expect(throws: ImageSynthesisError.noBatchNorm(model: "plain")) {
            try DeepInversionLoss(teacher, labels: [0, 1], settings: DeepInversion())
        }
    }

    @Test func imagesOfATrainedTeacher() throws {
        let (plan, parameters) = try ImageTeachers.trained()
        let before = parameters.array
        let labels = (0..<24).map { UInt8($0 % 3) }
        var settings = DeepInversion()
        (settings.statistics, settings.adam.learningRate, settings.shift) = (1, 0.05, 1)
        func synthesis() throws -> ImageSynthesis {
            try ImageSynthesis(
                FrozenTeacher(plan: plan, parameters: parameters, images: 24), labels: labels,
                deepInversion: settings, range: Self.range, key: RandomKey(seed: 6, purpose: .test))
        }
        let whole = try synthesis()
        whole.advance(steps: 1)
        let first = try #require(whole.terms)
        whole.advance(steps: 119)
        let last = try #require(whole.terms)
        #expect(last.crossEntropy < 0.3 * first.crossEntropy && last.correct == 24)
        #expect(last.mismatch < 0.5 * first.mismatch)
        #expect(whole.images.array.allSatisfy { 0 <= $0 && $0 <= 1 })
        // The same bits in slices, and the teacher as it was.
        let sliced = try synthesis()
        for steps in [7, 1, 0, 52, 60] { sliced.advance(steps: steps) }
        #expect((sliced.images.array.map(\.bitPattern) == whole.images.array.map(\.bitPattern)) as Bool)
        #expect(sliced.steps == 120 && sliced.terms == whole.terms)
        #expect(parameters.array.map(\.bitPattern) == before.map(\.bitPattern))
    }
}

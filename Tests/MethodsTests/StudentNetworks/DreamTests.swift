import Methods
import Networks
import TensorMath
import Testing

@Suite struct DreamTests {
    static let targets = (0..<12).map { Float($0 * 29 % 41 - 20) / 20 }

    /// Values of PyTorch in double, of the same network and images as for DeepInversion.
    @Test func lossAndGradientArePyTorchs() throws {
        let reference = try ImageTeachers.Reference()
        var settings = DreamDistillation()
        (settings.crossEntropy, settings.variation) = (0.4, 0.02)
        let loss = try DreamLoss(
            reference.teacher, targets: ImageTeachers.view(Self.targets), labels: reference.labels,
            settings: settings)
        let terms = loss.evaluate()
        #expect((terms.mismatch - 2.0648434320758113).magnitude < 1e-6)
        #expect((terms.total - 3.394020936388009).magnitude < 1e-5)
        let gradient = reference.teacher.gradient.array
        let due = [
            -0.0060768311853684025, 0.010186249823592324, 0.01437179653732016, 0.010535851858747981,
            0.009985252131153937, 0.0017829489926082028, 0.0013796192665041168,
        ]
        #expect(near(stride(from: 0, to: 216, by: 31).map { gradient[$0] }, due, 2e-7))
    }

    @Test(arguments: [0.0, 0.7]) func lossFollowsItsDifferences(crossEntropy: Double) throws {
        let reference = try ImageTeachers.Reference()
        var settings = DreamDistillation()
        settings.crossEntropy = crossEntropy
        let loss = try DreamLoss(
            reference.teacher, targets: ImageTeachers.view(Self.targets), labels: reference.labels,
            settings: settings)
        #expect(gradientError(loss) < 0.01)
    }

    @Test func teachersWithoutFeaturesAreRefused() throws {
        let plan = try ImageTeachers.plan(
            [.flatten, .dense(units: 3)], input: Shape(channels: 4), name: "linear")
        let teacher = FrozenTeacher(
            plan: plan, parameters: FloatBuffer(count: plan.layout.count).view, images: 1)
        #expect(throws: ImageSynthesisError.noFeatures(model: "linear")) {
            try DreamLoss(
                teacher, targets: FloatBuffer(count: 4).view, labels: [0], settings: DreamDistillation())
        }
    }

    /// From features of real images to images whose features are like them, and the teacher knows them.
    @Test func dreamsOfATrainedTeacher() throws {
        let (plan, parameters) = try ImageTeachers.trained()
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        let real = ImageTeachers.patterns(90, stream: &stream)
        let shown = Network(plan: plan, batch: 90, mode: .evaluation, parameters: parameters)
        shown.input.copy(from: real.images)
        shown.forward(samples: 90)
        let features = shown.activation(of: plan.blocks.count - 2)
        let metadata = try DreamMetadata(
            features: features, labels: real.labels,
            size: .init(classes: 3, clusters: 2, directions: 3, features: 12),
            key: RandomKey(seed: 5, purpose: .test))
        let labels = (0..<24).map { UInt8($0 % 3) }
        let targets = metadata.targets(labels: labels, key: RandomKey(seed: 6, purpose: .test))
        func synthesis() throws -> ImageSynthesis {
            try ImageSynthesis(
                FrozenTeacher(plan: plan, parameters: parameters, images: 24), labels: labels,
                targets: targets, dream: DreamDistillation(), range: DeepInversionTests.range,
                key: RandomKey(seed: 7, purpose: .test))
        }
        let whole = try synthesis()
        whole.advance(steps: 1)
        let first = try #require(whole.terms)
        whole.advance(steps: 99)
        let last = try #require(whole.terms)
        #expect(last.mismatch < 0.1 * first.mismatch)
        #expect(last.correct == 24)
        let sliced = try synthesis()
        for steps in [33, 67] { sliced.advance(steps: steps) }
        #expect((sliced.images.array.map(\.bitPattern) == whole.images.array.map(\.bitPattern)) as Bool)
    }
}

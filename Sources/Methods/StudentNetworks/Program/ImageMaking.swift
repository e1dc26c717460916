import Datasets
import Networks
import TensorMath

/// Makes a batch of images for students to learn from, and asks the teacher about them.
final class ImageMaking: TaskExecution {
    private let synthesis: ImageSynthesis
    private let teacher: LiveTeacher
    private let steps: Int
    private let count: Int
    private let cost: UInt64

    /// - Parameters:
    ///   - range: of the images among all.
    ///   - metadata: of Dream Distillation; nil for DeepInversion.
    init(
        _ executor: InferenceExecutor, parameters: FloatView, range: Range<Int>, metadata: DreamMetadata?
    ) throws(TaskFailure) {
        let configuration = executor.configuration
        let plan = executor.teacher
        let labels = MadeImages.labels(range, classes: plan.classes)
        let frozen = FrozenTeacher(plan: plan, parameters: parameters, images: range.count)
        let pixels = PixelRange(
            channels: plan.input.channels, normalizedBy: configuration.preprocessing.normalization)
        func key(_ stream: UInt32) -> RandomKey {
            RandomKey(
                seed: configuration.seed, purpose: .synthetic, client: stream,
                participation: UInt32(range.lowerBound))
        }
        do throws(ImageSynthesisError) {
            if let metadata {
                synthesis = try ImageSynthesis(
                    frozen, labels: labels, targets: metadata.targets(labels: labels, key: key(1)),
                    dream: .forStudents, range: pixels, key: key(0))
            } else {
                synthesis = try ImageSynthesis(
                    frozen, labels: labels, deepInversion: .forStudents, range: pixels, key: key(0))
            }
        } catch { throw TaskFailure("distillation.images: \(error)") }
        do throws(StudentError) {
            teacher = try LiveTeacher(plan: plan, parameters: parameters, batch: range.count)
        } catch { throw TaskFailure("\(error)") }
        steps = configuration.distillation.steps
        count = range.count
        cost = 2 * plan.macs * UInt64(range.count)
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        var budget = Int64(ImageSet.slice)
        while budget > 0 {
            guard synthesis.steps < steps else { return output }
            synthesis.advance(steps: 1)
            budget -= Int64(cost)
        }
        return nil
    }

    private var output: TaskOutput {
        teacher.network.input.copy(from: synthesis.images)
        let outputs = teacher.answers(samples: count)
        let result = teacher.network.lossAndCorrect(labels: synthesis.labels.span, samples: count)
        let answers = TeacherPass.rows(outputs, samples: count)
        return TaskOutput(
            objects: [ObjectBytes(synthesis.images), ObjectBytes(answers)],
            metrics: [result.lossSum, Double(result.correct), Double(count)],
            work: [UInt64(count * (steps + 1)), UInt64(count * steps)])
    }
}

extension DeepInversion {
    /// What made the best students in trials with batches of 200 images of 28 x 28 pixels and some hundred steps; the
    /// authors' own weights are for 2,000 steps.
    static let forStudents: DeepInversion = {
        var settings = DeepInversion()
        settings.statistics = 10
        settings.variation = 3e-4
        return settings
    }()
}

extension DreamDistillation {
    /// The same for this: with a weight for the class, without which students learn nothing.
    static let forStudents: DreamDistillation = {
        var settings = DreamDistillation()
        settings.crossEntropy = 0.3
        settings.variation = 3e-3
        settings.shift = 2
        return settings
    }()
}

extension DreamMetadata {
    /// Share of the training samples that it summarises, as in the paper.
    static let fraction = 0.1

    /// Five clusters of each class, with eight directions: the paper leaves the numbers open.
    static func size(classes: Int, features: Int) -> Size {
        Size(classes: classes, clusters: 5, directions: 8, features: features)
    }
}

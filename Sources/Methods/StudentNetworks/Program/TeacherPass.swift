import Datasets
import TensorMath

/// A teacher's answers to some samples: features and logits, and how good they are.
final class TeacherPass: TaskExecution {
    private let images: ImageSet
    private let teacher: LiveTeacher
    private let split: Split
    private let samples: [UInt32]
    private let answers: FloatView?
    private let width: Int
    private var position = 0
    private var labels: [UInt8] = []
    private var loss = 0.0
    private var correct = 0

    /// `keeps`: whether the answers, [samples, filters and then classes], are wanted.
    init(
        _ images: ImageSet, teacher: LiveTeacher, filters: Int, split: Split, samples: [UInt32], keeps: Bool
    ) {
        self.images = images
        self.teacher = teacher
        self.split = split
        self.samples = samples
        width = filters + teacher.network.plan.classes
        answers = keeps ? FloatBuffer(count: samples.count * width).view : nil
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        var budget = Int64(ImageSet.slice)
        while budget > 0 {
            guard position < samples.count else {
                return TaskOutput(
                    objects: answers.map { [ObjectBytes($0)] } ?? [],
                    metrics: [loss, Double(correct), Double(samples.count)],
                    work: [UInt64(samples.count), 0])
            }
            let range = position..<min(position + ImageSet.evaluationBatch, samples.count)
            answer(range)
            position = range.upperBound
            budget -= Int64(teacher.network.plan.macs) * Int64(range.count)
        }
        return nil
    }

    private func answer(_ range: Range<Int>) {
        var none: RandomStream?
        images.fill(
            teacher.network.input, split, Array(samples[range]), labels: &labels, augmentation: &none)
        let outputs = teacher.answers(samples: range.count)
        let result = teacher.network.lossAndCorrect(labels: labels.span, samples: range.count)
        loss += result.lossSum
        correct += result.correct
        guard let answers else { return }
        answers.slice(range.lowerBound * width, range.count * width).copy(
            from: Self.rows(outputs, samples: range.count))
    }

    /// Features and logits side by side, [samples, filters and then classes].
    static func rows(_ outputs: TeacherOutputs, samples: Int) -> FloatView {
        guard let features = outputs.features else { preconditionFailure("a teacher without features") }
        let (filters, classes) = (features.count / samples, outputs.logits.count / samples)
        let rows = FloatBuffer(count: samples * (filters + classes)).view
        for row in 0..<samples {
            let answer = rows.slice(row * (filters + classes), filters + classes)
            answer.slice(0, filters).copy(from: features.slice(row * filters, filters))
            answer.slice(filters, classes).copy(from: outputs.logits.slice(row * classes, classes))
        }
        return rows
    }
}

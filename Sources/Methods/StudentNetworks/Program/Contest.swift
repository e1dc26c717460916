import Networks
import TensorMath

/// A contender at the test images.
struct Contest {
    /// Of the contenders.
    let index: Int
    /// Of each student that is served: its features, [images, |P_k|].
    var features: [FloatView] = []
    /// Messages that each student answered or lost, from 1.
    var settled: [Set<Int>] = []
    /// All messages up to this one are settled by all students.
    var settledPrefix = 0
    /// Students whose answers were lost for good, by image.
    var lost: [Int: Set<Int>] = [:]
    /// What 255 stands for, where features travel as bytes.
    var greatest: [Float] = []
    /// The objects that bring each student.
    var students: [ObjectBytes] = []
    var plan: EnsemblePlan?

    init(index: Int) { self.index = index }

    /// Takes note that a student is done with a message.
    mutating func settle(_ item: Int, student: Int) {
        settled[student].insert(item)
        while settled.allSatisfy({ $0.contains(settledPrefix + 1) }) { settledPrefix += 1 }
    }
}

/// The hub's last layer at work on features that are there or not.
final class HubClassifier {
    private let plan: EnsemblePlan
    private let head: Network
    private let features: [FloatView]
    private let labels: [UInt8]
    private let images: Int
    private let joined: FloatView

    /// `features`: of each student, [images, |P_k|]; `labels`: [images].
    init(plan: EnsemblePlan, parameters: ObjectBytes, features: [FloatView], labels: [UInt8]) {
        self.plan = plan
        self.features = features
        self.labels = labels
        images = labels.count
        head = Network(plan: plan.head, batch: ImageSet.evaluationBatch, mode: .evaluation)
        let all = FloatBuffer(count: plan.layout.count).view
        let fits = parameters.copy(into: all)
        precondition(fits, "parameters of other students")
        head.parameters.copy(from: plan.parametersOfHead(in: all))
        joined = FloatBuffer(count: images * plan.features).view
    }

    /// Share of right answers when the students `lost` answer nothing.
    func accuracy(without lost: Set<Int> = [], fill: FloatView? = nil) -> Double {
        let present = features.enumerated().map { lost.contains($0.offset) ? nil : $0.element }
        plan.join(present, samples: images, fill: fill, into: joined)
        return classify()
    }

    /// Share of right answers when each image lacks answers of its own.
    func accuracy(without lost: [Int: Set<Int>], fill: FloatView? = nil) -> Double {
        for image in 0..<images {
            let missing = lost[image] ?? []
            let present = features.enumerated().map { student, values -> FloatView? in
                let width = plan.students[student].classes
                return missing.contains(student) ? nil : values.slice(image * width, width)
            }
            plan.join(
                present, samples: 1, fill: fill, into: joined.slice(image * plan.features, plan.features))
        }
        return classify()
    }

    private func classify() -> Double {
        var correct = 0
        for first in stride(from: 0, to: images, by: head.batch) {
            let range = first..<min(first + head.batch, images)
            let count = range.count * plan.features
            head.input.slice(0, count).copy(from: joined.slice(first * plan.features, count))
            head.forward(samples: range.count)
            correct += head.lossAndCorrect(labels: Array(labels[range]).span, samples: range.count).correct
        }
        return Double(correct) / Double(images)
    }
}

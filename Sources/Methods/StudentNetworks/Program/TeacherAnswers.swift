import Networks
import TensorMath

/// Where a batch's answers of the teacher come from.
protocol TeacherAnswers: AnyObject {
    /// For the samples `range` of `order`, which stand in `input`.
    func answers(to input: FloatView, order: [UInt32], range: Range<Int>) -> TeacherOutputs
}

/// Answers that were computed once, for images that never change.
final class KeptAnswers: TeacherAnswers {
    private let answers: FloatView
    private let filters: Int
    private let classes: Int
    private let features: FloatView
    private let logits: FloatView

    /// `answers`: [samples, filters and then classes].
    init(_ answers: FloatView, filters: Int, classes: Int, batch: Int) {
        self.answers = answers
        self.filters = filters
        self.classes = classes
        features = FloatBuffer(count: batch * filters).view
        logits = FloatBuffer(count: batch * classes).view
    }

    func answers(to input: FloatView, order: [UInt32], range: Range<Int>) -> TeacherOutputs {
        let width = filters + classes
        for (row, place) in range.enumerated() {
            let answer = answers.slice(Int(order[place]) * width, width)
            features.slice(row * filters, filters).copy(from: answer.slice(0, filters))
            logits.slice(row * classes, classes).copy(from: answer.slice(filters, classes))
        }
        return TeacherOutputs(
            logits: logits.slice(0, range.count * classes),
            features: features.slice(0, range.count * filters))
    }
}

/// A teacher at work, which answers images as they are at the moment: cropped, mirrored or made up.
final class LiveTeacher: TeacherAnswers {
    let network: Network
    private let stage: FeatureStage
    private let attention: AttentionTransfer?
    private let features: FloatView
    private let maps: [FloatView]

    /// `parameters`: in the plan's layout.
    init(plan: NetworkPlan, parameters: FloatView, attention: AttentionTransfer? = nil, batch: Int)
        throws(StudentError)
    {
        stage = try FeatureStage(plan)
        self.attention = attention
        let taps =
            [plan.blocks[stage.block].name] + (attention?.stages.map { plan.blocks[$0.teacher].name } ?? [])
        network = Network(
            plan: plan, batch: batch, mode: .evaluation, parameters: parameters, taps: Set(taps))
        features = FloatBuffer(count: batch * stage.filters).view
        maps = attention?.stages.map { FloatBuffer(count: batch * $0.area).view } ?? []
    }

    func answers(to input: FloatView, order: [UInt32], range: Range<Int>) -> TeacherOutputs {
        let count = range.count * network.plan.input.count
        network.input.slice(0, count).copy(from: input.slice(0, count))
        return answers(samples: range.count)
    }

    /// For what stands in the network's input.
    func answers(samples: Int) -> TeacherOutputs {
        network.forward(samples: samples)
        let pooled = features.slice(0, samples * stage.filters)
        stage.pool(network, samples: samples, into: pooled)
        for (index, pair) in (attention?.stages ?? []).enumerated() {
            AttentionTransfer.map(
                network.activation(of: pair.teacher), shape: pair.teacherShape, samples: samples,
                into: maps[index])
        }
        let logits = network.logits.slice(0, samples * network.plan.classes)
        return TeacherOutputs(
            logits: logits, features: pooled,
            maps: maps.enumerated().map { $1.slice(0, samples * attention!.stages[$0].area) })
    }
}

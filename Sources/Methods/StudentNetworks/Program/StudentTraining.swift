import Networks
import TensorMath

/// Students that learn from a teacher.
final class StudentTraining: TrainedNetwork {
    private let distillation: JointDistillation
    private let evaluator: StudentEnsemble
    private let teacher: any TeacherAnswers
    /// [D]: sums of features over the validation samples until `validate` has seen all, then their means; and behind
    /// them [students]: their greatest features.
    private let seen: FloatView
    private var sums: [Double]

    init(
        plan: EnsemblePlan, settings: DistillationSettings, training: NetworkTrainingSpec, seed: UInt64,
        filters: [[Int]]?, attention: AttentionTransfer?, teacher: any TeacherAnswers
    ) {
        distillation = JointDistillation(
            plan: plan, settings: settings, optimizer: training.optimizer, batch: training.batchSize,
            seed: seed, clipNorm: training.clipNorm, filters: filters, attention: attention)
        evaluator = StudentEnsemble(
            plan: plan, batch: ImageSet.evaluationBatch, mode: .evaluation,
            parameters: distillation.ensemble.parameters)
        self.teacher = teacher
        seen = FloatBuffer(count: plan.features + plan.students.count).view
        sums = .init(repeating: 0, count: plan.features)
    }

    static func stateCount(_ plan: EnsemblePlan, _ optimizer: OptimizerSpec) -> Int {
        plan.layout.count * (1 + optimizer.memoryVectors) + plan.features + plan.students.count
    }

    var input: FloatView { distillation.ensemble.input }
    var validationInput: FloatView { evaluator.input }
    var state: [FloatView] {
        [distillation.ensemble.parameters] + distillation.optimizer.memory + [seen]
    }

    var learningRate: Float {
        get { distillation.optimizer.learningRate }
        set { distillation.optimizer.learningRate = newValue }
    }

    func resume(after steps: Int) { distillation.resume(after: steps) }

    func step(labels: [UInt8], order: [UInt32], range: Range<Int>) -> (lossSum: Double, correct: Int) {
        let outputs = teacher.answers(to: input, order: order, range: range)
        let losses = distillation.step(labels: labels.span, teacher: outputs, samples: range.count)
        return (losses.total * Double(range.count), losses.correct)
    }

    func validate(labels: [UInt8], first: Int) -> (lossSum: Double, correct: Int) {
        evaluator.forward(samples: labels.count)
        let plan = evaluator.plan
        let greatest = seen.slice(plan.features, plan.students.count)
        if first == 0 {
            sums = .init(repeating: 0, count: plan.features)
            greatest.fill(0)
        }
        for sample in 0..<labels.count {
            let row = evaluator.head.input.slice(sample * plan.features, plan.features)
            for index in 0..<plan.features { sums[index] += Double(row[index]) }
        }
        for (index, student) in plan.students.enumerated() {
            let features = evaluator.features(of: index).slice(0, labels.count * student.classes)
            greatest[index] = max(greatest[index], features.array.max() ?? 0)
        }
        for index in 0..<plan.features { seen[index] = Float(sums[index] / Double(first + labels.count)) }
        return evaluator.head.lossAndCorrect(labels: labels.span, samples: labels.count)
    }
}

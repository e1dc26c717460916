import CKernels
import Networks
import TensorMath

/// A network in training, whoever teaches it: what a task of an epoch needs of it.
///
/// Its state, one flat object, is the parameters, what the optimiser keeps of each, and for students what the hub must
/// know of their features: the mean of each over the validation samples, and each student's greatest.
protocol TrainedNetwork: AnyObject {
    /// [batch, C, H, W].
    var input: FloatView { get }
    /// The parts of the state, in order.
    var state: [FloatView] { get }
    var learningRate: Float { get set }

    /// Goes on after `steps` steps; the state has been put back.
    func resume(after steps: Int)

    /// One step on the first samples of `input`, the samples `range` of `order`: sum of the loss and right answers.
    func step(labels: [UInt8], order: [UInt32], range: Range<Int>) -> (lossSum: Double, correct: Int)

    /// Where validation samples go in.
    var validationInput: FloatView { get }

    /// Cross-entropy and right answers of validation samples; those from `first` on come one after the other.
    func validate(labels: [UInt8], first: Int) -> (lossSum: Double, correct: Int)
}

/// A teacher that learns from labels.
final class TeacherTraining: TrainedNetwork {
    private let network: Network
    private let evaluator: Network
    private var optimizer: LocalOptimizer
    private let seed: UInt64
    private var steps = 0

    init(plan: NetworkPlan, training: NetworkTrainingSpec, seed: UInt64) {
        network = Network(plan: plan, batch: training.batchSize)
        evaluator = Network(
            plan: plan, batch: InferenceExecutor.evaluationBatch, mode: .evaluation,
            parameters: network.parameters)
        optimizer = LocalOptimizer(
            training.optimizer, clipNorm: training.clipNorm, count: plan.layout.count)
        self.seed = seed
    }

    /// Values of the state.
    static func stateCount(_ plan: NetworkPlan, _ optimizer: OptimizerSpec) -> Int {
        plan.layout.count * (1 + optimizer.memoryVectors)
    }

    var input: FloatView { network.input }
    var validationInput: FloatView { evaluator.input }
    var state: [FloatView] { [network.parameters] + optimizer.memory }

    var learningRate: Float {
        get { optimizer.learningRate }
        set { optimizer.learningRate = newValue }
    }

    func resume(after steps: Int) {
        self.steps = steps
        optimizer.resume(after: steps)
    }

    func step(labels: [UInt8], order: [UInt32], range: Range<Int>) -> (lossSum: Double, correct: Int) {
        network.dropoutStream = RandomStream(
            RandomKey(seed: seed, purpose: .dropout, client: 0, participation: UInt32(steps)))
        network.forward(samples: range.count)
        let result = network.softmaxCrossEntropy(labels: labels.span, samples: range.count)
        optimizer.step(network, samples: range.count)
        steps += 1
        return result
    }

    func validate(labels: [UInt8], first: Int) -> (lossSum: Double, correct: Int) {
        evaluator.forward(samples: labels.count)
        return evaluator.lossAndCorrect(labels: labels.span, samples: labels.count)
    }
}

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
            plan: plan, batch: InferenceExecutor.evaluationBatch, mode: .evaluation,
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

extension OptimizerSpec {
    /// What it keeps of each parameter.
    package var memoryVectors: Int {
        switch self {
        case .sgd(let sgd): sgd.momentum == 0 ? 0 : 1
        case .adam: 2
        }
    }
}

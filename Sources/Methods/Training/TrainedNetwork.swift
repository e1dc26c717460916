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
            plan: plan, batch: ImageSet.evaluationBatch, mode: .evaluation,
            parameters: network.parameters)
        optimizer = LocalOptimizer(
            training.optimizer, clipNorm: training.clipNorm, count: plan.layout.count)
        self.seed = seed
    }

    /// Values of the state.
    static func stateCount(_ plan: NetworkPlan, _ optimizer: OptimizerSpec) -> Int {
        plan.layout.count * (1 + optimizer.memoryVectors)
    }

    /// Before the first step: `loaded`, or drawn.
    static func initialState(
        _ plan: NetworkPlan, _ optimizer: OptimizerSpec, _ initialization: Initialization,
        loaded: ObjectBytes?, seed: UInt64
    ) -> ObjectBytes {
        let values = FloatBuffer(count: stateCount(plan, optimizer)).view
        let parameters = values.slice(0, plan.layout.count)
        if let loaded {
            let fits = loaded.copy(into: parameters)
            precondition(fits, "parameters of another teacher")
        } else {
            var stream = RandomStream(RandomKey(seed: seed, purpose: .initialization))
            plan.initialParameters(initialization, stream: &stream, into: parameters)
        }
        return ObjectBytes(values)
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

extension OptimizerSpec {
    /// What it keeps of each parameter.
    package var memoryVectors: Int {
        switch self {
        case .sgd(let sgd): sgd.momentum == 0 ? 0 : 1
        case .adam: 2
        }
    }
}

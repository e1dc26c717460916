import CKernels
import Networks
import TensorMath

/// A divided network that learns from its teacher's features, from answers, or from labels at two outputs.
final class DividedTraining: TrainedNetwork {
    private let divided: DividedNetwork
    private let lesson: SplitNetwork.Lesson
    private let network: Network
    private let evaluator: DividedTest
    private let teacher: Network?
    private var optimizer: LocalOptimizer
    private let seed: UInt64
    private let (alpha, temperature): (Float, Float)
    /// Of the student's taps or, for answers, of its logits, [batch, values].
    private let gradients: [FloatView]
    private var steps = 0

    /// `teacher`: its plan and parameters, where the lesson needs them.
    init(
        _ divided: DividedNetwork, lesson: SplitNetwork.Lesson, training: NetworkTrainingSpec,
        settings: SplitTrainingSpec, teacher: (plan: NetworkPlan, parameters: FloatView)?, seed: UInt64
    ) {
        self.divided = divided
        self.lesson = lesson
        self.seed = seed
        (alpha, temperature) = (Float(settings.alpha), Float(settings.temperature))
        let (plan, batch) = (divided.whole, training.batchSize)
        var pairs: ArraySlice<DividedNetwork.Tap> = []
        var frozen: Set<String> = []
        switch lesson {
        case .features(let all):
            pairs = all ? divided.taps[...] : divided.taps.prefix(1)
            frozen = divided.kept
        case .answers(_, let freezesEncoder): if freezesEncoder { frozen = divided.encoder }
        case .exits, .interest: break
        }
        network = Network(
            plan: plan, batch: batch, taps: Set(pairs.map { plan.blocks[$0.student].name }), frozen: frozen)
        evaluator = DividedTest(divided, parameters: network.parameters)
        let images = network.input
        self.teacher = teacher.map { plan, parameters in
            Network(
                plan: plan, batch: batch, mode: .evaluation, parameters: parameters, input: images,
                taps: Set(pairs.map { plan.blocks[$0.teacher].name }))
        }
        optimizer = LocalOptimizer(training.optimizer, clipNorm: training.clipNorm, count: plan.layout.count)
        gradients =
            lesson == .exits
            ? (0..<2).map { _ in FloatBuffer(count: batch * plan.classes / 2).view }
            : pairs.isEmpty
                ? [FloatBuffer(count: batch * plan.classes).view]
                : pairs.map { FloatBuffer(count: batch * plan.blocks[$0.student].output.count).view }
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
        let samples = range.count
        network.dropoutStream = RandomStream(
            RandomKey(seed: seed, purpose: .dropout, client: 0, participation: UInt32(steps)))
        teacher?.forward(samples: samples)
        network.forward(samples: samples)
        defer { steps += 1 }
        switch lesson {
        case .features(let all): return imitate(all: all, labels: labels, samples: samples)
        case .answers: return answer(labels: labels, samples: samples)
        case .exits:
            let result = evaluator.exitLoss(network, labels: labels, gradients: gradients)
            optimizer.step(network, samples: samples)
            return result
        case .interest: preconditionFailure("a filter has a training of its own")
        }
    }

    /// The sum over taps of the squared distance of all values, as in the paper's training (weights of 1).
    private func imitate(all: Bool, labels: [UInt8], samples: Int) -> (lossSum: Double, correct: Int) {
        guard let teacher else { preconditionFailure("features without a teacher") }
        let pairs = all ? divided.taps[...] : divided.taps.prefix(1)
        var loss = 0.0
        var taps: [Network.Tap] = []
        for (pair, gradient) in zip(pairs, gradients) {
            let count = samples * divided.whole.blocks[pair.student].output.count
            loss += Loss.squaredError(
                network.activation(of: pair.student).slice(0, count),
                teacher.activation(of: pair.teacher).slice(0, count), reduction: .sum,
                gradient: gradient.slice(0, count))
            taps.append(Network.Tap(block: pair.student, gradient: gradient))
        }
        let correct = network.lossAndCorrect(labels: labels.span, samples: samples).correct
        network.backward(samples: samples, taps: taps)
        optimizer.apply(network)
        return (loss, correct)
    }

    /// (1 - alpha) CE + alpha temperature^2 KL, or CE alone.
    private func answer(labels: [UInt8], samples: Int) -> (lossSum: Double, correct: Int) {
        var result = network.softmaxCrossEntropy(labels: labels.span, samples: samples)
        if let teacher {
            let count = samples * network.plan.classes
            let gradient = gradients[0]
            ck_scale(1 - alpha, network.outputGradient.pointer, count)
            let divergence = Loss.distillation(
                student: network.logits.slice(0, count), teacher: teacher.logits.slice(0, count),
                samples: samples, temperature: temperature, gradient: gradient.slice(0, count))
            ck_axpy(alpha, gradient.pointer, network.outputGradient.pointer, count)
            result.lossSum =
                Double(1 - alpha) * result.lossSum + Double(alpha) * divergence * Double(samples)
        }
        optimizer.step(network, samples: samples)
        return result
    }

    func validate(labels: [UInt8], first: Int) -> (lossSum: Double, correct: Int) {
        evaluator.test(labels: labels)
    }
}

/// A divided network as a whole, with values that travel as they are; one with an early exit answers at its end.
final class DividedTest: TestedNetwork {
    private let network: Network
    private let hasExit: Bool
    private let halves: [FloatView]

    /// `parameters`: in the layout of `divided.whole`.
    init(_ divided: DividedNetwork, parameters: FloatView) {
        network = Network(
            plan: divided.whole, batch: ImageSet.evaluationBatch, mode: .evaluation, parameters: parameters)
        hasExit = divided.exit != nil
        halves = (0..<2).map { _ in
            FloatBuffer(count: ImageSet.evaluationBatch * divided.whole.classes / 2).view
        }
    }

    var input: FloatView { network.input }
    var macs: UInt64 { network.plan.macs }

    func test(labels: [UInt8]) -> (lossSum: Double, correct: Int) {
        network.forward(samples: labels.count)
        guard hasExit else { return network.lossAndCorrect(labels: labels.span, samples: labels.count) }
        return Self.loss(network, half: 1, labels: labels, logits: halves[0], gradient: nil)
    }

    /// The mean of both outputs' cross-entropies, whose gradient goes to `outputGradient`; right answers are the end's.
    /// `gradients`: room for [batch, classes] each.
    func exitLoss(
        _ network: Network, labels: [UInt8], gradients: [FloatView]
    ) -> (lossSum: Double, correct: Int) {
        let (samples, classes) = (labels.count, network.plan.classes / 2)
        var sum = 0.0
        var correct = 0
        for half in 0..<2 {
            let result = Self.loss(
                network, half: half, labels: labels, logits: gradients[0], gradient: gradients[1])
            sum += result.lossSum / 2
            correct = result.correct
            ck_scale(0.5, gradients[1].pointer, samples * classes)
            for sample in 0..<samples {
                network.outputGradient.slice((2 * sample + half) * classes, classes).copy(
                    from: gradients[1].slice(sample * classes, classes))
            }
        }
        return (sum, correct)
    }

    /// Cross-entropy of one of two outputs that stand side by side; `gradient`, where it is wanted, is that of the mean.
    private static func loss(
        _ network: Network, half: Int, labels: [UInt8], logits: FloatView, gradient: FloatView?
    ) -> (lossSum: Double, correct: Int) {
        let (samples, classes) = (labels.count, network.plan.classes / 2)
        for sample in 0..<samples {
            logits.slice(sample * classes, classes).copy(
                from: network.logits.slice((2 * sample + half) * classes, classes))
        }
        let result = labels.withUnsafeBufferPointer {
            ck_cross_entropy(
                Int64(samples), Int64(classes), logits.pointer, $0.baseAddress, gradient?.pointer)
        }
        return (result.loss, Int(result.correct))
    }
}

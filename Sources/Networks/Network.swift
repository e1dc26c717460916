import CKernels
import TensorMath

/// A network at work: parameters, gradients and activations for up to `batch` samples, all allocated here and once.
///
/// A step is: write samples to `input`, `forward`, a loss that leaves a gradient, `backward`, an optimiser's step;
/// `trainStep` does all but the first. Samples beyond those asked for are neither read nor written.
public final class Network {
    /// What a network is for.
    public enum Mode: Sendable {
        case training
        /// Forward only: no gradients, less memory.
        case evaluation
    }

    /// A gradient of the loss with respect to a block's output.
    public struct Tap {
        /// Index into `plan.blocks`.
        public let block: Int
        /// [samples, output of the block]; read only.
        public let gradient: FloatView

        public init(block: Int, gradient: FloatView) {
            self.block = block
            self.gradient = gradient
        }
    }

    public let plan: NetworkPlan
    /// Most samples at once.
    public let batch: Int
    public let mode: Mode
    /// All parameters, in layout order.
    public let parameters: FloatView
    /// What the last `backward` without a plain step found, in layout order; empty for evaluation.
    public let gradients: FloatView
    /// [batch, C, H, W].
    public let input: FloatView
    /// [batch, classes]; what `softmaxCrossEntropy` writes and the last block's output gradient.
    public let outputGradient: FloatView
    /// [batch, C, H, W], where `backward` leaves the gradient of the input; nil unless asked for.
    public let inputGradient: FloatView?
    private let steps: [NetworkStep]
    /// For each block the step whose output is its own: -1 for the input, nil where fusing left no output.
    private let stepOfBlock: [Int?]
    /// Gradients of steps' outputs, alternately.
    private let passing: (FloatView, FloatView)
    private let trainableRuns: [Range<Int>]

    /// `parameters` shares another network's (plan.layout.count values); nil makes new ones, all zero.
    /// A ReLU or 2 x 2 maximum runs together with the layer before, whose own output then does not exist, unless
    /// that layer's name is among `taps`. All other blocks can be tapped always.
    /// `inputGradient`: whether the gradient of the input is computed, too.
    public init(
        plan: NetworkPlan, batch: Int, mode: Mode = .training, parameters: FloatView? = nil,
        taps: Set<String> = [],
        inputGradient wantsInputGradient: Bool = false
    ) {
        precondition(batch > 0, "a batch of \(batch)")
        for tap in taps { precondition(plan.index(of: tap) != nil, "no block named \(tap)") }
        let parameters = parameters ?? FloatBuffer(count: plan.layout.count).view
        precondition(
            parameters.count == plan.layout.count, "\(parameters.count) of \(plan.layout.count) parameters")
        let trains = mode == .training
        precondition(trains || !wantsInputGradient, "a network for evaluation has no gradients")
        let gradients = FloatBuffer(count: trains ? plan.layout.count : 0).view
        self.plan = plan
        self.batch = batch
        self.mode = mode
        self.parameters = parameters
        self.gradients = gradients
        var arena = Arena.measuring()
        func build() -> NetworkMemory {
            NetworkMemory(
                plan: plan, groups: plan.fusedGroups(apart: taps), batch: batch, parameters: parameters,
                gradients: trains ? gradients : nil, wantsInputGradient: wantsInputGradient, arena: &arena)
        }
        _ = build()
        arena = Arena(like: arena)
        let memory = build()
        input = memory.input
        outputGradient = memory.outputGradient
        inputGradient = memory.inputGradient
        passing = memory.passing
        steps = memory.steps
        stepOfBlock = memory.stepOfBlock
        trainableRuns = plan.layout.trainableRuns
    }

    /// Runs the first `samples` of `input` through all blocks.
    public func forward(samples: Int) {
        check(samples)
        for step in steps { step.layer.forward(samples: samples) }
    }

    /// The output of block `index`, [batch, C, H, W], as the last `forward` left it.
    public func activation(of index: Int) -> FloatView {
        guard let step = stepOfBlock[index] else {
            preconditionFailure("\(plan.blocks[index].name) was fused into the next block; name it in taps")
        }
        return step < 0 ? input : steps[step].output
    }

    /// The output of the block named `name`, which must exist.
    public func activation(of name: String) -> FloatView {
        guard let index = plan.index(of: name) else { preconditionFailure("no block named \(name)") }
        return activation(of: index)
    }

    /// The last block's output, [batch, classes].
    public var logits: FloatView { activation(of: plan.blocks.count - 1) }

    /// From gradients at `taps` (in any number, also several at one block, summed) to those of all parameters.
    /// The mean over samples, if wanted, must already be in them. Blocks behind the last tap get none, and their
    /// gradients become zero. With `plainStep` every weight moves by -plainStep times its gradient instead, in the
    /// same pass, and `gradients` is left as it was.
    public func backward(samples: Int, taps: [Tap], plainStep: Float? = nil) {
        propagate(
            samples: samples, loss: false, taps: taps, update: plainStep.map { .apply(rate: $0) } ?? .store)
    }

    /// `backward` from `outputGradient`, as `softmaxCrossEntropy` left it, and from further `taps`.
    /// Overwrites `outputGradient`.
    public func backwardFromLoss(samples: Int, taps: [Tap] = [], plainStep: Float? = nil) {
        propagate(
            samples: samples, loss: true, taps: taps, update: plainStep.map { .apply(rate: $0) } ?? .store)
    }

    private func propagate(samples: Int, loss: Bool, taps: [Tap], update: WeightUpdate) {
        check(samples)
        precondition(mode == .training, "a network for evaluation has no gradients")
        var current: FloatView?
        for index in steps.indices.reversed() {
            let step = steps[index]
            let last = index == steps.count - 1
            let room = index % 2 == 0 ? passing.0 : passing.1
            if last && loss { current = outputGradient }
            for tap in taps where stepOfBlock[tap.block] == index {
                let count = samples * step.outputCount
                let gradient = tap.gradient.slice(0, count)
                if let current {
                    ck_axpy(1, gradient.pointer, current.pointer, count)
                } else {
                    room.slice(0, count).copy(from: gradient)
                    current = room
                }
            }
            guard let outputGradient = current else {
                if case .store = update { step.clearGradients() }
                continue
            }
            let inputGradient = index == 0 ? self.inputGradient : index % 2 == 0 ? passing.1 : passing.0
            step.layer.backward(
                samples: samples, outputGradient: outputGradient, inputGradient: inputGradient, update: update
            )
            current = inputGradient
        }
        for tap in taps {
            precondition(
                (stepOfBlock[tap.block] ?? -1) >= 0, "\(plan.blocks[tap.block].name) takes no gradient")
        }
    }

    /// Softmax cross-entropy of the logits against `labels` (one each sample, below `classes`): its sum and the
    /// number of samples whose greatest logit is the label's. The gradient of the mean goes to `outputGradient`.
    public func softmaxCrossEntropy(labels: Span<UInt8>, samples: Int) -> (lossSum: Double, correct: Int) {
        precondition(mode == .training, "a network for evaluation has no gradients")
        return loss(labels: labels, samples: samples, gradient: outputGradient)
    }

    /// The same without a gradient.
    public func lossAndCorrect(labels: Span<UInt8>, samples: Int) -> (lossSum: Double, correct: Int) {
        loss(labels: labels, samples: samples, gradient: nil)
    }

    private func loss(labels: Span<UInt8>, samples: Int, gradient: FloatView?) -> (
        lossSum: Double, correct: Int
    ) {
        check(samples)
        precondition(labels.count >= samples, "\(labels.count) labels for \(samples) samples")
        for i in 0..<samples {
            precondition(Int(labels[i]) < plan.classes, "label \(labels[i]) of \(plan.classes)")
        }
        let values = logits
        let result = labels.withUnsafeBufferPointer {
            ck_cross_entropy(
                Int64(samples), Int64(plan.classes), values.pointer, $0.baseAddress, gradient?.pointer)
        }
        return (result.loss, Int(result.correct))
    }

    /// One step on the first `samples` of `input`: forward, cross-entropy, backward, and SGD, which for plain SGD
    /// happens within the backward pass. Loss and correct predictions are those before the step.
    public func trainStep(
        labels: Span<UInt8>, samples: Int, optimizer: inout SGDState
    ) -> (lossSum: Double, correct: Int) {
        forward(samples: samples)
        let result = softmaxCrossEntropy(labels: labels, samples: samples)
        step(samples: samples, optimizer: &optimizer)
        return result
    }

    /// `backwardFromLoss` with `taps` and the optimiser's step, as one pass where that is the same.
    public func step(samples: Int, taps: [Tap] = [], optimizer: inout SGDState) {
        let rate = optimizer.settings.learningRate
        if optimizer.settings.isPlain {
            propagate(samples: samples, loss: true, taps: taps, update: .apply(rate: rate))
            optimizer.started = true
        } else {
            propagate(samples: samples, loss: true, taps: taps, update: .store)
            applyGradients(optimizer: &optimizer)
        }
    }

    /// Moves the parameters once along `gradients`.
    public func applyGradients(optimizer: inout SGDState) {
        optimizer.step(parameters: parameters, gradients: gradients, runs: trainableRuns)
    }

    private func check(_ samples: Int) {
        precondition(samples > 0 && samples <= batch, "\(samples) samples in a network for \(batch)")
    }
}

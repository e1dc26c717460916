import CKernels
import TensorMath

/// A network at work: parameters, gradients and activations for up to `batch` samples, all allocated here and
/// once.
///
/// A step is: write samples to `input`, `forward`, a loss that leaves a gradient, `backward`, an optimiser's
/// step; `trainStep` does all but the first. Samples beyond those asked for are neither read nor written.
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
    /// What the last `backward` found, in layout order, unless a step was part of it; empty for evaluation.
    public let gradients: FloatView
    /// [batch, C, H, W].
    public let input: FloatView
    /// [batch, classes]; what `softmaxCrossEntropy` writes and the last block's output gradient.
    public let outputGradient: FloatView
    /// [batch, C, H, W], where `backward` leaves the gradient of the input; nil unless asked for.
    public let inputGradient: FloatView?
    /// The parts of the layout that training moves: what is trainable and not frozen.
    public let trainableRuns: [Range<Int>]
    private let steps: [NetworkStep]
    /// For each block the step whose output is its own: -1 for the input, nil where fusing left no output.
    private let stepOfBlock: [Int?]
    private let scratch: FloatView
    private let tapRoom: FloatView
    /// Whether something stands in the gradient of the input (at 0) and of each step's output.
    private var isWritten: [Bool]
    private let dropout = DropoutSource()
    private let graph: NetworkGraph
    private let purpose: NetworkMemory.Purpose
    private let arena: Arena

    /// `parameters` shares another network's (plan.layout.count values); nil makes new ones, all zero.
    /// `gradients` is where those of training go, in as many values; nil makes room for them. `input` shares
    /// another's input ([batch, C, H, W]), so that both see the same samples.
    /// A ReLU or 2 x 2 maximum runs together with the layer before, whose own output then does not exist,
    /// unless that layer's name is among `taps`. All other blocks can be tapped always. `frozen`: blocks,
    /// composite ones with all that they hold, whose weights stay as they are; norms and dropout in them
    /// behave as in evaluation, and nothing below the lowest other block has a gradient. `inputGradient`:
    /// whether the gradient of the input is computed, too.
    public convenience init(
        plan: NetworkPlan, batch: Int, mode: Mode = .training, parameters: FloatView? = nil,
        gradients ownGradients: FloatView? = nil, input: FloatView? = nil, taps: Set<String> = [],
        frozen: Set<String> = [],
        inputGradient wantsInputGradient: Bool = false
    ) {
        precondition(batch > 0, "a batch of \(batch)")
        for name in taps.union(frozen) { precondition(plan.index(of: name) != nil, "no block named \(name)") }
        precondition(
            input.map { $0.count == batch * plan.input.count } ?? true, "an input of another batch or shape")
        let trains = mode == .training
        precondition(trains || !wantsInputGradient, "a network for evaluation has no gradients")
        let isFrozen = plan.blocks.map { block in
            frozen.contains { block.name == $0 || block.name.hasPrefix("\($0).") }
        }
        self.init(
            plan: plan, graph: NetworkGraph(plan: plan, apart: taps, isFrozen: trains ? isFrozen : nil),
            purpose: NetworkMemory.Purpose(
                batch: batch, trains: trains, wantsInputGradient: wantsInputGradient, frozen: isFrozen,
                input: input),
            parameters: parameters, gradients: ownGradients, arena: nil)
    }

    /// A network like `other` with parameters of its own if none are given, that works in the other's memory: input,
    /// activations and gradients are the same arrays. What one of them has left there is gone when the other goes forward.
    package convenience init(takingTurnsWith other: Network, parameters: FloatView? = nil) {
        self.init(
            plan: other.plan, graph: other.graph, purpose: other.purpose, parameters: parameters,
            gradients: other.gradients, arena: other.arena)
    }

    /// With another network's arena, or a new one.
    private init(
        plan: NetworkPlan, graph: NetworkGraph, purpose: NetworkMemory.Purpose, parameters: FloatView?,
        gradients: FloatView?, arena: Arena?
    ) {
        let parameters = parameters ?? FloatBuffer(count: plan.layout.count).view
        precondition(
            parameters.count == plan.layout.count, "\(parameters.count) of \(plan.layout.count) parameters")
        let gradientCount = purpose.trains ? plan.layout.count : 0
        let gradients = gradients ?? FloatBuffer(count: gradientCount).view
        precondition(gradients.count == gradientCount, "\(gradients.count) of \(gradientCount) gradients")
        let dropout = dropout
        func memory(_ arena: inout Arena) -> NetworkMemory {
            NetworkMemory(
                plan: plan, graph: graph, purpose: purpose, parameters: parameters,
                gradients: purpose.trains ? gradients : nil, dropout: dropout, arena: &arena)
        }
        var room = Arena.measuring()
        if arena == nil { _ = memory(&room) }
        self.arena = arena ?? Arena(like: room)
        room = self.arena
        let memory = memory(&room)
        self.plan = plan
        self.graph = graph
        self.purpose = purpose
        batch = purpose.batch
        mode = purpose.trains ? .training : .evaluation
        self.parameters = parameters
        self.gradients = gradients
        input = memory.input
        outputGradient = memory.outputGradient
        inputGradient = memory.inputGradient
        scratch = memory.scratch
        tapRoom = memory.tapRoom
        steps = memory.steps
        isWritten = Array(repeating: false, count: memory.steps.count + 1)
        stepOfBlock = graph.valueOfBlock
        let frozenSegments = zip(plan.blocks, purpose.frozen).flatMap { block, isFrozen in
            isFrozen ? [block.weight, block.bias].compactMap { $0?.name } : []
        }
        trainableRuns = plan.layout.trainableRuns(without: Set(frozenSegments))
    }

    /// Random numbers for dropout, which a network that trains with dropout must be given before it goes
    /// forward; every forward pass moves the stream on.
    public var dropoutStream: RandomStream? {
        get { dropout.stream }
        set { dropout.stream = newValue }
    }

    /// Runs the first `samples` of `input` through all blocks.
    public func forward(samples: Int) {
        check(samples)
        for step in steps { step.forward(samples: samples) }
    }

    /// The same with a mixture's weights and biases in the place of those in `parameters`, of which it leaves some there. Only
    /// `descend` with `Descent.moving` goes back from it.
    package func forward(samples: Int, mixture: Mixture) {
        check(samples)
        precondition(mixture.own.count == parameters.count, "a mixture of another layout")
        for step in steps { step.forward(samples: samples, mixture: mixture) }
    }

    /// The output of block `index`, [batch, C, H, W], as the last `forward` left it.
    public func activation(of index: Int) -> FloatView {
        guard let step = stepOfBlock[index] else {
            preconditionFailure("\(plan.blocks[index].name) was fused into the next block; name it in taps")
        }
        return step < 0 ? input : steps[step].output
    }

    /// Whether block `index` has an output of its own, which it has not where it was fused into the next.
    public func hasOutput(_ index: Int) -> Bool { stepOfBlock[index] != nil }

    /// Samples up to which a forward pass through dense layers reads each weight once for all of them. More are faster
    /// through a general product only where there are many more.
    package static let fewSamples = DenseLayer.generalForward - 1

    /// The output of the block named `name`, which must exist.
    public func activation(of name: String) -> FloatView {
        guard let index = plan.index(of: name) else { preconditionFailure("no block named \(name)") }
        return activation(of: index)
    }

    /// The last block's output, [batch, classes].
    public var logits: FloatView { activation(of: plan.blocks.count - 1) }

    /// From gradients at `taps` (in any number, also several at one block, summed) to those of all
    /// parameters. The mean over samples, if wanted, must already be in them. Blocks behind the last tap get
    /// none, and their gradients become zero.
    public func backward(samples: Int, taps: [Tap]) {
        propagate(samples: samples, loss: false, taps: taps, update: .store)
    }

    /// `backward` from `outputGradient`, as `softmaxCrossEntropy` left it, and from further `taps`.
    /// Overwrites `outputGradient`.
    public func backwardFromLoss(samples: Int, taps: [Tap] = []) {
        propagate(samples: samples, loss: true, taps: taps, update: .store)
    }

    /// `backwardFromLoss` and a step along the gradients in the same pass, which leaves nothing of use in `gradients`.
    package func descend(samples: Int, _ descent: Descent) {
        precondition(
            descent.anchor.map { $0.count == parameters.count } ?? true, "an anchor of another layout")
        propagate(samples: samples, loss: true, taps: [], update: .descend(descent))
    }

    private func propagate(samples: Int, loss: Bool, taps: [Tap], update: WeightUpdate) {
        check(samples)
        precondition(mode == .training, "a network for evaluation has no gradients")
        for tap in taps {
            precondition(
                (stepOfBlock[tap.block] ?? -1) >= 0, "\(plan.blocks[tap.block].name) takes no gradient")
        }
        for index in isWritten.indices { isWritten[index] = false }
        for index in steps.indices.reversed() where steps[index].needed {
            let step = steps[index]
            var gradient = isWritten[index + 1] ? step.gradient : nil
            if loss && index == steps.count - 1 { gradient = outputGradient }
            for tap in taps where stepOfBlock[tap.block] == index {
                gradient = add(tap, to: gradient, of: step, samples: samples)
            }
            if let gradient {
                pass(gradient, through: step, samples: samples, update: update)
            } else {
                passNothing(through: step, update: update)
            }
        }
        if let inputGradient, !isWritten[0] { inputGradient.fill(0) }
    }

    /// The gradient of `step`'s output with that of a tap, in memory that nothing else needs.
    private func add(_ tap: Tap, to gradient: FloatView?, of step: NetworkStep, samples: Int) -> FloatView {
        let count = samples * step.outputCount
        let values = tap.gradient.slice(0, count)
        guard let own = step.gradient else { preconditionFailure("a step without room for its gradient") }
        let room = step.isShared ? tapRoom : own
        guard let gradient else {
            room.slice(0, count).copy(from: values)
            return room
        }
        if step.isShared && gradient.pointer == own.pointer {
            ck_add(gradient.pointer, values.pointer, 0, room.pointer, count)
            return room
        }
        ck_axpy(1, values.pointer, gradient.pointer, count)
        return gradient
    }

    /// What a step does whose output nothing depends on: its weights' gradients are zero.
    private func passNothing(through step: NetworkStep, update: WeightUpdate) {
        if case .apply = update { return }
        step.clearGradients()
        if case .descend(let descent) = update { step.parameters?.descend(descent) }
    }

    /// Hands `gradient` on to what `step` was computed from.
    private func pass(_ gradient: FloatView, through step: NetworkStep, samples: Int, update: WeightUpdate) {
        let count = samples * step.outputCount
        switch step.operation {
        case .layer(let layer):
            let source = step.sources[0]
            let target = self.gradient(of: source)
            let adds = target != nil && isWritten[source + 1]
            layer.backward(
                samples: samples, outputGradient: gradient, inputGradient: adds ? scratch : target,
                update: update)
            if case .descend(let descent) = update, !layer.descends(samples: samples) {
                step.parameters?.descend(descent)
            }
            if let target, adds {
                let size = samples * (source < 0 ? plan.input.count : steps[source].outputCount)
                ck_axpy(1, scratch.pointer, target.pointer, size)
            }
            isWritten[source + 1] = true
        case .sum(let relu):
            if relu { ck_relu_backward(step.output.pointer, gradient.pointer, gradient.pointer, count) }
            for source in step.sources {
                guard let target = self.gradient(of: source) else { continue }
                if isWritten[source + 1] {
                    ck_axpy(1, gradient.pointer, target.pointer, count)
                } else if target.pointer != gradient.pointer {
                    target.slice(0, count).copy(from: gradient.slice(0, count))
                }
                isWritten[source + 1] = true
            }
        case .concatenation(let counts):
            var offset = 0
            for (source, part) in zip(step.sources, counts) {
                self.gradient(of: source)?.takePart(
                    of: gradient, from: offset, each: part, every: step.outputCount, samples: samples,
                    adding: isWritten[source + 1])
                isWritten[source + 1] = true
                offset += part
            }
        }
    }

    /// Where the gradient of value `source` stands; nil where none is wanted.
    private func gradient(of source: Int) -> FloatView? {
        if source < 0 { return inputGradient }
        return steps[source].needed ? steps[source].gradient : nil
    }

    /// Softmax cross-entropy of the logits against `labels` (one each sample, below `classes`): its sum and
    /// the number of samples whose greatest logit is the label's. The gradient of the mean goes to
    /// `outputGradient`.
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

    /// One step on the first `samples` of `input`: forward, cross-entropy, backward, and SGD, which
    /// without momentum is part of the backward pass. Loss and correct predictions are those before the step.
    public func trainStep(
        labels: Span<UInt8>, samples: Int, optimizer: inout SGDState
    ) -> (lossSum: Double, correct: Int) {
        forward(samples: samples)
        let result = softmaxCrossEntropy(labels: labels, samples: samples)
        step(samples: samples, optimizer: &optimizer)
        return result
    }

    /// `backwardFromLoss` with `taps` and the optimiser's step, as one pass where that is the same.
    /// `limit`, if given, is what `clipGradients` brings the norm of all gradients down to before.
    public func step(samples: Int, taps: [Tap] = [], limit: Float? = nil, optimizer: inout SGDState) {
        let settings = optimizer.settings
        if let descent = settings.descent, limit == nil {
            propagate(
                samples: samples, loss: true, taps: taps,
                update: settings.isPlain ? .apply(rate: settings.learningRate) : .descend(descent))
            optimizer.started = true
        } else {
            propagate(samples: samples, loss: true, taps: taps, update: .store)
            if let limit { clipGradients(norm: limit) }
            applyGradients(optimizer: &optimizer)
        }
    }

    /// Moves the parameters once along `gradients`.
    public func applyGradients(optimizer: inout some OptimizerState) {
        optimizer.step(parameters: parameters, gradients: gradients, runs: trainableRuns)
    }

    /// Scales `gradients` so that their Euclidean norm over all that learns is at most `limit` (Pascanu et
    /// al. 2013; as PyTorch: by limit / (norm + 1e-6) where that is below 1). Returns the norm before.
    @discardableResult
    public func clipGradients(norm limit: Float) -> Double {
        gradients.clip(norm: limit, runs: trainableRuns)
    }

    private func check(_ samples: Int) {
        precondition(samples > 0 && samples <= batch, "\(samples) samples in a network for \(batch)")
    }
}

extension FloatView {
    /// `Network.clipGradients` for gradients of several networks: those within `runs` count and are scaled.
    @discardableResult
    package func clip(norm limit: Float, runs: [Range<Int>]) -> Double {
        precondition(limit > 0, "a norm of at most \(limit)")
        let squares = runs.reduce(0.0) { $0 + ck_squares(pointer + $1.lowerBound, nil, $1.count) }
        let norm = squares.squareRoot()
        let factor = Double(limit) / (norm + 1e-6)
        if factor < 1 {
            for run in runs { ck_scale(Float(factor), pointer + run.lowerBound, run.count) }
        }
        return norm
    }
}

import CKernels
import TensorMath

/// Stochastic gradient descent with PyTorch's meaning of every term:
/// d = gradient + weightDecay w; v = d at first, later momentum v + d; w -= learningRate (d + momentum v if
/// Nesterov's, else v).
public struct SGD: Sendable, Equatable {
    public var learningRate: Float
    public var momentum: Float
    public var nesterov: Bool
    public var weightDecay: Float

    public init(learningRate: Float, momentum: Float = 0, nesterov: Bool = false, weightDecay: Float = 0) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
    }

    /// Whether a step is w -= learningRate gradient and nothing else.
    public var isPlain: Bool { momentum == 0 && weightDecay == 0 }

    /// The step where it needs nothing but a value and its gradient, so that a backward pass can take it; nil with
    /// momentum.
    package var descent: Descent? {
        momentum == 0 ? Descent(rate: learningRate, decay: weightDecay) : nil
    }
}

/// What an optimiser keeps between steps.
public protocol OptimizerState {
    /// Moves `parameters` once along `gradients` within each of `runs`, the trainable parts of a layout.
    mutating func step(parameters: FloatView, gradients: FloatView, runs: [Range<Int>])
}

/// SGD between steps. Not to be shared by two networks that train.
public struct SGDState: OptimizerState {
    /// May change between steps, as schedules do; momentum must not become non-zero.
    public var settings: SGD
    /// v, [count]; nil without momentum.
    public let velocity: FloatView?
    /// Whether `velocity` holds something; set it after restoring a velocity.
    public var started = false

    /// `count` is the number of parameters.
    public init(_ settings: SGD, count: Int) {
        self.settings = settings
        velocity = settings.momentum == 0 ? nil : FloatBuffer(count: count).view
    }

    public mutating func step(parameters: FloatView, gradients: FloatView, runs: [Range<Int>]) {
        precondition(parameters.count == gradients.count, "\(gradients.count) gradients")
        precondition(
            settings.momentum == 0 || velocity?.count == parameters.count, "no velocity for momentum")
        var constants = ck_sgd(
            learning_rate: settings.learningRate, momentum: settings.momentum,
            weight_decay: settings.weightDecay,
            nesterov: settings.nesterov ? 1 : 0, first: started ? 0 : 1)
        for run in runs {
            precondition(
                run.lowerBound >= 0 && run.upperBound <= parameters.count, "\(run) of \(parameters.count)")
            let offset = run.lowerBound
            ck_sgd_step(
                &constants, parameters.pointer + offset, gradients.pointer + offset,
                velocity.map { $0.pointer + offset }, run.count)
        }
        started = true
    }
}

extension ParameterLayout {
    /// The trainable values as few runs as possible, in order.
    public var trainableRuns: [Range<Int>] { trainableRuns(without: []) }

    /// The same without the segments named in `frozen`.
    func trainableRuns(without frozen: Set<String>) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for segment in segments where segment.role == .trainable && !frozen.contains(segment.name) {
            let next = segment.offset..<(segment.offset + segment.count)
            if let last = runs.last, last.upperBound == next.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<next.upperBound
            } else {
                runs.append(next)
            }
        }
        return runs
    }
}

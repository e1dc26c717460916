import CKernels
import TensorMath

/// Adam (Kingma and Ba 2015) as PyTorch computes it: d = gradient + weightDecay w; m and v move to d and d^2
/// by 1 - beta; w -= learningRate m' / (sqrt(v') + epsilon) with m' = m / (1 - beta1^t), v' = v / (1 -
/// beta2^t).
public struct Adam: Sendable, Equatable {
    public var learningRate: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    public var weightDecay: Float

    public init(
        learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
        weightDecay: Float = 0
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// Adam between steps. Not to be shared by two networks that train.
public struct AdamState: OptimizerState {
    /// May change between steps, as schedules do.
    public var settings: Adam
    /// m and v, [count] each.
    public let mean: FloatView
    public let square: FloatView
    /// Steps taken: t. Set it after restoring `mean` and `square`.
    public var steps = 0

    /// `count` is the number of parameters.
    public init(_ settings: Adam, count: Int) {
        self.settings = settings
        mean = FloatBuffer(count: count).view
        square = FloatBuffer(count: count).view
    }

    public mutating func step(parameters: FloatView, gradients: FloatView, runs: [Range<Int>]) {
        precondition(parameters.count == gradients.count, "\(gradients.count) gradients")
        precondition(
            parameters.count == mean.count, "Adam for \(mean.count) of \(parameters.count) parameters")
        steps += 1
        func correction(_ beta: Float) -> Double {
            1 - ck_exp(Double(steps) * ck_log(Double(beta)))
        }
        let first = settings.beta1 == 0 ? 1 : correction(settings.beta1)
        let second = settings.beta2 == 0 ? 1 : correction(settings.beta2)
        var constants = ck_adam(
            step: Float(Double(settings.learningRate) / first), root: Float(1 / second.squareRoot()),
            beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon,
            weight_decay: settings.weightDecay)
        for run in runs {
            precondition(
                run.lowerBound >= 0 && run.upperBound <= parameters.count, "\(run) of \(parameters.count)")
            let offset = run.lowerBound
            ck_adam_step(
                &constants, parameters.pointer + offset, gradients.pointer + offset, mean.pointer + offset,
                square.pointer + offset, run.count)
        }
    }
}

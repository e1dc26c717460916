import TensorMath

/// What a layer does with its weights' gradients.
enum WeightUpdate {
    /// Stores them.
    case store
    /// Plain SGD in place of storing: weights -= rate * gradient, after everything that needs the old weights.
    case apply(rate: Float)

    /// Factor of the gradient.
    var scale: Float {
        switch self {
        case .store: 1
        case .apply(let rate): -rate
        }
    }
    /// Whether the target's old value stays.
    var keep: Int32 {
        switch self {
        case .store: 0
        case .apply: 1
        }
    }
}

/// One step of a network: a block, or several that run as one. All memory is its own from the start.
protocol Layer: AnyObject {
    /// The first `samples` rows of its input to those of its output.
    func forward(samples: Int)
    /// From the gradient of its output [samples, output] to its weights' and, unless nil, its input's. It may
    /// overwrite `outputGradient`.
    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate)
}

/// A block's parameters: values and, in a network that trains, gradients.
struct LayerParameters {
    let weight: FloatView
    let bias: FloatView
    let weightGradient: FloatView?
    let biasGradient: FloatView?

    init(block: NetworkPlan.Block, parameters: FloatView, gradients: FloatView?) {
        guard let weight = block.weight, let bias = block.bias else {
            preconditionFailure("\(block.name) has no weights")
        }
        self.weight = parameters.slice(weight.offset, weight.count)
        self.bias = parameters.slice(bias.offset, bias.count)
        weightGradient = gradients?.slice(weight.offset, weight.count)
        biasGradient = gradients?.slice(bias.offset, bias.count)
    }

    /// Where `update` puts the gradients of weights and bias.
    func targets(_ update: WeightUpdate) -> (weight: FloatView, bias: FloatView) {
        if case .apply = update { return (weight, bias) }
        guard let weightGradient, let biasGradient else {
            preconditionFailure("a network for evaluation has no gradients")
        }
        return (weightGradient, biasGradient)
    }
}

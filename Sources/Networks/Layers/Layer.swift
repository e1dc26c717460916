import TensorMath

/// What a layer does with its weights' gradients.
enum WeightUpdate {
    /// Stores them.
    case store
    /// Plain SGD in place of storing: weights -= rate * gradient, after everything that needs the old
    /// weights.
    case apply(rate: Float)
    /// A step of its own kind once everything that needs the old weights is done. A layer stores its gradients as for
    /// `store`, unless it says in `descends` that it takes the step itself.
    case descend(Descent)

    /// Factor of the gradient.
    var scale: Float { if case .apply(let rate) = self { -rate } else { 1 } }
    /// Whether the target's old value stays.
    var keep: Int32 { if case .apply = self { 1 } else { 0 } }
}

/// A layer that computes one step of a network: a block, or several that run as one. All memory is its own
/// from the start.
protocol Layer: AnyObject {
    /// The first `samples` rows of its input to those of its output.
    func forward(samples: Int)
    /// The same with weights of a mixture in the place of its own, for a layer that `descends`; what else it has is mixed.
    func forward(samples: Int, mixture: Mixture?)
    /// From the gradient of its output [samples, output] to its weights' and, unless nil, its input's. Only
    /// layers for which `overwritesGradient` is true may overwrite `outputGradient`.
    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate)
    var overwritesGradient: Bool { get }
    /// Whether `backward` of so many samples takes the step of `WeightUpdate.descend` itself.
    func descends(samples: Int) -> Bool
}

extension Layer {
    var overwritesGradient: Bool { false }
    func descends(samples: Int) -> Bool { false }
    func forward(samples: Int, mixture: Mixture?) { forward(samples: samples) }
}

/// What a layer is told of its place in the network.
struct LayerPlace {
    let block: NetworkPlan.Block
    /// Most samples at once.
    let batch: Int
    /// Whether it is to behave as in training: statistics of the batch, dropout.
    let trains: Bool
    /// Whether `backward` will ever be called.
    let goesBack: Bool
    /// Whether the gradient of its input will be asked for.
    let passes: Bool
    let parameters: LayerParameters?
    let input: FloatView
    let output: FloatView

    /// Those of a layer that has weights.
    var ownParameters: LayerParameters {
        guard let parameters else { preconditionFailure("\(block.name) has no weights") }
        return parameters
    }
}

/// A block's parameters: values and, in a network that trains, gradients.
struct LayerParameters {
    let weight: FloatView
    let bias: FloatView?
    let runningMean: FloatView?
    let runningVariance: FloatView?
    /// nil where the weights do not learn.
    let weightGradient: FloatView?
    let biasGradient: FloatView?
    /// Where weight and bias begin in the layout.
    let weightOffset: Int
    let biasOffset: Int

    /// nil for a block without weights. `gradients` is nil where the weights do not learn.
    init?(block: NetworkPlan.Block, parameters: FloatView, gradients: FloatView?) {
        func part(_ segment: Segment?, of values: FloatView?) -> FloatView? {
            segment.flatMap { values?.slice($0.offset, $0.count) }
        }
        guard let weight = part(block.weight, of: parameters) else { return nil }
        self.weight = weight
        bias = part(block.bias, of: parameters)
        runningMean = part(block.runningMean, of: parameters)
        runningVariance = part(block.runningVariance, of: parameters)
        weightGradient = part(block.weight, of: gradients)
        biasGradient = part(block.bias, of: gradients)
        weightOffset = block.weight?.offset ?? 0
        biasOffset = block.bias?.offset ?? 0
    }

    /// Whether gradients are wanted.
    var learns: Bool { weightGradient != nil }

    /// Where `update` puts the gradients of weights and bias; nil where they are not wanted.
    func targets(_ update: WeightUpdate) -> (weight: FloatView, bias: FloatView?)? {
        guard let weightGradient else { return nil }
        if case .apply = update { return (weight, bias) }
        return (weightGradient, biasGradient)
    }

    /// Writes those of a mixture, weights only where `withWeight`.
    func mix(_ mixture: Mixture, withWeight: Bool) {
        if withWeight { mixture.mix(into: weight, at: weightOffset) }
        if let bias { mixture.mix(into: bias, at: biasOffset) }
    }

    /// Takes a step along the gradients that are stored.
    func descend(_ descent: Descent) {
        if let weightGradient { descent.step(weight, at: weightOffset, along: weightGradient) }
        descendBias(descent)
    }

    /// The bias's part of it, if there is one.
    func descendBias(_ descent: Descent) {
        if let bias, let biasGradient { descent.step(bias, at: biasOffset, along: biasGradient) }
    }
}

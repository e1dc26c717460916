import CKernels
import TensorMath

extension ck_norm {
    fileprivate init(
        _ shape: Shape, groups: Int = 1, epsilon: Double = 1e-5, momentum: Double = 0,
        activation: Int = Int(CK_LINEAR)
    ) {
        self.init(
            channels: Int64(shape.channels), plane: Int64(shape.height * shape.width), groups: Int64(groups),
            epsilon: epsilon, momentum: momentum, activation: Int32(activation))
    }
}

/// Batch normalisation, with the activation that follows it.
final class BatchNormLayer: Layer {
    private var norm: ck_norm
    private let place: LayerPlace
    private let parameters: LayerParameters
    private let statistics: FloatView

    init(
        _ place: LayerPlace, epsilon: Double, momentum: Double, activation: LayerSpec?, arena: inout Arena
    ) {
        let code = activation == .relu ? CK_RELU : activation == .relu6 ? CK_RELU6 : CK_LINEAR
        norm = ck_norm(place.block.input, epsilon: epsilon, momentum: momentum, activation: Int(code))
        self.place = place
        parameters = place.ownParameters
        statistics = arena.take(4 * place.block.input.channels)
    }

    func forward(samples: Int) {
        guard let bias = parameters.bias, let mean = parameters.runningMean,
            let variance = parameters.runningVariance
        else { preconditionFailure("\(place.block.name) has no statistics") }
        ck_batch_norm(
            &norm, Int64(samples), place.input.pointer, parameters.weight.pointer, bias.pointer, mean.pointer,
            variance.pointer, place.trains ? 1 : 0, statistics.pointer, place.output.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        let targets = parameters.targets(update)
        ck_batch_norm_backward(
            &norm, Int64(samples), place.input.pointer, outputGradient.pointer, parameters.weight.pointer,
            statistics.pointer, place.trains ? 1 : 0, update.scale, update.keep, targets?.weight.pointer,
            targets?.bias?.pointer, inputGradient?.pointer)
    }
}

/// Group normalisation.
final class GroupNormLayer: Layer {
    private var norm: ck_norm
    private let place: LayerPlace
    private let parameters: LayerParameters
    private let statistics: FloatView
    private let sums: FloatView

    init(_ place: LayerPlace, groups: Int, arena: inout Arena) {
        norm = ck_norm(place.block.input, groups: groups)
        self.place = place
        parameters = place.ownParameters
        statistics = arena.take(2 * groups * place.batch)
        sums = arena.take(parameters.learns ? 2 * place.block.input.channels : 0)
    }

    func forward(samples: Int) {
        guard let bias = parameters.bias else { preconditionFailure("\(place.block.name) has no bias") }
        ck_group_norm(
            &norm, Int64(samples), place.input.pointer, parameters.weight.pointer, bias.pointer,
            statistics.pointer, place.output.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        let targets = parameters.targets(update)
        let channels = Int(norm.channels)
        sums.fill(0)
        ck_group_norm_backward(
            &norm, Int64(samples), place.input.pointer, outputGradient.pointer, parameters.weight.pointer,
            statistics.pointer, targets.map { _ in sums.pointer },
            targets.map { _ in sums.pointer + channels },
            inputGradient?.pointer)
        guard let targets, let bias = targets.bias else { return }
        ck_bias_backward(
            1, norm.channels, sums.pointer, update.scale, update.keep, targets.weight.pointer)
        ck_bias_backward(
            1, norm.channels, sums.pointer + channels, update.scale, update.keep, bias.pointer)
    }
}

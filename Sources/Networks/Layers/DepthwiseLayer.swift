import CKernels
import TensorMath

/// Every channel convolved with a kernel of its own.
final class DepthwiseLayer: Layer {
    private let place: LayerPlace
    private var shape: ck_convolution
    private let parameters: LayerParameters
    private let weights: FloatView
    private let backwardWeights: FloatView
    private let padded: FloatView
    private let products: FloatView
    private let paddedGradient: FloatView
    private let weightSums: FloatView
    private let biasSums: FloatView

    init(_ place: LayerPlace, arena: inout Arena) {
        self.place = place
        var shape = ck_convolution(place.block)
        let sizes = ck_depthwise_scratch(&shape)
        self.shape = shape
        parameters = place.ownParameters
        weights = arena.take(Int(sizes.forward_weights))
        padded = arena.take(Int(sizes.padded_input))
        products = arena.take(Int(sizes.products))
        let learns = place.goesBack && parameters.learns
        backwardWeights = arena.take(place.passes ? Int(sizes.backward_weights) : 0)
        paddedGradient = arena.take(place.goesBack ? Int(sizes.padded_gradient) : 0)
        weightSums = arena.take(learns ? Int(sizes.forward_weights) : 0)
        biasSums = arena.take(learns ? (Int(shape.channels) + 15) / 16 * 16 : 0)
    }

    func forward(samples: Int) {
        ck_depthwise_pack(&shape, parameters.weight.pointer, 0, weights.pointer)
        for n in 0..<samples {
            ck_depthwise_forward(
                &shape, place.input.pointer + n * place.block.input.count, weights.pointer,
                parameters.bias?.pointer, padded.pointer, products.pointer,
                place.output.pointer + n * place.block.output.count)
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        if inputGradient != nil {
            ck_depthwise_pack(&shape, parameters.weight.pointer, 1, backwardWeights.pointer)
        }
        let targets = parameters.targets(update)
        weightSums.fill(0)
        biasSums.fill(0)
        for n in 0..<samples {
            ck_depthwise_backward(
                &shape, place.input.pointer + n * place.block.input.count,
                outputGradient.pointer + n * place.block.output.count, backwardWeights.pointer,
                padded.pointer, paddedGradient.pointer, products.pointer,
                targets.map { _ in weightSums.pointer }, targets.map { _ in biasSums.pointer },
                inputGradient.map { $0.pointer + n * place.block.input.count })
        }
        guard let targets else { return }
        ck_depthwise_unpack(
            &shape, weightSums.pointer, update.scale, update.keep, targets.weight.pointer)
        if let bias = targets.bias {
            ck_bias_backward(1, shape.channels, biasSums.pointer, update.scale, update.keep, bias.pointer)
        }
    }
}

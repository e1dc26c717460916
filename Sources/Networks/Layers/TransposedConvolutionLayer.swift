import CKernels
import TensorMath

/// The input gradient of a convolution from the output's shape to the input's, as a layer.
final class TransposedConvolutionLayer: Layer {
    private let place: LayerPlace
    /// The convolution the other way round: our output is its input.
    private var shape: ck_convolution
    private let sizes: ck_convolution_sizes
    private let parameters: LayerParameters
    private let packed: FloatView
    private let packedBack: FloatView
    private let products: FloatView
    private let paddedGradient: FloatView
    private let paddedInput: FloatView
    private let weightSums: FloatView
    /// Where gradients of inputs go that nobody asked for.
    private let unused: FloatView

    init(_ place: LayerPlace, arena: inout Arena) {
        guard case .transposedConv(let channels, let kernel, let stride, let padding, _, _) = place.block.spec
        else { preconditionFailure("\(place.block.name) is no transposed convolution") }
        let (input, output) = (place.block.input, place.block.output)
        self.place = place
        var shape = ck_convolution(
            channels: Int64(channels), height: Int64(output.height), width: Int64(output.width),
            outputs: Int64(input.channels), out_height: Int64(input.height), out_width: Int64(input.width),
            kernel: Int64(kernel), stride: Int64(stride), padding: Int64(padding))
        let sizes = ck_convolution_scratch(&shape)
        self.shape = shape
        self.sizes = sizes
        parameters = place.ownParameters
        packed = arena.take(Int(sizes.forward_weights))
        packedBack = arena.take(Int(sizes.backward_weights))
        products = arena.take(Int(sizes.products))
        paddedGradient = arena.take(Int(sizes.padded_gradient))
        paddedInput = arena.take(place.goesBack ? Int(sizes.padded_input) : 0)
        weightSums = arena.take(place.goesBack && parameters.learns ? Int(sizes.forward_weights) : 0)
        unused = arena.take(place.goesBack && !place.passes ? input.count : 0)
    }

    func forward(samples: Int) {
        let (input, output) = (place.block.input, place.block.output)
        ck_convolution_pack(&shape, parameters.weight.pointer, packed.pointer, packedBack.pointer)
        for n in 0..<samples {
            let y = place.output.pointer + n * output.count
            ck_convolution_backward(
                &shape, place.input.pointer + n * input.count, nil, nil, nil, packedBack.pointer,
                paddedGradient.pointer, products.pointer, nil, nil, y)
            guard let bias = parameters.bias else { continue }
            let plane = output.height * output.width
            for channel in 0..<output.channels {
                for i in 0..<plane { y[channel * plane + i] += bias.pointer[channel] }
            }
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        let (input, output) = (place.block.input, place.block.output)
        let targets = parameters.targets(update)
        weightSums.fill(0)
        for n in 0..<samples {
            let dx = inputGradient.map { $0.pointer + n * input.count } ?? unused.pointer
            ck_convolution_forward(
                &shape, outputGradient.pointer + n * output.count, packed.pointer, nil, 0,
                paddedInput.pointer, products.pointer, dx, nil)
            if targets == nil { continue }
            ck_convolution_backward(
                &shape, place.input.pointer + n * input.count, nil, nil, paddedInput.pointer,
                packedBack.pointer, paddedGradient.pointer, products.pointer, weightSums.pointer, nil, nil)
        }
        guard let targets else { return }
        ck_convolution_unpack(
            &shape, weightSums.pointer, update.scale, update.keep, targets.weight.pointer)
        if let bias = targets.bias { addBiasGradient(outputGradient, samples, update, bias) }
    }

    private func addBiasGradient(
        _ gradient: FloatView, _ samples: Int, _ update: WeightUpdate, _ target: FloatView
    ) {
        let output = place.block.output
        let plane = output.height * output.width
        for channel in 0..<output.channels {
            var sum = 0.0
            for n in 0..<samples {
                let from = gradient.pointer + (n * output.channels + channel) * plane
                for i in 0..<plane { sum += Double(from[i]) }
            }
            let kept = update.keep == 0 ? 0 : target[channel]
            target[channel] = kept + update.scale * Float(sum)
        }
    }
}

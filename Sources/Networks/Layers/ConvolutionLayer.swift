import CKernels
import TensorMath

/// y [samples, O, H', W'] = convolution of x [samples, C, H, W] with weights [O, C, K, K] plus bias [O]; optionally
/// with the ReLU and the 2 x 2 maximum that follow it.
final class ConvolutionLayer: Layer {
    private var shape: ck_convolution
    private let sizes: ck_convolution_sizes
    private let relu: Bool
    private let pool: Bool
    private let trains: Bool
    private let parameters: LayerParameters
    private let input: FloatView
    private let output: FloatView
    private let inputCount: Int
    private let outputCount: Int
    /// One sample's padded input, or in training all samples', for the weights' gradient.
    private let paddedInput: FloatView
    private let forwardWeights: FloatView
    private let backwardWeights: FloatView
    private let products: FloatView
    private let paddedGradient: FloatView
    private let weightSums: FloatView
    private let biasSums: FloatView
    /// Bytes, four to a Float.
    private let poolCodes: FloatView
    private let needsInputGradient: Bool

    init(
        block: NetworkPlan.Block, relu: Bool, pool: Bool, batch: Int, trains: Bool, needsInputGradient: Bool,
        parameters: LayerParameters, input: FloatView, output: FloatView, arena: inout Arena
    ) {
        guard case .conv(let channels, let kernel, let stride, let padding, _, _) = block.spec else {
            preconditionFailure("\(block.name) is no convolution")
        }
        var shape = ck_convolution(
            channels: Int64(block.input.channels), height: Int64(block.input.height),
            width: Int64(block.input.width), outputs: Int64(channels), out_height: Int64(block.output.height),
            out_width: Int64(block.output.width), kernel: Int64(kernel), stride: Int64(stride),
            padding: Int64(padding.zeros(kernel: kernel)))
        let sizes = ck_convolution_scratch(&shape)
        self.shape = shape
        self.sizes = sizes
        self.relu = relu
        self.pool = pool
        self.trains = trains
        self.needsInputGradient = needsInputGradient
        self.parameters = parameters
        self.input = input
        self.output = output
        inputCount = block.input.count
        let pooled = block.output.channels * (block.output.height / 2) * (block.output.width / 2)
        outputCount = pool ? pooled : block.output.count
        paddedInput = arena.take(Int(sizes.padded_input) * (trains ? batch : 1))
        forwardWeights = arena.take(Int(sizes.forward_weights))
        backwardWeights = arena.take(trains && needsInputGradient ? Int(sizes.backward_weights) : 0)
        products = arena.take(Int(sizes.products))
        paddedGradient = arena.take(trains ? Int(sizes.padded_gradient) : 0)
        weightSums = arena.take(trains ? Int(sizes.forward_weights) : 0)
        biasSums = arena.take(trains ? (channels + 15) / 16 * 16 : 0)
        poolCodes = arena.take(pool ? Int(sizes.pool_codes + 3) / 4 * (trains ? batch : 1) : 0)
    }

    /// Floats that one sample's pool codes take.
    private var codesOfOneSample: Int { Int(sizes.pool_codes + 3) / 4 }

    func forward(samples: Int) {
        ck_convolution_pack(
            &shape, parameters.weight.pointer, forwardWeights.pointer,
            trains && needsInputGradient ? backwardWeights.pointer : nil)
        let kept = trains ? 1 : 0
        for n in 0..<samples {
            ck_convolution_forward(
                &shape, input.pointer + n * inputCount, forwardWeights.pointer, parameters.bias.pointer,
                relu ? 1 : 0, paddedInput.pointer + n * kept * Int(sizes.padded_input), products.pointer,
                output.pointer + n * outputCount, pool ? poolCodes.pointer + n * kept * codesOfOneSample : nil
            )
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        precondition(outputGradient.count >= samples * outputCount, "\(outputGradient.count) gradients")
        precondition(inputGradient == nil || needsInputGradient, "the input's gradient was not planned for")
        weightSums.fill(0)
        biasSums.fill(0)
        for n in 0..<samples {
            ck_convolution_backward(
                &shape, outputGradient.pointer + n * outputCount,
                relu && !pool ? output.pointer + n * outputCount : nil,
                pool ? poolCodes.pointer + n * codesOfOneSample : nil,
                paddedInput.pointer + n * Int(sizes.padded_input),
                backwardWeights.pointer, paddedGradient.pointer, products.pointer, weightSums.pointer,
                biasSums.pointer, inputGradient.map { $0.pointer + n * inputCount })
        }
        let targets = parameters.targets(update)
        ck_convolution_unpack(&shape, weightSums.pointer, update.scale, update.keep, targets.weight.pointer)
        ck_bias_backward(1, shape.outputs, biasSums.pointer, update.scale, update.keep, targets.bias.pointer)
    }
}

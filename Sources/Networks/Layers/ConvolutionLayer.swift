import CKernels
import TensorMath

extension ck_convolution {
    /// One group of a convolution; of a depthwise one all channels.
    init(_ block: NetworkPlan.Block) {
        guard case .conv(let channels, let kernel, let stride, let padding, let groups, _) = block.spec else {
            preconditionFailure("\(block.name) is no convolution")
        }
        let parts = block.convolutionKind == .depthwise ? 1 : groups
        self.init(
            channels: Int64(block.input.channels / parts), height: Int64(block.input.height),
            width: Int64(block.input.width), outputs: Int64(channels / parts),
            out_height: Int64(block.output.height), out_width: Int64(block.output.width),
            kernel: Int64(kernel), stride: Int64(stride), padding: Int64(padding.zeros(kernel: kernel)))
    }
}

/// y [samples, O, H', W'] = convolution of x [samples, C, H, W] with weights [O, C / groups, K, K] plus bias
/// [O], if there is one; optionally with the ReLU and the 2 x 2 maximum that follow it. Groups are
/// convolutions of their own.
final class ConvolutionLayer: Layer {
    private var shape: ck_convolution
    private let groups: Int
    private let relu: Bool
    private let pool: Bool
    private let place: LayerPlace
    private let parameters: LayerParameters
    /// Values of one group of one sample.
    private let inputCount: Int
    private let outputCount: Int
    private let weightCount: Int
    /// Values of scratch for one group, or one group of one sample.
    private let paddedCount: Int
    private let packedCount: Int
    private let codeCount: Int
    /// One group of one sample's padded input, or where there is a backward pass all, for the weights'
    /// gradient.
    private let paddedInput: FloatView
    private let forwardWeights: FloatView
    private let backwardWeights: FloatView
    private let products: FloatView
    private let paddedGradient: FloatView
    private let weightSums: FloatView
    private let biasSums: FloatView
    /// Bytes, four to a Float.
    private let poolCodes: FloatView

    init(_ place: LayerPlace, relu: Bool, pool: Bool, arena: inout Arena) {
        let (input, output) = (place.block.input, place.block.output)
        var shape = ck_convolution(place.block)
        let sizes = ck_convolution_scratch(&shape)
        self.shape = shape
        groups = input.channels / Int(shape.channels)
        self.relu = relu
        self.pool = pool
        self.place = place
        parameters = place.ownParameters
        inputCount = input.count / groups
        let pooled = (output.height / 2) * (output.width / 2)
        outputCount = Int(shape.outputs) * (pool ? pooled : output.height * output.width)
        weightCount = parameters.weight.count / groups
        paddedCount = Int(sizes.padded_input)
        packedCount = Int(sizes.forward_weights)
        codeCount = pool ? Int(sizes.pool_codes + 3) / 4 : 0
        let kept = place.goesBack ? place.batch * groups : 1
        let learns = place.goesBack && parameters.learns
        paddedInput = arena.take(paddedCount * kept)
        forwardWeights = arena.take(packedCount)
        backwardWeights = arena.take(place.passes ? Int(sizes.backward_weights) : 0)
        products = arena.take(Int(sizes.products))
        paddedGradient = arena.take(place.goesBack ? Int(sizes.padded_gradient) : 0)
        weightSums = arena.take(learns ? packedCount : 0)
        biasSums = arena.take(learns ? (Int(shape.outputs) + 15) / 16 * 16 : 0)
        poolCodes = arena.take(codeCount * kept)
    }

    func forward(samples: Int) {
        for group in 0..<groups {
            ck_convolution_pack(
                &shape, parameters.weight.pointer + group * weightCount, forwardWeights.pointer, nil)
            for n in 0..<samples {
                let place = n * groups + group
                let kept = self.place.goesBack ? place : 0
                ck_convolution_forward(
                    &shape, self.place.input.pointer + place * inputCount, forwardWeights.pointer,
                    parameters.bias.map { $0.pointer + group * Int(shape.outputs) }, relu ? 1 : 0,
                    paddedInput.pointer + kept * paddedCount, products.pointer,
                    self.place.output.pointer + place * outputCount,
                    pool ? poolCodes.pointer + kept * codeCount : nil)
            }
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        precondition(
            outputGradient.count >= samples * groups * outputCount, "\(outputGradient.count) gradients")
        precondition(inputGradient == nil || place.passes, "the input's gradient was not planned for")
        let targets = parameters.targets(update)
        for group in 0..<groups {
            if inputGradient != nil {
                ck_convolution_pack(
                    &shape, parameters.weight.pointer + group * weightCount, nil, backwardWeights.pointer)
            }
            backward(group, samples, outputGradient, inputGradient, learns: targets != nil)
            guard let targets else { continue }
            ck_convolution_unpack(
                &shape, weightSums.pointer, update.scale, update.keep,
                targets.weight.pointer + group * weightCount)
            if let bias = targets.bias {
                ck_bias_backward(
                    1, shape.outputs, biasSums.pointer, update.scale, update.keep,
                    bias.pointer + group * Int(shape.outputs))
            }
        }
    }

    /// One group: its weights' sums and its input's gradient.
    private func backward(
        _ group: Int, _ samples: Int, _ outputGradient: FloatView, _ inputGradient: FloatView?, learns: Bool
    ) {
        weightSums.fill(0)
        biasSums.fill(0)
        for n in 0..<samples {
            let place = n * groups + group
            ck_convolution_backward(
                &shape, outputGradient.pointer + place * outputCount,
                relu && !pool ? self.place.output.pointer + place * outputCount : nil,
                pool ? poolCodes.pointer + place * codeCount : nil,
                paddedInput.pointer + place * paddedCount, backwardWeights.pointer, paddedGradient.pointer,
                products.pointer, learns ? weightSums.pointer : nil,
                learns && parameters.bias != nil ? biasSums.pointer : nil,
                inputGradient.map { $0.pointer + place * inputCount })
        }
    }
}

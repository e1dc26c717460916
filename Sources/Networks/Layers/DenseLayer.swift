import CKernels
import TensorMath

/// y [samples, O] = x [samples, I] W' + b with W [O, I], optionally with the ReLU that follows it.
final class DenseLayer: Layer {
    private let inputs: Int
    private let outputs: Int
    private let relu: Bool
    private let parameters: LayerParameters
    private let bias: FloatView
    private let input: FloatView
    private let output: FloatView

    init(_ place: LayerPlace, relu: Bool) {
        inputs = place.block.input.count
        outputs = place.block.output.count
        self.relu = relu
        parameters = place.ownParameters
        guard let bias = parameters.bias else { preconditionFailure("\(place.block.name) has no bias") }
        self.bias = bias
        input = place.input
        output = place.output
    }

    var overwritesGradient: Bool { relu }
    func descends(samples: Int) -> Bool { samples < Self.generalBackward }

    /// From this many samples on, packing the weights for a general product pays.
    static let generalForward = 25
    private static let generalBackward = Int(CK_DENSE_ROWS) + 1

    func forward(samples: Int) { forward(samples: samples, mixture: nil) }

    func forward(samples: Int, mixture: Mixture?) {
        if let mixture, descends(samples: samples) {
            var weights = mixture.kernel(Descent(rate: 0, decay: 0), at: parameters.weightOffset)
            ck_dense_forward_mixture(
                Int64(samples), Int64(inputs), Int64(outputs), input.pointer,
                mixture.own.pointer + parameters.weightOffset, &weights, bias.pointer, relu ? 1 : 0,
                output.pointer)
        } else if samples < Self.generalForward {
            ck_dense_forward(
                Int64(samples), Int64(inputs), Int64(outputs), input.pointer, parameters.weight.pointer,
                bias.pointer, relu ? 1 : 0, output.pointer)
        } else {
            gemm(
                false, true, m: samples, n: outputs, k: inputs, alpha: 1, a: input, lda: inputs,
                b: parameters.weight, ldb: inputs, beta: 0, c: output, ldc: outputs)
            ck_bias(Int64(samples), Int64(outputs), bias.pointer, relu ? 1 : 0, output.pointer)
        }
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        precondition(outputGradient.count >= samples * outputs, "\(outputGradient.count) gradients")
        precondition(
            inputGradient.map { $0.count >= samples * inputs } ?? true, "no room for the input's gradient")
        if relu {
            ck_relu_backward(
                output.pointer, outputGradient.pointer, outputGradient.pointer, samples * outputs)
        }
        let targets = parameters.targets(update)
        if targets != nil, case .descend(let descent) = update, descends(samples: samples),
            let mixture = descent.mixture
        {
            var weights = mixture.kernel(descent, at: parameters.weightOffset)
            mixture.slope += ck_dense_descend_mixture(
                Int64(samples), Int64(inputs), Int64(outputs), input.pointer, outputGradient.pointer,
                &weights,
                mixture.own.pointer + parameters.weightOffset, inputGradient?.pointer)
        } else if targets != nil, case .descend(let descent) = update, descends(samples: samples) {
            var step = descent.kernel(parameters.weight.count, at: parameters.weightOffset)
            ck_dense_descend(
                Int64(samples), Int64(inputs), Int64(outputs), input.pointer, outputGradient.pointer, &step,
                parameters.weight.pointer, inputGradient?.pointer)
        } else if let targets, samples < Self.generalBackward {
            ck_dense_backward(
                Int64(samples), Int64(inputs), Int64(outputs), input.pointer, outputGradient.pointer,
                parameters.weight.pointer, update.scale, update.keep, targets.weight.pointer,
                inputGradient?.pointer)
        } else {
            if let inputGradient {
                gemm(
                    false, false, m: samples, n: inputs, k: outputs, alpha: 1, a: outputGradient,
                    lda: outputs, b: parameters.weight, ldb: inputs, beta: 0, c: inputGradient, ldc: inputs)
            }
            if let targets {
                gemm(
                    true, false, m: outputs, n: inputs, k: samples, alpha: update.scale, a: outputGradient,
                    lda: outputs, b: input, ldb: inputs, beta: Float(update.keep), c: targets.weight,
                    ldc: inputs)
            }
        }
        guard let target = targets?.bias else { return }
        ck_bias_backward(
            Int64(samples), Int64(outputs), outputGradient.pointer, update.scale, update.keep, target.pointer)
        if case .descend(let descent) = update, descends(samples: samples) {
            parameters.descendBias(descent)
        }
    }
}

import CKernels
import TensorMath

/// A convolution of 1 x 1 as a matrix product: of one sample's planes as they stand where these are large, or
/// else of all samples' pixels, gathered as [pixels, channels].
final class PointwiseLayer: Layer {
    private let place: LayerPlace
    private let parameters: LayerParameters
    private let inputs: Int
    private let outputs: Int
    private let pixels: Int
    private let gathers: Bool
    private let gatheredInput: FloatView
    private let gatheredOutput: FloatView
    private let gatheredGradient: FloatView

    /// Pixels of a plane from which on a product for each sample is fast enough.
    private static let largePlane = 128

    init(_ place: LayerPlace, arena: inout Arena) {
        self.place = place
        parameters = place.ownParameters
        inputs = place.block.input.channels
        outputs = place.block.output.channels
        pixels = place.block.input.height * place.block.input.width
        gathers = parameters.bias != nil || pixels < Self.largePlane
        let batch = gathers ? place.batch * pixels : 0
        gatheredInput = arena.take(batch * inputs)
        gatheredOutput = arena.take(batch * outputs)
        gatheredGradient = arena.take(place.passes ? batch * inputs : 0)
    }

    func forward(samples: Int) {
        if gathers {
            for n in 0..<samples {
                ck_channels_inside(
                    Int64(inputs), Int64(pixels), place.input.pointer + n * inputs * pixels,
                    gatheredInput.pointer + n * inputs * pixels)
            }
            gemm(
                false, true, m: samples * pixels, n: outputs, k: inputs, alpha: 1, a: gatheredInput,
                lda: inputs, b: parameters.weight, ldb: inputs, beta: 0, c: gatheredOutput, ldc: outputs)
            for n in 0..<samples {
                ck_channels_outside(
                    Int64(outputs), Int64(pixels), gatheredOutput.pointer + n * outputs * pixels,
                    parameters.bias?.pointer, 0, place.output.pointer + n * outputs * pixels)
            }
            return
        }
        for n in 0..<samples {
            gemm(
                false, false, m: outputs, n: pixels, k: inputs, alpha: 1, a: parameters.weight, lda: inputs,
                b: sample(place.input, n, inputs), ldb: pixels, beta: 0, c: sample(place.output, n, outputs),
                ldc: pixels)
        }
    }

    private func sample(_ view: FloatView, _ n: Int, _ channels: Int) -> FloatView {
        view.slice(n * channels * pixels, channels * pixels)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        if gathers {
            backwardGathered(samples, outputGradient, inputGradient, update)
            return
        }
        if let inputGradient {
            for n in 0..<samples {
                gemm(
                    true, false, m: inputs, n: pixels, k: outputs, alpha: 1, a: parameters.weight,
                    lda: inputs, b: sample(outputGradient, n, outputs), ldb: pixels, beta: 0,
                    c: sample(inputGradient, n, inputs), ldc: pixels)
            }
        }
        guard let targets = parameters.targets(update) else { return }
        for n in 0..<samples {
            gemm(
                false, true, m: outputs, n: inputs, k: pixels, alpha: update.scale,
                a: sample(outputGradient, n, outputs), lda: pixels, b: sample(place.input, n, inputs),
                ldb: pixels, beta: n == 0 ? Float(update.keep) : 1, c: targets.weight, ldc: inputs)
        }
    }

    private func backwardGathered(
        _ samples: Int, _ outputGradient: FloatView, _ inputGradient: FloatView?, _ update: WeightUpdate
    ) {
        let gradient = gatheredOutput
        for n in 0..<samples {
            ck_channels_inside(
                Int64(outputs), Int64(pixels), outputGradient.pointer + n * outputs * pixels,
                gradient.pointer + n * outputs * pixels)
        }
        if let inputGradient {
            gemm(
                false, false, m: samples * pixels, n: inputs, k: outputs, alpha: 1, a: gradient,
                lda: outputs, b: parameters.weight, ldb: inputs, beta: 0, c: gatheredGradient, ldc: inputs)
            for n in 0..<samples {
                ck_channels_outside(
                    Int64(inputs), Int64(pixels), gatheredGradient.pointer + n * inputs * pixels, nil, 0,
                    inputGradient.pointer + n * inputs * pixels)
            }
        }
        guard let targets = parameters.targets(update) else { return }
        gemm(
            true, false, m: outputs, n: inputs, k: samples * pixels, alpha: update.scale, a: gradient,
            lda: outputs, b: gatheredInput, ldb: inputs, beta: Float(update.keep), c: targets.weight,
            ldc: inputs)
        if let bias = targets.bias {
            ck_bias_backward(
                Int64(samples * pixels), Int64(outputs), gradient.pointer, update.scale, update.keep,
                bias.pointer)
        }
    }
}

import CKernels
import TensorMath

extension ck_pool {
    fileprivate init(_ block: NetworkPlan.Block) {
        let (input, output) = (block.input, block.output)
        var (rows, columns, step, zeros) = (input.height, input.width, 1, 0)
        switch block.spec {
        case .maxPool(let kernel, let stride, let padding, _),
            .averagePool(let kernel, let stride, let padding):
            (rows, columns, step, zeros) = (kernel, kernel, stride, padding)
        default: break
        }
        self.init(
            height: Int64(input.height), width: Int64(input.width), out_height: Int64(output.height),
            out_width: Int64(output.width), kernel_height: Int64(rows), kernel_width: Int64(columns),
            stride: Int64(step), padding: Int64(zeros))
    }
}

/// Maximum of windows, where it could not be fused into the convolution before.
final class MaxPoolLayer: Layer {
    private let place: LayerPlace
    private var shape: ck_pool
    /// Bytes, four to a Float.
    private let codes: FloatView

    init(_ place: LayerPlace, arena: inout Arena) {
        self.place = place
        shape = ck_pool(place.block)
        codes = arena.take((place.batch * place.block.output.count + 3) / 4)
    }

    func forward(samples: Int) {
        ck_max_pool(
            &shape, Int64(samples * place.block.input.channels), place.input.pointer, place.output.pointer,
            codes.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_max_pool_backward(
            &shape, Int64(samples * place.block.input.channels), outputGradient.pointer, codes.pointer,
            inputGradient.pointer)
    }
}

/// Mean of windows, of which a whole plane may be one.
final class AveragePoolLayer: Layer {
    private let place: LayerPlace
    private var shape: ck_pool

    init(_ place: LayerPlace) {
        self.place = place
        shape = ck_pool(place.block)
    }

    func forward(samples: Int) {
        ck_average_pool(
            &shape, Int64(samples * place.block.input.channels), place.input.pointer, place.output.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_average_pool_backward(
            &shape, Int64(samples * place.block.input.channels), outputGradient.pointer,
            inputGradient.pointer)
    }
}

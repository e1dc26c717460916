import CKernels
import TensorMath

/// Maximum of windows, where it could not be fused into the convolution before.
final class MaxPoolLayer: Layer {
    private let block: NetworkPlan.Block
    private let kernel: Int64
    private let stride: Int64
    private let input: FloatView
    private let output: FloatView
    /// Bytes, four to a Float.
    private let codes: FloatView

    init(
        block: NetworkPlan.Block, kernel: Int, stride: Int, batch: Int, input: FloatView, output: FloatView,
        arena: inout Arena
    ) {
        self.block = block
        self.kernel = Int64(kernel)
        self.stride = Int64(stride)
        self.input = input
        self.output = output
        codes = arena.take((batch * block.output.count + 3) / 4)
    }

    func forward(samples: Int) {
        ck_max_pool(
            Int64(samples * block.input.channels), Int64(block.input.height), Int64(block.input.width),
            kernel,
            stride, input.pointer, output.pointer, codes.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_max_pool_backward(
            Int64(samples * block.input.channels), Int64(block.input.height), Int64(block.input.width),
            kernel,
            stride, outputGradient.pointer, codes.pointer, inputGradient.pointer)
    }
}

/// Mean of windows, of which a whole plane may be one.
final class AveragePoolLayer: Layer {
    private let shape: Shape
    private let kernelHeight: Int64
    private let kernelWidth: Int64
    private let stride: Int64
    private let input: FloatView
    private let output: FloatView

    /// A nil kernel is the whole plane.
    init(block: NetworkPlan.Block, kernel: Int?, stride: Int, input: FloatView, output: FloatView) {
        shape = block.input
        kernelHeight = Int64(kernel ?? block.input.height)
        kernelWidth = Int64(kernel ?? block.input.width)
        self.stride = Int64(stride)
        self.input = input
        self.output = output
    }

    func forward(samples: Int) {
        ck_average_pool(
            Int64(samples * shape.channels), Int64(shape.height), Int64(shape.width), kernelHeight,
            kernelWidth,
            stride, input.pointer, output.pointer)
    }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_average_pool_backward(
            Int64(samples * shape.channels), Int64(shape.height), Int64(shape.width), kernelHeight,
            kernelWidth,
            stride, outputGradient.pointer, inputGradient.pointer)
    }
}

import CKernels
import TensorMath

/// y = max(x, 0), where it could not be fused into the layer before.
final class ReLULayer: Layer {
    private let count: Int
    private let input: FloatView
    private let output: FloatView

    init(block: NetworkPlan.Block, input: FloatView, output: FloatView) {
        count = block.output.count
        self.input = input
        self.output = output
    }

    func forward(samples: Int) { ck_relu(input.pointer, output.pointer, samples * count) }

    func backward(samples: Int, outputGradient: FloatView, inputGradient: FloatView?, update: WeightUpdate) {
        guard let inputGradient else { return }
        ck_relu_backward(output.pointer, outputGradient.pointer, inputGradient.pointer, samples * count)
    }
}

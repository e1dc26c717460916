import CKernels
import TensorMath

/// SGD without momentum, optionally pulled towards an anchor: w -= rate (gradient + weight (w - anchor) + decay w). The
/// term of the anchor is the gradient of weight / 2 ||w - anchor||^2.
package struct Descent {
    package let rate: Float
    package let decay: Float
    package let weight: Float
    /// All parameters in the layout's order; nil: no such term.
    package let anchor: FloatView?

    package init(rate: Float, decay: Float, weight: Float = 0, anchor: FloatView? = nil) {
        self.rate = rate
        self.decay = decay
        self.weight = weight
        self.anchor = anchor
    }

    /// The same with the term of an anchor.
    package func pulled(by weight: Float, towards anchor: FloatView) -> Descent {
        Descent(rate: rate, decay: decay, weight: weight, anchor: anchor)
    }

    /// Moves `values`, which stand at `offset` in the layout, along as many gradients.
    package func step(_ values: FloatView, at offset: Int, along gradients: FloatView) {
        precondition(
            values.count == gradients.count, "\(gradients.count) gradients for \(values.count) values")
        var step = kernel(values.count, at: offset)
        ck_descend(&step, gradients.pointer, values.pointer, values.count)
    }

    /// What the kernels call it, for `count` values from `offset`.
    func kernel(_ count: Int, at offset: Int) -> ck_descent {
        ck_descent(
            rate: rate, decay: decay, weight: weight,
            anchor: anchor.map { UnsafePointer($0.slice(offset, count).pointer) })
    }
}

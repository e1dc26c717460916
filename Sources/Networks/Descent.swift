import CKernels
import TensorMath

/// SGD without momentum, optionally pulled towards an anchor: w -= rate (gradient + weight (w - anchor) + decay w), whose
/// term is the gradient of weight / 2 ||w - anchor||^2; or with a direction of its own beside the gradient:
/// w -= rate (gradient + direction + decay w); or of a mixture's own part in the place of w, along share x the gradient.
package struct Descent {
    package let rate: Float
    package let decay: Float
    private let weight: Float
    /// Of w in the term weight (share w - anchor).
    private let share: Float
    /// All parameters in the layout's order; nil: no such term.
    package let anchor: FloatView?
    let mixture: Mixture?

    package init(rate: Float, decay: Float) {
        self.init(rate: rate, decay: decay, weight: 0, share: 1, anchor: nil)
    }

    private init(
        rate: Float, decay: Float, weight: Float, share: Float, anchor: FloatView?, mixture: Mixture? = nil
    ) {
        self.rate = rate
        self.decay = decay
        self.weight = weight
        self.share = share
        self.anchor = anchor
        self.mixture = mixture
    }

    /// The same with the term of an anchor.
    package func pulled(by weight: Float, towards anchor: FloatView) -> Descent {
        Descent(rate: rate, decay: decay, weight: weight, share: 1, anchor: anchor)
    }

    /// The same with a direction that is added to the gradient.
    package func turned(by direction: FloatView) -> Descent {
        Descent(rate: rate, decay: decay, weight: -1, share: 0, anchor: direction)
    }

    /// The same of a mixture's own part; values that are to be moved stay.
    package func moving(_ mixture: Mixture) -> Descent {
        Descent(rate: rate, decay: decay, weight: 0, share: 1, anchor: nil, mixture: mixture)
    }

    /// Moves `values`, which stand at `offset` in the layout, along as many gradients.
    package func step(_ values: FloatView, at offset: Int, along gradients: FloatView) {
        precondition(
            values.count == gradients.count, "\(gradients.count) gradients for \(values.count) values")
        if let mixture { return mixture.step(self, at: offset, along: gradients) }
        var step = kernel(values.count, at: offset)
        ck_descend(&step, gradients.pointer, values.pointer, values.count)
    }

    /// What the kernels call it, for `count` values from `offset`.
    func kernel(_ count: Int, at offset: Int) -> ck_descent {
        ck_descent(
            rate: rate, decay: decay, weight: weight, share: share,
            anchor: anchor.map { UnsafePointer($0.slice(offset, count).pointer) })
    }
}

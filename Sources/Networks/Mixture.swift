import CKernels
import TensorMath

/// Parameters share x own + (1 - share) x model of a network, as APFL trains with.
///
/// The network's own parameters hold the mixture where a layer needs it as an array. Dense layers that take their step
/// themselves mix as they read, so that neither the mixture nor its gradient is ever written.
package final class Mixture {
    /// In the layout's order; `own` moves.
    package let own: FloatView
    package let model: FloatView
    package var share: Float
    /// <own - model, gradient> over what has taken its step since this was set to 0.
    package var slope = 0.0

    package init(own: FloatView, model: FloatView, share: Float) {
        precondition(own.count == model.count, "\(own.count) and \(model.count) parameters")
        (self.own, self.model, self.share) = (own, model, share)
    }

    /// Writes the mixture.
    package func mix(into parameters: FloatView) {
        ck_mix(share, own.pointer, model.pointer, parameters.pointer, parameters.count)
    }

    /// Writes a part of it, which stands at `offset` in the layout.
    func mix(into part: FloatView, at offset: Int) {
        ck_mix(share, own.pointer + offset, model.pointer + offset, part.pointer, part.count)
    }

    /// What the kernels call it and a step along `descent`, from `offset` on.
    func kernel(_ descent: Descent, at offset: Int) -> ck_mixture {
        ck_mixture(share: share, rate: descent.rate, decay: descent.decay, model: model.pointer + offset)
    }

    /// The slope, then own's step along share x the gradients.
    func step(_ descent: Descent, at offset: Int, along gradients: FloatView) {
        var mixture = kernel(descent, at: offset)
        slope += ck_mixture_descend(&mixture, gradients.pointer, own.pointer + offset, gradients.count)
    }
}

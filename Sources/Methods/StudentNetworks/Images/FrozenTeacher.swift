import CKernels
import Networks
import TensorMath

/// A trained network as a function of its pixels: it stays as it is and behaves as in evaluation, and what a gradient
/// reaches is the images.
package final class FrozenTeacher {
    /// For as many samples as there are images.
    package let network: Network
    /// Index of the penultimate block, whose output the classifier reads: the pooled features; nil where there is none.
    package let features: Int?

    /// `parameters`: the teacher's, in layout order; shared, never written.
    package init(plan: NetworkPlan, parameters: FloatView, images: Int) {
        network = Network(
            plan: plan, batch: images, parameters: parameters, frozen: Set(plan.blocks.map(\.name)),
            inputGradient: true)
        features = ActivationProbe.tap(plan).flatMap { plan.index(of: $0) }
    }

    package var images: Int { network.batch }

    /// [images, C, H, W]; what the last backward pass found, to which terms over the pixels themselves are added.
    package var gradient: FloatView {
        guard let gradient = network.inputGradient else { preconditionFailure("no gradient of the pixels") }
        return gradient
    }

    /// The mean cross-entropy to `labels` after a forward pass, and how many of the images the teacher takes for
    /// their class. `weight` times its gradient and those at `taps` go back to the pixels.
    func backward(
        labels: [UInt8], weight: Float, taps: [Network.Tap]
    ) -> (crossEntropy: Double, correct: Int) {
        let result = network.softmaxCrossEntropy(labels: labels.span, samples: images)
        if weight == 0 {
            network.backward(samples: images, taps: taps)
        } else {
            ck_scale(weight, network.outputGradient.pointer, network.outputGradient.count)
            network.backwardFromLoss(samples: images, taps: taps)
        }
        return (result.lossSum / Double(images), result.correct)
    }
}

import CKernels
import Networks
import TensorMath

/// Dream Distillation (Bhardwaj, Suda and Marculescu, Dream Distillation: A Data-Independent Model Compression Framework,
/// 2019), as far as its description goes: images whose pooled features in the teacher are where `DreamMetadata` says
/// that those of real images were.
///
/// The paper leaves open how it descends. Ours is Adam, and the cross-entropy, the total variation and the random shift are
/// our additions, which a weight of 0 takes away.
package struct DreamDistillation: Sendable, Equatable {
    /// Of the cross-entropy to the class, mean over the images.
    package var crossEntropy = 0.0
    package var variation = 0.0
    /// How the pixels learn.
    package var adam = Adam(learningRate: 0.05)
    /// Pixels by which images are shifted at most in either direction before each step.
    package var shift = 0

    package init() {}
}

/// Mean over the images of ||features - target||^2 + crossEntropy x cross-entropy + variation x total variation.
package final class DreamLoss: ImageLoss {
    package let teacher: FrozenTeacher
    package let labels: [UInt8]
    private let settings: DreamDistillation
    /// [images, D].
    private let targets: FloatView
    private let gradient: FloatView
    private let block: Int

    /// `targets`: [images, D], where the features of each image are to be. Throws for a teacher without features.
    package init(
        _ teacher: FrozenTeacher, targets: FloatView, labels: [UInt8], settings: DreamDistillation
    ) throws(ImageSynthesisError) {
        precondition(labels.count == teacher.images, "\(labels.count) labels for \(teacher.images) images")
        let plan = teacher.network.plan
        guard let block = teacher.features else { throw .noFeatures(model: plan.spec.name) }
        let features = plan.blocks[block].output.count
        precondition(
            targets.count == teacher.images * features,
            "\(targets.count) targets for \(teacher.images) images of \(features) features")
        self.teacher = teacher
        self.labels = labels
        self.settings = settings
        self.targets = targets
        self.block = block
        gradient = FloatBuffer(count: targets.count).view
    }

    package func evaluate() -> ImageLossTerms {
        let network = teacher.network
        var terms = ImageLossTerms()
        network.forward(samples: teacher.images)
        let features = network.activation(of: block).slice(0, targets.count)
        let images = Double(teacher.images)
        terms.mismatch =
            Loss.squaredError(features, targets, reduction: .sum, gradient: gradient) / images
        ck_scale(Float(1 / images), gradient.pointer, gradient.count)
        (terms.crossEntropy, terms.correct) = teacher.backward(
            labels: labels, weight: Float(settings.crossEntropy),
            taps: [Network.Tap(block: block, gradient: gradient)])
        terms.variation = PixelTerms.variation(
            network.input, shape: network.plan.input, weight: settings.variation, gradient: teacher.gradient)
        terms.norm = PixelTerms.norm(network.input, weight: 0, gradient: teacher.gradient)
        terms.total =
            terms.mismatch + settings.crossEntropy * terms.crossEntropy
            + settings.variation * terms.variation
        return terms
    }
}

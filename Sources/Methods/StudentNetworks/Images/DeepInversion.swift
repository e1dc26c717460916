import Networks

/// Weights of DeepInversion's loss (Yin et al., Dreaming to Distill: Data-free Knowledge Transfer via DeepInversion, CVPR
/// 2020); by default those that its authors used for CIFAR-10, with 2,000 steps for each batch of 256 images.
///
/// It needs nothing of the data but what the teacher's batch norms remember, and the range of its pixels. Left out is the
/// adaptive term, by which images are sought on which a student still differs from the teacher.
package struct DeepInversion: Sendable, Equatable {
    package var statistics = 100.0
    package var variation = 2.5e-5
    /// Of the Euclidean norm of all pixels.
    package var norm = 0.0
    /// How the pixels learn.
    package var adam = Adam(learningRate: 0.1)
    /// Pixels by which images are shifted at most in either direction before each step.
    package var shift = 2

    package init() {}
}

/// cross-entropy + statistics x sum over batch norms (||mean - running mean|| + ||variance - running variance||) +
/// variation x total variation + norm x ||pixels||.
package final class DeepInversionLoss: ImageLoss {
    package let teacher: FrozenTeacher
    package let labels: [UInt8]
    private let settings: DeepInversion
    private let norms: [NormStatistics]

    /// As many labels as the teacher takes images. Throws for a teacher without batch norm.
    package init(
        _ teacher: FrozenTeacher, labels: [UInt8], settings: DeepInversion
    ) throws(ImageSynthesisError) {
        precondition(labels.count == teacher.images, "\(labels.count) labels for \(teacher.images) images")
        let plan = teacher.network.plan
        let norms = plan.blocks.indices.filter { index in
            if case .batchNorm = plan.blocks[index].spec { true } else { false }
        }
        guard !norms.isEmpty else { throw .noBatchNorm(model: plan.spec.name) }
        self.teacher = teacher
        self.labels = labels
        self.settings = settings
        self.norms = norms.map { NormStatistics($0, of: teacher.network) }
    }

    package func evaluate() -> ImageLossTerms {
        let network = teacher.network
        var terms = ImageLossTerms()
        network.forward(samples: teacher.images)
        var taps: [Network.Tap] = []
        var direct: [NormStatistics] = []
        for norm in norms {
            let values = norm.source < 0 ? network.input : network.activation(of: norm.source)
            terms.mismatch += norm.evaluate(values, weight: settings.statistics)
            // What is the input under another name takes no gradient as a block.
            if values.pointer == network.input.pointer {
                direct.append(norm)
            } else {
                taps.append(Network.Tap(block: norm.source, gradient: norm.gradient))
            }
        }
        (terms.crossEntropy, terms.correct) = teacher.backward(labels: labels, weight: 1, taps: taps)
        for norm in direct { PixelTerms.add(norm.gradient, to: teacher.gradient) }
        terms.variation = PixelTerms.variation(
            network.input, shape: network.plan.input, weight: settings.variation, gradient: teacher.gradient)
        terms.norm = PixelTerms.norm(network.input, weight: settings.norm, gradient: teacher.gradient)
        terms.total =
            terms.crossEntropy + settings.statistics * terms.mismatch + settings.variation * terms.variation
            + settings.norm * terms.norm
        return terms
    }
}

import Methods
import Networks

/// `distillation`: what students learn from, and how.
enum DistillationSection {
    static let standard = NetworkTrainingSpec(
        epochs: 20,
        optimizer: .sgd(SGD(learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 5e-4)),
        schedule: .cosine(rounds: 21, minimum: 0))

    static func visit(_ section: Section, _ value: inout DistillationSpec) {
        section.section("distillation", "How the students learn, all together.") { section in
            NetworkTrainingSection.visit(section, &value.training, standard: standard)
            visitLoss(section, &value.loss)
            visitImages(section, &value)
        }
    }

    private static func visitLoss(_ section: Section, _ value: inout DistillationSettings) {
        let standard = DistillationSettings()
        section.field(
            "temperature", &value.temperature, .number(0...1000, above: true), .value(standard.temperature),
            "T, by which logits are divided before students' and teacher's are compared.")
        section.field(
            "alpha", &value.alpha, .number(0...1), .value(standard.alpha),
            "What students go by: labels (0), the teacher (1), or both.")
        section.field(
            "beta", &value.beta, .number(0...1e12), .value(standard.beta),
            "Weight of the distance between students' features and the teacher's; with 0 they learn from logits alone."
        )
        section.field(
            "normalization", &value.normalization, .word(DistillationSettings.Normalization.self),
            .value(standard.normalization),
            "Over what features have length 1: `joint` over all students as in the authors' program, or each "
                + "student's as in the paper.")
        section.field(
            "reduction", &value.reduction, .word(DistillationSettings.Reduction.self),
            .value(standard.reduction),
            "What an image's divergence and distance are divided by: `element_mean` by the numbers of classes and "
                + "filters as in the authors' program, `batch_mean` by nothing, `as_for_cifar10` by 10 and 97 "
                + "whatever the data.")
        section.field(
            "student_dropout", &value.studentDropout, .number(0...1, below: true),
            .value(standard.studentDropout),
            "Probability with which a step does without a student, so that the others learn to.")
    }

    private static func visitImages(_ section: Section, _ value: inout DistillationSpec) {
        var (count, steps) = (value.count, value.steps)
        let standard = DistillationSpec(training: standard)
        var images = value.images
        section.choice(
            "images", current: images.rawValue, DistillationSpec.Images.allCases.map(\.rawValue),
            .value(standard.images.rawValue),
            "What students learn from: the training samples, or images made from a digest of the teacher's activations "
                + "on a tenth of them (`dream`), or from its batch norms alone (`deep_inversion`)."
        ) { word in
            images = DistillationSpec.Images(rawValue: word)!
            guard images != .real else {
                (count, steps) = (standard.count, standard.steps)
                return
            }
            section.field(
                "count", &count, .integer(1...1_000_000), .value(standard.count), unit: "images",
                "How many are made, in whole batches.")
            section.field(
                "steps", &steps, .integer(1...1_000_000), .value(standard.steps), unit: "steps",
                "Steps of making a batch.")
        }
        (value.images, value.count, value.steps) = (images, count, steps)
    }

    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let walk = section.walk
        OptimizationSection.checkAcrossFields(
            section, value.distillation.training.optimizer, at: "distillation")
        let path = "distillation.images"
        guard value.distillation.images == .deepInversion, walk.isSound(path), walk.isSound("teacher.model"),
            let teacher = value.teacher.plan(value.dataset), !teacher.hasBatchNorm
        else { return }
        walk.report(
            section.place(at: path), path, value: value.distillation.images.rawValue,
            "needs batch norms in the teacher, and \(value.teacher.model.name) has none",
            "use images: dream, or a teacher such as wrn_16_1")
    }
}

extension NetworkPlan {
    fileprivate var hasBatchNorm: Bool {
        blocks.contains { if case .batchNorm = $0.spec { true } else { false } }
    }
}

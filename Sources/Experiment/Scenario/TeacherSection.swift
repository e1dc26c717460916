import Methods
import Networks

/// `teacher`: the network whose knowledge is divided, and how it comes to its weights.
enum TeacherSection {
    static let standard = NetworkTrainingSpec(
        epochs: 20,
        optimizer: .sgd(SGD(learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 5e-4)),
        schedule: .cosine(rounds: 21, minimum: 0))

    static func visit(_ section: Section, _ value: inout TeacherSpec, classes: Int) {
        section.section("teacher", required: true, "The network whose knowledge is divided.") { section in
            ModelSection.visit(section, &value.model, &value.initialization, classes: classes, standard: .he)
            section.optional(
                "weights", &value.weights, .text(1...4096, "a path"), absence: "the teacher is trained",
                "A safetensors file with the teacher's parameters, in place of training.")
            guard value.weights == nil || section.walk.purpose == .list else {
                section.refuse("training", "is there beside weights", "keep one of weights and training")
                value.training = standard
                return
            }
            section.section("training", "How the teacher is trained.") { section in
                NetworkTrainingSection.visit(section, &value.training, standard: standard)
            }
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let walk = section.walk
        OptimizationSection.checkAcrossFields(
            section, value.teacher.training.optimizer, at: "teacher.training")
        ModelSection.checkAcrossFields(section, value.teacher.model, value.dataset, at: "teacher.model")
        guard walk.isSound("teacher.model"), let plan = DistributedInferenceSection.teacher(value),
            (try? FeatureStage(plan)) == nil
        else { return }
        let path = ModelSection.key(value.teacher.model, "teacher.model")
        walk.report(
            section.place(at: path), path, value: value.teacher.model.name,
            "has no convolution before its classifier, so there are no feature maps to divide",
            "use a network with some, such as small_cnn_1.0 or wrn_16_1")
    }
}

/// Epochs, batches and optimiser of a network that is trained in one place.
enum NetworkTrainingSection {
    static func visit(
        _ section: Section, _ value: inout NetworkTrainingSpec, standard: NetworkTrainingSpec
    ) {
        section.field(
            "epochs", &value.epochs, .integer(1...100_000), .value(standard.epochs), unit: "epochs",
            "Passes over the samples.")
        section.field(
            "batch_size", &value.batchSize, .integer(1...65_536), .value(standard.batchSize), unit: "samples",
            "Samples a step; the last, partial batch is trained on.")
        var sgd = SGD(learningRate: 0.1)
        if case .sgd(let settings) = standard.optimizer { sgd = settings }
        let course = OptimizationSection.Course(
            step: "epoch", optimizer: sgd, schedule: "cosine",
            length: .computed(value.epochs + 1, "`epochs` + 1, so that the last one still learns"))
        OptimizationSection.visit(
            section, &value.optimizer, &value.clipNorm, &value.schedule, course,
            state: "What the network is trained with.")
    }
}

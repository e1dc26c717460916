import Datasets
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
                "A safetensors file with the teacher's parameters, in place of training; relative to the working directory, also on `--resume`."
            )
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

    static func checkAcrossFields(_ section: Section, _ teacher: TeacherSpec, _ dataset: DatasetSpec) {
        OptimizationSection.checkAcrossFields(section, teacher.training.optimizer, at: "teacher.training")
        ModelSection.checkAcrossFields(section, teacher.model, dataset, at: "teacher.model")
    }

    /// A teacher whose filters are divided.
    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let walk = section.walk
        checkAcrossFields(section, value.teacher, value.dataset)
        guard walk.isSound("teacher.model"), let plan = value.teacher.plan(value.dataset),
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
        _ section: Section, _ value: inout NetworkTrainingSpec, standard: NetworkTrainingSpec,
        epochs: Fallback<Int>? = nil
    ) {
        section.field(
            "epochs", &value.epochs, .integer(1...100_000), epochs ?? .value(standard.epochs),
            unit: "epochs",
            "Passes over the samples.")
        section.field(
            "batch_size", &value.batchSize, .integer(1...65_536), .value(standard.batchSize), unit: "samples",
            "Samples a step; the last, partial batch is trained on.")
        var course = OptimizationSection.Course(step: "epoch", optimizer: standard.optimizer)
        switch standard.schedule {
        case .constant: break
        case .exponential(let factor): (course.schedule, course.factor) = ("exponential", factor)
        case .step(_, let factor):
            (course.schedule, course.factor) = ("step", factor)
            course.every = .computed((value.epochs + 1) / 2, "half of `epochs`, rounded up")
        case .cosine:
            course.schedule = "cosine"
            course.length = .computed(value.epochs + 1, "`epochs` + 1, so that the last one still learns")
        }
        OptimizationSection.visit(
            section, &value.optimizer, &value.clipNorm, &value.schedule, course,
            state: "What the network is trained with.")
    }
}

extension TeacherSpec {
    /// nil where there is no such network for the data set's images.
    func plan(_ dataset: DatasetSpec) -> NetworkPlan? {
        try? NetworkPlan(spec: model, input: dataset.inputShape, classes: dataset.classCount)
    }
}

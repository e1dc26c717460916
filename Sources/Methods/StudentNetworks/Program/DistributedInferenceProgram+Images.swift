import Networks
import TensorMath

// Images are made for students to learn from, in place of the training samples.
extension DistributedInferenceProgram {
    mutating func makeImages() -> ProgramStep {
        var step = ProgramStep()
        step.phase = .training(round: round + 1)
        let inputs = [teacherParameters] + [answers!.metadata].compactMap(\.self)
        for object in inputs { objects[object.id] = object }
        pieces = [:]
        let count = configuration.distillation.madeCount
        let width = stage.filters + teacherPlan.classes
        for first in stride(from: 0, to: count, by: MadeImages.batch) {
            let length = min(MadeImages.batch, count - first)
            let task = TaskSpec(
                id: TaskSpec.id(.makeImages, first / MadeImages.batch, round: round + 1), kind: .makeImages,
                round: round + 1, first: first, count: length, layout: layoutDigest,
                inputs: inputs.map { ObjectReference($0) },
                outputs: [UInt64(4 * length * teacherPlan.input.count), UInt64(4 * length * width)])
            waiting.insert(task.id)
            step.tasks.append(task)
        }
        return step
    }

    mutating func acceptImages(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        try requireSizes(of: output, task, "made images and the teacher's answers")
        for object in output.objects {
            guard object.maximumMagnitude.isFinite else {
                throw Rejection(
                    .notFinite, "images or the teacher's answers to them are no numbers",
                    training: "teacher.training")
            }
        }
        try sums[0, default: TaskSums()].add(output.metrics, samples: task.count!)
        // Images and answers are kept under parts that this round does not use otherwise.
        pieces[.train, default: [:]][task.first] = output.objects[0]
        pieces[.validation, default: [:]][task.first] = output.objects[1]
        guard finish(task) else { return ProgramStep() }
        madeImages = join(.train)
        madeAnswers = join(.validation)
        pieces = [:]
        return closeRound(accuracy: sums[0]!.accuracy)
    }

    /// What Dream Distillation keeps of the training samples' features.
    func dreamMetadata(_ answers: ObjectBytes) throws(ImageSynthesisError) -> ObjectBytes {
        let width = stage.filters + teacherPlan.classes
        let values = FloatBuffer(count: answers.count / 4).view
        let fits = answers.copy(into: values)
        precondition(fits)
        let labels = held.train.map { data.labels[Int($0)] }
        func key(_ stream: UInt32) -> RandomKey {
            RandomKey(seed: configuration.seed, purpose: .synthetic, client: 2 + stream)
        }
        let chosen = DreamMetadata.images(labels: labels, fraction: DreamMetadata.fraction, key: key(0))
        let features = FloatBuffer(count: chosen.count * stage.filters).view
        for (row, image) in chosen.enumerated() {
            features.slice(row * stage.filters, stage.filters).copy(
                from: values.slice(image * width, stage.filters))
        }
        let metadata = try DreamMetadata(
            features: features, labels: chosen.map { labels[$0] },
            size: DreamMetadata.size(classes: teacherPlan.classes, features: stage.filters), key: key(1))
        return ObjectBytes(metadata.values)
    }
}

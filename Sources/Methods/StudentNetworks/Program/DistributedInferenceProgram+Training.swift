import Networks
import TensorMath

// Epochs: each network's in parts, one after the other; networks side by side.
extension DistributedInferenceProgram {
    /// An epoch of the teacher (0) or of the contenders' networks.
    mutating func train(_ numbers: [Int], epoch: Int) -> ProgramStep {
        var step = ProgramStep()
        step.phase = .training(round: round + 1)
        for number in numbers { step.tasks.append(slice(of: number, from: 0, epoch: epoch)) }
        // Without anything to learn, an epoch is over at once.
        if numbers.isEmpty { return closeRound(accuracy: nil) }
        return step
    }

    func slices(of number: Int) -> EpochSlices {
        let (batch, cost) =
            number == 0
            ? (configuration.teacher.training.batchSize, configuration.teacherMACs(teacherPlan))
            : (configuration.distillation.training.batchSize, macs(of: number))
        let isMade = number > 0 && timetable.makesImages
        return EpochSlices(
            samples: isMade ? configuration.distillation.madeCount : held.train.count, batch: batch,
            cost: cost)
    }

    /// What a network learns from.
    private mutating func lesson(live: Bool) -> ObjectBytes {
        if let lesson = lessons[live] { return lesson }
        let first = live ? teacherParameters : madeAnswers ?? answers!.training
        lessons[live] = Lesson.object(first, images: madeImages)
        return lessons[live]!
    }

    private func macs(of number: Int) -> UInt64 {
        let network = networks[number]!
        return configuration.trainingMACs(network.plan, teacher: teacherPlan, network.description)
    }

    private mutating func slice(of number: Int, from first: Int, epoch: Int) -> TaskSpec {
        let slices = slices(of: number)
        let state = number == 0 ? teacher : networks[number]!.state
        var inputs = [state]
        if number > 0 {
            let network = networks[number]!
            let shared = lesson(live: configuration.needsTeacher(network.description))
            inputs = [shared, state, network.description.object]
        }
        for object in inputs { objects[object.id] = object }
        let task = TaskSpec(
            id: TaskSpec.id(.trainNetwork, number << 16 | first / slices.length, round: round + 1),
            kind: .trainNetwork, round: round + 1, client: number, participation: epoch, first: first,
            count: slices.range(from: first).count, layout: layoutDigest,
            inputs: inputs.map { ObjectReference($0) }, outputs: [UInt64(state.count)])
        waiting.insert(task.id)
        return task
    }

    mutating func acceptSlice(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        let number = task.client!
        let (name, old, place) =
            number == 0
            ? ("teacher", teacher, "teacher.training")
            : (contenders[number].name, networks[number]!.state, "distillation")
        try requireSizes(of: output, task, "the state of \(name)")
        let state = output.objects[0]
        guard state.maximumMagnitude.isFinite else {
            throw Rejection(
                .notFinite, "\(name) has values that are no numbers after epoch \(task.participation)",
                training: place)
        }
        var sums = sums[number] ?? TaskSums()
        // The last part of an epoch looks at the validation samples, too.
        let isLast = slices(of: number).next(after: task.first) == nil
        try sums.add(
            output.metrics, samples: task.count!, validation: isLast ? held.validation.count : 0,
            training: place)
        self.sums[number] = sums
        objects[old.id] = nil
        if number == 0 { teacher = state } else { networks[number]!.state = state }
        let isWhole = finish(task)
        if let next = slices(of: number).next(after: task.first) {
            var step = ProgramStep()
            step.tasks = [slice(of: number, from: next, epoch: task.participation)]
            return step
        }
        return isWhole ? finishEpoch(task.participation) : ProgramStep()
    }

    private mutating func finishEpoch(_ epoch: Int) -> ProgramStep {
        for (number, sums) in sums.sorted(by: { $0.key < $1.key }) {
            let training =
                number == 0 ? configuration.teacher.training : configuration.distillation.training
            let cost = number == 0 ? configuration.teacherMACs(teacherPlan) : macs(of: number)
            rows.append(
                .epoch(
                    sums.epochRow(
                        round: round + 1, network: number == 0 ? "teacher" : contenders[number].name,
                        epoch: epoch, training: training, macs: cost)))
        }
        return closeRound(accuracy: sums.min { $0.key < $1.key }?.value.validationAccuracy)
    }
}

import Networks
import TensorMath

// Epochs: each network's in parts, one after the other; networks side by side.
extension SplitComputingProgram {
    /// Numbers, from 1, of the networks that learn in an epoch; they are made when the first begins, and a phase begins with
    /// an optimiser of its own.
    mutating func learners(in epoch: Int) -> [Int] {
        var numbers: [Int] = []
        for (index, network) in networks.enumerated() {
            guard let phase = network.phase(ofEpoch: epoch, configuration) else { continue }
            numbers.append(index + 1)
            if states[index] == nil {
                let isFilter = network.kind == .neuralFilter
                states[index] = SplitState(
                    divided[index], from: isFilter ? states[0]!.deployed : teacherParameters,
                    initialization: configuration.teacher.initialization, seed: configuration.seed,
                    optimizer: phase.training.optimizer, scores: isFilter ? held.validation.count : 0)
            } else if epoch == phase.before + 1 {
                states[index]!.afterStage1 = states[index]!.deployed
                states[index]!.begin(phase.training.optimizer)
            }
        }
        return numbers
    }

    /// An epoch of the teacher (0) or of divided networks.
    mutating func train(_ numbers: [Int], epoch: Int) -> ProgramStep {
        var step = ProgramStep()
        step.phase = .training(round: round + 1)
        for number in numbers { step.tasks.append(slice(of: number, from: 0, epoch: epoch)) }
        return step
    }

    /// What a network learns by in an epoch, and multiply-accumulates of a sample.
    private func course(of number: Int, epoch: Int) -> (
        training: NetworkTrainingSpec, before: Int, macs: UInt64
    ) {
        guard number > 0 else { return (configuration.teacher.training, 0, 3 * teacherPlan.macs) }
        guard let phase = networks[number - 1].phase(ofEpoch: epoch, configuration) else {
            preconditionFailure("epoch \(epoch) of \(networks[number - 1].name)")
        }
        let macs = divided[number - 1].trainingMACs(phase.lesson, teacher: teacherPlan)
        return (phase.training, phase.before, macs)
    }

    private func slices(of number: Int, epoch: Int) -> EpochSlices {
        let course = course(of: number, epoch: epoch)
        return EpochSlices(samples: held.train.count, batch: course.training.batchSize, cost: course.macs)
    }

    private mutating func slice(of number: Int, from first: Int, epoch: Int) -> TaskSpec {
        let slices = slices(of: number, epoch: epoch)
        let state = number == 0 ? teacher : states[number - 1]!.training
        let inputs = number == 0 ? [state] : [teacherParameters, state]
        for object in inputs { objects[object.id] = object }
        let task = TaskSpec(
            id: TaskSpec.id(.trainNetwork, number << 16 | first / slices.length, round: round + 1),
            kind: .trainNetwork, round: round + 1, client: number, participation: epoch, first: first,
            count: slices.range(from: first).count, layout: layoutDigest,
            inputs: inputs.map { ObjectReference($0) }, outputs: [UInt64(state.count)])
        waiting.insert(task.id)
        return task
    }

    /// As tables have it.
    private func name(_ number: Int) -> String { number == 0 ? "teacher" : networks[number - 1].name }

    /// Where the scenario says how a network learns.
    private func place(_ number: Int, epoch: Int) -> String {
        guard number > 0 else { return "teacher.training" }
        switch networks[number - 1].phase(ofEpoch: epoch, configuration)?.lesson {
        case .features: return "training.stage1"
        case .interest: return "filter.training"
        case .answers where networks[number - 1].kind == .bottleneck: return "training.stage2"
        default: return "training.end_to_end"
        }
    }

    mutating func acceptSlice(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        let (number, epoch) = (task.client!, task.participation)
        try requireSizes(of: output, task, "the state of \(name(number))")
        let state = output.objects[0]
        guard state.maximumMagnitude.isFinite else {
            throw Rejection(
                .notFinite, "\(name(number)) has values that are no numbers after epoch \(epoch)",
                training: place(number, epoch: epoch))
        }
        var sums = sums[number] ?? TaskSums()
        let next = slices(of: number, epoch: epoch).next(after: task.first)
        // The last part of an epoch looks at the validation samples, too.
        try sums.add(
            output.metrics, samples: task.count!, validation: next == nil ? held.validation.count : 0,
            training: place(number, epoch: epoch))
        self.sums[number] = sums
        let old = (number == 0 ? teacher : states[number - 1]!.training).id
        if number == 0 { teacher = state } else { states[number - 1]!.training = state }
        // Networks that begin alike have the same object.
        if !states.values.contains(where: { $0.training.id == old }) { objects[old] = nil }
        let isWhole = finish(task)
        if let next {
            var step = ProgramStep()
            step.tasks = [slice(of: number, from: next, epoch: epoch)]
            return step
        }
        return isWhole ? finishEpoch(epoch) : ProgramStep()
    }

    private mutating func keepBest(_ number: Int, _ sums: TaskSums) {
        guard number > 0, configuration.training.checkpoint == .best, sums.validation.samples > 0,
            networks[number - 1].keepsBest
        else { return }
        states[number - 1]!.keep(correct: sums.validation.correct)
    }

    private mutating func finishEpoch(_ epoch: Int) -> ProgramStep {
        for (number, sums) in sums.sorted(by: { $0.key < $1.key }) {
            keepBest(number, sums)
            if number > 0, networks[number - 1].lastEpoch(configuration) == epoch {
                states[number - 1]!.finish()
            }
            let course = course(of: number, epoch: epoch)
            rows.append(
                .epoch(
                    sums.epochRow(
                        round: round + 1, network: name(number), epoch: epoch, training: course.training,
                        before: course.before, macs: course.macs)))
        }
        return closeRound(accuracy: sums.min { $0.key < $1.key }?.value.validationAccuracy)
    }
}

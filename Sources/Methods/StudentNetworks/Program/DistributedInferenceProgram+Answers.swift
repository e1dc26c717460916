import Datasets
import Networks
import TensorMath

/// What a teacher said of the data.
struct TeacherKnowledge {
    /// Features and logits of the training samples, [samples, filters and then classes]; empty where every batch asks
    /// the teacher anew.
    var training: ObjectBytes
    /// What dreams are made of; nil where nobody dreams.
    var metadata: ObjectBytes?
    /// On the validation samples.
    var activity: FilterActivity
    var validationAccuracy: Double
    /// On the test images that contenders are asked.
    var testAccuracy: Double
}

// The teacher answers all images, and its filters are divided.
extension DistributedInferenceProgram {
    /// Test images that contenders are asked.
    var testCount: Int { configuration.deployment.images(of: data.test.count) }

    mutating func askTeacher() -> ProgramStep {
        objects = [:]
        sums = [:]
        pieces = [:]
        rows = []
        let parameters = teacherParameters
        objects[parameters.id] = parameters
        var step = ProgramStep()
        step.phase = .evaluating(round: timetable.answersRound)
        let width = UInt64(4 * (stage.filters + teacherPlan.classes))
        // A teacher that answers every batch anew, or other images, needs not be asked before.
        let images = configuration.distillation.images
        let isKept =
            images == .dream || images == .real && configuration.preprocessing.augmentation == .none
        for (part, count) in [
            (SplitPart.train, isKept ? held.train.count : 0), (.validation, held.validation.count),
            (.test, testCount),
        ] {
            for first in stride(from: 0, to: count, by: Self.evaluationSlice) {
                let length = min(Self.evaluationSlice, count - first)
                let position = part.rawValue << 24 | first / Self.evaluationSlice
                let task = TaskSpec(
                    id: TaskSpec.id(.teacherOutputs, position, round: timetable.answersRound),
                    kind: .teacherOutputs, round: timetable.answersRound, participation: part.rawValue,
                    first: first, count: length, layout: layoutDigest,
                    inputs: [ObjectReference(parameters)],
                    outputs: part == .test ? [] : [width * UInt64(length)])
                waiting.insert(task.id)
                step.tasks.append(task)
            }
        }
        return step
    }

    mutating func acceptAnswers(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        let part = SplitPart(rawValue: task.participation)!
        if part != .test {
            try requireSizes(of: output, task, "the teacher's answers")
            let object = output.objects[0]
            guard object.maximumMagnitude.isFinite else {
                throw Rejection(
                    .notFinite, "the teacher's answers are no numbers", training: "teacher.training")
            }
            try sums[part.rawValue, default: TaskSums()].add(output.metrics, samples: task.count!)
            pieces[part, default: [:]][task.first] = object
        } else {
            try sums[part.rawValue, default: TaskSums()].add(output.metrics, samples: task.count!)
        }
        return finish(task) ? finishAnswers() : ProgramStep()
    }

    private mutating func finishAnswers() -> ProgramStep {
        let validation = join(.validation)
        let values = FloatBuffer(count: validation.count / 4).view
        let fits = validation.copy(into: values)
        precondition(fits)
        let width = stage.filters + teacherPlan.classes
        var activity: [Float] = []
        for image in held.validation.indices {
            activity += values.slice(image * width, stage.filters).array
        }
        let training = join(.train)
        var metadata: ObjectBytes?
        do throws(ImageSynthesisError) {
            metadata = configuration.distillation.images == .dream ? try dreamMetadata(training) : nil
        } catch {
            var step = ProgramStep()
            step.failure = "distillation.images: \(error)"
            return step
        }
        answers = TeacherKnowledge(
            training: training, metadata: metadata,
            activity: FilterActivity(
                images: held.validation.count, filters: stage.filters, values: activity),
            validationAccuracy: sums[SplitPart.validation.rawValue]!.accuracy,
            testAccuracy: sums[SplitPart.test.rawValue]!.accuracy)
        pieces = [:]
        do throws(ContenderFault) { try makeNetworks() } catch {
            var step = ProgramStep()
            step.failure = "\(error)"
            return step
        }
        guard round < timetable.answersRound else {
            // The run goes on after it: what this round left is in the ledger.
            return beginRound()
        }
        for (index, partition) in partitions.sorted(by: { $0.key < $1.key }) {
            rows += self.rows(of: partition, contender: contenders[index].name)
        }
        return closeRound(accuracy: answers!.testAccuracy)
    }

    func join(_ part: SplitPart) -> ObjectBytes {
        let pieces = (pieces[part] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        let assembly = ObjectAssembly(count: pieces.reduce(0) { $0 + $1.count })
        var offset = 0
        for piece in pieces {
            assembly.place(piece, at: offset)
            offset += piece.count
        }
        return assembly.finish()
    }

    /// Divides the filters for every contender and draws its network, or takes those of a snapshot.
    private mutating func makeNetworks() throws(ContenderFault) {
        let activity = answers!.activity
        let memory = pricing.devices.devices.map(\.memory.bytes)
        for (index, contender) in contenders.enumerated() where contender.isTrained {
            let configuration = configuration
            var made: KnowledgePartition?
            let description = try configuration.description(
                of: contender, teacher: teacherPlan, memory: memory
            ) { (rule, parts) throws(PartitionFault) in
                let partition = try KnowledgePartition.make(
                    configuration.partition(by: rule, into: parts, memory: memory),
                    activity: activity, seed: configuration.seed)
                made = partition
                return partition
            }
            guard let description else { continue }
            if case .partitioned = contender.kind { partitions[index] = made }
            let plan: EnsemblePlan
            do throws(StudentError) {
                plan = try description.plan(input: teacherPlan.input, classes: teacherPlan.classes)
            } catch { throw .student(contender.name, error) }
            networks[index] = StudentNetwork(description, plan: plan, configuration, number: index)
            if let state = saved[index] {
                precondition(state.count == networks[index]!.state.count, "a snapshot of other students")
                networks[index]!.state = state
            }
        }
        saved = [:]
    }

    private func rows(of partition: KnowledgePartition, contender: String) -> [Row] {
        let round = timetable.answersRound
        let community = KnowledgePartition.membership(partition.communities, filters: partition.filters)
        let part = KnowledgePartition.membership(partition.parts, filters: partition.filters)
        let (degrees, means) = (partition.graph?.degrees, answers!.activity.means)
        let filters = (0..<partition.filters).map { filter in
            Row.filter(
                FilterRow(
                    round: round, contender: contender, filter: filter,
                    community: community[filter].map { $0 + 1 }, part: part[filter].map { $0 + 1 },
                    degree: degrees?[filter], activity: means[filter]))
        }
        let edges = (partition.graph?.edges ?? []).map { edge in
            Row.edge(
                EdgeRow(
                    round: round, contender: contender, first: edge.first, second: edge.second,
                    weight: edge.weight))
        }
        let labels = held.validation.map { Int(data.labels[Int($0)]) }
        let groups = [partition.dropped] + partition.parts
        let shares = ClassActivity(
            answers!.activity, labels: labels, classes: teacherPlan.classes, groups: groups)
        let activity = groups.indices.flatMap { group in
            (0..<teacherPlan.classes).map { label in
                Row.activity(
                    ActivityRow(
                        round: round, contender: contender, part: group, label: label,
                        share: shares.totals[label] > 0 ? shares.shares[group][label] : nil))
            }
        }
        return filters + edges + activity
    }
}

extension DistributedInferenceConfiguration {
    /// How filters are divided by a rule; with the balance `capacity`, by the memory of the devices.
    func partition(by rule: PartitionRule, into parts: Int, memory: [UInt64]) -> KnowledgePartitionSpec {
        var spec = partition
        spec.rule = rule
        spec.parts = parts
        spec.capacities = (0..<parts).map { Double(memory[$0 % memory.count]) }
        return spec
    }
}

import Datasets
import Networks
import TensorMath

/// Computes the tasks of distributed inference on a worker that holds the data set.
///
/// A network's memory lives as long as the task that needs it.
public final class InferenceExecutor: TaskExecutor {
    /// The test images, as a task for the teacher's outputs names them.
    public static let testPart = SplitPart.test.rawValue

    let configuration: DistributedInferenceConfiguration
    let images: ImageSet
    let teacher: NetworkPlan
    let stage: FeatureStage

    /// `teacher` has feature maps.
    public init(
        configuration: DistributedInferenceConfiguration, dataset: Dataset, teacher: NetworkPlan
    ) throws(StudentError) {
        self.configuration = configuration
        self.teacher = teacher
        stage = try FeatureStage(teacher)
        images = ImageSet(
            dataset, shape: teacher.input, validationFraction: configuration.validationFraction,
            preprocessing: configuration.preprocessing, seed: configuration.seed)
    }

    public func isStream(_ task: TaskSpec) -> Bool { task.kind == .serveStudent }

    public func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution {
        switch task.kind {
        case .trainNetwork:
            guard task.client ?? 0 > 0 else { return try trainTeacher(task, inputs) }
            return try trainStudents(task, inputs)
        case .teacherOutputs: return try teacherOutputs(task, inputs)
        case .evaluateTest: return try evaluation(task, inputs)
        case .makeImages: return try makeImages(task, inputs)
        case .train, .evaluateClient, .serveStudent, .serveDevice:
            throw TaskFailure("task kind \(task.kind.rawValue) does not belong to distributed inference")
        }
    }

    public func serve(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any StreamExecution {
        guard task.kind == .serveStudent, inputs.count == 2, let student = task.client else {
            throw TaskFailure("a student's service has \(inputs.count) inputs")
        }
        let plan = try self.plan(inputs[1])
        guard plan.students.indices ~= student, let description = NetworkDescription(inputs[1])
        else {
            throw TaskFailure("student \(student) of \(plan.students.count)")
        }
        return try ServedStudent(
            plan: plan.students[student], parameters: inputs[0], greatest: description.greatest(student),
            configuration: configuration, test: images.dataset.test)
    }

    // MARK: - Tasks

    private func trainTeacher(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> EpochSlice {
        guard inputs.count == 1 else { throw TaskFailure("a teacher's epoch has \(inputs.count) inputs") }
        let training = configuration.teacher.training
        let network = TeacherTraining(plan: teacher, training: training, seed: configuration.seed)
        return try EpochSlice(
            images, task: task, network: network, lesson: RealImages(images), state: inputs[0],
            training: training, macs: configuration.teacherMACs(teacher))
    }

    private func trainStudents(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> EpochSlice {
        guard inputs.count == 3, let description = NetworkDescription(inputs[2]) else {
            throw TaskFailure("a students' epoch has \(inputs.count) inputs, or no description")
        }
        let training = configuration.distillation.training
        let plan = try self.plan(inputs[2])
        let network: StudentTraining
        let lesson = try Lesson(self, inputs[0], live: configuration.needsTeacher(description))
        do throws(StudentError) {
            let attention =
                description.attention
                ? try AttentionTransfer(teacher: teacher, student: plan.students[0]) : nil
            network = StudentTraining(
                plan: plan, settings: description.loss(configuration.distillation.loss), training: training,
                seed: configuration.seed,
                filters: description.kind == .partitioned ? description.parts : nil, attention: attention,
                teacher: try lesson.answers(attention: attention))
        } catch { throw TaskFailure("\(error)") }
        return try EpochSlice(
            images, task: task, network: network, lesson: lesson.images, state: inputs[1],
            training: training,
            macs: configuration.trainingMACs(plan, teacher: teacher, description))
    }

    private func makeImages(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> ImageMaking {
        let parameters = FloatBuffer(count: teacher.layout.count).view
        let isDream = configuration.distillation.images == .dream
        guard inputs.count == (isDream ? 2 : 1), inputs[0].copy(into: parameters), let count = task.count,
            count > 0, count <= min(MadeImages.batch, configuration.distillation.madeCount),
            0...(configuration.distillation.madeCount - count) ~= task.first
        else { throw TaskFailure("images from \(task.first) of \(configuration.distillation.madeCount)") }
        var metadata: DreamMetadata?
        if isDream {
            do throws(ImageSynthesisError) {
                metadata = try DreamMetadata(
                    inputs[1], size: DreamMetadata.size(classes: teacher.classes, features: stage.filters))
            } catch { throw TaskFailure("\(error)") }
        }
        return try ImageMaking(
            self, parameters: parameters, range: task.first..<(task.first + count), metadata: metadata)
    }

    private func teacherOutputs(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> TeacherPass
    {
        let parameters = FloatBuffer(count: teacher.layout.count).view
        guard inputs.count == 1, inputs[0].copy(into: parameters),
            let part = SplitPart(rawValue: task.participation), let count = task.count
        else { throw TaskFailure("the teacher's outputs are asked for without a teacher or a part") }
        let (split, samples) = images.samples(of: part)
        guard count > 0, count <= samples.count, 0...(samples.count - count) ~= task.first else {
            throw TaskFailure("\(count) samples from \(task.first), of \(samples.count)")
        }
        do throws(StudentError) {
            let network = try LiveTeacher(
                plan: teacher, parameters: parameters, batch: ImageSet.evaluationBatch)
            return TeacherPass(
                images, teacher: network, filters: stage.filters, split: split,
                samples: Array(samples[task.first..<(task.first + count)]), keeps: part != .test)
        } catch { throw TaskFailure("\(error)") }
    }

    private func evaluation(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> TestPass {
        guard inputs.count == 2, let count = task.count, count > 0, count <= images.dataset.test.count,
            0...(images.dataset.test.count - count) ~= task.first
        else { throw TaskFailure("a test of samples that are not there") }
        let plan = try self.plan(inputs[1])
        let ensemble = StudentEnsemble(plan: plan, batch: ImageSet.evaluationBatch, mode: .evaluation)
        guard inputs[0].copy(into: ensemble.parameters) else {
            throw TaskFailure("\(inputs[0].count) bytes of parameters, not \(4 * ensemble.parameters.count)")
        }
        return TestPass(images, network: ensemble, range: task.first..<(task.first + count))
    }

    private func plan(_ object: ObjectBytes) throws(TaskFailure) -> EnsemblePlan {
        guard let description = NetworkDescription(object) else {
            throw TaskFailure("the task has no description of its networks")
        }
        if let filter = description.parts.joined().max(), filter >= stage.filters {
            throw TaskFailure("filter \(filter) of a teacher with \(stage.filters)")
        }
        do throws(StudentError) {
            return try description.plan(input: teacher.input, classes: teacher.classes)
        } catch { throw TaskFailure("\(error)") }
    }
}

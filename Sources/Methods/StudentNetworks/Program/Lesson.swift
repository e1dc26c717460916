import Networks
import TensorMath

/// What all networks that learn from a teacher share, as one object: the teacher's parameters or its answers to all
/// images, and behind them the images, where they were made.
struct Lesson {
    let images: any TrainingImages
    private let executor: InferenceExecutor
    /// The first part.
    private let values: FloatView
    private let live: Bool

    /// `live`: whether the first part are parameters.
    init(_ executor: InferenceExecutor, _ object: ObjectBytes, live: Bool) throws(TaskFailure) {
        let (teacher, configuration) = (executor.teacher, executor.configuration)
        let made = configuration.distillation.images == .real ? 0 : configuration.distillation.madeCount
        let count = made > 0 ? made : executor.images.held.train.count
        let first = live ? teacher.layout.count : count * (executor.stage.filters + teacher.classes)
        let all = FloatBuffer(count: first + made * teacher.input.count).view
        guard object.copy(into: all) else {
            throw TaskFailure("\(object.count) bytes of a lesson, not \(4 * all.count)")
        }
        self.executor = executor
        self.live = live
        values = all.slice(0, first)
        images =
            made > 0
            ? MadeImages(
                all.slice(first, made * teacher.input.count), shape: teacher.input, classes: teacher.classes,
                augments: configuration.preprocessing.augmentation == .cropAndFlip)
            : RealImages(executor.images)
    }

    /// The object that a coordinator sends.
    static func object(_ first: ObjectBytes, images: ObjectBytes?) -> ObjectBytes {
        guard let images else { return first }
        let assembly = ObjectAssembly(count: first.count + images.count)
        assembly.place(first, at: 0)
        assembly.place(images, at: first.count)
        return assembly.finish()
    }

    /// The teacher, as it is asked.
    func answers(attention: AttentionTransfer?) throws(StudentError) -> any TeacherAnswers {
        let batch = executor.configuration.distillation.training.batchSize
        return live
            ? try LiveTeacher(plan: executor.teacher, parameters: values, attention: attention, batch: batch)
            : KeptAnswers(
                values, filters: executor.stage.filters, classes: executor.teacher.classes, batch: batch)
    }
}

import Datasets
import Devices
import Methods
import Networks
import TensorMath

/// A run of distributed inference in one process, over grey images of 8 x 8 pixels with three patterns: 120 to train on,
/// 30 held out of them, 41 to test with.
struct InferenceWorld {
    static let shape = SampleShape(channels: 1, height: 8, width: 8)
    static let input = Shape(channels: 1, height: 8, width: 8)
    static let testCount = 41
    static let headers = InferenceHeaders(item: 36) { $0 / 10 + 200 }

    static let dataset: Dataset = {
        var stream = RandomStream(RandomKey(seed: 31, purpose: .test))
        func split(_ count: Int) -> Split {
            let (images, labels) = ImageTeachers.patterns(count, stream: &stream)
            // Some labels are wrong, so that no accuracy is 1.
            let noisy = labels.enumerated().map { $0.offset % 7 == 3 ? ($0.element + 1) % 3 : $0.element }
            return Split(
                shape: shape, classes: 3, labels: noisy, pixels: images.map { UInt8($0 * 255) })
        }
        return Dataset(name: "patterns", train: split(150), test: split(testCount))
    }()

    var configuration: DistributedInferenceConfiguration
    /// What students run on, in turn.
    var devices = [TinyDevices.board("board", peak: .infinity)]
    var loaded: ObjectBytes?

    /// Two epochs each; teachers of 32 filters, `small_cnn_0.25`, students below a bridge `small_cnn_0.125`.
    init(
        students: [Int] = [2], rule: PartitionRule = .activationHub, baselines: [InferenceBaseline] = [],
        teacherEpochs: Int = 2, epochs: Int = 2
    ) {
        let optimizer = OptimizerSpec.sgd(SGD(learningRate: 0.05, momentum: 0.9))
        configuration = DistributedInferenceConfiguration(
            seed: 17, dataset: DatasetSpec(name: .synthetic), validationFraction: 0.2,
            teacher: TeacherSpec(
                model: ModelSpec.named("small_cnn_0.25", classes: 3)!,
                training: NetworkTrainingSpec(epochs: teacherEpochs, batchSize: 16, optimizer: optimizer)),
            students: students,
            partition: KnowledgePartitionSpec(
                rule: rule, parts: students[0], topFilters: 10, edgePercentile: 50),
            student: .model("small_cnn_0.125"),
            distillation: DistillationSpec(
                training: NetworkTrainingSpec(epochs: epochs, batchSize: 16, optimizer: optimizer)),
            deployment: DeploymentSpec(devices: ["board"], batch: 2, window: 3), baselines: baselines)
    }

    var teacher: NetworkPlan {
        get throws {
            try NetworkPlan(spec: configuration.teacher.model, input: Self.input, classes: 3)
        }
    }

    func program(resuming snapshot: Snapshot? = nil) throws -> DistributedInferenceProgram {
        try DistributedInferenceProgram(
            configuration: configuration, data: InferenceData(Self.dataset), teacher: try teacher,
            devices: InferenceDevices(
                devices: devices, hub: TinyDevices.board("hub", peak: .infinity), link: TinyDevices.link),
            headers: Self.headers, loaded: loaded, resuming: snapshot)
    }

    func executor() throws -> InferenceExecutor {
        try InferenceExecutor(configuration: configuration, dataset: Self.dataset, teacher: try teacher)
    }

    /// Runs to the end, undisturbed.
    func run() throws -> InferenceCourse {
        var course = InferenceCourse(program: try program(), executor: try executor())
        try course.run()
        return course
    }
}

typealias InferenceCourse = ProgramCourse<DistributedInferenceProgram>

extension ProgramCourse {
    var contenders: [ContenderRow] {
        rows.compactMap { if case .contender(let row) = $0 { row } else { nil } }
    }
    var nodes: [NodeRow] { rows.compactMap { if case .node(let row) = $0 { row } else { nil } } }
    var transfers: [TransferRow] {
        rows.compactMap { if case .transfer(let row) = $0 { row } else { nil } }
    }
    var subsets: [SubsetRow] { rows.compactMap { if case .subset(let row) = $0 { row } else { nil } } }
    var epochs: [EpochRow] { rows.compactMap { if case .epoch(let row) = $0 { row } else { nil } } }
    var filters: [FilterRow] { rows.compactMap { if case .filter(let row) = $0 { row } else { nil } } }
}

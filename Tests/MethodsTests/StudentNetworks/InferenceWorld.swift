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

/// A program and the worker that computes for it, in an order that is drawn.
struct InferenceCourse {
    var program: DistributedInferenceProgram
    let executor: InferenceExecutor
    /// nil: tasks in their order, each stream item by item.
    var order: RandomStream?
    /// Share of the items that are lost.
    var losses = 0.0

    private(set) var rows: [Row] = []
    /// With the number of rows that came up to it.
    private(set) var snapshots: [(snapshot: Snapshot, rows: Int)] = []
    private(set) var finished: [FinishedRound] = []
    private(set) var outcome: Outcome?
    private(set) var failure: String?
    private(set) var lost = 0
    private(set) var tasks: [TaskSpec] = []
    private var streams: [Open] = []

    private struct Open {
        let task: TaskSpec
        let execution: any StreamExecution
        var items: [Int]
    }

    init(program: DistributedInferenceProgram, executor: InferenceExecutor, order: UInt64? = nil) {
        self.program = program
        self.executor = executor
        self.order = order.map { RandomStream(RandomKey(seed: $0, purpose: .test)) }
    }

    mutating func start() throws { try take(program.start()) }

    mutating func run() throws {
        try start()
        while try advance() {}
    }

    /// Computes a task or answers an item; false when there is nothing left to do.
    mutating func advance() throws -> Bool {
        guard outcome == nil, failure == nil, tasks.count + streams.count > 0 else { return false }
        let place = draw(below: tasks.count + streams.count)
        if place < tasks.count {
            let task = tasks.remove(at: place)
            try take(program.accept(try Self.compute(task, executor, program), of: task))
        } else {
            try answer(place - tasks.count)
        }
        return true
    }

    private mutating func answer(_ index: Int) throws {
        let stream = streams[index]
        let due = stream.items.prefix { item in
            if case .later = program.input(item, of: stream.task) { false } else { true }
        }
        // The slowest student always has something to do.
        guard !due.isEmpty else {
            streams.append(streams.remove(at: index))
            return
        }
        let item = streams[index].items.remove(at: draw(below: due.count))
        if streams[index].items.isEmpty { streams.remove(at: index) }
        if losses > 0, order!.uniformDouble() < losses {
            lost += 1
            return try take(program.lose([item], of: stream.task))
        }
        let answer = try Self.answer(item, stream.task, stream.execution, program)
        try take(program.accept(answer, item: item, of: stream.task, isLocal: false))
    }

    static func answer(
        _ item: Int, _ task: TaskSpec, _ execution: any StreamExecution, _ program: some Program
    ) throws -> ObjectBytes {
        switch program.input(item, of: task) {
        case .object(let input): try execution.answer(input, item: item)
        case .sensed: try execution.answer(nil, item: item)
        case .later: throw TaskFailure("item \(item) is not due")
        }
    }

    static func inputs(_ task: TaskSpec, _ program: some Program) throws -> [ObjectBytes] {
        try task.inputs.map { reference in
            guard let object = program.object(reference.id) else { throw TaskFailure("no input") }
            return object
        }
    }

    static func compute(
        _ task: TaskSpec, _ executor: some TaskExecutor, _ program: some Program
    ) throws -> TaskOutput {
        let execution = try executor.begin(task, inputs: try inputs(task, program))
        while true { if let output = try execution.advance() { return output } }
    }

    private mutating func draw(below bound: Int) -> Int { order?.index(below: bound) ?? 0 }

    private mutating func take(_ step: ProgramStep) throws {
        rows += step.rows
        finished += step.finished
        if let snapshot = step.snapshot { snapshots.append((snapshot, rows.count)) }
        outcome = step.outcome ?? outcome
        failure = step.failure ?? failure
        for task in step.tasks {
            guard let stream = task.stream else {
                tasks.append(task)
                continue
            }
            let execution = try executor.serve(task, inputs: try Self.inputs(task, program))
            streams.append(
                Open(task: task, execution: execution, items: Array(1...stream.items)))
        }
    }

    /// Streams that are open now.
    var openStreams: [TaskSpec] { streams.map(\.task) }

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

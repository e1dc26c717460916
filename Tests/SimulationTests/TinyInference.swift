import Datasets
import Devices
import Methods
import Networks
import Runtime
import TensorMath

/// What cannot fail in this fixed experiment.
private func certain<Value>(_ make: () throws -> Value) -> Value {
    do { return try make() } catch { preconditionFailure("\(error)") }
}

/// Distributed inference that takes milliseconds: 40 images of 6 x 6 to train on, 20 to test with; one epoch of the
/// teacher, two of three students, of a network of their size and of three students without a partition.
struct TinyInference: SimulatedExperiment {
    static let students = 3
    static let images = 20
    static let batch = 3
    static let headers = InferenceHeaders(item: 40) { _ in 100 }

    var onDisconnect = StreamSpec.Disconnection.restart
    var input = DeploymentSpec.Input.broadcast
    var values = FeatureCoding.float32

    private static let dataset: Dataset = {
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        let shape = SampleShape(channels: 1, height: 6, width: 6)
        func split(_ count: Int) -> Split {
            let labels = (0..<count).map { _ in UInt8(stream.index(below: 3)) }
            let pixels = labels.flatMap { label in
                (0..<36).map { UInt8(stream.index(below: 150)) + ($0 / 12 == Int(label) ? 80 : 0) }
            }
            return Split(shape: shape, classes: 3, labels: labels, pixels: pixels)
        }
        return Dataset(name: "tiny", train: split(48), test: split(images))
    }()

    private var configuration: DistributedInferenceConfiguration {
        let optimizer = OptimizerSpec.sgd(SGD(learningRate: 0.05, momentum: 0.9))
        let layers: [LayerSpec] = [
            .conv(channels: 6, kernel: 3, stride: 2, padding: .same), .relu, .globalAveragePool,
            .dense(units: 3),
        ]
        return DistributedInferenceConfiguration(
            seed: 13, dataset: DatasetSpec(name: .synthetic), validationFraction: 0.2,
            teacher: TeacherSpec(
                model: ModelSpec(name: "tiny", layers: layers),
                training: NetworkTrainingSpec(epochs: 1, batchSize: 10, optimizer: optimizer)),
            students: [Self.students],
            partition: KnowledgePartitionSpec(rule: .equal, parts: Self.students),
            student: .model("small_cnn_0.125"),
            distillation: DistillationSpec(
                training: NetworkTrainingSpec(epochs: 2, batchSize: 10, optimizer: optimizer)),
            deployment: DeploymentSpec(
                devices: ["board"], input: input, values: values, batch: Self.batch, window: 2,
                onDisconnect: onDisconnect),
            baselines: [.singleStudent, .splitKD])
    }

    private static let board = DeviceProfile(
        name: "board", processor: "none", runtime: "none", precision: .float32, threads: 1,
        speed: .init(
            peakFLOPS: 1e9, efficiency: [1, 1, 1, 1, 1, 1], activationBytesPerSecond: .infinity,
            weightBytesPerSecond: .infinity, secondsPerPass: 1, source: "made up"),
        training: .init(backwardFactor: 2, source: "made up"),
        memory: .init(bytes: 1_000_000, source: "made up"),
        power: .init(activeWatts: 5, idleWatts: 2, source: "made up"))

    private static let link = LinkProfile(
        name: "link", rates: .init(uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 1e6, source: "made up"),
        packets: .init(payloadBytes: 1000, overheadBytes: 40, source: "made up"),
        radio: .init(alphaUp: 0, alphaDown: 0, baseWatts: 1, source: "made up"))

    private var teacher: NetworkPlan {
        certain {
            try NetworkPlan(
                spec: configuration.teacher.model, input: Shape(channels: 1, height: 6, width: 6), classes: 3)
        }
    }

    var stateBytes: Int { 0 }

    func program(resuming snapshot: Snapshot?) -> DistributedInferenceProgram {
        certain {
            try DistributedInferenceProgram(
                configuration: configuration, data: InferenceData(Self.dataset), teacher: teacher,
                devices: InferenceDevices(devices: [Self.board], hub: Self.board, link: Self.link),
                headers: Self.headers, resuming: snapshot)
        }
    }

    func executor() -> any TaskExecutor {
        certain {
            try InferenceExecutor(configuration: configuration, dataset: Self.dataset, teacher: teacher)
        }
    }

    func outcome(of disk: [DurabilityRequest]) -> Outcome {
        let students = Self.contenders(disk.flatMap(\.rows))[1]
        return Outcome(
            rounds: disk.last!.snapshot.round, finalAccuracy: nil, modelDigest: students.digest)
    }

    static func contenders(_ rows: [Row]) -> [ContenderRow] {
        rows.compactMap { if case .contender(let row) = $0 { row } else { nil } }
    }

    /// What an undisturbed computation gives: every row, and the outcome.
    func oracle() -> (rows: [Row], outcome: Outcome) {
        var program = program(resuming: nil)
        let executor = executor()
        var rows: [Row] = []
        var outcome: Outcome?
        var tasks: [TaskSpec] = []
        var streams: [(task: TaskSpec, execution: any StreamExecution)] = []
        func inputs(_ task: TaskSpec) -> [ObjectBytes] { task.inputs.map { program.object($0.id)! } }
        func take(_ step: ProgramStep) {
            rows += step.rows
            outcome = step.outcome
            for task in step.tasks {
                if task.stream == nil {
                    tasks.append(task)
                } else {
                    let execution = certain { try executor.serve(task, inputs: inputs(task)) }
                    streams.append((task, execution))
                }
            }
        }
        take(program.start())
        while true {
            while !tasks.isEmpty {
                let task = tasks.removeFirst()
                let execution = certain { try executor.begin(task, inputs: inputs(task)) }
                var output: TaskOutput?
                while output == nil { output = certain { try execution.advance() } }
                take(certain { try program.accept(output!, of: task) })
            }
            if let outcome { return (rows, outcome) }
            let open = streams
            streams = []
            for item in 1...open[0].task.stream!.items {
                for (task, execution) in open {
                    var input: ObjectBytes?
                    if case .object(let object) = program.input(item, of: task) { input = object }
                    let answer = certain { try execution.answer(input, item: item) }
                    take(certain { try program.accept(answer, item: item, of: task, isLocal: false) })
                }
            }
        }
    }
}

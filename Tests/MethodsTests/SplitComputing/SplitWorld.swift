import Datasets
import Devices
import Methods
import Networks
import TensorMath

/// A run of split computing in one process: ResNet-8 over grey images of 16 x 16 pixels with three patterns, 90 to learn
/// from and 30 to test with; one epoch of the teacher, two of stage 1, one of stage 2.
struct SplitWorld {
    static let testCount = 30
    static let shape = SampleShape(channels: 1, height: 16, width: 16)

    static let dataset: Dataset = {
        var stream = RandomStream(RandomKey(seed: 41, purpose: .test))
        func split(_ count: Int) -> Split {
            var pixels: [UInt8] = []
            let labels = (0..<count).map { _ in UInt8(stream.index(below: 3)) }
            for label in labels {
                for y in 0..<16 {
                    for x in 0..<16 {
                        let isBright = [x < 8, y < 8, (x / 4 + y / 4) % 2 == 0][Int(label)]
                        pixels.append(UInt8((isBright ? 130 : 20) + stream.index(below: 100)))
                    }
                }
            }
            return Split(shape: shape, classes: 3, labels: labels, pixels: pixels)
        }
        return Dataset(name: "patterns", train: split(100), test: split(testCount))
    }()

    var configuration: SplitComputingConfiguration

    init(
        channels: [Int] = [2], baselines: [SplitBaseline] = [], bits: Int = 8, filter: [Int] = [],
        onDisconnect: StreamSpec.Disconnection = .restart
    ) {
        func training(_ epochs: Int, _ optimizer: OptimizerSpec) -> NetworkTrainingSpec {
            NetworkTrainingSpec(epochs: epochs, batchSize: 16, optimizer: optimizer)
        }
        let sgd = OptimizerSpec.sgd(SGD(learningRate: 0.02, momentum: 0.9))
        configuration = SplitComputingConfiguration(
            seed: 23, dataset: DatasetSpec(name: .synthetic), validationFraction: 0.1,
            teacher: TeacherSpec(model: ModelSpec.named("resnet8", classes: 3)!, training: training(1, sgd)),
            bottleneck: BottleneckSpec(version: 2, channels: channels, format: CodeFormat(bits: bits)),
            training: SplitTrainingSpec(
                stage1: training(2, .adam(Adam(learningRate: 0.003))), stage2: training(1, sgd),
                endToEnd: training(3, sgd)),
            deployment: SplitDeploymentSpec(
                onDisconnect: onDisconnect, jpegQualities: [90, 10], exitThresholds: [0.4, 1]),
            filter: NeuralFilterSpec(classes: filter, training: training(2, sgd)),
            smallModel: ModelSpec.named("lenet5", classes: 3)!, baselines: baselines)
    }

    var teacher: NetworkPlan {
        get throws {
            try NetworkPlan(
                spec: configuration.teacher.model, input: Shape(channels: 1, height: 16, width: 16),
                classes: 3)
        }
    }

    var pricing: SplitPricing {
        get throws {
            SplitPricing(
                configuration.links, devices: [TinyDevices.board("board")],
                server: TinyDevices.board("server", peak: 1e9), link: TinyDevices.link, teacher: try teacher,
                format: configuration.bottleneck.format,
                headers: InferenceHeaders(item: 36) { $0 / 10 + 200 })
        }
    }

    func program(resuming snapshot: Snapshot? = nil) throws -> SplitComputingProgram {
        try SplitComputingProgram(
            configuration: configuration, data: InferenceData(Self.dataset), teacher: try teacher,
            pricing: try pricing, resuming: snapshot)
    }

    func course(order: UInt64? = nil, resuming snapshot: Snapshot? = nil) throws
        -> ProgramCourse<SplitComputingProgram>
    {
        ProgramCourse(
            program: try program(resuming: snapshot),
            executor: try SplitExecutor(
                configuration: configuration, dataset: Self.dataset, teacher: try teacher), order: order)
    }

    /// Runs to the end, undisturbed.
    func run() throws -> ProgramCourse<SplitComputingProgram> {
        var course = try course()
        try course.run()
        return course
    }
}

extension ProgramCourse where Experiment == SplitComputingProgram {
    var modes: [ModeRow] { rows.compactMap { if case .mode(let row) = $0 { row } else { nil } } }
    var neuralFilter: [NeuralFilterRow] {
        rows.compactMap { if case .neuralFilter(let row) = $0 { row } else { nil } }
    }
}

import Devices
import Experiment
import Glibc
import Networks
import TensorMath

/// What networks take on one core of this host, by running them for some seconds.
public struct HostMeasurement: Sendable {
    /// A network that was run.
    public struct Row: Sendable {
        public let network: String
        public let batch: Int
        public let measuredSeconds: Double
        public let predictedSeconds: Double
    }

    public let rows: [Row]
    public let model: CostModel
    /// Of networks that were left out of the fit, with all their batches.
    public let error: PredictionError
    /// Median over networks of the time of a training step beyond that of a forward pass, over the latter.
    public let backwardFactor: Double

    private struct Subject {
        let spec: ModelSpec
        let input: Shape
        let batches: [Int]

        /// A network of the zoo.
        init(_ name: String, _ channels: Int, _ side: Int, batches: [Int]) {
            guard let spec = ModelSpec.named(name, classes: 10) else {
                preconditionFailure("no network \(name)")
            }
            self.spec = spec
            input = Shape(channels: channels, height: side, width: side)
            self.batches = batches
        }

        /// Four times the same layer, which keeps the shape, and a classifier.
        init(_ name: String, of layer: LayerSpec, _ channels: Int, _ side: Int) {
            let layers = Array(repeating: layer, count: 4) + [.globalAveragePool, .dense(units: 10)]
            spec = ModelSpec(name: name, layers: layers)
            input = Shape(channels: channels, height: side, width: side)
            batches = [4, 16]
        }

        func plan() throws -> NetworkPlan { try NetworkPlan(spec: spec, input: input, classes: 10) }
    }

    /// One for each kind of layer in two shapes.
    private static let layers = [(16, 32), (128, 8)].flatMap { channels, side in
        [
            ("conv3x3", LayerSpec.conv(channels: channels, kernel: 3, padding: .same)),
            ("convolution", .conv(channels: channels, kernel: 5, padding: .same)),
            ("pointwise", .conv(channels: channels, kernel: 1)),
            ("depthwise", .conv(channels: channels, kernel: 3, padding: .same, groups: channels)),
            ("pool", .averagePool(kernel: 3, stride: 1, padding: 1)),
        ].map { Subject("\($0.0) \(channels)x\(side)x\(side)", of: $0.1, channels, side) }
    }

    private static let subjects = [
        Subject("logistic", 1, 28, batches: [10, 32]), Subject("mlp", 1, 28, batches: [10, 32]),
        Subject("lenet5", 1, 28, batches: [10, 32]), Subject("cnn", 1, 28, batches: [10, 32]),
        Subject("resnet20", 3, 32, batches: [8, 32]), Subject("wrn_16_1", 3, 32, batches: [8, 32]),
        Subject("fedmax_cnn", 3, 32, batches: [8, 32]), Subject("nasbench201_333333", 3, 32, batches: [8]),
        Subject("nasbench201_441414", 3, 32, batches: [8]),
        Subject("mobilenet_v1_0.25", 3, 96, batches: [8, 32]),
        Subject("mobilenet_v2_0.5", 3, 96, batches: [8]),
        Subject("squeezenet", 3, 96, batches: [8]), Subject("shufflenet_v2", 3, 96, batches: [8]),
        Subject("vgg11", 3, 32, batches: [8, 16]),
    ]
    private static let trained = [
        Subject("mlp", 1, 28, batches: [32]), Subject("cnn", 1, 28, batches: [10]),
        Subject("resnet20", 3, 32, batches: [8]), Subject("mobilenet_v1_0.25", 3, 96, batches: [4]),
    ]

    /// Takes about `seconds` in all.
    public init(seconds: Double = 10) throws {
        let passes =
            (Self.layers + Self.subjects).reduce(0) { $0 + $1.batches.count } + 2 * Self.trained.count
        let each = seconds / Double(passes)
        var measured: [(network: String, sample: CostSample)] = []
        var batches: [Int] = []
        for subject in Self.layers + Self.subjects {
            let plan = try subject.plan()
            for batch in subject.batches {
                let network = Self.network(plan, batch: batch, mode: .evaluation)
                let sample = CostSample(
                    counted: plan.deviceLayers(.counted).map(\.cost), batch: batch,
                    seconds: Self.seconds(over: each) { network.forward(samples: batch) })
                measured.append((subject.spec.name, sample))
                batches.append(batch)
            }
        }
        let outcome = DeviceCalibration.leaveOneOut(
            measured, candidates: [CostTerm.detailed], [.counted], weighting: .geometric)
        model = outcome.model
        error = outcome.error
        rows = zip(measured, batches).map { row, batch in
            Row(
                network: row.network, batch: batch, measuredSeconds: row.sample.seconds,
                predictedSeconds: outcome.model.seconds(row.sample))
        }
        let factors = try Self.trained.map { try Self.backwardFactor($0, seconds: each) }.sorted()
        backwardFactor = (factors[1] + factors[2]) / 2
    }

    /// A step of training against a forward pass of evaluation, whose time the model predicts: what norms do more in
    /// training is part of it.
    private static func backwardFactor(_ subject: Subject, seconds each: Double) throws -> Double {
        let (plan, batch) = (try subject.plan(), subject.batches[0])
        let evaluated = network(plan, batch: batch, mode: .evaluation)
        let trained = network(plan, batch: batch, mode: .training)
        let labels = (0..<batch).map { UInt8($0 % plan.classes) }
        var optimizer = SGDState(SGD(learningRate: 0.01), count: trained.parameters.count)
        let forward = Self.seconds(over: each) { evaluated.forward(samples: batch) }
        let step = Self.seconds(over: each) {
            _ = trained.trainStep(labels: labels.span, samples: batch, optimizer: &optimizer)
        }
        return max(0, step / forward - 1)
    }

    private static func network(_ plan: NetworkPlan, batch: Int, mode: Network.Mode) -> Network {
        let network = Network(plan: plan, batch: batch, mode: mode)
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        network.dropoutStream = stream
        plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
        for index in 0..<network.input.count { network.input[index] = stream.uniform() }
        return network
    }

    /// The median of what one call takes, in seconds of this thread's own time, which other processes on its core do
    /// not lengthen. Each of at least five readings covers as many calls as fill 50 microseconds.
    private static func seconds(over total: Double, _ body: () -> Void) -> Double {
        func reading(_ calls: Int) -> Double {
            let start = threadSeconds()
            for _ in 0..<calls { body() }
            return (threadSeconds() - start) / Double(calls)
        }
        _ = reading(1)
        let calls = max(1, Int(50e-6 / reading(2)))
        var readings: [Double] = []
        let begin = threadSeconds()
        while readings.count < 5 || threadSeconds() - begin < total { readings.append(reading(calls)) }
        return readings.sorted()[readings.count / 2]
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}

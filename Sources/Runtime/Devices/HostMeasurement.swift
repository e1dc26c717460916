import Devices
import Experiment
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
    /// Median over networks of the time of a training step without its forward pass, over a forward pass.
    public let backwardFactor: Double

    private struct Subject {
        let network: String
        let input: Shape
        let batches: [Int]

        init(_ network: String, _ channels: Int, _ side: Int, batches: [Int]) {
            self.network = network
            input = Shape(channels: channels, height: side, width: side)
            self.batches = batches
        }

        func plan() throws -> NetworkPlan {
            guard let spec = ModelSpec.named(network, classes: 10) else {
                preconditionFailure("no network \(network)")
            }
            return try NetworkPlan(spec: spec, input: input, classes: 10)
        }
    }

    private static let subjects = [
        Subject("logistic", 1, 28, batches: [1, 32]), Subject("mlp", 1, 28, batches: [1, 32]),
        Subject("lenet5", 1, 28, batches: [1, 32]), Subject("cnn", 1, 28, batches: [1, 10]),
        Subject("resnet20", 3, 32, batches: [1, 8]), Subject("wrn_16_1", 3, 32, batches: [1, 8]),
        Subject("fedmax_cnn", 3, 32, batches: [1, 8]), Subject("nasbench201_333333", 3, 32, batches: [1]),
        Subject("nasbench201_441414", 3, 32, batches: [1]),
        Subject("mobilenet_v1_0.25", 3, 96, batches: [1, 8]),
        Subject("mobilenet_v2_0.5", 3, 96, batches: [1]),
        Subject("squeezenet", 3, 96, batches: [1]), Subject("shufflenet_v2", 3, 96, batches: [1]),
        Subject("vgg11", 3, 32, batches: [1, 4]),
    ]
    private static let trained = [
        Subject("mlp", 1, 28, batches: [32]), Subject("cnn", 1, 28, batches: [10]),
        Subject("resnet20", 3, 32, batches: [8]), Subject("mobilenet_v1_0.25", 3, 96, batches: [4]),
    ]

    /// Takes about `seconds` in all.
    public init(seconds: Double = 10) throws {
        let passes = Self.subjects.reduce(0) { $0 + $1.batches.count } + 2 * Self.trained.count
        let each = seconds / Double(passes)
        var measured: [(network: String, sample: CostSample)] = []
        var batches: [Int] = []
        for subject in Self.subjects {
            let plan = try subject.plan()
            for batch in subject.batches {
                let network = Self.network(plan, batch: batch, mode: .evaluation)
                let sample = CostSample(
                    counted: plan.deviceLayers(.counted).map(\.cost), batch: batch,
                    seconds: Self.seconds(over: each) { network.forward(samples: batch) })
                measured.append((subject.network, sample))
                batches.append(batch)
            }
        }
        let outcome = DeviceCalibration.leaveOneOut(measured, [.counted])
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

    private static func backwardFactor(_ subject: Subject, seconds each: Double) throws -> Double {
        let (plan, batch) = (try subject.plan(), subject.batches[0])
        let network = network(plan, batch: batch, mode: .training)
        let labels = (0..<batch).map { UInt8($0 % plan.classes) }
        var optimizer = SGDState(SGD(learningRate: 0.01), count: network.parameters.count)
        let forward = Self.seconds(over: each) { network.forward(samples: batch) }
        let step = Self.seconds(over: each) {
            _ = network.trainStep(labels: labels.span, samples: batch, optimizer: &optimizer)
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

    /// The median of what one call takes, of at least five.
    private static func seconds(over total: Double, _ body: () -> Void) -> Double {
        body()
        var readings: [Double] = []
        let begin = MonotonicClock.now()
        while readings.count < 5 || Double(MonotonicClock.now() - begin) < 1e9 * total {
            let start = MonotonicClock.now()
            body()
            readings.append(1e-9 * Double(MonotonicClock.now() - start))
        }
        return readings.sorted()[readings.count / 2]
    }
}

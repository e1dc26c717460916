import Datasets
import Devices
import Methods
import Networks
import Runtime
import TensorMath

/// What cannot fail in this fixed experiment.
private func certain<Value>(_ make: () throws -> Value) -> Value {
    do { return try make() } catch { fatalError("\(error)") }
}

/// A federated experiment that takes microseconds: 12 clients, 4 of them a round, 4 rounds, 200 features, 3 classes.
enum TinyExperiment {
    static let shape = SampleShape(channels: 1, height: 1, width: 200)
    static let rounds = 4

    static let dataset: Dataset = {
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        func split(_ count: Int) -> Split {
            let labels = (0..<count).map { _ in UInt8(stream.index(below: 3)) }
            let values = labels.flatMap { label in
                (0..<200).map { Float(stream.normal()) + ($0 == Int(label) ? 2 : 0) }
            }
            return Split(shape: shape, classes: 3, labels: labels, values: values)
        }
        return Dataset(name: "tiny", train: split(120), test: split(40))
    }()

    /// Every method; some in simulated time, with selections that learn, rules that keep every update, and compression.
    static let methods =
        MethodSpec.names + [
            "fedavg, deadline", "ditto, deadline", "fedavg, async", "fedadam, oort", "fedavg, multi_krum",
            "scaffold, compressed",
        ]

    /// Of a method's name, and what its rounds are.
    static func configuration(_ method: String) -> FederatedConfiguration {
        let words = method.split(separator: ", ").map(String.init)
        var configuration = configuration
        configuration.method = MethodSpec(named: words[0])!
        if var fedmax = configuration.method.method as? FedMAX {
            // Four features are few for the usual strength.
            fedmax.beta = 10
            configuration.method = MethodSpec(fedmax)
        }
        switch words.dropFirst().first {
        case "oort": configuration.training.selection = .oort(Oort())
        case "multi_krum":
            configuration.aggregation = .multiKrum(byzantine: 0, selected: 2)
            configuration.attack = AttackSpec(kind: .scaledNoise, share: 0.3)
        case "compressed":
            configuration.compression = CompressionSpec(
                uplink: [.topK(fraction: 0.3), .quantize(bits: 8)], downlink: [.quantize(bits: 8)],
                errorFeedback: true)
        case "deadline":
            configuration.devices = DevicesSpec(
                groups: [], round: .deadline(seconds: 16, overSelection: 1.5, minimum: 2),
                availability: AvailabilitySpec(dropout: 0.1))
        case "async":
            configuration.devices = DevicesSpec(
                groups: [], round: .async(buffer: 3, concurrency: 6, maximumStaleness: 1),
                availability: AvailabilitySpec(dropout: 0.1))
        default: break
        }
        return configuration
    }

    /// One half of the clients three times slower than the other.
    private static let groups = [1.0, 3].map { seconds in
        let free = Double.infinity
        let board = DeviceProfile(
            name: "board", processor: "none", runtime: "none", precision: .float32, threads: 1,
            speed: .init(
                peakFLOPS: 1e9, efficiency: [1, 1, 1, 1, 1, 1], activationBytesPerSecond: free,
                weightBytesPerSecond: free, secondsPerPass: seconds, source: "made up"),
            training: .init(backwardFactor: 2, source: "made up"),
            memory: .init(bytes: 1_000_000, source: "made up"),
            power: .init(activeWatts: 5, idleWatts: 2, source: "made up"))
        let link = LinkProfile(
            name: "link",
            rates: .init(uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 1e6, source: "made up"),
            packets: .init(payloadBytes: 1000, overheadBytes: 40, source: "made up"),
            radio: .init(alphaUp: 0, alphaDown: 0, baseWatts: 1, source: "made up"))
        return Fleet.Group(device: board, link: link, share: 1)
    }

    private static func timeline(_ configuration: FederatedConfiguration) -> Timeline? {
        guard let devices = configuration.devices else { return nil }
        let counts = configuration.method.holdings(of: holdings).train.map(\.count)
        return Timeline(
            Fleet(groups, clients: counts.count, configuration: configuration, plan: plan), spec: devices,
            seed: configuration.seed, trace: nil, training: configuration.training, counts: counts)
    }

    private static let configuration = FederatedConfiguration(
        seed: 11, dataset: DatasetSpec(name: .synthetic), partition: .iid(clients: 12),
        localTestFraction: 0.2,
        model: ModelSpec(
            name: "tiny", layers: [.flatten, .dense(units: 4), .batchNorm(), .relu, .dense(units: 3)]),
        initialization: .uniformFanIn,
        method: .fedavg,
        training: TrainingSpec(
            rounds: rounds, clientsPerRound: 4, localEpochs: 2, batchSize: 3,
            optimizer: .sgd(SGD(learningRate: 0.02))),
        evaluation: EvaluationSpec(every: 2, on: [.globalTest, .localTest]), stop: StopSpec())

    static let plan: NetworkPlan = certain {
        try NetworkPlan(
            spec: configuration.model, input: Shape(channels: 1, height: 1, width: 200), classes: 3)
    }

    static var modelBytes: UInt64 { UInt64(plan.layout.count * 4) }

    static let holdings: LocalSplit = {
        let partition = certain {
            try dataset.labels.partition(configuration.partition, seed: configuration.seed)
        }
        return certain {
            try partition.localSplit(fraction: configuration.localTestFraction, seed: configuration.seed)
        }
    }()

    /// Bytes of what a client keeps.
    static func stateBytes(_ method: String) -> Int { configuration(method).exchange(plan).state.count * 4 }

    static let fingerprint = ObjectID(high: 7, low: 7)

    static func program(_ method: String, resuming snapshot: Snapshot? = nil) -> FederatedProgram {
        let configuration = configuration(method)
        let population = configuration.method.holdings(of: holdings).population(
            testCount: dataset.test.count)
        let overhead = MessageOverhead(down: 100, up: 100)
        return FederatedProgram(
            configuration: configuration, population: population, plan: plan, overhead: overhead,
            timeline: timeline(configuration), resuming: snapshot)
    }

    /// The name of the first round's model.
    static var modelName: ObjectID {
        var program = Self.program("fedavg")
        return program.start().tasks[0].inputs[0].id
    }

    static func executor(_ method: String = "fedavg") -> FederatedExecutor {
        FederatedExecutor(
            configuration: configuration(method), dataset: dataset, holdings: holdings, plan: plan)
    }

    /// What an undisturbed computation gives: every row but infrastructure, and the outcome.
    static let oracles: [String: (rows: [Row], outcome: Outcome)] = Dictionary(
        uniqueKeysWithValues: methods.map { ($0, oracle($0)) })

    private static func oracle(_ method: String) -> (rows: [Row], outcome: Outcome) {
        var program = Self.program(method)
        let executor = Self.executor(method)
        var states: [ObjectID: ObjectBytes] = [:]
        var rows: [Row] = []
        var step = program.start()
        var tasks = step.tasks
        while true {
            let task = tasks.removeFirst()
            let inputs = task.inputs.map { program.object($0.id) ?? states[$0.id]! }
            let execution = certain { try executor.begin(task, inputs: inputs) }
            var output: TaskOutput?
            while output == nil { output = certain { try execution.advance() } }
            step = certain { try program.accept(output!, of: task) }
            for state in step.states { states[state.object.id] = state.object }
            rows += step.rows
            tasks += step.tasks
            if let outcome = step.outcome { return (rows, outcome) }
        }
    }

    /// What the ledger says of a finished run.
    static func outcome(of disk: [DurabilityRequest]) -> Outcome {
        var last: RoundRow?
        for case .round(let row) in disk.flatMap(\.rows) { last = row }
        return Outcome(
            rounds: last!.round, finalAccuracy: last!.globalTestAccuracy ?? last!.localTestAccuracyMean,
            modelDigest: last!.modelDigest)
    }
}

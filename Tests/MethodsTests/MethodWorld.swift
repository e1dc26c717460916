import Datasets
import Methods
import Networks
import TensorMath

/// A federation of a few samples and a tiny network in which any method trains for real; the test is the coordinator
/// and keeps the clients' states.
struct MethodWorld {
    static let features = PlainNet.features
    static let classes = PlainNet.classes
    /// The network of `PlainNet`.
    static let hidden: [LayerSpec] = [
        .flatten, .dense(units: PlainNet.hidden), .relu, .dense(units: classes),
    ]
    static let normed: [LayerSpec] = [
        .flatten, .dense(units: 5), .batchNorm(), .relu, .dense(units: 4), .batchNorm(), .relu,
        .dense(units: classes),
    ]

    var configuration: FederatedConfiguration
    let dataset: Dataset
    let split: LocalSplit
    let plan: NetworkPlan
    /// What the clients have where `configuration.devices` asks for simulated time.
    var groups = TinyDevices.groups

    /// Clients of these sizes, held-out samples included; all take part unless `perRound` says less.
    init(
        _ method: any FederatedMethod, sizes: [Int], layers: [LayerSpec] = hidden, rounds: Int = 1,
        perRound: Int? = nil, epochs: Int = 1, batch: Int = 64, rate: Float = 0.25, heldOut: Double = 0,
        on targets: [EvaluationSpec.Target] = []
    ) throws {
        var stream = RandomStream(RandomKey(seed: 31, purpose: .test))
        let shape = SampleShape(channels: Self.features, height: 1, width: 1)
        func split(_ count: Int) -> Split {
            let labels = (0..<count).map { _ in UInt8(stream.index(below: Self.classes)) }
            let values = labels.flatMap { label in
                (0..<Self.features).map { Float(stream.normal()) + ($0 == Int(label) ? 1 : 0) }
            }
            return Split(shape: shape, classes: Self.classes, labels: labels, values: values)
        }
        var first: UInt32 = 0
        let owners = sizes.map { size in
            defer { first += UInt32(size) }
            return Array(first..<first + UInt32(size))
        }
        dataset = Dataset(name: "few", train: split(sizes.reduce(0, +)), test: split(20), natural: owners)
        configuration = FederatedConfiguration(
            seed: 5, dataset: DatasetSpec(name: .synthetic), partition: .natural, localTestFraction: heldOut,
            model: ModelSpec(name: "tiny", layers: layers), initialization: .uniformFanIn,
            method: MethodSpec(method),
            training: TrainingSpec(
                rounds: rounds, clientsPerRound: perRound ?? sizes.count, localEpochs: epochs,
                batchSize: batch, optimizer: .sgd(SGD(learningRate: rate))),
            evaluation: EvaluationSpec(every: 1, on: targets), stop: StopSpec())
        plan = try NetworkPlan(
            spec: configuration.model, input: Shape(channels: Self.features), classes: Self.classes)
        self.split = try dataset.labels.partition(.natural, seed: 5).localSplit(fraction: heldOut, seed: 5)
    }

    var holdings: LocalSplit { configuration.method.holdings(of: split) }
    var exchange: Exchange { configuration.exchange(plan) }

    var optimizer: SGD {
        get {
            guard case .sgd(let settings) = configuration.training.optimizer else {
                return SGD(learningRate: 0)
            }
            return settings
        }
        set { configuration.training.optimizer = .sgd(newValue) }
    }

    func executor() -> FederatedExecutor {
        FederatedExecutor(configuration: configuration, dataset: dataset, holdings: split, plan: plan)
    }

    /// Simulated time, where `configuration.devices` asks for it.
    var timeline: Timeline? {
        TinyDevices.timeline(configuration, plan: plan, counts: holdings.train.map(\.count), groups: groups)
    }

    func program(resuming snapshot: Snapshot? = nil) -> FederatedProgram {
        FederatedProgram(
            configuration: configuration, population: holdings.population(testCount: dataset.test.count),
            plan: plan, overhead: TinyFederation.overhead, timeline: timeline, resuming: snapshot)
    }

    /// The model that everybody begins with.
    var initialModel: [Float] {
        LocalClient(configuration: configuration, plan: plan).initialModel.array
    }

    /// Training samples of a client in double.
    func samples(_ client: Int) -> [PlainNet.Sample] { samples(holdings.train[client]) }

    func samples(_ indices: [UInt32]) -> [PlainNet.Sample] {
        let view = FloatBuffer(count: Self.features).view
        return indices.map { index in
            dataset.train.copyFeatures(of: Int(index), into: view, row: 0)
            return (view.array.map(Double.init), Int(dataset.train.labels[Int(index)]))
        }
    }
}

/// A program that ran with real training: what it said, and every object that was made.
struct MethodRun {
    let course: Course
    private(set) var objects: [String: ObjectBytes] = [:]
    private(set) var outputs: [UInt64: TaskOutput] = [:]
    /// Payloads that clients received, by round.
    private(set) var broadcasts: [Int: ObjectBytes] = [:]

    /// `objects` holds the states that a resumed run needs.
    init(
        _ world: MethodWorld, resuming snapshot: Snapshot? = nil, objects kept: [String: ObjectBytes] = [:],
        next: (Int) -> Int = { _ in 0 }
    ) throws {
        var program = world.program(resuming: snapshot)
        let executor = world.executor()
        var objects = kept
        var outputs: [UInt64: TaskOutput] = [:]
        var broadcasts: [Int: ObjectBytes] = [:]
        var failure: (any Error)?
        course = try Course(&program, next: next) { task, program in
            let inputs = task.inputs.compactMap { program.object($0.id) ?? objects["\($0.id)"] }
            do {
                let output = try FederatedAveragingTests.World.compute(task, inputs, executor)
                if task.kind == .train { broadcasts[task.round] = inputs[0] }
                for object in output.objects { objects["\(object.id)"] = object }
                outputs[task.id] = output
                return output
            } catch {
                failure = error
                return TaskOutput(objects: [], metrics: [], work: [])
            }
        }
        if let failure { throw failure }
        (self.objects, self.outputs, self.broadcasts) = (objects, outputs, broadcasts)
    }

    /// The newest states after a round, by client.
    func states(after round: Int) -> [Int: ObjectBytes] {
        var states: [Int: ObjectBytes] = [:]
        for row in course.clients where row.round <= round && !row.stateDigest.isEmpty {
            states[row.client] = objects[row.stateDigest]
        }
        return states
    }

    /// A part of a client's state after a round.
    func part(_ name: String, of client: Int, after round: Int, in world: MethodWorld) -> [Float]? {
        guard let object = states(after: round)[client] else { return nil }
        let view = FloatBuffer(count: world.exchange.state.count).view
        return object.copy(into: view) ? world.exchange.part(name, of: view).array : nil
    }

    /// What a client sent in a round.
    func update(of client: Int, round: Int) -> ObjectBytes? {
        course.tasks.first { $0.kind == .train && $0.client == client && $0.round == round }
            .flatMap { outputs[$0.id]?.objects.first }
    }

    /// A durability point as a resumed run gets it.
    func resumable(_ snapshot: Snapshot) -> Snapshot {
        var snapshot = snapshot
        snapshot.states = states(after: snapshot.round).mapValues { ObjectReference($0) }
        return snapshot
    }
}

func doubles(_ values: [Float]) -> [Double] { values.map(Double.init) }

/// Whether all values agree to `tolerance`, relative where they exceed 1.
func near(_ found: [Float], _ due: [Double], _ tolerance: Double = 2e-5) -> Bool {
    found.count == due.count
        && zip(found, due).allSatisfy { abs(Double($0) - $1) <= tolerance * max(1, abs($1)) }
}

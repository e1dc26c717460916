import Datasets
import Methods
import Networks
import TensorMath

/// A federation of a model with three weights, whose clients' results a test makes up.
struct TinyFederation {
    static let overhead = MessageOverhead(down: 150, up: 120)
    static let plan: NetworkPlan = {
        guard
            let plan = try? NetworkPlan(
                spec: ModelSpec(name: "tiny", layers: [.flatten, .dense(units: 1)]),
                input: Shape(channels: 2),
                classes: 1)
        else { preconditionFailure("three weights are a model") }
        return plan
    }()

    var configuration: FederatedConfiguration
    var population: Population
    /// What the clients have where `configuration.devices` asks for simulated time.
    var groups = TinyDevices.groups

    init(
        trainCounts: [Int], localTestCounts: [Int]? = nil, testCount: Int = 40, rounds: Int = 1,
        clientsPerRound: Int? = nil, localEpochs: Int = 1, every: Int = 1,
        on targets: [EvaluationSpec.Target] = [.globalTest], targetAccuracy: Double? = nil, seed: UInt64 = 11
    ) {
        configuration = FederatedConfiguration(
            seed: seed, dataset: DatasetSpec(name: .synthetic), partition: .natural, localTestFraction: 0,
            model: Self.plan.spec, initialization: .uniformFanIn, method: .fedavg,
            training: TrainingSpec(
                rounds: rounds, clientsPerRound: clientsPerRound ?? trainCounts.count,
                localEpochs: localEpochs,
                batchSize: 4, optimizer: .sgd(SGD(learningRate: 0.1))),
            evaluation: EvaluationSpec(every: every, on: targets),
            stop: StopSpec(targetAccuracy: targetAccuracy))
        population = Population(
            trainCounts: trainCounts,
            localTestCounts: localTestCounts ?? .init(repeating: 0, count: trainCounts.count),
            testCount: testCount)
    }

    func program(resuming snapshot: Snapshot? = nil) -> FederatedProgram {
        FederatedProgram(
            configuration: configuration, population: population, plan: Self.plan, overhead: Self.overhead,
            timeline: TinyDevices.timeline(
                configuration, plan: Self.plan, counts: population.trainCounts, groups: groups),
            resuming: snapshot)
    }

    static func model(_ values: [Float]) -> ObjectBytes {
        let view = FloatBuffer(count: values.count).view
        view.copy(from: values)
        return ObjectBytes(view)
    }

    static func values(_ object: ObjectBytes) -> [Float] {
        let view = FloatBuffer(count: object.count / 4).view
        return object.copy(into: view) ? view.array : []
    }

    /// A sound update of `task`.
    func update(_ task: TaskSpec, _ values: [Float], loss: Double = 1, correct: Int = 1) -> TaskOutput {
        let (samples, training) = (population.trainCounts[task.client ?? 0], configuration.training)
        let seen = samples * training.localEpochs
        let steps = (samples + training.batchSize - 1) / training.batchSize * training.localEpochs
        return TaskOutput(
            objects: [Self.model(values)],
            metrics: [loss, Double(correct), Double(seen), Double(steps), loss * loss],
            work: [UInt64(seen), UInt64(seen)])
    }

    /// A sound result of an evaluation.
    func evaluation(_ task: TaskSpec, correct: Int, loss: Double = 2) -> TaskOutput {
        let samples = task.client.map { population.localTestCounts[$0] } ?? task.count ?? 0
        return TaskOutput(
            objects: [], metrics: [loss, Double(correct), Double(samples)], work: [UInt64(samples), 0])
    }

    /// A result that follows from the task and its model alone, as a real one does.
    func imagined(_ task: TaskSpec, _ program: FederatedProgram) -> TaskOutput {
        var stream = RandomStream(
            RandomKey(
                seed: task.id, purpose: .test, client: UInt32(task.client ?? 0),
                participation: UInt32(task.participation)))
        guard task.kind == .train else {
            let samples = task.client.map { population.localTestCounts[$0] } ?? task.count ?? 0
            return evaluation(task, correct: stream.index(below: samples + 1), loss: stream.uniformDouble())
        }
        let start = program.object(task.inputs[0].id).map(Self.values) ?? []
        let values = start.map { $0 + Float(stream.normal()) }
        return update(task, values, loss: stream.uniformDouble())
    }
}

/// What a program said while it ran.
struct Course {
    var tasks: [TaskSpec] = []
    var rows: [Row] = []
    var snapshots: [Snapshot] = []
    var outcome: Outcome?
    /// The most steps that a test may take.
    private static let limit = 100_000

    /// Runs to the end; `next` chooses among the waiting tasks, `compute` makes the results.
    init(
        _ program: inout FederatedProgram, next: (Int) -> Int = { _ in 0 },
        compute: (TaskSpec, FederatedProgram) -> TaskOutput
    ) throws {
        var waiting: [TaskSpec] = []
        take(program.start(), &waiting)
        for _ in 0..<Self.limit where !waiting.isEmpty {
            let task = waiting.remove(at: next(waiting.count))
            take(try program.accept(compute(task, program), of: task), &waiting)
        }
    }

    private mutating func take(_ step: ProgramStep, _ waiting: inout [TaskSpec]) {
        tasks += step.tasks
        waiting += step.tasks
        rows += step.rows
        if let snapshot = step.snapshot { snapshots.append(snapshot) }
        if let end = step.outcome { outcome = end }
    }

    var rounds: [RoundRow] { rows.compactMap { if case .round(let row) = $0 { row } else { nil } } }
    var clients: [ClientRow] { rows.compactMap { if case .client(let row) = $0 { row } else { nil } } }
    var localTests: [LocalTestRow] {
        rows.compactMap { if case .localTest(let row) = $0 { row } else { nil } }
    }
    var traffic: [TrafficRow] { rows.compactMap { if case .traffic(let row) = $0 { row } else { nil } } }
    var models: [[Float]] { snapshots.map { TinyFederation.values($0.model) } }
}

import Datasets
import Devices
import Networks
import TensorMath

/// Federated training in synchronous rounds: select a cohort, train it, average, evaluate.
///
/// What clients compute and what becomes of it is the method's (`FederatedMethod`); rounds, cohorts and rows are here.
/// Owns the buffers of the global model: a copy of the struct shares them, so only one of the copies may be driven.
public struct FederatedProgram: Program {
    /// Samples of one evaluation task.
    public static let evaluationSlice = 1000

    private let configuration: FederatedConfiguration
    private let population: Population
    private let layout: ParameterLayout
    private let layoutDigest: [UInt8]
    private let costs: [LayerCost]
    private let overhead: MessageOverhead

    private let model: FloatBuffer
    private var server: any FederatedServer
    private var modelObject: ObjectBytes
    private var round: Int
    private var participations: [Int]

    private var cohort: [Int] = []
    private var waiting: Set<UInt64> = []
    private var trained: [ClientRow] = []
    private var evaluation: Evaluation?
    private var current: RoundRow?
    private var rows: [Row] = []

    /// A fresh run.
    public init(
        configuration: FederatedConfiguration, population: Population, plan: NetworkPlan,
        overhead: MessageOverhead
    ) {
        let model = FloatBuffer(count: plan.layout.count)
        var stream = RandomStream(RandomKey(seed: configuration.seed, purpose: .initialization))
        plan.initialParameters(configuration.initialization, stream: &stream, into: model.view)
        self.init(
            configuration: configuration, population: population, plan: plan, overhead: overhead,
            model: model,
            round: 0)
    }

    /// A run that goes on after `snapshot`, which was made with the same configuration.
    public init(
        resuming snapshot: Snapshot, configuration: FederatedConfiguration, population: Population,
        plan: NetworkPlan, overhead: MessageOverhead
    ) {
        let model = FloatBuffer(count: plan.layout.count)
        let fits = snapshot.model.copy(into: model.view)
        precondition(fits, "a snapshot of another model")
        self.init(
            configuration: configuration, population: population, plan: plan, overhead: overhead,
            model: model,
            round: snapshot.round)
        for past in stride(from: 1, through: snapshot.round, by: 1) {
            for client in select(round: past) { participations[client] += 1 }
        }
    }

    private init(
        configuration: FederatedConfiguration, population: Population, plan: NetworkPlan,
        overhead: MessageOverhead,
        model: FloatBuffer, round: Int
    ) {
        self.configuration = configuration
        self.population = population
        layout = plan.layout
        layoutDigest = plan.layout.digest
        costs = plan.blocks.map(\.cost)
        self.overhead = overhead
        self.model = model
        self.round = round
        server = configuration.method.server(layout: plan.layout)
        modelObject = ObjectBytes(model.view)
        participations = .init(repeating: 0, count: population.clients)
    }

    public func object(_ id: ObjectID) -> ObjectBytes? { modelObject.id == id ? modelObject : nil }

    public mutating func start() -> ProgramStep {
        precondition(round < configuration.training.rounds, "nothing is left to do")
        return beginRound()
    }

    public mutating func accept(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        guard waiting.contains(task.id) else { return ProgramStep() }
        switch task.kind {
        case .train: try acceptUpdate(output, of: task)
        case .evaluateTest, .evaluateClient: try acceptEvaluation(output, of: task)
        }
        waiting.remove(task.id)
        guard waiting.isEmpty else { return ProgramStep() }
        return evaluation == nil ? finishTraining() : finishRound()
    }
}

// MARK: - Training

extension FederatedProgram {
    /// The cohort of a round, in the order drawn; a function of seed and round alone.
    private func select(round: Int) -> [Int] {
        switch configuration.training.selection {
        case .uniform:
            var stream = RandomStream(
                RandomKey(seed: configuration.seed, purpose: .selection, participation: UInt32(round)))
            return stream.sample(configuration.training.clientsPerRound, of: population.clients)
        }
    }

    private mutating func beginRound() -> ProgramStep {
        round += 1
        cohort = select(round: round)
        trained = []
        evaluation = nil
        let weight = cohort.reduce(UInt64(0)) { $0 + UInt64(population.trainCounts[$1]) }
        server.begin(model: model.view, weight: weight)
        var step = ProgramStep()
        step.phase = .training(round: round)
        step.tasks = cohort.enumerated().map { position, client in
            TaskSpec(
                id: taskID(.train, position), kind: .train, round: round, client: client,
                participation: participations[client], layout: layoutDigest,
                inputs: [ObjectReference(modelObject)])
        }
        waiting = Set(step.tasks.map(\.id))
        return step
    }

    /// Round, kind and place: unique in the run, equal in every execution of it.
    private func taskID(_ kind: TaskSpec.Kind, _ position: Int) -> UInt64 {
        UInt64(round) << 32 | UInt64(kind.rawValue) << 28 | UInt64(position)
    }

    private mutating func acceptUpdate(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) {
        let client = task.client!
        let samples = population.trainCounts[client]
        let seen = samples * configuration.training.localEpochs
        guard output.metrics.count == 4, let correct = Int(exactly: output.metrics[1]),
            let steps = Int(exactly: output.metrics[3]), correct >= 0, correct <= seen, steps > 0,
            steps <= seen, output.metrics[2] == Double(seen), output.work == [UInt64(seen), UInt64(seen)]
        else {
            throw Rejection(
                .wrongMetrics, "metrics \(output.metrics), work \(output.work) for \(seen) samples")
        }
        try server.accept(output.objects, weight: UInt64(samples), place: "round \(round), client \(client)")
        trained.append(
            ClientRow(
                round: round, client: client, samples: samples, steps: steps, trainLossSum: output.metrics[0],
                trainCorrect: correct, updateDigest: "\(output.objects[0].id)",
                downPayloadBytes: UInt64(modelObject.count), downOverheadBytes: overhead.down,
                upPayloadBytes: UInt64(output.objects[0].count), upOverheadBytes: overhead.up,
                work: Work(layers: costs, forward: output.work[0], backward: output.work[1])))
    }

    private mutating func finishTraining() -> ProgramStep {
        server.finish(into: model.view)
        modelObject = ObjectBytes(model.view)
        for client in cohort { participations[client] += 1 }
        trained.sort { $0.client < $1.client }
        var row = RoundRow(
            round: round, clients: trained.count, samples: trained.reduce(0) { $0 + $1.samples },
            modelDigest: hexadecimal(modelObject.digest))
        let seen = trained.reduce(0) { $0 + $1.samples * configuration.training.localEpochs }
        row.trainLoss = trained.reduce(0) { $0 + $1.trainLossSum } / Double(max(seen, 1))
        row.federatedUpBytes = trained.reduce(0) { $0 + $1.upPayloadBytes + $1.upOverheadBytes }
        row.federatedDownBytes = trained.reduce(0) { $0 + $1.downPayloadBytes + $1.downOverheadBytes }
        current = row
        rows = trained.map { .client($0) } + traffic().map { .traffic($0) }
        let last = round == configuration.training.rounds
        guard last || round % configuration.evaluation.every == 0, !configuration.evaluation.on.isEmpty else {
            return closeRound()
        }
        return beginEvaluation()
    }

    /// Bytes by segment. Every client of the cohort exchanged the same segments.
    private func traffic() -> [TrafficRow] {
        let clients = trained.count
        return [(TrafficRow.Direction.down, "model", overhead.down), (.up, "update", overhead.up)].flatMap {
            direction, kind, header in
            layout.segments.map { segment in
                TrafficRow(
                    round: round, direction: direction, kind: kind, part: .payload, segment: segment.name,
                    clients: clients, bytes: UInt64(clients * segment.count * 4))
            } + [
                TrafficRow(
                    round: round, direction: direction, kind: kind, part: .overhead, segment: "header",
                    clients: clients, bytes: UInt64(clients) * header)
            ]
        }
    }
}

// MARK: - Evaluation

/// Sums of an evaluation, by slice and by client, so that they are reduced in a fixed order.
private struct Evaluation {
    struct Sums { var loss: Double, correct: Int, samples: Int }

    var slices: [Int: Sums] = [:]
    var clients: [Int: Sums] = [:]
}

extension FederatedProgram {
    private mutating func beginEvaluation() -> ProgramStep {
        evaluation = Evaluation()
        var step = ProgramStep()
        step.phase = .evaluating(round: round)
        let input = [ObjectReference(modelObject)]
        if configuration.evaluation.on.contains(.globalTest) {
            for first in stride(from: 0, to: population.testCount, by: Self.evaluationSlice) {
                step.tasks.append(
                    TaskSpec(
                        id: taskID(.evaluateTest, first / Self.evaluationSlice), kind: .evaluateTest,
                        round: round,
                        first: first, count: min(Self.evaluationSlice, population.testCount - first),
                        layout: layoutDigest, inputs: input))
            }
        }
        if configuration.evaluation.on.contains(.localTest) {
            for client in 0..<population.clients where population.localTestCounts[client] > 0 {
                step.tasks.append(
                    TaskSpec(
                        id: taskID(.evaluateClient, client), kind: .evaluateClient, round: round,
                        client: client,
                        layout: layoutDigest, inputs: input))
            }
        }
        waiting = Set(step.tasks.map(\.id))
        return waiting.isEmpty ? closeRound() : step
    }

    private mutating func acceptEvaluation(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) {
        guard output.metrics.count == 3, output.objects.isEmpty,
            let correct = Int(exactly: output.metrics[1]),
            let samples = Int(exactly: output.metrics[2]), correct >= 0, samples > 0, correct <= samples
        else { throw Rejection(.wrongMetrics, "metrics \(output.metrics) of an evaluation") }
        let expected = task.client.map { population.localTestCounts[$0] } ?? task.count
        guard samples == expected else {
            throw Rejection(.wrongMetrics, "\(samples) samples were evaluated instead of \(expected ?? 0)")
        }
        let sums = Evaluation.Sums(loss: output.metrics[0], correct: correct, samples: samples)
        if let client = task.client {
            evaluation?.clients[client] = sums
        } else {
            evaluation?.slices[task.first] = sums
        }
    }

    private mutating func finishRound() -> ProgramStep {
        let slices = evaluation!.slices.sorted { $0.key < $1.key }.map(\.value)
        if !slices.isEmpty {
            let samples = slices.reduce(0) { $0 + $1.samples }
            current!.globalTestAccuracy = Double(slices.reduce(0) { $0 + $1.correct }) / Double(samples)
            current!.globalTestLoss = slices.reduce(0) { $0 + $1.loss } / Double(samples)
        }
        let clients = evaluation!.clients.sorted { $0.key < $1.key }
        if !clients.isEmpty {
            let accuracy = clients.map { ($0.key, Double($0.value.correct) / Double($0.value.samples)) }
            current!.localTestAccuracyMean = accuracy.reduce(0) { $0 + $1.1 } / Double(accuracy.count)
            let members = Set(cohort)
            let part = accuracy.filter { members.contains($0.0) }
            if !part.isEmpty {
                current!.localTestAccuracyParticipants = part.reduce(0) { $0 + $1.1 } / Double(part.count)
            }
            rows += clients.map { client, sums in
                .localTest(
                    LocalTestRow(
                        round: round, client: client, samples: sums.samples, correct: sums.correct,
                        lossSum: sums.loss))
            }
        }
        return closeRound()
    }

    private mutating func closeRound() -> ProgramStep {
        let row = current!
        let accuracy = row.globalTestAccuracy ?? row.localTestAccuracyMean
        let reached = configuration.stop.targetAccuracy.map { (accuracy ?? -1) >= $0 } ?? false
        let last = round == configuration.training.rounds || reached
        var step = last ? ProgramStep() : beginRound()
        step.rows = [.round(row)] + rows
        step.snapshot = Snapshot(round: row.round, model: modelObject, final: last)
        if last {
            step.outcome = Outcome(rounds: row.round, finalAccuracy: accuracy, modelDigest: row.modelDigest)
        }
        rows = []
        return step
    }
}

import Datasets
import Devices
import Networks
import TensorMath

/// Federated training in synchronous rounds: select a cohort, train it, combine, evaluate.
///
/// What clients compute and what becomes of it is the method's (`FederatedMethod`); rounds, cohorts and rows are here.
/// Owns the buffers of the global payload: a copy of the struct shares them, so only one of the copies may be driven.
public struct FederatedProgram: Program {
    /// Samples of one evaluation task.
    public static let evaluationSlice = 1000

    let configuration: FederatedConfiguration
    let population: Population
    let plan: NetworkPlan
    let exchange: Exchange
    let layoutDigest: [UInt8]
    let overhead: MessageOverhead

    /// The payload that clients receive: the model and what else travels.
    let global: FloatBuffer
    /// Room for one update.
    let staging: FloatBuffer
    let coding: UpdateCoding
    /// What the clients of this round have received: the global payload as it is after its compression.
    let received: FloatBuffer
    /// What the server's compressed payloads lacked; nil without error feedback.
    let downlinkResidual: FloatBuffer?
    var server: any FederatedServer
    /// Clients that send false updates on purpose.
    let attackers: Set<Int>
    let selector: Selector
    /// Simulated time; nil where a scenario names no devices.
    var timeline: Timeline?
    var globalObject: ObjectBytes
    /// What is sent in this round; the global payload itself where it is not compressed.
    var broadcast: ObjectBytes
    var round: Int
    var participations: [Int]
    /// The same as values to be saved; empty where they follow from the seed.
    let participationValues: FloatBuffer
    let timelineValues: FloatBuffer
    /// The newest state of each client that has one.
    var states: [Int: ObjectReference]

    /// What happens in the current round in simulated time.
    var happening: RoundPlan?
    /// Payloads that clients may still be working on, by the round after which they were made; where rounds overlap.
    var versions: [Int: ObjectBytes] = [:]

    /// Clients whose updates count in the current round, in the order drawn.
    var cohort: [CohortMember] = []
    var waiting: Set<UInt64> = []
    var trained: [ClientRow] = []
    var reports: [ClientReport] = []
    var activations: [Int: [Float]] = [:]
    /// States of this round, by client; their bytes are kept elsewhere.
    var newStates: [Int: ObjectReference] = [:]
    var evaluation: Evaluation?
    var current: RoundRow?
    var rows: [Row] = []

    /// A fresh run, or one that goes on after `snapshot`, which was made with the same configuration.
    package init(
        configuration: FederatedConfiguration, population: Population, plan: NetworkPlan,
        overhead: MessageOverhead, timeline: Timeline? = nil, resuming snapshot: Snapshot? = nil
    ) {
        self.timeline = timeline
        self.configuration = configuration
        self.population = population
        self.plan = plan
        self.overhead = overhead
        exchange = configuration.exchange(plan)
        layoutDigest = exchange.payload.digest
        global = FloatBuffer(count: exchange.payload.count)
        staging = FloatBuffer(count: exchange.payload.count)
        coding = UpdateCoding(configuration, layout: exchange.payload)
        received = FloatBuffer(count: coding.downlink == nil ? 0 : exchange.payload.count)
        downlinkResidual =
            coding.downlink?.errorFeedback == true ? FloatBuffer(count: exchange.payload.count) : nil
        let method = configuration.method.method
        server = method.server(
            ServerContext(
                exchange: exchange, clients: population.clients, training: configuration.training,
                aggregation: configuration.aggregation))
        selector = Selector(
            configuration.training.selection, seed: configuration.seed, counts: population.trainCounts,
            size: configuration.training.clientsPerRound)
        attackers =
            configuration.attack?.attackers(of: population.clients, seed: configuration.seed) ?? []
        round = snapshot?.round ?? 0
        states = snapshot?.states ?? [:]
        participations = .init(repeating: 0, count: population.clients)
        participationValues = FloatBuffer(
            count: selector.learns || timeline != nil ? population.clients : 0)
        timelineValues = Self.timelineValues(timeline)
        globalObject = ObjectBytes([])
        broadcast = globalObject
        if let snapshot { restore(snapshot) } else { initialize() }
        globalObject = ObjectBytes(global.view)
        if overlaps { versions[round] = globalObject }
    }

    private func initialize() {
        let model = FloatBuffer(count: plan.layout.count)
        var stream = RandomStream(RandomKey(seed: configuration.seed, purpose: .initialization))
        plan.initialParameters(configuration.initialization, stream: &stream, into: model.view)
        exchange.gather(model.view, into: global.view)
    }

    private mutating func restore(_ snapshot: Snapshot) {
        var fits = snapshot.model.copy(into: global.view)
        for vector in serverMemory {
            let saved = snapshot.memory.first { $0.name == vector.name }
            fits = fits && saved?.values.copy(into: vector.values) ?? false
        }
        precondition(fits, "a snapshot of another experiment")
        resumeTimeline(snapshot)
        if let saved = snapshot.memory.first(where: { $0.name == Self.participationVector }) {
            let counts = participationValues.view
            fits = saved.values.copy(into: counts)
            precondition(fits, "a snapshot of other clients")
            for client in participations.indices { participations[client] = Int(counts[client]) }
        } else {
            for past in stride(from: 1, through: snapshot.round, by: 1) {
                for client in clients(round: past) { participations[client] += 1 }
            }
        }
    }

    /// The cohort of a round, in the order drawn.
    func clients(round: Int) -> [Int] {
        configuration.method.method.poolsData ? [0] : selector.cohort(round: round)
    }

    // MARK: - Memory

    private static let participationVector = "participations"

    /// Whether clients may work on older versions of the model.
    var overlaps: Bool { (timeline?.versions ?? 1) > 1 }

    /// What is restored in place: the server's and the selection's.
    private var serverMemory: [ServerVector] {
        let residual = downlinkResidual.map {
            ServerVector("downlink_residual", layout: exchange.payload, values: $0.view)
        }
        return server.memory + selector.memory + [residual].compactMap(\.self)
    }

    /// What must be saved beside the model.
    private var memory: [ServerVector] {
        serverMemory + [participationMemory, timelineMemory].compactMap(\.self)
    }

    /// Where cohorts do not follow from the seed alone, how often each client took part.
    private var participationMemory: ServerVector? {
        guard participationValues.count > 0 else { return nil }
        var layout = ParameterLayout()
        layout.append(name: "client", shape: [participations.count], role: .buffer, layer: 0)
        return ServerVector(Self.participationVector, layout: layout, values: participationValues.view)
    }

    /// What a resumed run needs; before the first round its values are those of a fresh one.
    public func snapshot(final: Bool) -> Snapshot {
        Snapshot(
            round: round, model: globalObject, layout: exchange.payload,
            memory: memory.map {
                NamedVector(name: $0.name, layout: $0.layout, values: ObjectBytes($0.values))
            } + versionMemory, final: final)
    }

    // MARK: - Program

    public func object(_ id: ObjectID) -> ObjectBytes? {
        if globalObject.id == id { return globalObject }
        if broadcast.id == id { return broadcast }
        return versions.values.first { $0.id == id }
    }

    public mutating func start() -> ProgramStep {
        precondition(round < configuration.training.rounds, "nothing is left to do")
        return beginRound()
    }

    public mutating func accept(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        guard waiting.contains(task.id) else { return ProgramStep() }
        var step = ProgramStep()
        switch task.kind {
        case .train: try acceptUpdate(output, of: task, &step)
        case .evaluateTest, .evaluateClient: try acceptEvaluation(output, of: task)
        case .trainNetwork, .teacherOutputs, .makeImages, .serveStudent, .serveDevice:
            preconditionFailure("not a task of this program")
        }
        waiting.remove(task.id)
        guard waiting.isEmpty else { return step }
        var next = evaluation == nil ? finishTraining() : finishRound()
        next.states = step.states + next.states
        return next
    }

    /// Round, kind and place: unique in the run, equal in every execution of it.
    func taskID(_ kind: TaskSpec.Kind, _ position: Int) -> UInt64 {
        UInt64(round) << 32 | UInt64(kind.rawValue) << 28 | UInt64(position)
    }
}

import Datasets
import Devices
import Networks
import TensorMath

/// Split computing in rounds: epochs of the teacher where it is not loaded, epochs of all divided networks, and one round
/// for each mode at the test images.
public struct SplitComputingProgram: Program {
    /// Samples of a task of evaluation.
    static let evaluationSlice = 1000

    let configuration: SplitComputingConfiguration
    let networks: [SplitNetwork]
    let divided: [DividedNetwork]
    let modes: [SplitMode]
    let timetable: SplitTimetable
    let data: InferenceData
    let held: HeldOut
    let teacherPlan: NetworkPlan
    let pricing: SplitPricing
    let layoutDigest: [UInt8]

    /// The last finished round.
    var round: Int
    /// As `TeacherTraining.state`.
    var teacher: ObjectBytes
    /// By place among the networks; empty while the teacher learns.
    var states: [Int: SplitState] = [:]
    /// Objects that open tasks name.
    var objects: [ObjectID: ObjectBytes] = [:]
    var waiting: Set<UInt64> = []
    /// Sums of this round, by network from 1 (0 for the teacher), or of its test under 0.
    var sums: [Int: TaskSums] = [:]
    var contest: SplitContest?
    var rows: [Row] = []

    /// - Parameters:
    ///   - loaded: the teacher's parameters, where it is not trained.
    ///   - snapshot: of the same configuration, to go on after.
    package init(
        configuration: SplitComputingConfiguration, data: InferenceData, teacher plan: NetworkPlan,
        pricing: SplitPricing, loaded: ObjectBytes? = nil, resuming snapshot: Snapshot? = nil
    ) throws(SplitError) {
        self.configuration = configuration
        self.data = data
        self.pricing = pricing
        networks = configuration.networks
        divided = try configuration.divided(plan)
        modes = configuration.modes
        timetable = SplitTimetable(configuration)
        held = HeldOut(
            count: data.trainCount, fraction: configuration.validationFraction, seed: configuration.seed)
        teacherPlan = plan
        layoutDigest = plan.layout.digest
        round = snapshot?.round ?? 0
        teacher = ObjectBytes([])
        if let snapshot { restore(snapshot) } else { initialize(loaded) }
    }

    private mutating func initialize(_ loaded: ObjectBytes?) {
        let training = configuration.teacher.training
        teacher = TeacherTraining.initialState(
            teacherPlan, training.optimizer, configuration.teacher.initialization, loaded: loaded,
            seed: configuration.seed)
    }

    var teacherParameters: ObjectBytes { teacher.part(0..<(4 * teacherPlan.layout.count)) }

    /// Test images that modes are asked.
    var testCount: Int { configuration.deployment.images(of: data.test.count) }

    // MARK: - Snapshots

    private mutating func restore(_ snapshot: Snapshot) {
        teacher = snapshot.teacherState
        for (index, network) in networks.enumerated() {
            states[index] = SplitState(
                divided[index], index, snapshot,
                scores: network.kind == .neuralFilter ? held.validation.count : 0)
        }
    }

    /// What a resumed run needs, after the last finished round.
    func snapshot() -> Snapshot {
        let parameters = teacherParameters
        var memory = Snapshot.memory(ofTeacher: teacher, parameters: teacherPlan.layout.count)
        for (index, state) in states.sorted(by: { $0.key < $1.key }) { memory += state.vectors(index) }
        return Snapshot(
            round: round, model: parameters, layout: teacherPlan.layout, memory: memory,
            final: round == timetable.rounds)
    }

    /// Of the network at a place as a snapshot of a finished run has it: parameters in the layout of the whole, and a filter's
    /// scores of so many validation samples.
    package static func deployed(
        _ index: Int, _ divided: DividedNetwork, in snapshot: Snapshot, scores: Int = 0
    ) -> (parameters: ObjectBytes, scores: FloatView)? {
        SplitState(divided, index, snapshot, scores: scores).map { ($0.deployed, $0.validationScores) }
    }

    // MARK: - Program

    public func object(_ id: ObjectID) -> ObjectBytes? { objects[id] }

    public mutating func start() -> ProgramStep {
        precondition(round < timetable.rounds, "nothing is left to do")
        return beginRound()
    }

    public mutating func accept(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        guard waiting.contains(task.id) else { return ProgramStep() }
        switch task.kind {
        case .trainNetwork: return try acceptSlice(output, of: task)
        case .evaluateTest:
            try sums[0, default: TaskSums()].add(output.metrics, samples: task.count ?? 0)
            return finish(task) ? finishContest() : ProgramStep()
        case .train, .evaluateClient, .teacherOutputs, .makeImages, .serveStudent, .serveDevice:
            preconditionFailure("not a result of this program")
        }
    }

    /// Whether that was the last open task.
    mutating func finish(_ task: TaskSpec) -> Bool {
        waiting.remove(task.id)
        return waiting.isEmpty
    }

    // MARK: - Rounds

    mutating func beginRound() -> ProgramStep {
        objects = [:]
        sums = [:]
        rows = []
        switch timetable.stage(round + 1) {
        case .teacher(let epoch): return train([0], epoch: epoch)
        case .training(let epoch): return train(learners(in: epoch), epoch: epoch)
        case .contest(let index): return beginContest(index)
        }
    }

    /// Ends the current round, whose rows are in `rows`, and begins the next.
    mutating func closeRound(accuracy: Double?) -> ProgramStep {
        round += 1
        let (finished, snapshot, ended) = (rows, snapshot(), round)
        var step: ProgramStep
        if round == timetable.rounds {
            step = ProgramStep()
            // The mode that the run is about may have had its round before the run was resumed: its accuracy is in the
            // ledger alone.
            step.outcome = Outcome(
                rounds: round, finalAccuracy: nil, modelDigest: hexadecimal(states[0]!.deployed.digest))
        } else {
            step = beginRound()
        }
        step.begin(with: finished, snapshot, FinishedRound(round: ended, accuracy: accuracy))
        return step
    }
}

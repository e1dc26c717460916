import Datasets
import Devices
import Networks
import TensorMath

/// Distributed inference in rounds: epochs of the teacher, its answers and the partition of its filters, epochs of all
/// networks that learn from it, and one round for each contender.
///
/// Networks that learn side by side go on from epoch to epoch together, so that the state after a round is one state.
public struct DistributedInferenceProgram: Program {
    /// Samples of a task of evaluation.
    static let evaluationSlice = 1000

    let configuration: DistributedInferenceConfiguration
    let contenders: [Contender]
    let timetable: Timetable
    let data: InferenceData
    let held: HeldOut
    let teacherPlan: NetworkPlan
    let stage: FeatureStage
    let pricing: InferencePricing
    let headers: InferenceHeaders
    let layoutDigest: [UInt8]

    /// The last finished round.
    var round: Int
    /// As `TeacherTraining.state`.
    var teacher: ObjectBytes
    /// States that a snapshot had, by contender, until the networks are there.
    var saved: [Int: ObjectBytes]
    /// By contender.
    var networks: [Int: StudentNetwork] = [:]
    var partitions: [Int: KnowledgePartition] = [:]
    /// What is known once the teacher has answered.
    var answers: TeacherKnowledge?
    /// [images, C, H, W], where they are made; nil until then.
    var madeImages: ObjectBytes?
    /// The teacher's answers to them.
    var madeAnswers: ObjectBytes?
    /// What this round's networks learn from, by whether the teacher is asked anew.
    var lessons: [Bool: ObjectBytes] = [:]
    /// Parts of an answer that is not whole yet.
    var pieces: [SplitPart: [Int: ObjectBytes]] = [:]
    /// Objects that open tasks name.
    var objects: [ObjectID: ObjectBytes] = [:]
    var waiting: Set<UInt64> = []
    /// Sums of this round, by network (0 for the teacher), or of its test under 0.
    var sums: [Int: TaskSums] = [:]
    var contest: Contest?
    var rows: [Row] = []

    /// - Parameters:
    ///   - loaded: the teacher's parameters, where it is not trained.
    ///   - snapshot: of the same configuration, to go on after.
    package init(
        configuration: DistributedInferenceConfiguration, data: InferenceData, teacher plan: NetworkPlan,
        devices: InferenceDevices, headers: InferenceHeaders, loaded: ObjectBytes? = nil,
        resuming snapshot: Snapshot? = nil
    ) throws(StudentError) {
        self.configuration = configuration
        self.data = data
        self.headers = headers
        contenders = configuration.contenders
        timetable = Timetable(configuration)
        held = HeldOut(
            count: data.trainCount, fraction: configuration.validationFraction, seed: configuration.seed)
        teacherPlan = plan
        stage = try FeatureStage(plan)
        layoutDigest = plan.layout.digest
        pricing = InferencePricing(devices, configuration.deployment, headers: headers, input: plan.input)
        round = snapshot?.round ?? 0
        saved = [:]
        teacher = ObjectBytes([])
        if let snapshot {
            restore(snapshot)
        } else {
            initialize(loaded)
        }
    }

    private mutating func initialize(_ loaded: ObjectBytes?) {
        let training = configuration.teacher.training
        teacher = TeacherTraining.initialState(
            teacherPlan, training.optimizer, configuration.teacher.initialization, loaded: loaded,
            seed: configuration.seed)
    }

    var teacherParameters: ObjectBytes { teacher.part(0..<(4 * teacherPlan.layout.count)) }

    // MARK: - Snapshots

    private static let networkPrefix = "network_"
    private static let imagesVector = "made_images"
    private static let madeAnswersVector = "made_answers"

    private mutating func restore(_ snapshot: Snapshot) {
        teacher = snapshot.teacherState
        let count = TeacherTraining.stateCount(teacherPlan, configuration.teacher.training.optimizer)
        precondition(teacher.count == 4 * count, "a snapshot of another teacher")
        madeImages = snapshot.memory.first { $0.name == Self.imagesVector }?.values
        madeAnswers = snapshot.memory.first { $0.name == Self.madeAnswersVector }?.values
        for vector in snapshot.memory where vector.name.hasPrefix(Self.networkPrefix) {
            guard let index = Int(vector.name.dropFirst(Self.networkPrefix.count)) else { continue }
            saved[index] = vector.values
        }
    }

    /// What a resumed run needs, after the last finished round.
    func snapshot() -> Snapshot {
        let parameters = teacherParameters
        var memory = Snapshot.memory(ofTeacher: teacher, parameters: teacherPlan.layout.count)
        for (name, object) in [(Self.imagesVector, madeImages), (Self.madeAnswersVector, madeAnswers)] {
            guard let object else { continue }
            var layout = ParameterLayout()
            layout.append(name: "values", shape: [object.count / 4], role: .buffer, layer: 0)
            memory.append(NamedVector(name: name, layout: layout, values: object))
        }
        for (index, network) in networks.sorted(by: { $0.key < $1.key }) {
            memory.append(
                NamedVector(
                    name: "\(Self.networkPrefix)\(index)", layout: network.stateLayout(),
                    values: network.state))
        }
        return Snapshot(
            round: round, model: parameters, layout: teacherPlan.layout, memory: memory,
            final: round == timetable.rounds)
    }

    /// The name of the vector that a contender's network is saved as.
    package static func vector(ofContender index: Int) -> String { "\(networkPrefix)\(index)" }

    // MARK: - Program

    public func object(_ id: ObjectID) -> ObjectBytes? { objects[id] }

    public mutating func start() -> ProgramStep {
        precondition(round < timetable.rounds, "nothing is left to do")
        // What the teacher answered is not saved: it answers again.
        return round >= timetable.answersRound ? askTeacher() : beginRound()
    }

    public mutating func accept(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) -> ProgramStep {
        guard waiting.contains(task.id) else { return ProgramStep() }
        switch task.kind {
        case .trainNetwork: return try acceptSlice(output, of: task)
        case .teacherOutputs: return try acceptAnswers(output, of: task)
        case .evaluateTest:
            try sums[0, default: TaskSums()].add(output.metrics, samples: task.count ?? 0)
            return finish(task) ? finishContest() : ProgramStep()
        case .makeImages: return try acceptImages(output, of: task)
        case .train, .evaluateClient, .serveStudent, .serveDevice:
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
        lessons = [:]
        switch timetable.stage(round + 1) {
        case .teacher(let epoch): return train([0], epoch: epoch)
        case .answers: return askTeacher()
        case .images: return makeImages()
        case .distillation(let epoch): return train(networks.keys.sorted(), epoch: epoch)
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
            // The contender that the run is about may have had its round before the run was resumed: its accuracy is in
            // the ledger alone.
            step.outcome = Outcome(
                rounds: round, finalAccuracy: nil, modelDigest: hexadecimal(networks[1]!.parameters.digest))
        } else {
            step = beginRound()
        }
        step.begin(with: finished, snapshot, FinishedRound(round: ended, accuracy: accuracy))
        return step
    }
}

import Networks
import TensorMath

/// A network that is trained for a contender, between its tasks.
struct StudentNetwork {
    let description: NetworkDescription
    let plan: EnsemblePlan
    /// As `StudentTraining.state`.
    var state: ObjectBytes

    /// Untrained. `number` tells its random numbers from those of others.
    init(
        _ description: NetworkDescription, plan: EnsemblePlan,
        _ configuration: DistributedInferenceConfiguration, number: Int
    ) {
        self.description = description
        self.plan = plan
        let training = configuration.distillation.training
        let values = FloatBuffer(count: StudentTraining.stateCount(plan, training.optimizer)).view
        plan.initialParameters(
            configuration.teacher.initialization, seed: configuration.seed, participation: UInt32(number),
            into: values.slice(0, plan.layout.count))
        state = ObjectBytes(values)
    }

    /// The parameters alone, in the plan's layout.
    var parameters: ObjectBytes { state.part(0..<(4 * plan.layout.count)) }

    /// What the validation samples showed of the features: their means, [D], and each student's greatest.
    var seen: (means: FloatView, greatest: [Float]) {
        let count = plan.features + plan.students.count
        let values = FloatBuffer(count: count).view
        let fits = state.part((state.count - 4 * count)..<state.count).copy(into: values)
        precondition(fits)
        return (values.slice(0, plan.features), values.slice(plan.features, plan.students.count).array)
    }

    /// With what a worker must know to serve it.
    var servedDescription: NetworkDescription {
        var served = description
        served.greatestBits = seen.greatest.map(\.bitPattern)
        return served
    }

    /// Of the state, with the plan's own names first.
    func stateLayout() -> ParameterLayout {
        var layout = plan.layout
        layout.append(
            name: Self.rest, shape: [state.count / 4 - plan.layout.count], role: .buffer, layer: 0)
        return layout
    }

    /// The segment of what the optimiser and the validation samples left.
    static let rest = "training_state"
}

extension DistributedInferenceConfiguration {
    /// Whether the teacher must answer each batch anew.
    func needsTeacher(_ description: NetworkDescription) -> Bool {
        description.attention || preprocessing.augmentation != .none
    }

    /// Multiply-accumulates of a sample in the teacher's training.
    func teacherMACs(_ plan: NetworkPlan) -> UInt64 { 3 * plan.macs }

    /// Multiply-accumulates of a sample in a network's distillation.
    func trainingMACs(
        _ plan: EnsemblePlan, teacher: NetworkPlan, _ description: NetworkDescription
    ) -> UInt64 { 3 * plan.macs + (needsTeacher(description) ? teacher.macs : 0) }

    /// What is trained for a contender; nil for those without a training of their own.
    /// - Parameters:
    ///   - stage: the teacher's.
    ///   - memory: bytes of each student's device; students beyond the first have them in turn.
    ///   - partition: of the teacher's filters by a rule into a number of parts.
    func description(
        of contender: Contender, teacher: NetworkPlan, memory: [UInt64],
        partition: (PartitionRule, Int) throws(PartitionFault) -> KnowledgePartition
    ) throws(ContenderFault) -> NetworkDescription? {
        do {
            switch contender.kind {
            case .teacher, .channelSplit: return nil
            case .partitioned(let rule):
                let parts = try partition(rule, parts(of: contender.students)).parts
                return try partitioned(parts, students: contender.students, teacher, memory)
            case .splitKD, .single:
                let parts = try partition(self.partition.rule, parts(of: contender.students)).parts
                let students = try partitioned(parts, students: contender.students, teacher, memory)
                let total = try students.plan(input: teacher.input, classes: teacher.classes)
                let name = try single(as: total, teacher)
                return NetworkDescription(
                    kind: contender.kind == .splitKD ? .split : .single, trunks: [name],
                    students: contender.devices, attention: contender.kind == .single(attention: true))
            }
        } catch let error as PartitionFault { throw .partition(contender.name, error) } catch let error
            as StudentError
        { throw .student(contender.name, error) } catch { preconditionFailure("\(error)") }
    }

    /// Builds every contender's network as if the filters were divided evenly, so that what does not fit is known before
    /// there is a teacher. One for each contender; nil for those without a network of their own.
    @discardableResult
    package func rehearse(
        teacher: NetworkPlan, memory: [UInt64]
    ) throws(ContenderFault) -> [EnsemblePlan?] {
        let filters: Int
        do throws(StudentError) {
            filters = try FeatureStage(teacher).filters
            let read = ActivationProbe.tap(teacher).flatMap { teacher.index(of: $0) }
            if distillation.images == .dream, read.map({ teacher.blocks[$0].output.count }) != filters {
                throw .featuresNotPooled(model: teacher.spec.name)
            }
        } catch { throw .student("teacher", error) }
        let nothing = FilterActivity(images: 1, filters: filters, values: .init(repeating: 1, count: filters))
        var plans: [EnsemblePlan?] = []
        for contender in contenders {
            guard contender.isTrained else {
                plans.append(nil)
                continue
            }
            let description = try description(of: contender, teacher: teacher, memory: memory) {
                (rule, parts) throws(PartitionFault) in
                try partition(by: rule, into: parts, memory: memory).validate()
                return try KnowledgePartition.make(
                    partition(by: .equal, into: parts, memory: memory), activity: nothing, seed: seed)
            }
            do throws(StudentError) {
                let plan = try description?.plan(input: teacher.input, classes: teacher.classes)
                if let plan, description!.attention {
                    _ = try AttentionTransfer(teacher: teacher, student: plan.students[0])
                }
                plans.append(plan)
            } catch { throw .student(contender.name, error) }
        }
        return plans
    }

    private func partitioned(
        _ parts: [[Int]], students: Int, _ teacher: NetworkPlan, _ memory: [UInt64]
    ) throws(StudentError) -> NetworkDescription {
        var trunks: [String] = []
        for index in 0..<students {
            let filters = parts[index % parts.count].count
            switch student {
            case .model(let name): trunks.append(name)
            case .family(let family, var budget, let rank):
                let room = memory[index % memory.count]
                budget.memoryBytes = min(budget.memoryBytes ?? room, room)
                let candidates = try family.candidates(filters: filters, input: teacher.input)
                trunks.append(try budget.largest(of: candidates, rank: rank).spec.name)
            }
        }
        return NetworkDescription(kind: .partitioned, trunks: trunks, parts: parts, students: students)
    }

    /// The largest network of the students' family that has no more parameters than all of them and the head.
    private func single(as students: EnsemblePlan, _ teacher: NetworkPlan) throws(StudentError) -> String {
        guard let family = student.family else { throw .noFamily(model: student.name) }
        let total = students.students.reduce(students.head.parameterCount) { $0 + $1.parameterCount }
        var best: (name: String, parameters: Int)?
        var smallest: (name: String, parameters: Int)?
        for name in family.names {
            let model = try NetworkPlan.zoo(name, input: teacher.input, classes: teacher.classes)
            let trunk = try NetworkPlan.trunk(of: model)
            let parameters = trunk.parameterCount + (trunk.classes + 1) * teacher.classes
            if parameters < smallest?.parameters ?? .max { smallest = (name, parameters) }
            if parameters <= total, parameters > best?.parameters ?? 0 { best = (name, parameters) }
        }
        return (best ?? smallest)!.name
    }
}

extension StudentSpec {
    /// From which larger and smaller networks can be taken; nil where the model is of none.
    public var family: StudentFamily? {
        switch self {
        case .family(let family, _, _): family
        case .model(let name): StudentFamily.of(name)
        }
    }

    var name: String {
        switch self {
        case .family(let family, _, _): family.rawValue
        case .model(let name): name
        }
    }
}

extension StudentFamily {
    static func of(_ model: String) -> StudentFamily? {
        let starts: [(String, StudentFamily)] = [
            ("wrn_", .wideResNet), ("mobilenet_v2_", .mobileNetV2), ("small_cnn", .smallCNN),
        ]
        return starts.first { model.hasPrefix($0.0) }?.1
    }
}

/// Why there is no network for a contender.
public enum ContenderFault: Error, Sendable, CustomStringConvertible {
    case partition(String, PartitionFault)
    case student(String, StudentError)

    public var description: String {
        switch self {
        case .partition(let name, let fault): "partition (\(name)): \(fault)"
        case .student(let name, let fault): "student (\(name)): \(fault)"
        }
    }
}

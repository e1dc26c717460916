import Datasets
import Networks
import TensorMath

/// Computes the tasks of split computing on a worker that holds the data set, and plays the device.
public final class SplitExecutor: TaskExecutor {
    let configuration: SplitComputingConfiguration
    let images: ImageSet
    let teacher: NetworkPlan
    private let networks: [SplitNetwork]
    private let divided: [DividedNetwork]
    private let modes: [SplitMode]

    public init(
        configuration: SplitComputingConfiguration, dataset: Dataset, teacher: NetworkPlan
    ) throws(SplitError) {
        self.configuration = configuration
        self.teacher = teacher
        images = ImageSet(
            dataset, shape: teacher.input, validationFraction: configuration.validationFraction,
            preprocessing: configuration.preprocessing, seed: configuration.seed)
        networks = configuration.networks
        modes = configuration.modes
        divided = try configuration.divided(teacher)
    }

    public func isStream(_ task: TaskSpec) -> Bool { task.kind == .serveDevice }

    public func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution {
        switch task.kind {
        case .trainNetwork:
            guard let number = task.client, number > 0 else { return try trainTeacher(task, inputs) }
            return try train(task, network: number - 1, inputs)
        case .evaluateTest: return try test(task, inputs)
        case .train, .evaluateClient, .teacherOutputs, .makeImages, .serveStudent, .serveDevice:
            throw TaskFailure("task kind \(task.kind.rawValue) does not belong to split computing")
        }
    }

    public func serve(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any StreamExecution {
        guard task.kind == .serveDevice, modes.indices ~= task.participation, inputs.count == 2 else {
            throw TaskFailure("mode \(task.participation) of \(modes.count), with \(inputs.count) inputs")
        }
        let mode = modes[task.participation]
        return try ServedDevice(
            mode, task.participation, divided, own: inputs[0], teacher: teacher, teacherParameters: inputs[1],
            configuration: configuration, images: images)
    }

    // MARK: - Tasks

    private func trainTeacher(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> EpochSlice {
        guard inputs.count == 1 else { throw TaskFailure("a teacher's epoch has \(inputs.count) inputs") }
        let training = configuration.teacher.training
        let network = TeacherTraining(plan: teacher, training: training, seed: configuration.seed)
        return try EpochSlice(
            images, task: task, network: network, lesson: RealImages(images), state: inputs[0],
            training: training, macs: 3 * teacher.macs)
    }

    private func train(
        _ task: TaskSpec, network index: Int, _ inputs: [ObjectBytes]
    ) throws(TaskFailure) -> EpochSlice {
        let parameters = FloatBuffer(count: teacher.layout.count).view
        guard inputs.count == 2, networks.indices ~= index, inputs[0].copy(into: parameters) else {
            throw TaskFailure("network \(index + 1) of \(networks.count), with \(inputs.count) inputs")
        }
        guard let phase = networks[index].phase(ofEpoch: task.participation, configuration) else {
            throw TaskFailure("epoch \(task.participation) of \(networks[index].name)")
        }
        let network: any TrainedNetwork =
            phase.lesson == .interest
            ? FilterTraining(
                divided[index], configuration.filter, validation: images.held.validation.count)
            : DividedTraining(
                divided[index], lesson: phase.lesson, training: phase.training,
                settings: configuration.training,
                teacher: phase.lesson.needsTeacher ? (teacher, parameters) : nil, seed: configuration.seed)
        return try EpochSlice(
            images, task: task, network: network, lesson: RealImages(images), state: inputs[1],
            training: phase.training, before: phase.before,
            macs: divided[index].trainingMACs(phase.lesson, teacher: teacher))
    }

    private func test(_ task: TaskSpec, _ inputs: [ObjectBytes]) throws(TaskFailure) -> TestPass {
        let available = images.dataset.test.count
        guard inputs.count == 1, let index = task.client, modes.indices ~= index, let count = task.count,
            count > 0, count <= available, 0...(available - count) ~= task.first
        else { throw TaskFailure("a test of samples or networks that are not there") }
        let plan = modes[index].network.map { divided[$0].whole } ?? teacher
        let parameters = FloatBuffer(count: plan.layout.count).view
        guard inputs[0].copy(into: parameters) else {
            throw TaskFailure("\(inputs[0].count) bytes of parameters, not \(4 * parameters.count)")
        }
        let network: any TestedNetwork =
            if let network = modes[index].network {
                DividedTest(divided[network], parameters: parameters)
            } else {
                WholeTest(teacher, parameters: parameters)
            }
        return TestPass(images, network: network, range: task.first..<(task.first + count))
    }
}

/// A network in one piece.
final class WholeTest: TestedNetwork {
    private let network: Network

    /// `parameters`: in the plan's layout.
    init(_ plan: NetworkPlan, parameters: FloatView) {
        network = Network(
            plan: plan, batch: ImageSet.evaluationBatch, mode: .evaluation, parameters: parameters)
    }

    var input: FloatView { network.input }
    var macs: UInt64 { network.plan.macs }

    func test(labels: [UInt8]) -> (lossSum: Double, correct: Int) {
        network.forward(samples: labels.count)
        return network.lossAndCorrect(labels: labels.span, samples: labels.count)
    }
}

extension SplitComputingConfiguration {
    /// All networks, divided.
    package func divided(_ teacher: NetworkPlan) throws(SplitError) -> [DividedNetwork] {
        var all: [DividedNetwork] = []
        for network in networks { all.append(try network.divided(teacher, self)) }
        return all
    }
}

extension DividedNetwork {
    /// Multiply-accumulates of a sample in its training.
    func trainingMACs(_ lesson: SplitNetwork.Lesson, teacher: NetworkPlan) -> UInt64 {
        3 * whole.macs + (lesson.needsTeacher ? teacher.macs : 0)
    }
}

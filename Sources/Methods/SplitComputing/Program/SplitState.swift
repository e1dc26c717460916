import Networks
import TensorMath

/// A divided network between its tasks: parameters, and what the optimiser of its phase keeps.
struct SplitState: Sendable {
    let divided: DividedNetwork
    /// As `DividedTraining.state`.
    var training: ObjectBytes
    /// Of one that learns in two stages: its parameters after the first.
    var afterStage1: ObjectBytes?

    /// Untrained but for what is the teacher's; networks of one shape begin alike.
    init(
        _ divided: DividedNetwork, teacher: ObjectBytes, initialization: Initialization, seed: UInt64,
        optimizer: OptimizerSpec
    ) {
        self.divided = divided
        let plan = divided.whole
        let values = FloatBuffer(count: plan.layout.count).view
        var stream = RandomStream(
            RandomKey(seed: seed, purpose: .initialization, client: 1, participation: 0))
        plan.initialParameters(initialization, stream: &stream, into: values)
        let own = FloatBuffer(count: teacher.count / 4).view
        let fits = teacher.copy(into: own)
        precondition(fits)
        divided.inherit(from: own, into: values)
        training = StateObject.make([values])
        begin(optimizer)
    }

    /// From a snapshot.
    init(_ divided: DividedNetwork, training: ObjectBytes, afterStage1: ObjectBytes?) {
        self.divided = divided
        self.training = training
        self.afterStage1 = afterStage1
    }

    /// In the layout of the whole network.
    var parameters: ObjectBytes { training.part(0..<4 * divided.whole.layout.count) }

    /// A phase begins: its optimiser remembers nothing.
    mutating func begin(_ optimizer: OptimizerSpec) {
        let count = divided.whole.layout.count
        let values = FloatBuffer(count: count * (1 + optimizer.memoryVectors)).view
        let fits = parameters.copy(into: values.slice(0, count))
        precondition(fits)
        training = ObjectBytes(values)
    }

    /// Parameters of what a device holds: the head and, where there is one, the exit.
    func parametersOfDevice(_ all: ObjectBytes) -> ObjectBytes {
        all.part(0..<divided.deviceBytes)
    }

    /// Of `training`, with the network's own names first.
    var trainingLayout: ParameterLayout {
        var layout = divided.whole.layout
        let rest = training.count / 4 - layout.count
        if rest > 0 { layout.append(name: "optimizer", shape: [rest], role: .buffer, layer: 0) }
        return layout
    }
}

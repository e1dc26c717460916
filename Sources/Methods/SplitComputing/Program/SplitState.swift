import Networks
import TensorMath

/// A divided network between its tasks: parameters, and what the optimiser of its phase keeps.
struct SplitState: Sendable {
    let divided: DividedNetwork
    /// As the state of its `TrainedNetwork`.
    var training: ObjectBytes
    /// Of one that learns in two stages: what would have been deployed after the first.
    var afterStage1: ObjectBytes?
    /// The parameters with the most right answers for validation samples so far, and these answers; nil where nobody asks.
    private var best: (parameters: ObjectBytes, correct: Int)?
    /// Of a filter: validation samples, whose scores are the last values of `training`.
    private let scores: Int

    /// Untrained but for what is the teacher's or, of a filter, the bottleneck's, of which `source` are the parameters;
    /// networks of one shape begin alike.
    init(
        _ divided: DividedNetwork, from source: ObjectBytes, initialization: Initialization, seed: UInt64,
        optimizer: OptimizerSpec, scores: Int = 0
    ) {
        self.divided = divided
        self.scores = scores
        let plan = divided.whole
        let values = FloatBuffer(count: plan.layout.count).view
        var stream = RandomStream(
            RandomKey(seed: seed, purpose: .initialization, client: 1, participation: 0))
        plan.initialParameters(initialization, stream: &stream, into: values)
        let own = FloatBuffer(count: source.count / 4).view
        let fits = source.copy(into: own)
        precondition(fits)
        divided.inherit(from: own, into: values)
        training = StateObject.make([values])
        begin(optimizer)
    }

    /// In the layout of the whole network.
    private var parameters: ObjectBytes { training.part(0..<parameterBytes) }
    private var parameterBytes: Int { 4 * divided.whole.layout.count }

    /// What modes use, in the same layout.
    var deployed: ObjectBytes { best?.parameters ?? parameters }

    /// Of validation samples in their order, as a filter's last epoch gave them.
    var validationScores: FloatView {
        let values = FloatBuffer(count: scores).view
        let fits = training.part(training.count - 4 * scores..<training.count).copy(into: values)
        precondition(fits)
        return values
    }

    /// A phase begins: its optimiser remembers nothing.
    mutating func begin(_ optimizer: OptimizerSpec) {
        let count = divided.whole.layout.count
        let values = FloatBuffer(count: count * (1 + optimizer.memoryVectors) + scores).view
        let fits = parameters.copy(into: values.slice(0, count))
        precondition(fits)
        training = ObjectBytes(values)
    }

    /// The last phase is over: what the optimiser remembers is of no more use.
    mutating func finish() {
        training = .joined([
            parameters, training.part(training.count - 4 * scores..<training.count),
        ])
    }

    /// After an epoch with so many right answers for validation samples.
    mutating func keep(correct: Int) {
        if correct > best?.correct ?? -1 { best = (parameters, correct) }
    }
}

// In snapshots.
extension SplitState {
    private static func name(_ part: String, _ index: Int) -> String { "\(part)_\(index)" }

    /// Of the network at a place; nil where it had not begun.
    init?(_ divided: DividedNetwork, _ index: Int, _ snapshot: Snapshot, scores: Int) {
        func vector(_ part: String) -> ObjectBytes? {
            snapshot.memory.first { $0.name == Self.name(part, index) }?.values
        }
        guard let training = vector("network") else { return nil }
        self.divided = divided
        self.scores = scores
        self.training = training
        afterStage1 = vector("stage1")
        let correct = FloatBuffer(count: 1).view
        if let best = vector("best"), best.part(parameterBytes..<best.count).copy(into: correct) {
            self.best = (best.part(0..<parameterBytes), Int(correct[0]))
        }
    }

    /// What `init` reads.
    func vectors(_ index: Int) -> [NamedVector] {
        let layout = divided.whole.layout
        var vectors = [named("network", index, training, rest: "optimizer")]
        if let afterStage1 {
            vectors.append(
                NamedVector(name: Self.name("stage1", index), layout: layout, values: afterStage1))
        }
        if let best {
            let values = FloatBuffer(count: layout.count + 1).view
            let fits = best.parameters.copy(into: values.slice(0, layout.count))
            precondition(fits)
            values[layout.count] = Float(best.correct)
            vectors.append(named("best", index, ObjectBytes(values), rest: "correct"))
        }
        return vectors
    }

    /// Parameters by their own names, and what else there is as one segment.
    private func named(_ part: String, _ index: Int, _ values: ObjectBytes, rest: String) -> NamedVector {
        var layout = divided.whole.layout
        let count = values.count / 4 - layout.count
        if count > 0 { layout.append(name: rest, shape: [count], role: .buffer, layer: 0) }
        return NamedVector(name: Self.name(part, index), layout: layout, values: values)
    }
}

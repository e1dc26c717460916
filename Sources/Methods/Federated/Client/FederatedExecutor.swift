import Datasets
import Networks
import TensorMath

/// Computes the tasks of federated training on a worker that holds the data set: all memory is allocated here.
public final class FederatedExecutor: TaskExecutor {
    /// Images of one evaluation batch: large enough for the matrix products, small enough for a worker's memory.
    static let evaluationBatch = 50
    /// Multiply-accumulates between two looks at the socket: a few milliseconds.
    static let slice: UInt64 = 200_000_000

    let configuration: FederatedConfiguration
    /// As clients see it: training samples have the noise of their owners.
    let dataset: Dataset
    let holdings: LocalSplit
    /// The global test set, as samples of a split.
    let globalTest: (split: Split, samples: [UInt32])
    let client: LocalClient
    let training: any ClientTraining
    let evaluator: Network
    let layoutDigest: [UInt8]
    /// MACs of one sample forward; decides how many batches fit between two looks at the socket.
    let macsPerSample: UInt64
    private let trainingImages: ImageBatch
    private let evaluationImages: ImageBatch
    private let probe: ActivationProbe?
    let attackers: Set<Int>
    /// What stands in `client.received`.
    private var received: Payload?

    private struct Payload: Equatable {
        let id: ObjectID
        let round: Int
        /// Whether it went through the downlink's stages.
        let isBroadcast: Bool
    }

    public init(
        configuration: FederatedConfiguration, dataset: Dataset, holdings: LocalSplit, plan: NetworkPlan
    ) {
        self.configuration = configuration
        self.dataset = holdings.seenByClients(dataset)
        globalTest = holdings.globalTest(of: dataset)
        self.holdings = configuration.method.holdings(of: holdings)
        client = LocalClient(configuration: configuration, plan: plan)
        training = configuration.method.method.client(client)
        evaluator = Network(
            plan: plan, batch: Self.evaluationBatch, mode: .evaluation, parameters: client.network.parameters)
        layoutDigest = client.exchange.payload.digest
        macsPerSample = plan.macs
        trainingImages = ImageBatch(client.network.input, shape: plan.input)
        evaluationImages = ImageBatch(evaluator.input, shape: plan.input)
        attackers =
            configuration.attack?.attackers(of: holdings.train.count, seed: configuration.seed) ?? []
        probe = configuration.evaluation.on.contains(.activationDivergence) ? ActivationProbe(plan) : nil
    }

    public func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution {
        guard task.layout == layoutDigest else {
            throw TaskFailure("the task is for a model of another layout; coordinator and worker differ")
        }
        guard let model = inputs.first else { throw TaskFailure("the task has no model") }
        do throws(CompressionError) { try receive(model, of: task) } catch {
            throw TaskFailure("the task's model cannot be read: \(error)")
        }
        client.hasState = inputs.count > 1
        if client.hasState {
            guard inputs.count == 2, inputs[1].copy(into: client.state) else {
                throw TaskFailure("the client's state does not have \(client.state.count) values")
            }
        } else {
            client.state.fill(0)
        }
        client.receiveModel()
        return try execution(of: task)
    }

    /// Puts what was sent into `client.received`, where it stays for the other clients of the round.
    private func receive(_ model: ObjectBytes, of task: TaskSpec) throws(CompressionError) {
        let payload = Payload(id: model.id, round: task.round, isBroadcast: task.kind == .train)
        guard payload != received else { return }
        received = nil
        if payload.isBroadcast {
            try client.coding.receive(model, round: task.round, into: client.received)
        } else if !model.copy(into: client.received) {
            throw CompressionError(
                segment: nil, problem: .size(model.count, expected: client.received.count * 4))
        }
        received = payload
    }

    private func execution(of task: TaskSpec) throws(TaskFailure) -> any TaskExecution {
        switch task.kind {
        case .train:
            let id = try identify(task, among: holdings.train)
            return ClientRound(self, task: task, client: id)
        case .evaluateTest:
            let (split, samples) = globalTest
            let end = task.first + (task.count ?? samples.count - task.first)
            guard task.first < end, end <= samples.count else {
                throw TaskFailure("samples \(task.first)..<\(end) of a test set of \(samples.count)")
            }
            return LocalEvaluation(self, split: split, indices: Array(samples[task.first..<end]))
        case .evaluateClient:
            let id = try identify(task, among: holdings.test)
            training.personalize()
            let evaluation = LocalEvaluation(self, split: dataset.train, indices: holdings.test[id])
            let epochs = configuration.method.method.fineTuningEpochs
            guard epochs > 0, !holdings.train[id].isEmpty else { return evaluation }
            // Fine-tuning must not repeat the random numbers of any training.
            let participation = UInt32(task.round) | 1 << 31
            return FineTunedEvaluation(
                LocalTraining(self, client: id, participation: participation, epochs: epochs),
                then: evaluation)
        case .trainNetwork, .teacherOutputs, .makeImages, .serveStudent, .serveDevice:
            throw TaskFailure("task kind \(task.kind.rawValue) does not belong to federated training")
        }
    }

    private func identify(_ task: TaskSpec, among samples: [[UInt32]]) throws(TaskFailure) -> Int {
        guard let id = task.client, id < samples.count else {
            throw TaskFailure("client \(task.client ?? -1) of \(samples.count)")
        }
        guard !samples[id].isEmpty else { throw TaskFailure("client \(id) has no samples for it") }
        client.id = id
        client.participation = task.participation
        // Fine-tuning before a test is no part of the training that a schedule brings to its end.
        client.learningRate = configuration.training.learningRate(round: task.kind == .train ? task.round : 1)
        client.optimizer.reset(learningRate: client.learningRate)
        return id
    }

    // MARK: - Batches

    /// Fills the training network's input and the client's labels with samples of the training split.
    func fill(_ indices: [UInt32], _ range: Range<Int>, augmentation: inout RandomStream) {
        dataset.train.fillBatch(indices, range, into: client.network.input, labels: &client.labels)
        if configuration.attack?.kind == .labelFlip, attackers.contains(client.id) {
            for index in 0..<range.count {
                client.labels[index] = UInt8(dataset.classes - 1) - client.labels[index]
            }
        }
        if configuration.preprocessing.augmentation == .cropAndFlip {
            trainingImages.cropAndFlip(samples: range.count, stream: &augmentation)
        }
        if let statistics = configuration.preprocessing.normalization {
            trainingImages.normalize(samples: range.count, by: statistics)
        }
    }

    /// Fills the evaluating network's input.
    func fillEvaluation(_ split: Split, _ indices: [UInt32], _ range: Range<Int>, labels: inout [UInt8]) {
        split.fillBatch(indices, range, into: evaluator.input, labels: &labels)
        if let statistics = configuration.preprocessing.normalization {
            evaluationImages.normalize(samples: range.count, by: statistics)
        }
    }

    /// What the model in the network's parameters makes of the probe images.
    func meanActivations() -> FloatView { probe!.mean(of: self) }
}

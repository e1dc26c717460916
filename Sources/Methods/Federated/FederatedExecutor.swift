import Datasets
import Networks
import TensorMath

/// Computes the tasks of federated training on a worker that holds the data set: all memory is allocated here.
public final class FederatedExecutor: TaskExecutor {
    /// Images of one evaluation batch: large enough for the matrix products, small enough for a worker's memory.
    static let evaluationBatch = 50

    let configuration: FederatedConfiguration
    let dataset: Dataset
    let holdings: LocalSplit
    let trainer: Network
    let evaluator: Network
    let layoutDigest: [UInt8]
    /// MACs of one sample forward; decides how many batches fit between two looks at the socket.
    let macsPerSample: UInt64

    public init(
        configuration: FederatedConfiguration, dataset: Dataset, holdings: LocalSplit, plan: NetworkPlan
    ) {
        self.configuration = configuration
        self.dataset = dataset
        self.holdings = holdings
        trainer = Network(plan: plan, batch: configuration.training.batchSize)
        evaluator = Network(
            plan: plan, batch: Self.evaluationBatch, mode: .evaluation, parameters: trainer.parameters)
        layoutDigest = plan.layout.digest
        macsPerSample = plan.blocks.reduce(0) { $0 + $1.cost.macs }
    }

    public func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution {
        guard task.layout == layoutDigest else {
            throw TaskFailure("the task is for a model of another layout; coordinator and worker differ")
        }
        guard inputs.count == 1, inputs[0].copy(into: trainer.parameters) else {
            throw TaskFailure("the task's model does not have \(trainer.parameters.count) parameters")
        }
        switch task.kind {
        case .train:
            let client = try client(of: task, among: holdings.train)
            return LocalTraining(self, task: task, client: client)
        case .evaluateTest:
            let end = task.first + (task.count ?? dataset.test.count - task.first)
            guard task.first < end, end <= dataset.test.count else {
                throw TaskFailure("samples \(task.first)..<\(end) of a test split of \(dataset.test.count)")
            }
            return LocalEvaluation(self, split: dataset.test, indices: (task.first..<end).map { UInt32($0) })
        case .evaluateClient:
            let indices = holdings.test[try client(of: task, among: holdings.test)]
            return LocalEvaluation(self, split: dataset.train, indices: indices)
        }
    }

    private func client(of task: TaskSpec, among samples: [[UInt32]]) throws(TaskFailure) -> Int {
        guard let client = task.client, client < samples.count else {
            throw TaskFailure("client \(task.client ?? -1) of \(samples.count)")
        }
        guard !samples[client].isEmpty else { throw TaskFailure("client \(client) has no samples for it") }
        return client
    }
}

/// One client's epochs of SGD from the model that it received (McMahan et al. 2017, algorithm 1, ClientUpdate).
/// The optimiser starts afresh in every round; the last partial batch is trained on.
private final class LocalTraining: TaskExecution {
    /// Multiply-accumulates between two looks at the socket: a few milliseconds.
    static let slice: UInt64 = 200_000_000

    let executor: FederatedExecutor
    var optimizer: SGDState
    var shuffle: RandomStream
    var order: [UInt32]
    var labels: [UInt8]
    var epoch = 0
    var position = 0
    var steps = 0
    var lossSum = 0.0
    var correct = 0

    init(_ executor: FederatedExecutor, task: TaskSpec, client: Int) {
        self.executor = executor
        let training = executor.configuration.training
        var settings = training.optimizer
        settings.learningRate = training.schedule.learningRate(settings.learningRate, round: task.round)
        optimizer = SGDState(settings, count: executor.trainer.parameters.count)
        order = executor.holdings.train[client]
        labels = .init(repeating: 0, count: training.batchSize)
        shuffle = RandomStream(
            RandomKey(
                seed: executor.configuration.seed, purpose: .shuffle, client: UInt32(client),
                participation: UInt32(task.participation)))
        shuffle.shuffle(&order)
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        let training = executor.configuration.training
        var budget = Self.slice
        while true {
            let end = min(position + training.batchSize, order.count)
            executor.dataset.train.fillBatch(
                order, position..<end, into: executor.trainer.input, labels: &labels)
            let result = executor.trainer.trainStep(
                labels: labels.span, samples: end - position, optimizer: &optimizer)
            lossSum += result.lossSum
            correct += result.correct
            steps += 1
            let cost = 3 * executor.macsPerSample * UInt64(end - position)
            position = end
            if position == order.count {
                epoch += 1
                if epoch == training.localEpochs { return output() }
                position = 0
                shuffle.shuffle(&order)
            }
            if budget <= cost { return nil }
            budget -= cost
        }
    }

    private func output() -> TaskOutput {
        let seen = order.count * executor.configuration.training.localEpochs
        return TaskOutput(
            objects: [ObjectBytes(executor.trainer.parameters)],
            metrics: [lossSum, Double(correct), Double(seen), Double(steps)],
            work: [UInt64(seen), UInt64(seen)])
    }
}

/// Loss and accuracy of a model on some samples of a split.
private final class LocalEvaluation: TaskExecution {
    let executor: FederatedExecutor
    let split: Split
    let indices: [UInt32]
    var labels = [UInt8](repeating: 0, count: FederatedExecutor.evaluationBatch)
    var position = 0
    var lossSum = 0.0
    var correct = 0

    init(_ executor: FederatedExecutor, split: Split, indices: [UInt32]) {
        self.executor = executor
        self.split = split
        self.indices = indices
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        var budget = LocalTraining.slice
        while true {
            let end = min(position + FederatedExecutor.evaluationBatch, indices.count)
            split.fillBatch(
                indices, position..<end, into: executor.evaluator.input, labels: &labels)
            executor.evaluator.forward(samples: end - position)
            let result = executor.evaluator.lossAndCorrect(labels: labels.span, samples: end - position)
            lossSum += result.lossSum
            correct += result.correct
            let cost = executor.macsPerSample * UInt64(end - position)
            position = end
            if position == indices.count {
                return TaskOutput(
                    objects: [], metrics: [lossSum, Double(correct), Double(indices.count)],
                    work: [UInt64(indices.count), 0])
            }
            if budget <= cost { return nil }
            budget -= cost
        }
    }
}

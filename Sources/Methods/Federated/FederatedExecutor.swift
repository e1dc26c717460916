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
    let trainer: Network
    let evaluator: Network
    let layoutDigest: [UInt8]
    /// MACs of one sample forward; decides how many batches fit between two looks at the socket.
    let macsPerSample: UInt64

    public init(
        configuration: FederatedConfiguration, dataset: Dataset, holdings: LocalSplit, plan: NetworkPlan
    ) {
        self.configuration = configuration
        self.dataset = holdings.seenByClients(dataset)
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
            return configuration.method.train(client, task: task, on: self)
        case .evaluateTest:
            let pooled = holdings.pooledTest
            let samples = pooled?.count ?? dataset.test.count
            let end = task.first + (task.count ?? samples - task.first)
            guard task.first < end, end <= samples else {
                throw TaskFailure("samples \(task.first)..<\(end) of a test split of \(samples)")
            }
            return LocalEvaluation(
                self, split: pooled == nil ? dataset.test : dataset.train.withoutNoise,
                indices: pooled.map { Array($0[task.first..<end]) } ?? (task.first..<end).map { UInt32($0) })
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

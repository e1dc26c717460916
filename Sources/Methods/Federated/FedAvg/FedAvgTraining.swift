import Datasets
import Networks
import TensorMath

/// One client's epochs of SGD from the model that it received (McMahan et al. 2017, algorithm 1, ClientUpdate).
/// The optimiser starts afresh in every round; the last partial batch is trained on.
final class FedAvgTraining: TaskExecution {
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
        executor.trainer.dropoutStream = RandomStream(
            RandomKey(
                seed: executor.configuration.seed, purpose: .dropout, client: UInt32(client),
                participation: UInt32(task.participation)))
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        let training = executor.configuration.training
        var budget = FederatedExecutor.slice
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

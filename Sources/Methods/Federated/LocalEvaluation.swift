import Datasets
import Networks
import TensorMath

/// Loss and accuracy of a model on some samples of a split.
final class LocalEvaluation: TaskExecution {
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
        var budget = FederatedExecutor.slice
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

import Datasets
import Networks
import TensorMath

/// Loss and accuracy of a model on some samples of a split.
final class LocalEvaluation: TaskExecution {
    private let executor: FederatedExecutor
    private let split: Split
    private let indices: [UInt32]
    private var labels = [UInt8](repeating: 0, count: FederatedExecutor.evaluationBatch)
    private var position = 0
    private var lossSum = 0.0
    private var correct = 0

    init(_ executor: FederatedExecutor, split: Split, indices: [UInt32]) {
        self.executor = executor
        self.split = split
        self.indices = indices
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        var budget = FederatedExecutor.slice
        while true {
            let end = min(position + FederatedExecutor.evaluationBatch, indices.count)
            executor.fillEvaluation(split, indices, position..<end, labels: &labels)
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

/// A client's test of a model that it first makes its own by training on (FedAvg with fine-tuning).
final class FineTunedEvaluation: TaskExecution {
    private let training: LocalTraining
    private let evaluation: LocalEvaluation
    private var isTuned = false

    init(_ training: LocalTraining, then evaluation: LocalEvaluation) {
        self.training = training
        self.evaluation = evaluation
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        guard isTuned else {
            isTuned = training.advance(budget: FederatedExecutor.slice)
            return nil
        }
        return try evaluation.advance()
    }
}

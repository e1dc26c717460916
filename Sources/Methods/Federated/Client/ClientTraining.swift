import TensorMath

/// The client's half of a federated method. One instance serves all clients of a worker, one after the other: memory is
/// allocated when it is made, and `begin` starts over.
///
/// When `begin` is called the network's parameters are the model as it was received, completed by the client's own
/// segments; `client.state` is what it kept, or zeros where `client.hasState` says that there is nothing yet.
package protocol ClientTraining: AnyObject {
    /// Starts a client's round.
    func begin()

    /// One step on the batch that stands in the network's input. A method may wait for further batches of the pass (see
    /// `BatchWindow`); what its steps saw is in what the call returns that takes them.
    func step() -> StepSums

    /// A pass over all samples is over; `epoch` counts from 1.
    func finishEpoch(_ epoch: Int)

    /// Leaves what is to be sent in `client.update`, and what is to be kept in `client.state`.
    func finish()

    /// Turns the received model in the network's parameters into the one that this client would use.
    func personalize()
}

/// What batches looked like before the steps on them.
package struct StepSums {
    /// Sum of the samples' losses.
    package private(set) var lossSum = 0.0
    package private(set) var correct = 0
    /// Sum over the batches of samples x squared mean loss.
    package private(set) var lossSquares = 0.0

    /// Of no batch.
    package init() {}

    /// Of one batch of `samples`.
    package init(_ result: (lossSum: Double, correct: Int), samples: Int) {
        lossSum = result.lossSum
        correct = result.correct
        lossSquares = result.lossSum * result.lossSum / Double(samples)
    }

    package static func += (sums: inout StepSums, more: StepSums) {
        sums.lossSum += more.lossSum
        sums.correct += more.correct
        sums.lossSquares += more.lossSquares
    }
}

extension ClientTraining {
    package func finishEpoch(_ epoch: Int) {}
    package func personalize() {}
}

/// Epochs of the scenario's optimiser from the model that was received (McMahan et al. 2017, algorithm 1, ClientUpdate).
/// The optimiser starts afresh in every round; the last partial batch is trained on.
package final class PlainTraining: ClientTraining {
    private let client: LocalClient

    package init(_ client: LocalClient) { self.client = client }

    package func begin() {}
    package func step() -> StepSums { client.descend() }
    package func finish() { client.sendParameters() }
}

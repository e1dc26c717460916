import TensorMath

/// The client's half of a federated method. One instance serves all clients of a worker, one after the other: memory is
/// allocated when it is made, and `begin` starts over.
///
/// When `begin` is called the network's parameters are the model as it was received, completed by the client's own
/// segments; `client.state` is what it kept, or zeros where `client.hasState` says that there is nothing yet.
package protocol ClientTraining: AnyObject {
    /// Starts a client's round.
    func begin()

    /// One step on the batch that stands in the network's input: loss sum and correct predictions before it.
    func step() -> (lossSum: Double, correct: Int)

    /// A pass over all samples is over; `epoch` counts from 1.
    func finishEpoch(_ epoch: Int)

    /// Leaves what is to be sent in `client.update`, and what is to be kept in `client.state`.
    func finish()

    /// Turns the received model in the network's parameters into the one that this client would use.
    func personalize()
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
    package func step() -> (lossSum: Double, correct: Int) { client.descend() }
    package func finish() { client.sendParameters() }
}

import Datasets
import Networks
import TensorMath

/// A client at work on a worker: the memory that a method's half computes with. One instance serves the worker's
/// clients one after the other.
package final class LocalClient {
    package let configuration: FederatedConfiguration
    package let plan: NetworkPlan
    package let exchange: Exchange
    /// The network that trains; its parameters are the model.
    package let network: Network
    /// What the server sent, a payload.
    package let received: FloatView
    /// What goes back, a payload: the parameters themselves where the payload is the model.
    package let update: FloatView
    /// What the client keeps; empty where the method keeps nothing.
    package let state: FloatView
    /// Whether `state` holds what the client kept; it is all zero otherwise.
    package var hasState = false
    package var optimizer: LocalOptimizer
    /// Of this round.
    package var learningRate: Float = 0
    package var id = 0
    package var participation = 0
    /// Steps of this round in all.
    package var plannedSteps = 0
    /// Samples of the batch in the network's input, and their labels.
    package var samples = 0
    package var labels: [UInt8]
    private let initial: FloatView
    /// How payloads travel.
    let coding: UpdateCoding
    private let scratch: FloatView?

    package init(configuration: FederatedConfiguration, plan: NetworkPlan) {
        self.configuration = configuration
        self.plan = plan
        exchange = configuration.exchange(plan)
        network = Network(plan: plan, batch: configuration.training.batchSize)
        received = FloatBuffer(count: exchange.payload.count).view
        update = exchange.isWholeModel ? network.parameters : FloatBuffer(count: exchange.payload.count).view
        state = FloatBuffer(count: exchange.state.count).view
        optimizer = LocalOptimizer(
            configuration.training.optimizer, clipNorm: configuration.training.clipNorm,
            count: plan.layout.count)
        labels = .init(repeating: 0, count: configuration.training.batchSize)
        coding = UpdateCoding(configuration, layout: exchange.payload)
        scratch = coding.uplink.map { FloatBuffer(count: $0.layout.count).view }
        initial = FloatBuffer(count: plan.layout.count).view
        var stream = RandomStream(RandomKey(seed: configuration.seed, purpose: .initialization))
        plan.initialParameters(configuration.initialization, stream: &stream, into: initial)
    }

    /// The model that everybody begins with: a function of the seed, so it never travels.
    package var initialModel: FloatView { initial }

    /// Sets the network's parameters to the received model, with the initial values where nothing travels.
    func receiveModel() {
        if !exchange.personal.isEmpty { network.parameters.copy(from: initial) }
        exchange.scatter(received, into: network.parameters)
    }

    /// Puts the shared values of the network's parameters into the update.
    package func sendParameters() {
        if !exchange.isWholeModel { exchange.gather(network.parameters, into: update) }
    }

    /// Forward and the loss: its sum and the correct predictions; the gradient waits in the network.
    package func forward() -> (lossSum: Double, correct: Int) {
        network.forward(samples: samples)
        let labels = labels
        return network.softmaxCrossEntropy(labels: labels.span, samples: samples)
    }

    /// Shows the batch to another network and runs it forward.
    package func show(to other: Network) {
        let count = samples * plan.input.count
        other.input.slice(0, count).copy(from: network.input.slice(0, count))
        other.forward(samples: samples)
    }

    /// The same with the loss: its gradient waits in `other`.
    package func forward(on other: Network) -> (lossSum: Double, correct: Int) {
        show(to: other)
        let labels = labels
        return other.softmaxCrossEntropy(labels: labels.span, samples: samples)
    }

    /// What travels for `update`.
    func encodeUpdate() throws(CompressionError) -> ObjectBytes {
        let residual =
            coding.uplink?.errorFeedback == true ? exchange.part(Exchange.residual, of: state) : nil
        return try coding.send(
            update, received: received, client: id, participation: participation, residual: residual,
            scratch: scratch)
    }

    /// One step of the scenario's optimiser on the batch.
    package func descend(taps: [Network.Tap] = []) -> (lossSum: Double, correct: Int) {
        let result = forward()
        optimizer.step(network, samples: samples, taps: taps)
        return result
    }
}

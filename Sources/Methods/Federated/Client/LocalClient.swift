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
    /// What goes back, a payload. The model's part is the parameters themselves where they stand together in both.
    package let update: FloatView
    /// What the client keeps: the parameters themselves where it keeps the model and nothing else; empty where the method
    /// keeps nothing.
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
    /// Whether this batch is the last one of a pass over all samples.
    package var endsPass = false
    private let initial: FloatView
    /// Whether shared parameters have to be copied into the update.
    private let gathers: Bool
    /// Where the state holds the client's own segments, unless it is the model itself.
    private let own: FloatView?
    /// How payloads travel.
    let coding: UpdateCoding
    private let scratch: FloatView?

    package init(configuration: FederatedConfiguration, plan: NetworkPlan) {
        self.configuration = configuration
        self.plan = plan
        exchange = configuration.exchange(plan)
        let (batch, run) = (configuration.training.batchSize, exchange.soleRun)
        received = FloatBuffer(count: exchange.payload.count).view
        // All that travels is one part of the model: it is sent from there. The whole model travels, perhaps with vectors
        // behind it: the network stands at their head. Else what is shared is gathered.
        if let run, run.count < plan.layout.count, run.count == exchange.payload.count {
            network = Network(plan: plan, batch: batch)
            update = network.parameters.slice(run.model, run.count)
            gathers = false
        } else {
            update = FloatBuffer(count: exchange.payload.count).view
            gathers = run?.count != plan.layout.count
            let parameters = gathers ? nil : update.slice(0, plan.layout.count)
            network = Network(plan: plan, batch: batch, parameters: parameters)
        }
        state = exchange.keepsWholeModel ? network.parameters : FloatBuffer(count: exchange.state.count).view
        own = exchange.keepsPersonal && !exchange.keepsWholeModel ? exchange.part("personal", of: state) : nil
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

    /// Sets the network's parameters to the received model, completed by the client's own segments: as it kept them, or
    /// their initial values.
    func receiveModel() {
        exchange.scatter(received, into: network.parameters)
        guard hasState, exchange.keepsPersonal else {
            for run in exchange.personal {
                network.parameters.slice(run.model, run.count).copy(from: initial.slice(run.model, run.count))
            }
            return
        }
        if let own { exchange.scatterPersonal(own, into: network.parameters) }
    }

    /// Puts the shared values of the network's parameters into the update, and the client's own into its state.
    package func sendParameters() {
        if gathers { exchange.gather(network.parameters, into: update) }
        if let own { exchange.gatherPersonal(network.parameters, into: own) }
    }

    /// Forward and the loss, whose gradient waits in the network.
    package func forward() -> StepSums { forward(on: network) }

    /// A further network that sees the same batch, with parameters of its own if none are given. It takes turns with the
    /// client's own network, in whose memory it computes.
    package func network(parameters: FloatView? = nil) -> Network {
        Network(takingTurnsWith: network, parameters: parameters)
    }

    /// The client's own network with some blocks frozen, in memory of its own.
    package func network(frozen: Set<String>) -> Network {
        Network(
            plan: plan, batch: network.batch, parameters: network.parameters, input: network.input,
            frozen: frozen)
    }

    /// `forward` through a further network: the gradient waits in it.
    package func forward(on other: Network) -> StepSums {
        other.forward(samples: samples)
        return loss(of: other)
    }

    /// The loss of what a network made of the batch.
    package func loss(of other: Network) -> StepSums {
        let labels = labels
        return StepSums(other.softmaxCrossEntropy(labels: labels.span, samples: samples), samples: samples)
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
    package func descend(taps: [Network.Tap] = []) -> StepSums {
        let result = forward()
        optimizer.step(network, samples: samples, taps: taps)
        return result
    }
}

import TensorMath

/// Li et al., Federated Optimization in Heterogeneous Networks, MLSys 2020, equation 2: clients minimise their loss
/// plus mu / 2 ||w - w_t||^2, the full sum of squares over all trainable values, w_t what the server sent.
///
/// Deviation: all clients take the same number of epochs; the paper's stragglers with partial work do not exist here.
package struct FedProx: FederatedMethod {
    package static let name = "fedprox"
    package static let meaning = "adds a proximal term to the clients' loss (Li et al. 2020)"
    package static let settings: [MethodSetting<Self>] = [
        .number("mu", \.mu, 0...1e6, "Weight of the proximal term mu/2 ||w - w_t||².")
    ]

    package var mu = 0.01

    package init() {}

    package func client(_ client: LocalClient) -> any ClientTraining {
        ProximalTraining(client, weight: Float(mu))
    }
}

/// Epochs with a proximal term towards the received model.
final class ProximalTraining: ClientTraining {
    private let client: LocalClient
    private let weight: Float
    private let anchor: FloatView

    init(_ client: LocalClient, weight: Float) {
        self.client = client
        self.weight = weight
        anchor =
            client.exchange.isWholeModel ? client.received : FloatBuffer(count: client.plan.layout.count).view
    }

    func begin() {
        if !client.exchange.isWholeModel { anchor.copy(from: client.network.parameters) }
    }

    func step() -> StepSums {
        let result = client.forward()
        client.optimizer.step(client.network, samples: client.samples, weight: weight, towards: anchor)
        return result
    }

    func finish() { client.sendParameters() }
}

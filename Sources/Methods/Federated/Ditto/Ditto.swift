import Devices
import Networks
import TensorMath

/// Li et al., Ditto: Fair and Robust Federated Learning Through Personalization, ICML 2021, algorithm 1: beside FedAvg's
/// model each client trains one of its own, v_i -= eta (grad F_i(v_i) + lambda (v_i - w_t)).
///
/// Both take one step a minibatch, as in the authors' code; v_i begins as the initial model. v_i's steps do not depend on
/// w's, so that they follow some batches later.
package struct Ditto: FederatedMethod {
    package static let name = "ditto"
    package static let meaning = "trains a personal model near the global one (Li et al. 2021)"
    package static let settings: [MethodSetting<Self>] = [
        .number("lambda", \.lambda, 0...1e6, "Weight of the personal model's distance to the global one.")
    ]

    package var lambda = 1.0

    package init() {}

    package var isPersonalized: Bool { true }

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        Exchange(plan.layout, keeps: [.model("personal")])
    }

    package func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work {
        let seen = 2 * UInt64(samples * training.localEpochs)
        return Work(layers: plan.blocks.map(\.cost), forward: seen, backward: seen)
    }

    package func client(_ client: LocalClient) -> any ClientTraining {
        DittoTraining(client, lambda: Float(lambda))
    }
}

final class DittoTraining: ClientTraining {
    private let client: LocalClient
    private let lambda: Float
    private let personal: Network
    private let window: BatchWindow
    private var optimizer: LocalOptimizer

    init(_ client: LocalClient, lambda: Float) {
        self.client = client
        window = BatchWindow(client)
        self.lambda = lambda
        personal = client.network(parameters: client.exchange.part("personal", of: client.state))
        optimizer = LocalOptimizer(
            client.configuration.training.optimizer, clipNorm: client.configuration.training.clipNorm,
            count: client.plan.layout.count)
    }

    func begin() {
        window.clear()
        if !client.hasState { personal.parameters.copy(from: client.initialModel) }
        optimizer.reset(learningRate: client.learningRate)
        personal.dropoutStream = client.network.dropoutStream
    }

    func step() -> StepSums {
        let isTime = window.add()
        let result = client.descend()
        if isTime {
            window.forEach { _ in
                _ = client.forward(on: personal)
                optimizer.step(personal, samples: client.samples, weight: lambda, towards: client.received)
            }
        }
        return result
    }

    func finish() {
        precondition(window.count == 0, "batches still wait")
        client.sendParameters()
    }

    func personalize() {
        if client.hasState { client.network.parameters.copy(from: personal.parameters) }
    }
}

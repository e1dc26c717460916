import Devices
import Networks
import TensorMath

/// Li, He and Song, Model-Contrastive Federated Learning, CVPR 2021, algorithm 1: clients pull the representation z of
/// each sample towards the global model's and away from their own last model's.
///
/// Adds mu times the mean of -log(e^{cos(z, z_glob)/T} / (e^{cos(z, z_glob)/T} + e^{cos(z, z_prev)/T})) (equation 3).
/// z is what the last dense layer reads. Deviations: the paper puts a projection head there, which a model must bring
/// itself; a client's model before its first part is the initial one; both other models are evaluated with their
/// running statistics.
package struct Moon: FederatedMethod {
    package static let name = "moon"
    package static let meaning = "contrasts the clients' representations (Li et al. 2021)"
    package static let settings: [MethodSetting<Self>] = [
        .number("mu", \.mu, 0...1e6, "Weight of the contrastive loss."),
        .number("temperature", \.temperature, 1e-6...1e6, "Temperature of the contrastive loss."),
    ]

    package var mu = 1.0
    package var temperature = 0.5

    package init() {}

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        Exchange(plan.layout, keeps: [.model("previous")])
    }

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] {
        guard ActivationProbe.tap(plan) == nil else { return [] }
        return [
            MethodObjection(
                "model", "moon needs a layer before the last dense one, whose activations it contrasts",
                remedy: "use a model with a hidden layer, such as cnn or mlp")
        ]
    }

    package func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work {
        let seen = UInt64(samples * training.localEpochs)
        return Work(layers: plan.blocks.map(\.cost), forward: 3 * seen, backward: seen)
    }

    package func client(_ client: LocalClient) -> any ClientTraining { MoonTraining(client, self) }
}

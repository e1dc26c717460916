import Networks

/// Chen, Bhardwaj and Marculescu, FedMAX: Mitigating Activation Divergence for Accurate and Communication-Efficient
/// Federated Learning, ECML-PKDD 2020.
///
/// Clients add a prior to their loss that keeps the activations a_n in R^D which the last dense layer reads close to
/// the uniform distribution; q_n = softmax(a_n). Nothing more is sent; the server is FedAvg's. Two forms:
/// - the authors' code (default): beta / (N D) sum_n KL(U || q_n), gradient beta (q - 1/D) / (N D);
/// - the paper: beta / N sum_n KL(q_n || U), gradient beta q (log q + H(q)) / N.
///
/// All published figures come from the code's form, in which beta is worth beta / D per sample. `l2` is the paper's
/// ablation as the code has it: beta ||A||_F over the batch. The reported loss is the cross-entropy alone.
/// Deviation: the mean over clients is weighted by samples (the code's is not; its clients are equal).
package struct FedMAX: FederatedMethod {
    package static let name = "fedmax"
    package static let meaning = "keeps activations near the uniform distribution (Chen et al. 2020)"
    package static let settings: [MethodSetting<Self>] = [
        .number("beta", \.beta, 0...1e9, "Weight of the prior."),
        .word(
            "regularizer", \.regularizer, ["max_entropy", "l2"],
            "`max_entropy` is FedMAX; `l2`, the norm of the activations, is its ablation."),
        .word(
            "direction", \.direction, ["uniform_first", "uniform_last"],
            "`uniform_first` is KL(U ‖ q), the authors' code; `uniform_last` is KL(q ‖ U), the paper."),
        .word(
            "reduction", \.reduction, ["elements", "samples"],
            "What the divergence is averaged over: samples and features, as in the authors' code, or samples."
        ),
    ]

    package var beta = 1000.0
    package var regularizer = "max_entropy"
    package var direction = "uniform_first"
    package var reduction = "elements"

    package init() {}

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] {
        guard ActivationProbe.tap(plan) == nil else { return [] }
        return [
            MethodObjection(
                "model", "fedmax needs a layer before the last dense one, whose activations it spreads",
                remedy: "use a model with a hidden layer, such as cnn or mlp")
        ]
    }

    package func client(_ client: LocalClient) -> any ClientTraining { FedMAXTraining(client, self) }
}

import Networks

/// Li et al., FedBN: Federated Learning on Non-IID Features via Local Batch Normalization, ICLR 2021, algorithm 1:
/// FedAvg of everything but the norms, whose weights and statistics stay with their client.
package struct FedBN: FederatedMethod {
    package static let name = "fedbn"
    package static let meaning = "leaves norms with their clients (Li et al. 2021)"

    package init() {}

    package var hasGlobalModel: Bool { false }
    package var isPersonalized: Bool { true }

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        let norms = plan.normSegments
        return Exchange(plan.layout, keeps: [.personal]) { !norms.contains($0.name) }
    }

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] {
        guard plan.normSegments.isEmpty else { return [] }
        return [
            MethodObjection(
                "model", "\(plan.spec.name) has no norms for fedbn to keep",
                remedy: "use a model with batch norm, such as resnet20, or fedavg")
        ]
    }
}

import Networks
import TensorMath

/// Arivazhagan et al., Federated Learning with Personalization Layers, 2019, algorithms 1 and 2: the topmost blocks stay
/// with their client for good, the rest is averaged. Clients train both together.
///
/// A client begins with the same initial personal blocks as all others: like the shared ones they follow from the seed.
/// Deviation: the paper has all clients in every round; here any cohort may be drawn, and whoever sits out keeps its
/// blocks. What becomes of batch norm's running statistics in the shared blocks, which the paper leaves open, is
/// `batch_norm`: averaged with the weights, or kept by each client (as PFLlib does), or with the norms' weights, too.
package struct FedPer: FederatedMethod {
    package static let name = "fedper"
    package static let meaning = "leaves the topmost blocks with their clients (Arivazhagan et al. 2019)"
    package static let settings: [MethodSetting<Self>] = [
        .integer(
            "personal_blocks", \.personalBlocks, 1...10_000, unit: "blocks", PersonalBlocks.countMeaning),
        .word("batch_norm", \.batchNorm, PersonalBlocks.batchNormWords, PersonalBlocks.batchNormMeaning),
    ]

    package var personalBlocks = 1
    package var batchNorm = "shared"

    package init() {}

    package var hasGlobalModel: Bool { false }
    package var isPersonalized: Bool { true }

    private var blocks: PersonalBlocks { PersonalBlocks(count: personalBlocks, batchNorm: batchNorm) }

    package func exchange(_ plan: NetworkPlan) -> Exchange { blocks.exchange(plan) }

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] { blocks.objections(plan) }
}

import Devices
import Networks
import TensorMath

/// Collins et al., Exploiting Shared Representations for Personalized Federated Learning, ICML 2021, algorithm 1: as
/// FedPer, but a client first trains its head on the frozen representation, then the representation under the frozen
/// head, each with an optimiser of its own. Only the representation is sent.
///
/// `head_epochs` passes train the head, `training.local_epochs` the representation. Frozen batch norm uses its running
/// statistics.
package struct FedRep: FederatedMethod {
    package static let name = "fedrep"
    package static let meaning = "trains personal heads, then the shared representation (Collins et al. 2021)"
    package static let settings: [MethodSetting<Self>] = [
        .integer(
            "personal_blocks", \.personalBlocks, 1...10_000, unit: "blocks", PersonalBlocks.countMeaning),
        .word("batch_norm", \.batchNorm, PersonalBlocks.batchNormWords, PersonalBlocks.batchNormMeaning),
        .integer(
            "head_epochs", \.headEpochs, 1...10_000, unit: "epochs",
            "Passes that train the head, before `training.local_epochs` passes for the rest."),
    ]

    package var personalBlocks = 1
    package var batchNorm = "shared"
    package var headEpochs = 5

    package init() {}

    package var hasGlobalModel: Bool { false }
    package var isPersonalized: Bool { true }

    var blocks: PersonalBlocks { PersonalBlocks(count: personalBlocks, batchNorm: batchNorm) }

    package func exchange(_ plan: NetworkPlan) -> Exchange { blocks.exchange(plan) }

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] { blocks.objections(plan) }

    package func epochs(_ training: TrainingSpec) -> Int { headEpochs + training.localEpochs }

    /// The frozen representation goes forward only; the head's gradients are all that its passes compute.
    package func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work {
        let personal = blocks.split(plan).personal
        let head = plan.blocks.filter { personal.contains(String($0.name.split(separator: ".")[0])) }
        let (first, second) = (UInt64(samples * headEpochs), UInt64(samples * training.localEpochs))
        var work = Work(layers: plan.blocks.map(\.cost), forward: first + second, backward: second)
        let heads = Work(layers: head.map(\.cost), forward: 0, backward: first)
        for kind in work.macs.indices { work.macs[kind] += heads.macs[kind] }
        work.backwardSamples += first
        return work
    }

    package func client(_ client: LocalClient) -> any ClientTraining { FedRepTraining(client, self) }
}

final class FedRepTraining: ClientTraining {
    private let client: LocalClient
    private let method: FedRep
    /// The same model twice: with all but the head frozen, and with the head frozen.
    private let head: Network
    private let body: Network
    private var isHead = true

    init(_ client: LocalClient, _ method: FedRep) {
        self.client = client
        self.method = method
        let (personal, shared) = method.blocks.split(client.plan)
        head = client.network(frozen: shared)
        body = client.network(frozen: personal)
    }

    func begin() {
        isHead = true
        head.dropoutStream = client.network.dropoutStream
    }

    func step() -> StepSums {
        let network = isHead ? head : body
        let result = client.forward(on: network)
        client.optimizer.step(network, samples: client.samples)
        return result
    }

    func finishEpoch(_ epoch: Int) {
        guard isHead, epoch == method.headEpochs else { return }
        isHead = false
        body.dropoutStream = head.dropoutStream
        client.optimizer.reset(learningRate: client.learningRate)
    }

    func finish() { client.sendParameters() }
}

import CKernels
import Devices
import Networks
import TensorMath

/// Deng, Kamani and Mahdavi, Adaptive Personalized Federated Learning, 2020, algorithm 1: each client mixes a model v_i of
/// its own with the global one, alpha v_i + (1 - alpha) w, and learns the share alpha.
///
/// Every step: w_i -= eta grad f(w_i); v_i -= eta alpha grad f(mixture); both gradients from before the step. Then alpha
/// descends <v_i - w_i, grad f(mixture)>, plus 0.02 alpha as in PFLlib, and is clipped to 0...1 (equation 10; the paper
/// moves alpha once a round, PFLlib and this with every step). v_i begins as the initial model.
///
/// Otherwise than in PFLlib, v_i's gradient is the mixture's, as in the paper (there: its own, without the factor alpha),
/// and a client is tested with the mixture of v_i and the server's model (there: v_i, overwritten by its mixture with the
/// w_i that the client had trained last). So accuracies on a client's own classes stay below PFLlib's.
package struct APFL: FederatedMethod {
    package static let name = "apfl"
    package static let meaning = "mixes a personal model with the global one (Deng et al. 2020)"
    package static let settings: [MethodSetting<Self>] = [
        .number("alpha", \.alpha, 0...1, "Share of the personal model in the mixture at the start.")
    ]

    package var alpha = 0.5

    package init() {}

    package var isPersonalized: Bool { true }

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        Exchange(plan.layout, keeps: [.model("personal"), .numbers("alpha", count: 1)])
    }

    package func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work {
        let seen = 2 * UInt64(samples * training.localEpochs)
        return Work(layers: plan.blocks.map(\.cost), forward: seen, backward: seen)
    }

    package func client(_ client: LocalClient) -> any ClientTraining {
        APFLTraining(client, alpha: Float(alpha))
    }
}

final class APFLTraining: ClientTraining {
    private let client: LocalClient
    private let start: Float
    private let personal: FloatView
    private let alpha: FloatView
    private let mixture: Network
    /// Its parameters.
    private let blend: Mixture
    private let buffers: [Segment]
    private var optimizer: LocalOptimizer

    init(_ client: LocalClient, alpha: Float) {
        self.client = client
        start = alpha
        personal = client.exchange.part("personal", of: client.state)
        self.alpha = client.exchange.part("alpha", of: client.state)
        mixture = client.network()
        blend = Mixture(own: personal, model: client.network.parameters, share: alpha)
        buffers = client.plan.layout.segments.filter { $0.role == .buffer }
        optimizer = LocalOptimizer(
            client.configuration.training.optimizer, clipNorm: nil, count: client.plan.layout.count)
    }

    func begin() {
        if !client.hasState {
            personal.copy(from: client.initialModel)
            alpha[0] = start
        }
        optimizer.reset(learningRate: client.learningRate)
        mixture.dropoutStream = client.network.dropoutStream
    }

    func step() -> StepSums {
        (blend.share, blend.slope) = (alpha[0], 0)
        if client.configuration.training.clipNorm == nil, let descent = optimizer.descent {
            for segment in buffers { copy(segment, from: personal, to: mixture.parameters) }
            mixture.forward(samples: client.samples, mixture: blend)
            _ = client.loss(of: mixture)
            mixture.descend(samples: client.samples, descent.moving(blend))
        } else {
            stepApart()
        }
        for segment in buffers { copy(segment, from: mixture.parameters, to: personal) }
        let slope = Float(blend.slope) + 0.02 * blend.share
        let result = client.descend()
        alpha[0] = min(1, max(0, blend.share - client.learningRate * slope))
        return result
    }

    /// v's step along share x the gradient at the mixture, and before it the slope <v - w, that gradient>, for optimisers that
    /// need the gradient as an array.
    private func stepApart() {
        mix(into: mixture.parameters)
        _ = client.forward(on: mixture)
        mixture.backwardFromLoss(samples: client.samples)
        if let limit = client.configuration.training.clipNorm { mixture.clipGradients(norm: limit) }
        for run in mixture.trainableRuns {
            let (first, gradient) = (run.lowerBound, mixture.gradients.pointer + run.lowerBound)
            blend.slope += ck_inner(
                personal.pointer + first, blend.model.pointer + first, gradient, run.count)
            ck_scale(blend.share, gradient, run.count)
        }
        optimizer.apply(personal, gradients: mixture.gradients, runs: mixture.trainableRuns)
    }

    /// alpha v + (1 - alpha) w, and the running statistics of v, which are those of the mixture's activations.
    private func mix(into target: FloatView) {
        blend.mix(into: target)
        for segment in buffers { copy(segment, from: personal, to: target) }
    }

    private func copy(_ segment: Segment, from source: FloatView, to target: FloatView) {
        target.slice(segment.offset, segment.count).copy(from: source.slice(segment.offset, segment.count))
    }

    func finish() { client.sendParameters() }

    func personalize() {
        guard client.hasState else { return }
        blend.share = alpha[0]
        mix(into: client.network.parameters)
    }
}

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
    private let buffers: [Segment]
    private var optimizer: LocalOptimizer

    init(_ client: LocalClient, alpha: Float) {
        self.client = client
        start = alpha
        personal = client.exchange.part("personal", of: client.state)
        self.alpha = client.exchange.part("alpha", of: client.state)
        mixture = client.network()
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
        mix(into: mixture.parameters)
        _ = client.forward(on: mixture)
        mixture.backwardFromLoss(samples: client.samples)
        if let limit = client.configuration.training.clipNorm { mixture.clipGradients(norm: limit) }
        for segment in buffers { copy(segment, from: mixture.parameters, to: personal) }
        let share = alpha[0]
        let slope = stepOfPersonal(share)
        let result = client.descend()
        alpha[0] = min(1, max(0, share - client.learningRate * slope))
        return result
    }

    /// v's step along share x the gradient at the mixture; before it, <v - w, that gradient> + 0.02 share.
    private func stepOfPersonal(_ share: Float) -> Float {
        let (v, w, g) = (personal, client.network.parameters, mixture.gradients)
        var sum = 0.0
        if let descent = optimizer.descent {
            for run in mixture.trainableRuns {
                let first = run.lowerBound
                sum += ck_mixture_descend(
                    descent.rate, descent.decay, share, w.pointer + first, g.pointer + first,
                    v.pointer + first, run.count)
            }
        } else {
            for run in mixture.trainableRuns {
                let first = run.lowerBound
                sum += ck_inner(v.pointer + first, w.pointer + first, g.pointer + first, run.count)
                ck_scale(share, g.pointer + first, run.count)
            }
            optimizer.apply(v, gradients: g, runs: mixture.trainableRuns)
        }
        return Float(sum) + 0.02 * share
    }

    /// alpha v + (1 - alpha) w, and the running statistics of v, which are those of the mixture's activations.
    private func mix(into target: FloatView) {
        let model = client.network.parameters.pointer
        ck_mix(alpha[0], personal.pointer, model, target.pointer, target.count)
        for segment in buffers { copy(segment, from: personal, to: target) }
    }

    private func copy(_ segment: Segment, from source: FloatView, to target: FloatView) {
        target.slice(segment.offset, segment.count).copy(from: source.slice(segment.offset, segment.count))
    }

    func finish() { client.sendParameters() }

    func personalize() {
        if client.hasState { mix(into: client.network.parameters) }
    }
}

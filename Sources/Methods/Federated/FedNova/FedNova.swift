import CKernels
import Networks
import TensorMath

/// Wang et al., Tackling the Objective Inconsistency Problem in Heterogeneous Federated Optimization, NeurIPS 2020,
/// equations 9 and 10: clients as in FedAvg, their differences normalised by what their steps amount to.
///
/// d_i = (w_t - w_i) / a_i, w_{t+1} = w_t - tau_eff sum p_i d_i with tau_eff = sum p_i a_i and, for tau steps of SGD with
/// momentum rho, a_i = [tau - rho (1 - rho^tau) / (1 - rho)] / (1 - rho) (section 4.2; tau without momentum). Nesterov's
/// momentum looks one step ahead, so its a_i has rho^2 for the first rho (from the optimiser's definition; the paper
/// does not treat it). The server knows every a_i beforehand, so it turns each model into
/// w_t + (tau_eff / a_i) (w_i - w_t) and takes the mean. Running statistics are averaged as they are.
package struct FedNova: FederatedMethod {
    package static let name = "fednova"
    package static let meaning = "normalises updates by the steps behind them (Wang et al. 2020)"

    package init() {}

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] {
        guard case .adam = configuration.training.optimizer else { return [] }
        return [
            MethodObjection(
                "training.optimizer.name", "fednova's coefficients are those of SGD steps", remedy: "use sgd")
        ]
    }

    package func server(_ context: ServerContext) -> any FederatedServer {
        FedNovaServer(context)
    }

    /// a_i: the L1 norm of the weights that `steps` gradients have in an update.
    package static func coefficient(steps: Int, momentum: Double, nesterov: Bool) -> Double {
        var power = 1.0
        for _ in 0..<steps { power *= momentum }
        let first = nesterov ? momentum * momentum : momentum
        return (Double(steps) - first * (1 - power) / (1 - momentum)) / (1 - momentum)
    }
}

struct FedNovaServer: FederatedServer {
    private let momentum: Double
    private let nesterov: Bool
    private let payload: ParameterLayout
    private var aggregator: any Aggregator
    private let start: FloatBuffer
    private var effectiveSteps = 0.0

    init(_ context: ServerContext) {
        momentum = Double(context.training.optimizer.momentum)
        nesterov = context.training.optimizer.nesterov
        payload = context.exchange.payload
        aggregator = context.aggregator(payload)
        start = FloatBuffer(count: payload.count)
    }

    /// a_i.
    private func coefficient(_ member: CohortMember) -> Double {
        FedNova.coefficient(steps: member.steps, momentum: momentum, nesterov: nesterov)
    }

    mutating func begin(global: FloatView, cohort: [CohortMember]) {
        start.view.copy(from: global)
        let samples = Double(cohort.reduce(0) { $0 + $1.samples })
        effectiveSteps = cohort.reduce(0) { $0 + Double($1.samples) / samples * coefficient($1) }
        aggregator.begin(reference: global, cohort: cohort)
    }

    mutating func accept(_ update: FloatView, of member: CohortMember) throws(Rejection) {
        let scale = effectiveSteps / coefficient(member)
        let (w, from) = (update.pointer, start.view.pointer)
        for segment in payload.segments where segment.role == .trainable {
            ck_extrapolate(scale, from + segment.offset, w + segment.offset, segment.count)
        }
        try aggregator.add(update, of: member)
    }

    var factors: [Int: Double]? { aggregator.factors }

    mutating func finish(into global: FloatView) { aggregator.finish(into: global) }
}

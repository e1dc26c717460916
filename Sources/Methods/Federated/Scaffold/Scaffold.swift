import CKernels
import Networks
import TensorMath

/// Karimireddy et al., SCAFFOLD: Stochastic Controlled Averaging for Federated Learning, ICML 2020, algorithm 1 with
/// option II for the clients' control variates.
///
/// The payload is [model, control]: down x and c, up y_i and c plus the change of c_i, so that of both halves the
/// difference to what was received is what the client has to say (compression and attacks work on differences). A
/// client corrects each step by -eta (c - c_i); then c_i+ = c_i - c + (x - y_i) / (K eta) over its K steps, or c_i where
/// a schedule has brought eta to 0, or below 1e-38 / K. The server moves x to the mean of the models (times its own learning rate), and c
/// by the sum of the changes / N.
/// Deviations: the models' mean is weighted by samples, as in NIID-Bench; with momentum or a bound on gradients the
/// correction follows the optimiser's step: it is part of neither the velocity (NIID-Bench again) nor what is bounded;
/// running statistics have no variate. The
/// scenario's rule of aggregation is for the models; the changes are summed whatever it is.
package struct Scaffold: FederatedMethod {
    package static let name = "scaffold"
    package static let meaning = "corrects the clients' drift by control variates (Karimireddy et al. 2020)"
    package static let settings: [MethodSetting<Self>] = [
        .number("server_learning_rate", \.rate, 0...1e6, "Step size of the server.")
    ]

    package var rate = 1.0

    package init() {}

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        Exchange(plan.layout, vectors: ["control"], keeps: [.shared("control")])
    }

    package func objections(
        _ configuration: FederatedConfiguration, plan: NetworkPlan
    ) -> [MethodObjection] {
        guard case .adam = configuration.training.optimizer else { return [] }
        return [
            MethodObjection(
                "training.optimizer.name", "scaffold's control variates are mean gradients of SGD steps",
                remedy: "use sgd")
        ]
    }

    package func server(_ context: ServerContext) -> any FederatedServer {
        ScaffoldServer(context, rate: rate)
    }
    package func client(_ client: LocalClient) -> any ClientTraining { ScaffoldTraining(client) }
}

final class ScaffoldTraining: ClientTraining {
    private let client: LocalClient
    private let runs: [Range<Int>]
    /// Values without a variate.
    private let others: [Range<Int>]
    private let server: FloatView
    private let own: FloatView
    private let correction: FloatBuffer

    init(_ client: LocalClient) {
        self.client = client
        let layout = client.plan.layout
        runs = layout.trainableRuns
        others = zip([0] + runs.map(\.upperBound), runs.map(\.lowerBound) + [layout.count])
            .map { $0..<$1 }.filter { !$0.isEmpty }
        server = client.exchange.vector(1, of: client.received)
        own = client.exchange.part("control", of: client.state)
        correction = FloatBuffer(count: own.count)
    }

    func begin() {
        ck_difference(server.pointer, own.pointer, 1, correction.view.pointer, own.count)
    }

    func step() -> StepSums {
        if let descent = client.optimizer.descent {
            let result = client.forward()
            client.network.descend(samples: client.samples, descent.turned(by: correction.view))
            return result
        }
        let result = client.descend()
        let (w, d) = (client.network.parameters.pointer, correction.view.pointer)
        for run in runs { ck_axpy(-client.learningRate, d + run.lowerBound, w + run.lowerBound, run.count) }
        return result
    }

    func finish() {
        client.sendParameters()
        let sent = client.exchange.vector(1, of: client.update)
        let scale = Float(1 / (Double(client.plannedSteps) * Double(client.learningRate)))
        // A rate of 0, or so near to it that nothing can have moved.
        guard scale.isFinite else { return sent.copy(from: server) }
        for run in others {
            sent.slice(run.lowerBound, run.count).copy(from: server.slice(run.lowerBound, run.count))
        }
        for run in runs {
            let first = run.lowerBound
            ck_control_variate(
                scale, client.received.pointer + first, client.network.parameters.pointer + first,
                server.pointer + first, own.pointer + first, sent.pointer + first, run.count)
        }
    }
}

struct ScaffoldServer: FederatedServer {
    private let exchange: Exchange
    private let clients: Int
    private let rate: Double
    private var aggregator: any Aggregator
    private var controls: ExactMean
    private let mean: FloatBuffer
    private var cohort = 0

    init(_ context: ServerContext, rate: Double) {
        exchange = context.exchange
        clients = context.clients
        self.rate = rate
        aggregator = context.aggregator(exchange.model)
        controls = ExactMean(exchange.model, isWeighted: false)
        mean = FloatBuffer(count: exchange.sharedCount)
    }

    mutating func begin(global: FloatView, cohort: [CohortMember]) {
        self.cohort = cohort.count
        aggregator.begin(reference: exchange.vector(0, of: global), cohort: cohort)
        controls.begin(reference: exchange.vector(1, of: global), cohort: cohort)
    }

    mutating func accept(_ update: FloatView, of member: CohortMember) throws(Rejection) {
        let control = exchange.vector(1, of: update)
        try controls.check(control, of: member)
        try aggregator.add(exchange.vector(0, of: update), of: member)
        controls.addChecked(control, of: member)
    }

    var factors: [Int: Double]? { aggregator.factors }

    mutating func finish(into global: FloatView) {
        let model = exchange.vector(0, of: global)
        aggregator.finish(into: mean.view)
        for segment in exchange.model.segments {
            for index in segment.offset..<segment.offset + segment.count {
                let (old, new) = (Double(model[index]), Double(mean.view[index]))
                // Running statistics are no descent direction: they become the mean.
                model[index] =
                    segment.role == .buffer || rate == 1 ? Float(new) : Float(old + rate * (new - old))
            }
        }
        let control = exchange.vector(1, of: global)
        controls.finish(into: mean.view)
        let share = Double(cohort) / Double(clients)
        for index in 0..<control.count {
            let (old, new) = (Double(control[index]), Double(mean.view[index]))
            control[index] = Float(old + share * (new - old))
        }
    }
}

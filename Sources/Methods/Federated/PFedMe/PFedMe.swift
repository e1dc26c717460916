import CKernels
import Devices
import Networks
import TensorMath

/// Dinh, Tran and Nguyen, Personalized Federated Learning with Moreau Envelopes, NeurIPS 2020, algorithm 1.
///
/// For each minibatch `inner_steps` steps of SGD bring theta near the minimum of f(theta) + lambda / 2 ||theta - w_i||^2;
/// then w_i -= eta lambda (w_i - theta), eta the scenario's learning rate. The server takes (1 - beta) w + beta mean of
/// w_i. theta is the personal model, starts each round as what was received, and goes on over minibatches (PFLlib).
/// Deviation: the mean is weighted by samples. Running statistics are no part of the optimisation: w_i has theta's, and
/// the server takes their mean, whatever beta.
package struct PFedMe: FederatedMethod {
    package static let name = "pfedme"
    package static let meaning = "regularises with Moreau envelopes (Dinh et al. 2020)"
    package static let settings: [MethodSetting<Self>] = [
        .number("lambda", \.lambda, 0...1e6, "Weight of the personal model's distance to the local one."),
        .integer(
            "inner_steps", \.innerSteps, 1...1000, unit: "steps", "Steps of the personal model a minibatch."),
        .number("personal_learning_rate", \.personalRate, 0...1000, "Step size of the personal model."),
        .number("beta", \.beta, 0...10, "How far the server goes towards the mean."),
    ]

    package var lambda = 15.0
    package var innerSteps = 5
    package var personalRate = 0.01
    package var beta = 1.0

    package init() {}

    package var isPersonalized: Bool { true }

    package func exchange(_ plan: NetworkPlan) -> Exchange {
        Exchange(plan.layout, keeps: [.model("personal")])
    }

    package func work(samples: Int, training: TrainingSpec, plan: NetworkPlan) -> Work {
        let seen = UInt64(samples * training.localEpochs * innerSteps)
        return Work(layers: plan.blocks.map(\.cost), forward: seen, backward: seen)
    }

    package func server(_ context: ServerContext) -> any FederatedServer { PFedMeServer(context, beta: beta) }
    package func client(_ client: LocalClient) -> any ClientTraining { PFedMeTraining(client, self) }
}

final class PFedMeTraining: ClientTraining {
    private let client: LocalClient
    private let method: PFedMe
    /// w_i; the network's parameters are theta.
    private let local: FloatView
    private let personal: FloatView
    private let runs: [Range<Int>]

    init(_ client: LocalClient, _ method: PFedMe) {
        self.client = client
        self.method = method
        local = FloatBuffer(count: client.plan.layout.count).view
        personal = client.exchange.part("personal", of: client.state)
        runs = client.plan.layout.trainableRuns
    }

    func begin() {
        local.copy(from: client.network.parameters)
        client.optimizer.reset(learningRate: Float(method.personalRate))
    }

    func step() -> StepSums {
        let network = client.network
        var first: StepSums?
        for _ in 0..<method.innerSteps {
            let result = client.forward()
            first = first ?? result
            client.optimizer.step(
                network, samples: client.samples, weight: Float(method.lambda), towards: local)
        }
        let rate = client.learningRate * Float(method.lambda)
        let (w, theta) = (local.pointer, network.parameters.pointer)
        for run in runs {
            let first = run.lowerBound
            ck_add_difference(-rate, w + first, theta + first, w + first, run.count)
        }
        return first!
    }

    func finish() {
        personal.copy(from: client.network.parameters)
        for run in runs {
            client.network.parameters.slice(run.lowerBound, run.count).copy(
                from: local.slice(run.lowerBound, run.count))
        }
        client.sendParameters()
    }

    func personalize() {
        if client.hasState { client.network.parameters.copy(from: personal) }
    }
}

struct PFedMeServer: FederatedServer {
    private let beta: Double
    private let payload: ParameterLayout
    private var inner: MeanServer
    private let mean: FloatBuffer

    init(_ context: ServerContext, beta: Double) {
        self.beta = beta
        payload = context.exchange.payload
        inner = MeanServer(context)
        mean = FloatBuffer(count: context.exchange.payload.count)
    }

    mutating func begin(global: FloatView, cohort: [CohortMember]) {
        inner.begin(global: global, cohort: cohort)
    }

    mutating func accept(_ update: FloatView, of member: CohortMember) throws(Rejection) {
        try inner.accept(update, of: member)
    }

    var factors: [Int: Double]? { inner.factors }

    mutating func finish(into global: FloatView) {
        inner.finish(into: mean.view)
        for segment in payload.segments {
            for index in segment.offset..<segment.offset + segment.count {
                let (old, new) = (Double(global.pointer[index]), Double(mean.view.pointer[index]))
                global.pointer[index] =
                    segment.role == .buffer || beta == 1
                    ? Float(new) : Float((1 - beta) * old + beta * new)
            }
        }
    }
}

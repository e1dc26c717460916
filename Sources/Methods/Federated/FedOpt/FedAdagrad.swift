/// Reddi et al., Adaptive Federated Optimization, ICLR 2021, algorithm 2: v += Delta^2; see `AdaptiveServer`.
/// beta1 is 0, as in the paper's experiments with it.
package struct FedAdagrad: FederatedMethod {
    package static let name = "fedadagrad"
    package static let meaning = "gives the server Adagrad (Reddi et al. 2021)"
    package static let settings: [MethodSetting<Self>] = [
        .number("server_learning_rate", \.rate, 0...1e6, "Step size of the server."),
        .number("beta1", \.beta1, 0...1, "Share of the first moment that the server keeps."),
        .number(
            "tau", \.tau, 1e-9...1e6,
            "What is added to the root of the second moment; its square is where that begins."),
    ]

    package var rate = 0.01
    package var beta1 = 0.0
    package var tau = 0.001

    package init() {}

    package func server(_ context: ServerContext) -> any FederatedServer {
        AdaptiveServer(
            context, rule: .adaptive(.adagrad, rate: rate, beta1: beta1, beta2: 0, tau: tau))
    }
}

/// Reddi et al., Adaptive Federated Optimization, ICLR 2021, algorithm 2: v -= (1 - beta2) Delta^2 sign(v - Delta^2); see `AdaptiveServer`.
package struct FedYogi: FederatedMethod {
    package static let name = "fedyogi"
    package static let meaning = "gives the server Yogi (Reddi et al. 2021)"
    package static let settings: [MethodSetting<Self>] = [
        .number("server_learning_rate", \.rate, 0...1e6, "Step size of the server."),
        .number("beta1", \.beta1, 0...1, "Share of the first moment that the server keeps."),
        .number("beta2", \.beta2, 0...1, "Share of the second moment that the server keeps."),
        .number(
            "tau", \.tau, 1e-9...1e6,
            "What is added to the root of the second moment; its square is where that begins."),
    ]

    package var rate = 0.01
    package var beta1 = 0.9
    package var beta2 = 0.99
    package var tau = 0.001

    package init() {}

    package func server(_ context: ServerContext) -> any FederatedServer {
        AdaptiveServer(
            context, rule: .adaptive(.yogi, rate: rate, beta1: beta1, beta2: beta2, tau: tau))
    }
}

/// Hsu, Qi and Brown, Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification, 2019,
/// section 4.1: v = beta v + Delta, w += eta v on the server; clients as in FedAvg.
package struct FedAvgM: FederatedMethod {
    package static let name = "fedavgm"
    package static let meaning = "gives the server momentum (Hsu et al. 2019)"
    package static let settings: [MethodSetting<Self>] = [
        .number("server_learning_rate", \.rate, 0...1e6, "Step size of the server."),
        .number("server_momentum", \.momentum, 0...1, "Share of the last step that the server keeps."),
    ]

    package var rate = 1.0
    package var momentum = 0.9

    package init() {}

    package func server(_ context: ServerContext) -> any FederatedServer {
        AdaptiveServer(context, rule: .momentum(rate: rate, momentum: momentum))
    }
}

/// McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, AISTATS 2017, algorithm 1.
///
/// Both halves are the ones that other methods inherit: `PlainTraining` and `MeanServer`.
package struct FedAvg: FederatedMethod {
    package static let name = "fedavg"
    package static let meaning = "averages the clients' models by their samples (McMahan et al. 2017)"

    package init() {}
}

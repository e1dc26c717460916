/// The networks of McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized
/// Data, and the variant of its CNN that PFLlib made common.
enum FederatedAveragingNets {
    static let zoo = [
        ZooEntry("logistic", "one dense layer") { [.flatten, .dense(units: $0)] },
        ZooEntry("mlp", "the 2NN of McMahan et al. 2017") { perceptron(classes: $0) },
        ZooEntry("cnn", "the CNN of McMahan et al. 2017") { cnn(padding: .same, classes: $0) },
        ZooEntry("pfllib_cnn", "FedAvgCNN of PFLlib: `cnn` without padding") {
            cnn(padding: .valid, classes: $0)
        },
    ]

    /// 199,210 parameters for 28 x 28 x 1 and 10 classes.
    private static func perceptron(classes: Int) -> [LayerSpec] {
        [.flatten, .dense(units: 200), .relu, .dense(units: 200), .relu, .dense(units: classes)]
    }

    /// For 10 classes 1,663,370 parameters with padding for 28 x 28 x 1, without it 582,026 and, for 32 x 32
    /// x 3, 878,538.
    private static func cnn(padding: LayerSpec.Padding, classes: Int) -> [LayerSpec] {
        [
            .conv(channels: 32, kernel: 5, padding: padding), .relu, .maxPool(kernel: 2, stride: 2),
            .conv(channels: 64, kernel: 5, padding: padding), .relu, .maxPool(kernel: 2, stride: 2),
            .flatten, .dense(units: 512), .relu, .dense(units: classes),
        ]
    }
}

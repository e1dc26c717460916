/// The CNN of Chen, Bhardwaj and Marculescu 2020, FedMAX: Mitigating Activation Divergence for Accurate and
/// Communication-Efficient Federated Learning. For 32 x 32 x 3: 659,818 parameters with 10 classes, 705,988
/// with 100.
enum FedMAXNet {
    static let zoo = [ZooEntry("fedmax_cnn", "the CNN of FedMAX for CIFAR") { layers(classes: $0) }]

    /// The regularised activations are those behind the first dense layer.
    private static func layers(classes: Int) -> [LayerSpec] {
        func conv(_ channels: Int) -> [LayerSpec] {
            [.conv(channels: channels, kernel: 3, padding: .same, bias: false), .relu]
        }
        let pool: [LayerSpec] = [.maxPool(kernel: 2, stride: 2)]
        let features = conv(32) + pool + conv(64) + conv(64) + pool + conv(64) + conv(64) + pool
        return features + [.flatten, .dense(units: 512), .relu, .dense(units: classes)]
    }
}

/// LeNet-5 (LeCun et al. 1998) as it is built today, with relu, max pools and full connections, and the
/// simple CNN of NIID-Bench (Li et al. 2022, Federated Learning on Non-IID Data Silos: An Experimental
/// Study), which is the same without padding.
enum LeNets {
    static let zoo = [
        ZooEntry("lenet5", "LeNet-5 with relu and max pools, padded by 2 at first") {
            layers(padding: .same, classes: $0)
        },
        ZooEntry("niid_simple_cnn", "the simple CNN of NIID-Bench") {
            layers(padding: .valid, classes: $0)
        },
    ]

    /// For 10 classes 61,706 parameters with padding for 28 x 28 x 1; without it 44,426 and, for 32 x 32 x 3,
    /// 62,006.
    private static func layers(padding: LayerSpec.Padding, classes: Int) -> [LayerSpec] {
        [
            .conv(channels: 6, kernel: 5, padding: padding), .relu, .maxPool(kernel: 2, stride: 2),
            .conv(channels: 16, kernel: 5), .relu, .maxPool(kernel: 2, stride: 2),
            .flatten, .dense(units: 120), .relu, .dense(units: 84), .relu, .dense(units: classes),
        ]
    }
}

/// Iandola et al. 2016, SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, in the authors' version
/// 1.1: 1,235,496 parameters with 1000 classes.
enum SqueezeNet {
    static let zoo = [ZooEntry("squeezenet", "SqueezeNet 1.1") { layers(classes: $0) }]

    /// A 1 x 1 convolution to `squeezed` channels, then 1 x 1 and 3 x 3 ones side by side.
    private static func fire(_ squeezed: Int, _ expanded: Int) -> [LayerSpec] {
        [
            .conv(channels: squeezed, kernel: 1), .relu,
            .concatenate(branches: [
                [.conv(channels: expanded, kernel: 1), .relu],
                [.conv(channels: expanded, kernel: 3, padding: .same), .relu],
            ]),
        ]
    }

    private static func layers(classes: Int) -> [LayerSpec] {
        let pool: [LayerSpec] = [.maxPool(kernel: 3, stride: 2, ceiling: true)]
        var layers: [LayerSpec] = [.conv(channels: 64, kernel: 3, stride: 2), .relu]
        layers += pool + fire(16, 64) + fire(16, 64)
        layers += pool + fire(32, 128) + fire(32, 128)
        layers += pool + fire(48, 192) + fire(48, 192) + fire(64, 256) + fire(64, 256)
        return layers + [.dropout(rate: 0.5), .conv(channels: classes, kernel: 1), .relu, .globalAveragePool]
    }
}

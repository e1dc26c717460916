/// Howard et al. 2017, MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications. A
/// width multiplier scales all channels but the classes, rounded down and at least 8. 3,217,226 parameters
/// with 10 classes, 4,231,976 with 1000; width 0.25 has 470,072 with 1000.
enum MobileNetV1 {
    static let zoo = ZooEntry.widths("mobilenet_v1", "MobileNet V1", example: "0.25") {
        layers(width: $0, classes: $1)
    }

    /// Outputs and strides of the depthwise separable blocks.
    private static let blocks = [
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1),
        (512, 1), (1024, 2), (1024, 1),
    ]

    private static func layers(width: Double, classes: Int) -> [LayerSpec] {
        func scaled(_ channels: Int) -> Int { max(8, Int(Double(channels) * width)) }
        var inputs = scaled(32)
        var layers: [LayerSpec] = .convNormRelu(inputs, kernel: 3, stride: 2)
        for (channels, stride) in blocks {
            layers.append(
                .sequence(
                    .convNormRelu(inputs, kernel: 3, stride: stride, groups: inputs)
                        + .convNormRelu(scaled(channels), kernel: 1)))
            inputs = scaled(channels)
        }
        return layers + [.globalAveragePool, .dense(units: classes)]
    }
}

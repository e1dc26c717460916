/// Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks, as in torchvision: 3,504,872
/// parameters with 1000 classes. A width multiplier scales all channels, rounded to multiples of 8; the last
/// 1280 only grow.
enum MobileNetV2 {
    static let zoo = ZooEntry.widths("mobilenet_v2", "MobileNet V2", example: "0.5") {
        layers(width: $0, classes: $1)
    }

    private struct Stage {
        let expansion: Int
        let channels: Int
        let blocks: Int
        let stride: Int
    }

    private static let stages = [
        Stage(expansion: 1, channels: 16, blocks: 1, stride: 1),
        Stage(expansion: 6, channels: 24, blocks: 2, stride: 2),
        Stage(expansion: 6, channels: 32, blocks: 3, stride: 2),
        Stage(expansion: 6, channels: 64, blocks: 4, stride: 2),
        Stage(expansion: 6, channels: 96, blocks: 3, stride: 1),
        Stage(expansion: 6, channels: 160, blocks: 3, stride: 2),
        Stage(expansion: 6, channels: 320, blocks: 1, stride: 1),
    ]

    private static func convNormRelu6(_ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1)
        -> [LayerSpec]
    {
        .convNorm(channels, kernel: kernel, stride: stride, groups: groups) + [.relu6]
    }

    private static func layers(width: Double, classes: Int) -> [LayerSpec] {
        var inputs = roundedToEight(32, times: width)
        var layers = convNormRelu6(inputs, kernel: 3, stride: 2)
        for stage in stages {
            let channels = roundedToEight(stage.channels, times: width)
            for block in 0..<stage.blocks {
                let stride = block == 0 ? stage.stride : 1
                let middle = inputs * stage.expansion
                let body =
                    (stage.expansion > 1 ? convNormRelu6(middle, kernel: 1) : [])
                    + convNormRelu6(middle, kernel: 3, stride: stride, groups: middle)
                    + .convNorm(channels, kernel: 1)
                layers.append(stride == 1 && inputs == channels ? .residual(body: body) : .sequence(body))
                inputs = channels
            }
        }
        return layers + convNormRelu6(roundedToEight(1280, times: max(1, width)), kernel: 1) + [
            .globalAveragePool, .dropout(rate: 0.2), .dense(units: classes),
        ]
    }
}

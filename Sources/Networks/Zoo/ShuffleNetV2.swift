/// Ma et al. 2018, ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, of width 1:
/// 2,278,604 parameters with 1000 classes.
enum ShuffleNetV2 {
    static let zoo = [ZooEntry("shufflenet_v2", "ShuffleNet V2 of width 1") { layers(classes: $0) }]

    private static func layers(classes: Int) -> [LayerSpec] {
        var inputs = 24
        var layers: [LayerSpec] = .convNormRelu(inputs, kernel: 3, stride: 2)
        layers.append(.maxPool(kernel: 3, stride: 2, padding: 1))
        for (channels, blocks) in [(116, 4), (232, 8), (464, 4)] {
            layers += halving(inputs, to: channels)
            for _ in 1..<blocks { layers += keeping(channels) }
            inputs = channels
        }
        return layers + .convNormRelu(1024, kernel: 1) + [.globalAveragePool, .dense(units: classes)]
    }

    private static func branch(_ middle: Int, stride: Int) -> [LayerSpec] {
        .convNormRelu(middle, kernel: 1) + .convNorm(middle, kernel: 3, stride: stride, groups: middle)
            + .convNormRelu(middle, kernel: 1)
    }

    /// Half the size, from `inputs` to `channels`.
    private static func halving(_ inputs: Int, to channels: Int) -> [LayerSpec] {
        let half = channels / 2
        return [
            .concatenate(branches: [
                .convNorm(inputs, kernel: 3, stride: 2, groups: inputs) + .convNormRelu(half, kernel: 1),
                branch(half, stride: 2),
            ]), .shuffle(groups: 2),
        ]
    }

    /// One half of the channels goes by, the other through convolutions.
    private static func keeping(_ channels: Int) -> [LayerSpec] {
        let half = channels / 2
        return [
            .concatenate(branches: [
                [.slice(channels: 0..<half)],
                [.slice(channels: half..<channels)] + branch(half, stride: 1),
            ]), .shuffle(groups: 2),
        ]
    }
}

/// Tan et al. 2019, MnasNet: Platform-Aware Neural Architecture Search for Mobile: MnasNet-B1 of width 1, as
/// in torchvision: 4,383,312 parameters with 1000 classes. The paper's norms keep 0.9997 of their running
/// statistics.
enum MnasNet {
    static let zoo = [ZooEntry("mnasnet", "MnasNet-B1 of width 1") { layers(classes: $0) }]

    private struct Stage {
        let channels: Int
        let kernel: Int
        let stride: Int
        let expansion: Int
        let blocks: Int
    }

    private static let stages = [
        Stage(channels: 24, kernel: 3, stride: 2, expansion: 3, blocks: 3),
        Stage(channels: 40, kernel: 5, stride: 2, expansion: 3, blocks: 3),
        Stage(channels: 80, kernel: 5, stride: 2, expansion: 6, blocks: 3),
        Stage(channels: 96, kernel: 3, stride: 1, expansion: 6, blocks: 2),
        Stage(channels: 192, kernel: 5, stride: 2, expansion: 6, blocks: 4),
        Stage(channels: 320, kernel: 3, stride: 1, expansion: 6, blocks: 1),
    ]

    private static func convNorm(_ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1)
        -> [LayerSpec]
    {
        .convNorm(
            channels, kernel: kernel, stride: stride, groups: groups, norm: .batchNorm(momentum: 3e-4))
    }

    private static func layers(classes: Int) -> [LayerSpec] {
        var layers = convNorm(32, kernel: 3, stride: 2) + [.relu]
        layers.append(.sequence(convNorm(32, kernel: 3, groups: 32) + [.relu] + convNorm(16, kernel: 1)))
        var inputs = 16
        for stage in stages {
            for block in 0..<stage.blocks {
                let middle = inputs * stage.expansion
                let stride = block == 0 ? stage.stride : 1
                let body =
                    convNorm(middle, kernel: 1) + [.relu]
                    + convNorm(middle, kernel: stage.kernel, stride: stride, groups: middle) + [.relu]
                    + convNorm(stage.channels, kernel: 1)
                layers.append(block == 0 ? .sequence(body) : .residual(body: body))
                inputs = stage.channels
            }
        }
        return layers + convNorm(1280, kernel: 1) + [
            .relu, .globalAveragePool, .dropout(rate: 0.2), .dense(units: classes),
        ]
    }
}

/// Tan et al. 2019, MnasNet: Platform-Aware Neural Architecture Search for Mobile: MnasNet-B1 of width 1, as
/// in torchvision: 4,383,312 parameters with 1000 classes. (torchvision's norms have a momentum of 3e-4,
/// these a tenth.)
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

    private static func layers(classes: Int) -> [LayerSpec] {
        var layers: [LayerSpec] = .convNormRelu(32, kernel: 3, stride: 2)
        layers.append(.sequence(.convNormRelu(32, kernel: 3, groups: 32) + .convNorm(16, kernel: 1)))
        var inputs = 16
        for stage in stages {
            for block in 0..<stage.blocks {
                let middle = inputs * stage.expansion
                let stride = block == 0 ? stage.stride : 1
                let body: [LayerSpec] =
                    .convNormRelu(middle, kernel: 1)
                    + .convNormRelu(middle, kernel: stage.kernel, stride: stride, groups: middle)
                    + .convNorm(stage.channels, kernel: 1)
                layers.append(block == 0 ? .sequence(body) : .residual(body: body))
                inputs = stage.channels
            }
        }
        return layers + .convNormRelu(1280, kernel: 1) + [
            .globalAveragePool, .dropout(rate: 0.2), .dense(units: classes),
        ]
    }
}

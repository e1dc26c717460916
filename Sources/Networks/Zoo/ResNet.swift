/// Residual networks for 224 x 224 images (He et al. 2016, Deep Residual Learning for Image Recognition),
/// with the 7 x 7 stem also for smaller images. The stride of a bottleneck is that of its 3 x 3 convolution,
/// as in torchvision. resnet34 has 21,289,802 parameters with 10 classes; with 1000 resnet18 has 11,689,512,
/// resnet50 25,557,032 and resnet152 60,192,808.
enum ResNet {
    static let zoo = [
        ZooEntry("resnet18", "ResNet-18 with ImageNet's stem") { layers(basic: [2, 2, 2, 2], classes: $0) },
        ZooEntry("resnet34", "ResNet-34 with ImageNet's stem") { layers(basic: [3, 4, 6, 3], classes: $0) },
        ZooEntry("resnet50", "ResNet-50") { layers(bottleneck: [3, 4, 6, 3], classes: $0) },
        ZooEntry("resnet152", "ResNet-152") { layers(bottleneck: [3, 8, 36, 3], classes: $0) },
    ]

    /// Two 3 x 3 convolutions beside a shortcut; a 1 x 1 convolution on it if it `projects`.
    static func basic(_ channels: Int, stride: Int, projects: Bool) -> [LayerSpec] {
        [
            .residual(
                body: .convNormRelu(channels, kernel: 3, stride: stride) + .convNorm(channels, kernel: 3),
                shortcut: projects ? .convNorm(channels, kernel: 1, stride: stride) : []),
            .relu,
        ]
    }

    /// 1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut; the last gives four times `channels`.
    private static func bottleneck(_ channels: Int, stride: Int, projects: Bool) -> [LayerSpec] {
        [
            .residual(
                body: .convNormRelu(channels, kernel: 1) + .convNormRelu(channels, kernel: 3, stride: stride)
                    + .convNorm(4 * channels, kernel: 1),
                shortcut: projects ? .convNorm(4 * channels, kernel: 1, stride: stride) : []),
            .relu,
        ]
    }

    private static func layers(basic counts: [Int], classes: Int) -> [LayerSpec] {
        layers(counts, classes: classes) { stage, block in
            let halves = stage > 0 && block == 0
            return basic(64 << stage, stride: halves ? 2 : 1, projects: halves)
        }
    }

    private static func layers(bottleneck counts: [Int], classes: Int) -> [LayerSpec] {
        layers(counts, classes: classes) { stage, block in
            bottleneck(64 << stage, stride: stage > 0 && block == 0 ? 2 : 1, projects: block == 0)
        }
    }

    private static func layers(
        _ counts: [Int], classes: Int, block: (_ stage: Int, _ block: Int) -> [LayerSpec]
    ) -> [LayerSpec] {
        var layers: [LayerSpec] = .convNormRelu(64, kernel: 7, stride: 2)
        layers.append(.maxPool(kernel: 3, stride: 2, padding: 1))
        for (stage, count) in counts.enumerated() {
            for index in 0..<count { layers += block(stage, index) }
        }
        return layers + [.globalAveragePool, .dense(units: classes)]
    }
}

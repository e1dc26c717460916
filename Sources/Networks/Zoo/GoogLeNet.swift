/// Szegedy et al. 2015, Going Deeper with Convolutions, as in torchvision: batch norm, 3 x 3 kernels in place
/// of the 5 x 5 ones, and without the two auxiliary classifiers: 6,624,904 parameters with 1000 classes. Its
/// norms have an epsilon of 1e-3.
enum GoogLeNet {
    static let zoo = [
        ZooEntry("googlenet", "GoogLeNet with batch norm, without auxiliary heads") { layers(classes: $0) }
    ]

    private static func convNormRelu(_ channels: Int, kernel: Int, stride: Int = 1) -> [LayerSpec] {
        .convNormRelu(channels, kernel: kernel, stride: stride, norm: .batchNorm(epsilon: 1e-3))
    }

    private struct Inception {
        let one: Int
        let three: (reduced: Int, channels: Int)
        let five: (reduced: Int, channels: Int)
        let pooled: Int

        init(_ one: Int, _ three: (Int, Int), _ five: (Int, Int), _ pooled: Int) {
            self.one = one
            self.three = three
            self.five = five
            self.pooled = pooled
        }

        var layer: LayerSpec {
            .concatenate(branches: [
                convNormRelu(one, kernel: 1),
                convNormRelu(three.reduced, kernel: 1) + convNormRelu(three.channels, kernel: 3),
                convNormRelu(five.reduced, kernel: 1) + convNormRelu(five.channels, kernel: 3),
                [.maxPool(kernel: 3, stride: 1, padding: 1, ceiling: true)]
                    + convNormRelu(pooled, kernel: 1),
            ])
        }
    }

    private static func layers(classes: Int) -> [LayerSpec] {
        let pool = LayerSpec.maxPool(kernel: 3, stride: 2, ceiling: true)
        var layers: [LayerSpec] = convNormRelu(64, kernel: 7, stride: 2) + [pool]
        layers += convNormRelu(64, kernel: 1) + convNormRelu(192, kernel: 3) + [pool]
        layers += [
            Inception(64, (96, 128), (16, 32), 32).layer,
            Inception(128, (128, 192), (32, 96), 64).layer,
            pool,
            Inception(192, (96, 208), (16, 48), 64).layer,
            Inception(160, (112, 224), (24, 64), 64).layer,
            Inception(128, (128, 256), (24, 64), 64).layer,
            Inception(112, (144, 288), (32, 64), 64).layer,
            Inception(256, (160, 320), (32, 128), 128).layer,
            .maxPool(kernel: 2, stride: 2, ceiling: true),
            Inception(256, (160, 320), (32, 128), 128).layer,
            Inception(384, (192, 384), (48, 128), 128).layer,
        ]
        return layers + [.globalAveragePool, .dropout(rate: 0.2), .dense(units: classes)]
    }
}

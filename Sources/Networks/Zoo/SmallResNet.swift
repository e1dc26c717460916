/// Residual networks for 32 x 32 images (He et al. 2016, Deep Residual Learning for Image Recognition,
/// section 4.2): three stages of 16, 32 and 64 channels. Where the size changes, the shortcut is a 1 x 1
/// convolution with batch norm (option B), not the paper's padding with zeros (option A), which has 2,752
/// parameters less. With 10 classes: resnet8 78,042 parameters, resnet20 272,474.
enum SmallResNet {
    static let zoo = [8, 20, 32, 56].map { depth in
        ZooEntry("resnet\(depth)", "ResNet-\(depth) for CIFAR, option B") {
            layers(blocks: (depth - 2) / 6, classes: $0)
        }
    }

    private static func layers(blocks: Int, classes: Int) -> [LayerSpec] {
        var layers: [LayerSpec] = .convNormRelu(16, kernel: 3)
        for (stage, channels) in [16, 32, 64].enumerated() {
            for block in 0..<blocks {
                let halves = stage > 0 && block == 0
                layers += ResNet.basic(channels, stride: halves ? 2 : 1, projects: halves)
            }
        }
        return layers + [.globalAveragePool, .dense(units: classes)]
    }
}

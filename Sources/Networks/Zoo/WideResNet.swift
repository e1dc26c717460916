/// Wide residual networks (Zagoruyko and Komodakis 2016) of depth D = 6 n + 4 and width K for 32 x 32 images,
/// with biases and with shortcuts from before the first norm, as in the networks of Bhardwaj et al. 2019,
/// Memory- and Communication-Aware Model Compression for Distributed Deep Learning Inference on IoT. The
/// first convolution of a block has its stride. With 10 classes: wrn_16_1 175,626 parameters, wrn_16_2
/// 692,810, wrn_40_4 8,955,050. Thin ones have a fraction for K, such as wrn_16_0.5: channels are 16, 32 and 64
/// times K, rounded down and at least 1; the first convolution always has 16.
enum WideResNet {
    static let zoo = [
        ZooEntry(
            prefix: "wrn_", "D_K", example: "wrn_16_1",
            "wide ResNet, depth D = 6 n + 4, width K, for CIFAR"
        ) { parameters, classes in
            guard parameters.count == 2, let depth = ZooEntry.integer(parameters[0], upTo: 1000),
                let width = width(parameters[1]), depth >= 10, (depth - 4) % 6 == 0
            else { return nil }
            return layers(blocks: (depth - 4) / 6, width: width, classes: classes)
        }
    ]

    /// A number up to 64, or from 0.05 to 64 with decimals, each with one way to write it.
    private static func width(_ text: String) -> Double? {
        if let whole = ZooEntry.integer(text, upTo: 64) { return Double(whole) }
        guard let width = Double(text), width >= 0.05, width < 64, width != width.rounded(),
            "\(width)" == text
        else { return nil }
        return width
    }

    private static func conv(_ channels: Int, stride: Int = 1) -> LayerSpec {
        .conv(channels: channels, kernel: 3, stride: stride, padding: .same)
    }

    private static func layers(blocks: Int, width: Double, classes: Int) -> [LayerSpec] {
        var layers = [conv(16)]
        var inputs = 16
        for (stage, base) in [16, 32, 64].enumerated() {
            let channels = max(1, Int(Double(base) * width))
            for block in 0..<blocks {
                let stride = stage > 0 && block == 0 ? 2 : 1
                let projects = stride > 1 || inputs != channels
                layers.append(
                    .residual(
                        body: [
                            .batchNorm(), .relu, conv(channels, stride: stride), .batchNorm(), .relu,
                            conv(channels),
                        ],
                        shortcut: projects ? [.conv(channels: channels, kernel: 1, stride: stride)] : []))
                inputs = channels
            }
        }
        return layers + [.batchNorm(), .relu, .globalAveragePool, .dense(units: classes)]
    }
}

/// Simonyan and Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition.
enum VGG {
    static let zoo = [
        ZooEntry("vgg11", "VGG-11 for CIFAR: batch norm and one dense layer") { eleven(classes: $0) },
        ZooEntry("vgg16", "VGG-16: no batch norm, three dense layers") {
            sixteen(classes: $0)
        },
    ]

    /// With batch norm and one dense layer, as networks for 32 x 32 images have it: 9,231,114 parameters with
    /// 10 classes.
    private static func eleven(classes: Int) -> [LayerSpec] {
        features([[64], [128], [256, 256], [512, 512], [512, 512]], norm: true) + [
            .flatten, .dense(units: classes),
        ]
    }

    /// The paper's configuration D: 138,357,544 parameters with 1000 classes, for images of 32 x 32 and larger:
    /// as in torchvision, the last planes are pooled to the 7 x 7 that 224 x 224 ends in.
    private static func sixteen(classes: Int) -> [LayerSpec] {
        let stages = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]]
        return features(stages, norm: false) + [
            .adaptiveAveragePool(side: 7), .flatten, .dense(units: 4096), .relu, .dropout(rate: 0.5),
            .dense(units: 4096), .relu, .dropout(rate: 0.5), .dense(units: classes),
        ]
    }

    private static func features(_ stages: [[Int]], norm: Bool) -> [LayerSpec] {
        stages.flatMap { stage -> [LayerSpec] in
            stage.flatMap { channels -> [LayerSpec] in
                [.conv(channels: channels, kernel: 3, padding: .same)] + (norm ? [.batchNorm()] : []) + [
                    .relu
                ]
            } + [.maxPool(kernel: 2, stride: 2)]
        }
    }
}

/// A plain network of our own for small grey images, as a teacher and, in small widths, as its students: three 3 x 3
/// convolutions of 32, 64 and 128 channels with batch norm, each but the last followed by a maximum pool. A width
/// multiplier scales all channels, rounded down and at least 4. With 10 classes 94,186 parameters for 28 x 28 x 1, of
/// width 0.25 6,274.
enum SmallCNN {
    static let zoo = ZooEntry.widths("small_cnn", "three convolutions with batch norm", example: "0.25") {
        layers(width: $0, classes: $1)
    }

    private static func layers(width: Double, classes: Int) -> [LayerSpec] {
        func conv(_ channels: Int) -> [LayerSpec] {
            .convNormRelu(max(4, Int(Double(channels) * width)), kernel: 3)
        }
        let pool: [LayerSpec] = [.maxPool(kernel: 2, stride: 2)]
        return conv(32) + pool + conv(64) + pool + conv(128) + [.globalAveragePool, .dense(units: classes)]
    }
}

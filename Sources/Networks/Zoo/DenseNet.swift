/// Huang et al. 2017, Densely Connected Convolutional Networks, with bottlenecks, compression by half and 32
/// channels a layer. With 1000 classes densenet169 has 14,149,480 parameters, densenet201 20,013,928.
enum DenseNet {
    static let zoo = [
        ZooEntry("densenet169", "DenseNet-169") { layers([6, 12, 32, 32], classes: $0) },
        ZooEntry("densenet201", "DenseNet-201") { layers([6, 12, 48, 32], classes: $0) },
    ]

    private static let growth = 32

    private static func layers(_ counts: [Int], classes: Int) -> [LayerSpec] {
        var channels = 2 * growth
        var layers: [LayerSpec] = .convNormRelu(channels, kernel: 7, stride: 2)
        layers.append(.maxPool(kernel: 3, stride: 2, padding: 1))
        for (stage, count) in counts.enumerated() {
            for _ in 0..<count {
                let added: [LayerSpec] =
                    .normReluConv(4 * growth, kernel: 1) + .normReluConv(growth, kernel: 3)
                layers.append(.concatenate(branches: [[], added]))
                channels += growth
            }
            if stage < counts.count - 1 {
                channels /= 2
                layers.append(
                    .sequence(.normReluConv(channels, kernel: 1) + [.averagePool(kernel: 2, stride: 2)]))
            }
        }
        return layers + [.batchNorm(), .relu, .globalAveragePool, .dense(units: classes)]
    }
}

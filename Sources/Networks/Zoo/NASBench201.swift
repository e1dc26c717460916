/// The networks of Dong and Yang 2020, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
/// Search, for 32 x 32 images: a stem of 16 channels and three stages of five equal cells with 16, 32 and 64
/// channels, between which residual blocks halve the size. A cell has four nodes; the name's six digits are
/// the operations of its edges 0 to 1, 0 to 2, 1 to 2, 0 to 3, 1 to 3 and 2 to 3: 0 none, 1 skip, 2 a 1 x 1
/// and 3 a 3 x 3 convolution, 4 the average of 3 x 3. All convolutions 3 x 3 (333333): 1,531,546 parameters
/// with 10 classes.
enum NASBench201 {
    static let zoo = [
        ZooEntry(
            prefix: "nasbench201_", "EEEEEE", example: "nasbench201_333333",
            "E: 0 none, 1 skip, 2 conv 1x1, 3 conv 3x3, 4 average"
        ) { parameters, classes in
            guard parameters.count == 1, parameters[0].utf8.count == 6 else { return nil }
            let edges = parameters[0].utf8.compactMap { Operation(rawValue: Int($0) - 48) }
            guard edges.count == 6 else { return nil }
            return layers(edges, classes: classes)
        }
    ]

    private enum Operation: Int {
        case none, skip, conv1x1, conv3x3, average

        /// nil for no edge.
        func layers(channels: Int) -> [LayerSpec]? {
            switch self {
            case .none: nil
            case .skip: []
            case .conv1x1: reluConvNorm(channels, kernel: 1)
            case .conv3x3: reluConvNorm(channels, kernel: 3)
            case .average: [.averagePool(kernel: 3, stride: 1, padding: 1)]
            }
        }
    }

    private static func reluConvNorm(_ channels: Int, kernel: Int, stride: Int = 1) -> [LayerSpec] {
        [.relu] + .convNorm(channels, kernel: kernel, stride: stride)
    }

    private static func layers(_ edges: [Operation], classes: Int) -> [LayerSpec] {
        var layers: [LayerSpec] = .convNorm(16, kernel: 3)
        for (stage, channels) in [16, 32, 64].enumerated() {
            if stage > 0 {
                layers.append(
                    .residual(
                        body: reluConvNorm(channels, kernel: 3, stride: 2)
                            + reluConvNorm(channels, kernel: 3),
                        shortcut: [
                            .averagePool(kernel: 2, stride: 2),
                            .conv(channels: channels, kernel: 1, bias: false),
                        ]))
            }
            let operations = edges.map { $0.layers(channels: channels) }
            let cell = LayerSpec.cell(edges: [
                Array(operations[0..<1]), Array(operations[1..<3]), Array(operations[3..<6]),
            ])
            layers += Array(repeating: cell, count: 5)
        }
        return layers + [.batchNorm(), .relu, .globalAveragePool, .dense(units: classes)]
    }
}

/// A model as a list of layers, under a name.
public struct ModelSpec: Sendable, Equatable {
    public var name: String
    public var layers: [LayerSpec]

    public init(name: String, layers: [LayerSpec]) {
        self.name = name
        self.layers = layers
    }

    /// Models that `named` knows.
    public static let names = ["logistic", "mlp", "cnn"]

    /// A model of the zoo with `classes` outputs; nil when the name is not in `names`.
    public static func named(_ name: String, classes: Int) -> ModelSpec? {
        switch name {
        case "logistic": ModelSpec(name: name, layers: [.flatten, .dense(units: classes)])
        case "mlp": ModelSpec(name: name, layers: perceptron(classes: classes))
        case "cnn": ModelSpec(name: name, layers: federatedAveragingCNN(classes: classes))
        default: nil
        }
    }

    /// The "2NN" of McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized
    /// Data: 199,210 parameters for 28 x 28 x 1 and 10 classes.
    private static func perceptron(classes: Int) -> [LayerSpec] {
        [.flatten, .dense(units: 200), .relu, .dense(units: 200), .relu, .dense(units: classes)]
    }

    /// The CNN of the same paper: 1,663,370 parameters for 28 x 28 x 1 and 10 classes.
    private static func federatedAveragingCNN(classes: Int) -> [LayerSpec] {
        [
            .conv(channels: 32, kernel: 5, padding: .same), .relu, .maxPool(kernel: 2, stride: 2),
            .conv(channels: 64, kernel: 5, padding: .same), .relu, .maxPool(kernel: 2, stride: 2),
            .flatten, .dense(units: 512), .relu, .dense(units: classes),
        ]
    }
}

/// A model that has a name, or a family of models whose names hold parameters.
public struct ZooEntry: Sendable {
    /// The name; capitals in it stand for parameters, as in `wrn_D_K`.
    public let pattern: String
    /// A name that fits the pattern.
    public let example: String
    /// What it is and where it comes from, in one sentence without a full stop.
    public let meaning: String
    /// How every name of a family begins; nil for one model.
    private let prefix: String?
    /// Layers of the model of this name with so many classes; nil for names that do not fit the pattern.
    let layers: @Sendable (_ name: String, _ classes: Int) -> [LayerSpec]?

    /// One model.
    init(_ name: String, _ meaning: String, layers: @escaping @Sendable (_ classes: Int) -> [LayerSpec]) {
        pattern = name
        example = name
        prefix = nil
        self.meaning = meaning
        self.layers = { $0 == name ? layers($1) : nil }
    }

    /// A family. `layers` has what follows `prefix` in the name, split at underscores.
    init(
        prefix: String, _ parameters: String, example: String, _ meaning: String,
        layers: @escaping @Sendable (_ parameters: [String], _ classes: Int) -> [LayerSpec]?
    ) {
        pattern = prefix + parameters
        self.prefix = prefix
        self.example = example
        self.meaning = meaning
        self.layers = { name, classes in
            guard name.hasPrefix(prefix) else { return nil }
            let rest = name.dropFirst(prefix.count)
            return layers(
                rest.split(separator: "_", omittingEmptySubsequences: false).map(String.init), classes)
        }
    }

    /// What its names are, for those who wrote another.
    public var rule: String { "write \(pattern) (\(meaning)), such as \(example)" }

    /// Whether a name begins like those of this family.
    fileprivate func begins(_ name: String) -> Bool { prefix.map(name.hasPrefix) ?? false }

    /// A positive number up to `limit` that is written in one way only: no sign, no leading zero.
    static func integer(_ text: String, upTo limit: Int) -> Int? {
        guard let value = Int(text), value > 0, value <= limit, String(value) == text else { return nil }
        return value
    }

    /// A model and its family of other widths: factors of channels from 0.05 to 4 with one way to write each,
    /// such as `0.25`, `0.5`, `1.0`.
    static func widths(
        _ name: String, _ meaning: String, example: String,
        layers: @escaping @Sendable (_ width: Double, _ classes: Int) -> [LayerSpec]
    ) -> [ZooEntry] {
        let one = ZooEntry(name, "\(meaning) of width 1") { layers(1, $0) }
        let family = ZooEntry(
            prefix: "\(name)_", "W", example: "\(name)_\(example)",
            "\(meaning) with the width multiplier W from 0.05 to 4.0"
        ) { parameters, classes in
            guard parameters.count == 1, let width = Double(parameters[0]), width >= 0.05, width <= 4,
                "\(width)" == parameters[0]
            else { return nil }
            return layers(width, classes)
        }
        return [one, family]
    }
}

extension ModelSpec {
    /// All models that `named` knows. Counts in their sources are of trainable values.
    public static let zoo: [ZooEntry] = [
        FederatedAveragingNets.zoo, LeNets.zoo, FedMAXNet.zoo, SmallCNN.zoo, SmallResNet.zoo, ResNet.zoo,
        WideResNet.zoo,
        MobileNetV1.zoo, MobileNetV2.zoo, VGG.zoo, NASBench201.zoo, DenseNet.zoo, SqueezeNet.zoo,
        GoogLeNet.zoo, ShuffleNetV2.zoo, MnasNet.zoo,
    ].flatMap { $0 }

    /// Names that `named` knows, and patterns of names: capitals stand for parameters.
    public static let names = zoo.map(\.pattern)

    /// The family that a name begins like, whether it fits there or not.
    public static func family(of name: String) -> ZooEntry? { zoo.last { $0.begins(name) } }

    /// A model of the zoo with `classes` outputs; nil when the name is not in `names` and fits no pattern
    /// there.
    public static func named(_ name: String, classes: Int) -> ModelSpec? {
        for entry in zoo {
            if let layers = entry.layers(name, classes) { return ModelSpec(name: name, layers: layers) }
        }
        return nil
    }
}

import Datasets
import Methods
import Networks

/// `model`: the network and its first weights.
enum ModelSection {
    static let placeholder = ModelSpec(name: customName, layers: [.flatten, .dense(units: 10)])
    /// What a model made of layers is called.
    private static let customName = "custom"
    private static let parameterLimit = 1 << 29

    static func visit(
        _ section: Section, _ model: inout ModelSpec, _ initialization: inout Initialization, classes: Int,
        standard: Initialization
    ) {
        section.section("model", required: true, "The network and its first weights.") { section in
            visitNetwork(section, &model, classes: classes)
            section.field(
                "initialization", &initialization, .word(Initialization.self), .value(standard),
                "`uniform_fan_in`: weights and biases uniform in ±1/sqrt(fan-in); `he` and `glorot` as in their papers,"
                    + " biases 0.")
        }
    }

    private static func visitNetwork(_ section: Section, _ model: inout ModelSpec, classes: Int) {
        var name: String? = model == .named(model.name, classes: classes) ? model.name : nil
        section.optional(
            "name", &name, .zooName(classes: classes), absence: "`layers` must be written",
            "A network of the zoo; capitals stand for parameters, as in `wrn_16_1`. `cnn` and `mlp` are those of "
                + "McMahan et al. 2017, `logistic` is one dense layer; `tributary model --help` says what the others are."
        )
        if section.walk.purpose == .list, section.path != "model" {
            section.custom(
                "layers", type: "list of layers", fallback: "those of `name`",
                "As `model.layers` of `federated`."
            ) { _ in
            } write: {
                nil
            }
        } else {
            LayerSection.visit(section, &model.layers, isZoo: name != nil, classes: classes)
        }
        guard section.walk.purpose == .read else { return }
        let layers = section.isWritten("layers")
        if section.isWritten("name") && layers {
            section.walk.report(
                section.place(at: "layers"), section.path(of: "layers"), "is there beside a name",
                "keep one of name and layers")
        } else if !layers && !section.isWritten("name") {
            section.reportMissing(
                "name", "write one of \(ModelSpec.names.joined(separator: ", ")), or layers")
        }
        if let name, let zoo = ModelSpec.named(name, classes: classes) {
            model = zoo
        } else {
            model.name = customName
        }
    }

    /// The key that decides the network of the model at `path`.
    static func key(_ model: ModelSpec, _ path: String = "model") -> String {
        model.name == customName ? "\(path).layers" : "\(path).name"
    }

    /// Whether the layers of the model at `path` fit each other and the data.
    static func checkAcrossFields(
        _ section: Section, _ model: ModelSpec, _ dataset: DatasetSpec, at path: String = "model"
    ) {
        let walk = section.walk
        let sources = ["name", "split", "classes", "shape"].map { "dataset.\($0)" }
        guard walk.isSound(path), sources.allSatisfy({ walk.isSound($0) }) else { return }
        let path = key(model, path)
        do throws(NetworkError) {
            let plan = try NetworkPlan(
                spec: model, input: dataset.inputShape, classes: dataset.classCount)
            if plan.layout.count > parameterLimit {
                walk.report(
                    section.place(at: path), path, value: "\(plan.layout.count) parameters", "are too many",
                    "stay at or below \(parameterLimit)")
            }
        } catch {
            let index = model.name == customName ? model.index(ofLayerIn: error) : nil
            let path = index.map { "\(path).\($0)" } ?? path
            walk.report(
                section.place(at: path), path, "does not fit \(dataset.name.rawValue): \(error)",
                "change the layers or the data set")
        }
    }
}

extension Codec where Value == String {
    /// A network of the zoo.
    static func zooName(classes: Int) -> Codec {
        .word(
            ModelSpec.names, fits: { ModelSpec.named($0, classes: classes) != nil },
            rule: { ModelSpec.family(of: $0)?.rule })
    }
}

extension ModelSpec {
    /// The outermost layer to which the block belongs that an error names.
    fileprivate func index(ofLayerIn error: NetworkError) -> Int? {
        let block = error.block?.prefix { $0 != "." }
        var numbers: [String: Int] = [:]
        return layers.firstIndex { layer in
            let number = numbers[layer.family, default: 0] + 1
            numbers[layer.family] = number
            return block == "\(layer.family)\(number)"
        }
    }
}

extension DatasetSpec {
    /// Classes of the data set, known without reading it.
    package var classCount: Int {
        switch name {
        case .fashionMNIST, .mnist, .cifar10, .synthetic: 10
        case .cifar100: 100
        case .leaf: classes
        case .emnist:
            switch split {
            case "byclass": 62
            case "bymerge", "balanced": 47
            case "letters": 26
            default: 10
            }
        }
    }

    /// One sample of the data set, known without reading it.
    package var inputShape: Shape {
        switch name {
        case .fashionMNIST, .mnist, .emnist: Shape(channels: 1, height: 28, width: 28)
        case .cifar10, .cifar100: Shape(channels: 3, height: 32, width: 32)
        case .leaf: Shape(channels: shape.channels, height: shape.height, width: shape.width)
        case .synthetic: Shape(channels: 60)
        }
    }
}

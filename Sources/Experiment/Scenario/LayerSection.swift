import Networks

/// `model.layers`: a list of words such as `relu` and mappings of one key such as `{dense: 512}`.
enum LayerSection {
    private static let words: [(word: String, layer: LayerSpec)] = [
        ("relu", .relu), ("flatten", .flatten), ("global_average_pool", .globalAveragePool),
    ]
    private static let keys = ["dense", "conv", "max_pool", "average_pool"]
    private static let limit = 1000

    /// A network of the zoo is written by its name alone.
    static func visit(_ section: Section, _ layers: inout [LayerSpec], isZoo: Bool, classes: Int) {
        let walk = section.walk
        let path = section.path(of: "layers")
        var read = layers
        section.custom(
            "layers",
            type:
                "list of \(words.map(\.word).joined(separator: ", ")) and \(keys.joined(separator: ", ")) mappings",
            fallback: "those of `name`",
            "The network, block by block. Convolutions and pools work on planes, "
                + "`dense` on all values of a sample; the last block gives one value for each class."
        ) { node in
            guard let node else { return }
            guard case .list(let items) = node.content, !items.isEmpty, items.count <= limit else {
                walk.report(
                    node.place, path, value: node.shown, "does not fit here",
                    "write a list of 1 to \(limit) layers")
                return
            }
            read = items.enumerated().compactMap { index, item in
                self.read(item, walk, "\(path).\(index)", classes: classes)
            }
        } write: {
            isZoo ? nil : DocumentNode(.list(layers.map { write($0, classes: classes) }))
        }
        if walk.purpose == .list { list(walk, "\(path).*", classes: classes) }
        layers = read
    }

    /// The keys of a layer's mapping, of which each layer has one.
    private static func list(_ walk: Walk, _ path: String, classes: Int) {
        for key in keys {
            _ = visitLayer(Section(walk, path: path), key, nil, classes: classes)
            if let index = walk.entries.lastIndex(where: { $0.path == "\(path).\(key)" }) {
                walk.entries[index].fallback = "another layer"
            }
        }
    }

    private static func read(_ node: DocumentNode, _ walk: Walk, _ path: String, classes: Int) -> LayerSpec? {
        switch node.content {
        case .scalar(let word, _):
            if let found = words.first(where: { $0.word == word }) { return found.layer }
            let list = words.map(\.word).joined(separator: ", ")
            if keys.contains(word) {
                walk.report(
                    node.place, path, value: node.shown, "needs settings",
                    "write a mapping such as {dense: 128}")
                return nil
            }
            let near = nearest(to: word, among: words.map(\.word) + keys).map { "did you mean \($0)? " } ?? ""
            let remedy = "\(near)write one of \(list), or a mapping such as {dense: 128}"
            walk.report(node.place, path, value: node.shown, "is unknown", remedy)
            return nil
        case .mapping(let entries) where entries.count == 1 && keys.contains(entries[0].key):
            let section = Section(walk, path: path, source: entries, place: node.place)
            return visitLayer(section, entries[0].key, nil, classes: classes)
        case .mapping(let entries) where entries.count == 1:
            let key = entries[0].key
            let near = nearest(to: key, among: keys).map { "did you mean \($0)? " } ?? ""
            let isWord = words.contains { $0.word == key }
            walk.report(
                entries[0].place, "\(path).\(Fault.shown(key))", isWord ? "takes no value" : "unknown key",
                isWord ? "write \(key) alone" : "\(near)write one of \(keys.joined(separator: ", "))")
        case .mapping, .list:
            walk.report(
                node.place, path, value: node.shown, "is not one layer",
                "write a mapping of one key, such as {dense: 128}")
        }
        return nil
    }

    private static func write(_ layer: LayerSpec, classes: Int) -> DocumentNode {
        if let found = words.first(where: { $0.layer == layer }) { return .plain(found.word) }
        let section = Section(Walk(.write), path: "")
        let key =
            switch layer {
            case .dense: "dense"
            case .conv: "conv"
            case .maxPool: "max_pool"
            case .averagePool: "average_pool"
            default: preconditionFailure("\(layer) cannot be written")
            }
        _ = visitLayer(section, key, layer, classes: classes)
        return section.written
    }

    /// Reads, writes or lists the one key of a layer's mapping.
    private static func visitLayer(_ section: Section, _ key: String, _ layer: LayerSpec?, classes: Int)
        -> LayerSpec
    {
        switch key {
        case "dense":
            var units = 1
            if case .dense(let count) = layer { units = count }
            section.field(
                "dense", &units, .units(classes: classes), .required, unit: "outputs",
                "A dense layer with this many outputs; `classes` stands for those of the data set.")
            return .dense(units: units)
        case "conv":
            return visitConvolution(section, layer)
        default:
            var (kernel, stride) = (1, 1)
            switch layer {
            case .maxPool(let k, let s, _, _), .averagePool(let k, let s, _): (kernel, stride) = (k, s)
            default: break
            }
            visitPool(section, key, &kernel, &stride)
            return key == "max_pool"
                ? .maxPool(kernel: kernel, stride: stride) : .averagePool(kernel: kernel, stride: stride)
        }
    }

    private static func visitConvolution(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (channels, kernel, stride, padding) = (1, 1, 1, LayerSpec.Padding.valid)
        if case .conv(let c, let k, let s, let p, _, _) = layer {
            (channels, kernel, stride, padding) = (c, k, s, p)
        }
        section.section("conv", required: true, "A convolution with square kernels and a bias.") { section in
            section.field(
                "channels", &channels, .integer(1...4096), .required, unit: "planes", "Planes that it gives.")
            section.field(
                "kernel", &kernel, .integer(1...31), .required, unit: "values",
                "Height and width of a kernel.")
            section.field(
                "stride", &stride, .integer(1...31), .value(1), unit: "values", "Step between windows.")
            section.field(
                "padding", &padding, .padding, .value(.valid),
                "Zeros on each side: `valid` none, `same` (kernel - 1) / 2, or a number, at most half the kernel."
            )
            if case .explicit(let zeros) = padding, zeros > kernel / 2,
                section.walk.isSound(section.path(of: "kernel"))
            {
                section.walk.report(
                    section.place(at: "padding"), section.path(of: "padding"), value: "\(zeros)",
                    "is more than half the kernel", "give a whole number from 0 to \(kernel / 2)")
            }
        }
        return .conv(channels: channels, kernel: kernel, stride: stride, padding: padding)
    }

    /// `{max_pool: 2}` is short for kernel and stride 2.
    private static func visitPool(_ section: Section, _ key: String, _ kernel: inout Int, _ stride: inout Int)
    {
        let size = Codec.integer(1...16)
        if section.isScalar(key) {
            section.field(key, &kernel, size, .required, "")
            stride = kernel
            return
        }
        section.section(
            key, required: true,
            "The largest (`max_pool`) or mean (`average_pool`) of each window; a number"
                + " stands for kernel and stride."
        ) { section in
            section.field("kernel", &kernel, size, .required, unit: "values", "Height and width of a window.")
            section.field(
                "stride", &stride, size, .computed(kernel, "the kernel"), unit: "values",
                "Step between windows.")
        }
    }
}

extension Codec where Value == Int {
    fileprivate static func units(classes: Int) -> Codec {
        let number = integer(1...100_000)
        return Codec(type: "\(number.type), or classes") { (node) throws(Problem) in
            if case .scalar("classes", _) = node.content { return classes }
            return try number.read(node)
        } write: {
            number.write($0)
        }
    }
}

extension Codec where Value == LayerSpec.Padding {
    fileprivate static var padding: Codec {
        let number = Codec<Int>.integer(0...15)
        return Codec(type: "same, valid or a \(number.type)") { (node) throws(Problem) in
            switch node.content {
            case .scalar("same", _): return .same
            case .scalar("valid", _): return .valid
            default:
                do throws(Codec<Int>.Problem) {
                    return .explicit(try number.read(node))
                } catch {
                    throw Problem(
                        message: error.message, remedy: "write same, valid or a number from 0 to 15")
                }
            }
        } write: {
            switch $0 {
            case .same: .plain("same")
            case .valid: .plain("valid")
            case .explicit(let zeros): .plain(String(zeros))
            }
        }
    }
}

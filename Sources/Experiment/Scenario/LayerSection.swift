import Networks

/// `model.layers`: a list of words such as `relu` and mappings of one key such as `{dense: 512}`. Blocks are such
/// mappings, too, and hold lists of layers in turn.
final class LayerSection {
    /// The key of a layer's mapping.
    enum Key: String, CaseIterable {
        case dense, conv, depthwise, pointwise
        case transposedConv = "transposed_conv"
        case batchNorm = "batch_norm"
        case groupNorm = "group_norm"
        case dropout
        case maxPool = "max_pool"
        case averagePool = "average_pool"
        case adaptiveAveragePool = "adaptive_average_pool"
        case slice
        case padChannels = "pad_channels"
        case shuffle, sequence, residual, concatenate, cell

        /// Whether it holds layers.
        var isBlock: Bool {
            switch self {
            case .sequence, .residual, .concatenate, .cell: true
            default: false
            }
        }

        /// What to write in its place.
        var example: String {
            switch self {
            case .dense: "{dense: 128}"
            case .conv: "{conv: {channels: 32, kernel: 3}}"
            case .depthwise: "{depthwise: {channels: 32, kernel: 3}}"
            case .pointwise: "{pointwise: 64}"
            case .transposedConv: "{transposed_conv: {channels: 32, kernel: 2, stride: 2}}"
            case .batchNorm: "{batch_norm: {epsilon: 1e-3}}"
            case .groupNorm: "{group_norm: 8}"
            case .dropout: "{dropout: 0.5}"
            case .maxPool: "{max_pool: 2}"
            case .averagePool: "{average_pool: 2}"
            case .adaptiveAveragePool: "{adaptive_average_pool: 7}"
            case .slice: "{slice: {first: 0, count: 8}}"
            case .padChannels: "{pad_channels: {before: 4, after: 4}}"
            case .shuffle: "{shuffle: 2}"
            case .sequence: "{sequence: [relu, flatten]}"
            case .residual: "{residual: [relu, {conv: {channels: 32, kernel: 3, padding: same}}]}"
            case .concatenate:
                "{concatenate: [[{pointwise: 8}], [{max_pool: {kernel: 3, stride: 1, padding: 1}}]]}"
            case .cell: "{cell: [[[relu]], [[], none]]}"
            }
        }
    }

    /// Layers without settings, or with those that they mostly have.
    private static let words: [(word: String, layer: LayerSpec)] = [
        ("relu", .relu), ("relu6", .relu6), ("batch_norm", .batchNorm()), ("flatten", .flatten),
        ("global_average_pool", .globalAveragePool),
    ]
    /// Entries of one list.
    private static let lengthLimit = 1000
    /// Entries of all lists together.
    private static let countLimit = 4000
    /// Blocks within each other.
    private static let depthLimit = 6

    let walk: Walk
    /// Those of the data set, for which `classes` stands.
    let classes: Int
    /// Entries that were read.
    private var count = 0
    /// Blocks around the list that is being read.
    private var depth = 0

    private init(_ walk: Walk, classes: Int) {
        self.walk = walk
        self.classes = classes
    }

    /// A network of the zoo is written by its name alone.
    static func visit(_ section: Section, _ layers: inout [LayerSpec], isZoo: Bool, classes: Int) {
        let it = LayerSection(section.walk, classes: classes)
        let path = section.path(of: "layers")
        var read = layers
        section.custom(
            "layers",
            type: "list of \(words.map(\.word).joined(separator: ", ")) and "
                + "\(Key.allCases.map(\.rawValue).joined(separator: ", ")) mappings",
            fallback: "those of `name`",
            "The network, block by block. Convolutions and pools work on planes, "
                + "`dense` on all values of a sample; the last block gives one value for each class."
        ) { node in
            if let node { read = it.read(list: node, path, least: 1) }
        } write: {
            isZoo ? nil : it.write(list: layers)
        }
        if section.walk.purpose == .list { it.list("\(path).*") }
        layers = read
    }

    /// The keys of a layer's mapping, of which each layer has one.
    private func list(_ path: String) {
        for key in Key.allCases {
            _ = visit(key, Section(walk, path: path), nil)
            if let index = walk.entries.lastIndex(where: { $0.path == "\(path).\(key.rawValue)" }) {
                walk.entries[index].fallback = "another layer"
            }
        }
    }

    // MARK: Reading

    /// The layers of a list, as far as they are right.
    func read(list node: DocumentNode, _ path: String, least: Int = 0) -> [LayerSpec] {
        items(of: node, path, least: least, "layers").compactMap { read($0.node, $0.path) }
    }

    /// The entries of a list, each with its path; none where the node is no such list.
    func items(of node: DocumentNode, _ path: String, least: Int = 0, _ noun: String)
        -> [(node: DocumentNode, path: String)]
    {
        guard case .list(let items) = node.content, items.count >= least, items.count <= Self.lengthLimit
        else {
            walk.report(
                node.place, path, value: node.shown, "does not fit here",
                "write a list of \(least) to \(Self.lengthLimit) \(noun)")
            return []
        }
        let before = count
        count += items.count
        guard count <= Self.countLimit else {
            if before <= Self.countLimit {
                walk.report(
                    node.place, path, value: node.shown,
                    "goes beyond \(Self.countLimit) layers, branches and edges in all", "write fewer")
            }
            return []
        }
        return items.enumerated().map { ($1, "\(path).\($0)") }
    }

    private func read(_ node: DocumentNode, _ path: String) -> LayerSpec? {
        let words = Self.words.map(\.word)
        let keys = Key.allCases.map(\.rawValue)
        func near(_ word: String, _ candidates: [String]) -> String {
            nearest(to: word, among: candidates).map { "did you mean \($0)? " } ?? ""
        }
        switch node.content {
        case .scalar(let word, _):
            if let found = Self.words.first(where: { $0.word == word }) { return found.layer }
            if let key = Key(rawValue: word) {
                walk.report(
                    node.place, path, value: node.shown, "needs settings",
                    "write a mapping such as \(key.example)")
                return nil
            }
            let remedy =
                "\(near(word, words + keys))write one of \(words.joined(separator: ", ")), or a mapping such as "
                + Key.dense.example
            walk.report(node.place, path, value: node.shown, "is unknown", remedy)
            return nil
        case .mapping(let entries) where entries.count == 1:
            let word = entries[0].key
            if let key = Key(rawValue: word) { return read(key, node, path) }
            let isWord = words.contains(word)
            walk.report(
                entries[0].place, "\(path).\(Fault.shown(word))", isWord ? "takes no value" : "unknown key",
                isWord
                    ? "write \(word) alone"
                    : "\(near(word, keys))write one of \(keys.joined(separator: ", "))")
        case .mapping, .list:
            walk.report(
                node.place, path, value: node.shown, "is not one layer",
                "write a mapping of one key, such as \(Key.dense.example)")
        }
        return nil
    }

    /// The layer of a mapping of one key.
    private func read(_ key: Key, _ node: DocumentNode, _ path: String) -> LayerSpec? {
        let section = Section(walk, path: path, source: node.entries ?? [], place: node.place)
        guard key.isBlock else { return visit(key, section, nil) }
        guard depth < Self.depthLimit else {
            walk.report(
                node.place, "\(path).\(key.rawValue)", "is a block within \(depth) others",
                "write at most \(Self.depthLimit) blocks within each other")
            return nil
        }
        depth += 1
        defer { depth -= 1 }
        return visit(key, section, nil)
    }

    // MARK: Writing

    func write(list layers: [LayerSpec]) -> DocumentNode { DocumentNode(.list(layers.map(write))) }

    private func write(_ layer: LayerSpec) -> DocumentNode {
        if let found = Self.words.first(where: { $0.layer == layer }) { return .plain(found.word) }
        let section = Section(walk, path: "")
        _ = visit(key(of: layer), section, layer)
        return section.written
    }

    private func key(of layer: LayerSpec) -> Key {
        switch layer {
        case .dense: .dense
        case .conv: .conv
        case .transposedConv: .transposedConv
        case .batchNorm: .batchNorm
        case .groupNorm: .groupNorm
        case .dropout: .dropout
        case .maxPool: .maxPool
        case .averagePool: .averagePool
        case .adaptiveAveragePool: .adaptiveAveragePool
        case .slice: .slice
        case .padChannels: .padChannels
        case .shuffle: .shuffle
        case .sequence: .sequence
        case .residual: .residual
        case .concatenate: .concatenate
        case .cell: .cell
        case .relu, .relu6, .flatten, .globalAveragePool: preconditionFailure("\(layer) is a word")
        }
    }

    /// Reads, writes or lists the one key of a layer's mapping; `layer` is what to write.
    private func visit(_ key: Key, _ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        switch key {
        case .dense: dense(section, layer)
        case .conv: convolution(section, layer)
        case .depthwise: depthwise(section)
        case .pointwise: pointwise(section)
        case .transposedConv: transposedConvolution(section, layer)
        case .batchNorm: batchNorm(section, layer)
        case .groupNorm: groupNorm(section, layer)
        case .dropout: dropout(section, layer)
        case .maxPool: maxPool(section, layer)
        case .averagePool: averagePool(section, layer)
        case .adaptiveAveragePool: adaptiveAveragePool(section, layer)
        case .slice: slice(section, layer)
        case .padChannels: padChannels(section, layer)
        case .shuffle: shuffle(section, layer)
        case .sequence: sequence(section, layer)
        case .residual: residual(section, layer)
        case .concatenate: concatenate(section, layer)
        case .cell: cell(section, layer)
        }
    }
}

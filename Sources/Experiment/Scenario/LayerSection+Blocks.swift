import Networks

/// Layers that hold lists of layers.
extension LayerSection {
    func sequence(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var layers: [LayerSpec] = []
        if case .sequence(let it) = layer { layers = it }
        visitList(section, "sequence", &layers, fallback: nil, "Layers that are one block, under one name.")
        return .sequence(layers)
    }

    /// `{residual: [...]}` is short for the body.
    func residual(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var (body, shortcut): ([LayerSpec], [LayerSpec]) = ([], [])
        if case .residual(let b, let s) = layer { (body, shortcut) = (b, s) }
        if section.isList("residual") {
            visitList(section, "residual", &body, fallback: nil, "")
        } else {
            section.section(
                "residual", required: true,
                "The sum of two lists of layers that see the same input; a list stands for the body."
            ) { section in
                visitList(section, "body", &body, fallback: nil, "The longer way.")
                visitList(
                    section, "shortcut", &shortcut, fallback: "[]",
                    "The way beside it, `[]` the input as it is.")
            }
        }
        return .residual(body: body, shortcut: shortcut)
    }

    func concatenate(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var branches: [[LayerSpec]] = []
        if case .concatenate(let it) = layer { branches = it }
        let written = branches
        section.custom(
            "concatenate", type: "list of lists of layers", fallback: nil,
            "The planes of all branches, which see the same input, one after the other; `[]` is the input as it is."
        ) { node in
            guard let node else { return section.reportMissing("concatenate", "write a list of branches") }
            branches = items(of: node, section.path(of: "concatenate"), least: 1, "branches").map {
                read(list: $0.node, $0.path)
            }
        } write: {
            DocumentNode(.list(written.map(write(list:))))
        }
        return .concatenate(branches: branches)
    }

    func cell(_ section: Section, _ layer: LayerSpec?) -> LayerSpec {
        var edges: [[[LayerSpec]?]] = []
        if case .cell(let it) = layer { edges = it }
        let written = edges
        section.custom(
            "cell", type: "list of lists of edges", fallback: nil,
            "Nodes that are sums. The n-th list has the edges to node n from the nodes before it, of which node 0 is the"
                + " input: each a list of layers, `[]` for the node as it is, or `none`. The last node is the output."
        ) { node in
            guard let node else { return section.reportMissing("cell", "write a list of lists of edges") }
            edges = items(of: node, section.path(of: "cell"), least: 1, "lists of edges").map { incoming in
                items(of: incoming.node, incoming.path, "edges").map { edge in
                    if case .scalar("none", _) = edge.node.content { return nil }
                    return read(list: edge.node, edge.path)
                }
            }
        } write: {
            DocumentNode(
                .list(
                    written.map { incoming in
                        DocumentNode(.list(incoming.map { $0.map(write(list:)) ?? .plain("none") }))
                    }))
        }
        return .cell(edges: edges)
    }

    /// A key that holds a list of layers; with a `fallback` it may be left out and is then empty.
    private func visitList(
        _ section: Section, _ key: String, _ layers: inout [LayerSpec], fallback: String?, _ meaning: String
    ) {
        let written = layers
        var read = layers
        section.custom(key, type: "list of layers", fallback: fallback, meaning) { node in
            if let node {
                read = self.read(list: node, section.path(of: key))
            } else if fallback == nil {
                section.reportMissing(key, "write a list of layers")
            }
        } write: {
            write(list: written)
        }
        layers = read
    }
}

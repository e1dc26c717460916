/// A change to the document before it is checked: a `--set path=value`, or a setting of a sweep.
struct Override {
    /// Where it was asked for.
    let place: Fault.Place
    let path: [String]
    let value: DocumentNode

    init(place: Fault.Place, path: [String], value: DocumentNode) {
        self.place = place
        self.path = path
        self.value = value
    }

    /// The keys of a dotted path; nil for one that cannot lead anywhere.
    static func keys(of path: Substring) -> [String]? {
        let keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        return keys.allSatisfy { !$0.isEmpty } && keys.count <= DocumentLimits.depth ? keys : nil
    }

    /// Faults name the flag.
    init(_ argument: String, file: String) throws(ScenarioFaults) {
        func fault(_ message: String, _ remedy: String) -> ScenarioFaults {
            ScenarioFaults([
                Fault(
                    file: file, place: .flag(argument), path: "", value: nil, message: message, remedy: remedy
                )
            ])
        }
        guard let equals = argument.firstIndex(of: "=") else {
            throw fault("has no value", "write path=value, such as training.rounds=20")
        }
        guard let path = Self.keys(of: argument[..<equals]) else {
            throw fault("has no usable path", "write path=value, such as training.rounds=20")
        }
        let text = String(argument[argument.index(after: equals)...])
        var parser = DocumentParser(file: file)
        // Within one line these start no block of text; `>= 0.8` is what thresholds look like.
        let isText = text.isEmpty || text.hasPrefix(">") || text.hasPrefix("|")
        let parsed = isText ? DocumentNode.plain(text) : parser.parse(text)
        guard let parsed, parser.faults.isEmpty else {
            throw fault(
                "has a value that is not YAML (\(parser.faults.first?.message ?? "empty"))",
                "quote it for the shell, such as --set 'evaluation.on=[global_test]'")
        }
        self.init(place: .flag(argument), path: path, value: parsed.placed { _ in .flag(argument) })
    }

    /// Writes the value into `root`, making mappings on the way.
    func apply(to root: inout DocumentNode, file: String) throws(ScenarioFaults) {
        try set(&root, at: path[...], file: file)
    }

    private func set(_ node: inout DocumentNode, at rest: ArraySlice<String>, file: String)
        throws(ScenarioFaults)
    {
        guard let key = rest.first else {
            node = value
            return
        }
        if node.isNull { node = DocumentNode(.mapping([]), place: place) }
        switch node.content {
        case .mapping(var entries):
            if let index = entries.firstIndex(where: { $0.key == key }) {
                try set(&entries[index].value, at: rest.dropFirst(), file: file)
                if rest.count == 1 { entries[index].place = place }
            } else {
                var made = DocumentNode(.mapping([]), place: place)
                try set(&made, at: rest.dropFirst(), file: file)
                entries.append(DocumentNode.Entry(key: key, place: place, value: made))
            }
            node.content = .mapping(entries)
        case .list(var items):
            guard let index = Int(key), index >= 0, index <= items.count else {
                throw fault(
                    file, rest, "no entry \(Fault.shown(key)) in a list of \(items.count)",
                    items.isEmpty
                        ? "give 0 for a new entry"
                        : "give an index from 0 to \(items.count - 1), or \(items.count) for a new entry")
            }
            if index == items.count { items.append(DocumentNode(.mapping([]), place: place)) }
            try set(&items[index], at: rest.dropFirst(), file: file)
            node.content = .list(items)
        case .scalar:
            throw fault(
                file, rest, "\(node.shown) has no keys of its own", "set the value itself, or a whole mapping"
            )
        }
    }

    private func fault(
        _ file: String, _ rest: ArraySlice<String>, _ message: String, _ remedy: String
    ) -> ScenarioFaults {
        let reached = path.dropLast(rest.count).joined(separator: ".")
        return ScenarioFaults([
            Fault(
                file: file, place: place, path: reached, value: nil, message: message,
                remedy: remedy)
        ])
    }
}

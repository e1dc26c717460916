/// What a walk over the grammar is for, and what it gathers.
final class Walk {
    enum Purpose { case read, write, list }

    let purpose: Purpose
    let file: String
    var faults: [Fault] = []
    var entries: [GrammarEntry] = []
    private(set) var faultyPaths: Set<String> = []

    init(_ purpose: Purpose, file: String = "") {
        self.purpose = purpose
        self.file = file
    }

    func report(
        _ place: Fault.Place, _ path: String, value: String? = nil, _ message: String, _ remedy: String
    ) {
        faults.append(
            Fault(file: file, place: place, path: path, value: value, message: message, remedy: remedy))
        faultyPaths.insert(path)
    }

    /// Whether nothing is wrong at, below or above `path`, so that checks across fields may use it.
    func isSound(_ path: String) -> Bool {
        faultyPaths.allSatisfy { faulty in
            faulty != path && !faulty.hasPrefix(path + ".") && !path.hasPrefix(faulty + ".")
        }
    }
}

/// One mapping of the grammar. The same walk over its keys reads them from a document, writes the resolved document
/// and lists them for documentation, so that the three cannot differ.
final class Section {
    let walk: Walk
    let path: String
    let place: Fault.Place
    private let source: [DocumentNode.Entry]
    private var known: [String] = []
    private var output: [(String, DocumentNode)] = []
    private var conditions: [GrammarEntry.Condition] = []
    /// Unknown keys of one mapping that are named one by one.
    private static let unknownLimit = 50
    /// A choice that could not be read leaves open which keys belong here.
    private var isOpen = false

    init(
        _ walk: Walk, path: String, source: [DocumentNode.Entry] = [],
        place: Fault.Place = .line(1, column: 1)
    ) {
        self.walk = walk
        self.path = path
        self.source = source
        self.place = place
    }

    /// The mapping as far as it was written.
    var written: DocumentNode { .mapping(output) }

    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Where the value at a dotted path below this mapping stands, or the nearest mapping or list that lacks it.
    func place(at path: String) -> Fault.Place {
        var node = DocumentNode(.mapping(source), place: place)
        for key in path.split(separator: ".") {
            guard let inner = node[String(key)] else { return node.place }
            node = inner
        }
        return node.place
    }

    func isWritten(_ key: String) -> Bool { source.contains { $0.key == key && !$0.value.isNull } }

    func isScalar(_ key: String) -> Bool {
        if case .scalar = source.first(where: { $0.key == key })?.value.content {
            isWritten(key)
        } else {
            false
        }
    }

    func isList(_ key: String) -> Bool {
        if case .list = source.first(where: { $0.key == key })?.value.content { true } else { false }
    }

    // MARK: Values

    func field<Value>(
        _ key: String, _ value: inout Value, _ codec: Codec<Value>, _ fallback: Fallback<Value>,
        unit: String? = nil, _ meaning: String
    ) {
        switch walk.purpose {
        case .read:
            switch (take(key), fallback) {
            case (let node?, _): read(node, key, into: &value, codec)
            case (nil, .value(let standard)), (nil, .computed(let standard, _)): value = standard
            case (nil, .required): reportMissing(key, "write \(key): \(codec.type)")
            }
        case .write: output.append((key, codec.write(value)))
        case .list:
            let text: String? =
                switch fallback {
                case .required: nil
                case .value(let standard): inline(codec.write(standard))
                case .computed(_, let text): text
                }
            list(key, codec.type, fallback: text, unit: unit, meaning)
        }
    }

    /// A key that may be left out, which then means `absence`.
    func optional<Value>(
        _ key: String, _ value: inout Value?, _ codec: Codec<Value>, absence: String, unit: String? = nil,
        _ meaning: String
    ) {
        switch walk.purpose {
        case .read:
            value = nil
            guard let node = take(key) else { return }
            do throws(Codec<Value>.Problem) {
                value = try codec.read(node)
            } catch {
                walk.report(node.place, path(of: key), value: node.shown, error.message, error.remedy)
            }
        case .write:
            if let value { output.append((key, codec.write(value))) }
        case .list: list(key, codec.type, fallback: absence, unit: unit, meaning)
        }
    }

    /// A word that decides which other keys belong here; `body` walks the keys of the choice that it is given.
    func choice(
        _ key: String, current: String, _ options: [String], later: [String] = [],
        _ fallback: Fallback<String>,
        _ meaning: String, _ body: (String) -> Void
    ) {
        var chosen = current
        field(key, &chosen, .word(options, later: later), fallback, meaning)
        guard walk.purpose == .list else {
            if walk.isSound(path(of: key)) { body(chosen) } else { isOpen = true }
            return
        }
        for option in options {
            conditions.append(GrammarEntry.Condition(path: path(of: key), words: [option]))
            body(option)
            conditions.removeLast()
        }
    }

    // MARK: Collections

    /// A mapping below this one. One that is left out is walked as an empty one.
    func section(_ key: String, required: Bool = false, _ meaning: String, _ body: (Section) -> Void) {
        switch walk.purpose {
        case .read:
            guard let node = take(key) else {
                if required { return reportMissing(key, "give a mapping of keys and values") }
                body(Section(walk, path: path(of: key), place: place))
                return
            }
            readSection(node, path(of: key), body)
        case .write:
            let inner = Section(walk, path: path(of: key))
            body(inner)
            if !inner.output.isEmpty { output.append((key, inner.written)) }
        case .list:
            list(key, "mapping", fallback: required ? nil : "its keys' defaults", unit: nil, meaning)
            listInner(path(of: key), body)
        }
    }

    /// A list of mappings; `placeholder` stands in for the one being read.
    func list<Item>(
        _ key: String, _ items: inout [Item], count: ClosedRange<Int>, standard: [Item], standardText: String,
        placeholder: Item, _ meaning: String, _ body: (inout Item, Section) -> Void
    ) {
        switch walk.purpose {
        case .read:
            items = standard
            guard let node = take(key) else { return }
            guard case .list(let nodes) = node.content, count.contains(nodes.count) else {
                let remedy = "write a list of \(count.lowerBound) to \(count.upperBound) mappings"
                walk.report(node.place, path(of: key), value: node.shown, "does not fit here", remedy)
                return
            }
            items = nodes.enumerated().map { index, node in
                var item = placeholder
                readSection(node, "\(path(of: key)).\(index)") { body(&item, $0) }
                return item
            }
        case .write:
            let nodes = items.map { item in
                let inner = Section(walk, path: path(of: key))
                var item = item
                body(&item, inner)
                return inner.written
            }
            output.append((key, DocumentNode(.list(nodes))))
        case .list:
            list(key, "list of mappings", fallback: standardText, unit: nil, meaning)
            var item = placeholder
            listInner("\(path(of: key)).*") { body(&item, $0) }
        }
    }

    /// A value with a grammar of its own: `read` gets the node, `write` makes one (nil writes nothing).
    func custom(
        _ key: String, type: String, fallback: String?, _ meaning: String, read: (DocumentNode?) -> Void,
        write: () -> DocumentNode?
    ) {
        switch walk.purpose {
        case .read: read(take(key))
        case .write: if let node = write() { output.append((key, node)) }
        case .list: list(key, type, fallback: fallback, unit: nil, meaning)
        }
    }

    /// A key of the language that this version refuses.
    func later(_ key: String, _ remedy: String) { refuse(key, "is not in this version", remedy) }

    /// A key that has no place here, where it is written.
    func refuse(_ key: String, _ message: String, _ remedy: String) {
        guard walk.purpose == .read, let node = source.first(where: { $0.key == key }) else { return }
        known.append(key)
        guard !node.value.isNull else { return }
        walk.report(node.place, path(of: key), message, remedy)
    }

    /// Reports the keys that nothing asked for. Called once, after the walk.
    func finish() {
        guard walk.purpose == .read else { return }
        let unknown = source.filter { !known.contains($0.key) }
        for (index, entry) in unknown.enumerated() {
            if index == Self.unknownLimit {
                let more = "\(unknown.count - index) more unknown keys"
                return walk.report(entry.place, path, value: more, "follow", "remove them")
            }
            let remedy: String
            if let near = nearest(to: entry.key, among: known) {
                remedy = "did you mean \(near)?"
            } else if isOpen {
                continue
            } else {
                remedy = "remove it; the keys here are \(known.sorted().joined(separator: ", "))"
            }
            walk.report(entry.place, path(of: Fault.shown(entry.key)), "unknown key", remedy)
        }
    }

    func reportMissing(_ key: String, _ remedy: String) {
        walk.report(place, path(of: key), "is missing", remedy)
    }

    // MARK: Parts

    /// The node of `key`, nil when it is absent or empty.
    private func take(_ key: String) -> DocumentNode? {
        known.append(key)
        guard let node = source.first(where: { $0.key == key })?.value, !node.isNull else { return nil }
        return node
    }

    private func read<Value>(
        _ node: DocumentNode, _ key: String, into value: inout Value, _ codec: Codec<Value>
    ) {
        do throws(Codec<Value>.Problem) {
            value = try codec.read(node)
        } catch {
            walk.report(node.place, path(of: key), value: node.shown, error.message, error.remedy)
        }
    }

    private func readSection(_ node: DocumentNode, _ path: String, _ body: (Section) -> Void) {
        guard let entries = node.entries else {
            walk.report(node.place, path, value: node.shown, "is not a mapping", "write keys with values")
            return
        }
        let inner = Section(walk, path: path, source: entries, place: node.place)
        body(inner)
        inner.finish()
    }

    private func listInner(_ path: String, _ body: (Section) -> Void) {
        let inner = Section(walk, path: path)
        inner.conditions = conditions
        body(inner)
    }

    private func list(_ key: String, _ type: String, fallback: String?, unit: String?, _ meaning: String) {
        walk.entries.append(
            GrammarEntry(
                path: path(of: key), type: type, fallback: fallback, conditions: conditions, unit: unit,
                meaning: meaning))
    }

    private func inline(_ node: DocumentNode) -> String {
        String(DocumentNode.mapping([("k", node)]).yaml.dropFirst(3).dropLast())
    }
}

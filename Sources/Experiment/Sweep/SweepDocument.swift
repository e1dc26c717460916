/// A sweep as it was written: the scenario that it starts from, and what varies.
public struct SweepDocument: Sendable {
    /// Values that one path takes in turn.
    struct Axis: Sendable {
        let path: String
        let values: [SweepSetting]
    }

    /// Settings that belong together: an entry of `include` or `exclude`.
    struct Entry: Sendable {
        /// Such as `include.0`.
        let path: String
        let place: Fault.Place
        let settings: [SweepSetting]
        /// Of an entry that names it.
        let seed: DocumentNode?
    }

    /// Most cells that a sweep may have.
    static let cellLimit = 10_000

    let file: String
    /// Tells this sweep's directory from others'.
    public private(set) var name: String
    /// Path of the base scenario, as written: relative to the directory of the sweep's file.
    public private(set) var base = ""
    /// What all cells share.
    private(set) var common: [SweepSetting] = []
    /// In the order of the document: the last one varies fastest.
    private(set) var axes: [Axis] = []
    /// Empty where the base's own seed holds.
    private(set) var seeds: [UInt64] = []
    private(set) var include: [Entry] = []
    private(set) var exclude: [Entry] = []

    /// Reads a document, or says everything that is wrong with it.
    ///
    /// - Parameters:
    ///   - file: its name, for messages.
    ///   - name: of the sweep where the document has none.
    public static func load(text: String, file: String, name: String) throws(ScenarioFaults) -> SweepDocument
    {
        let walk = Walk(.read, file: file)
        var parser = DocumentParser(file: file)
        guard let root = parser.parse(text) else { throw ScenarioFaults(parser.faults) }
        walk.faults += parser.faults
        guard let entries = root.isNull ? [] : root.entries else {
            walk.report(root.place, "", value: root.shown, "is not a mapping", "write keys with values")
            throw ScenarioFaults(walk.faults)
        }
        var document = SweepDocument(file: file, name: name)
        let section = Section(walk, path: "", source: entries, place: root.place)
        document.visit(section)
        section.finish()
        guard walk.faults.isEmpty else { throw ScenarioFaults(walk.faults) }
        return document
    }

    private init(file: String, name: String) {
        self.file = file
        self.name = name
    }

    // MARK: Grammar

    private mutating func visit(_ section: Section) {
        let reader = SweepReader(walk: section.walk, file: file)
        section.field(
            "name", &name, .text(1...100), .computed(name, "the file's name"),
            "Names the sweep; its directory belongs to sweeps of this name.")
        section.field(
            "base", &base, .text(1...4096, "a path"), .required,
            "Scenario that all cells start from, relative to this file.")
        var (common, axes) = (common, axes)
        var (include, exclude) = (include, exclude)
        section.custom(
            "set", type: "mapping of scenario paths to values", fallback: "nothing",
            "What all cells have in common."
        ) { node in
            if let node { common = reader.settings(node, "set", seedRemedy: "write seeds: [...]") }
        } write: {
            nil
        }
        section.custom(
            "matrix", type: "mapping of scenario paths to lists of values", fallback: "nothing varies",
            "Each combination of values is run with each seed."
        ) { node in
            if let node { axes = reader.axes(node, "matrix") }
        } write: {
            nil
        }
        section.field(
            "seeds", &seeds, .seeds, .value([]), "Repetitions of each combination.")
        section.custom(
            "include", type: "list of mappings", fallback: "nothing", "Further combinations."
        ) { node in
            if let node { include = reader.entries(node, "include") }
        } write: {
            nil
        }
        section.custom(
            "exclude", type: "list of mappings", fallback: "nothing",
            "Combinations of the matrix to leave out."
        ) { node in
            if let node { exclude = reader.entries(node, "exclude") }
        } write: {
            nil
        }
        (self.common, self.axes, self.include, self.exclude) = (common, axes, include, exclude)
        checkSize(section)
    }

    private func checkSize(_ section: Section) {
        var cells = max(1, seeds.count)
        for axis in axes {
            let (product, isTooLarge) = cells.multipliedReportingOverflow(by: axis.values.count)
            cells = isTooLarge ? Int.max : product
        }
        let further = include.reduce(0) { $0 + ($1.seed == nil ? max(1, seeds.count) : 1) }
        let key = cells > Self.cellLimit ? "matrix" : "include"
        cells = cells > Int.max - further ? Int.max : cells + further
        if cells > Self.cellLimit {
            section.walk.report(
                section.place(at: key), key,
                value: cells == Int.max ? "more than 2^63 cells" : "\(cells) cells",
                "are too many", "a sweep has at most \(Self.cellLimit)")
        }
    }
}

extension Codec where Value == [UInt64] {
    /// Different seeds.
    fileprivate static var seeds: Codec {
        let list = Codec.set(of: .seed, count: 1...1000)
        return Codec(type: "list of whole numbers") { (node) throws(Problem) in
            guard case .list = node.content else {
                throw Problem(message: "is not a list", remedy: "write one such as [1, 2, 3]")
            }
            return try list.read(node)
        } write: {
            list.write($0)
        }
    }
}

/// Reads the parts of a sweep's document that hold paths and values of scenarios.
private struct SweepReader {
    let walk: Walk
    let file: String

    /// `path: value` each. A path `seed` is refused with `seedRemedy`.
    func settings(_ node: DocumentNode, _ path: String, seedRemedy: String) -> [SweepSetting] {
        mapping(node, path).compactMap { entry in
            guard entry.key != "seed" else {
                walk.report(entry.place, "\(path).seed", "is not set here", seedRemedy)
                return nil
            }
            return setting(entry, path)
        }
    }

    func axes(_ node: DocumentNode, _ path: String) -> [SweepDocument.Axis] {
        mapping(node, path).compactMap { entry in
            let inner = "\(path).\(Fault.shown(entry.key))"
            guard entry.key != "seed" else {
                walk.report(entry.place, inner, "is not an axis", "write seeds: [...]")
                return nil
            }
            guard case .list(let nodes) = entry.value.content, let first = nodes.first else {
                let isList = if case .list = entry.value.content { true } else { false }
                walk.report(
                    entry.value.place, inner, value: isList ? "[]" : entry.value.shown,
                    isList ? "has no values" : "is not a list of values",
                    "write one such as [0.1, 0.5]; what does not vary belongs into set")
                return nil
            }
            // What is wrong with the path is wrong once.
            guard Override.keys(of: entry.key[...]) != nil else {
                _ = setting(DocumentNode.Entry(key: entry.key, place: entry.place, value: first), path)
                return nil
            }
            let values = nodes.compactMap { node in
                setting(DocumentNode.Entry(key: entry.key, place: node.place, value: node), path)
            }
            return values.count == nodes.count ? SweepDocument.Axis(path: entry.key, values: values) : nil
        }
    }

    func entries(_ node: DocumentNode, _ path: String) -> [SweepDocument.Entry] {
        guard case .list(let nodes) = node.content else {
            walk.report(
                node.place, path, value: node.shown, "is not a list", "write a list of mappings, each after -"
            )
            return []
        }
        return nodes.enumerated().map { index, node in
            let inner = "\(path).\(index)"
            let all = mapping(node, inner)
            if node.entries?.isEmpty == true {
                walk.report(node.place, inner, "is empty", "write paths and values, or remove it")
            }
            let seed = all.first { $0.key == "seed" }?.value
            if let seed { checkSeed(seed, inner) }
            return SweepDocument.Entry(
                path: inner, place: place(node.place),
                settings: all.filter { $0.key != "seed" }.compactMap { setting($0, inner) }, seed: seed)
        }
    }

    private func mapping(_ node: DocumentNode, _ path: String) -> [DocumentNode.Entry] {
        if let entries = node.entries { return entries }
        walk.report(
            node.place, path, value: node.shown, "is not a mapping",
            "write paths of the scenario with values, such as training.rounds: 20")
        return []
    }

    private func setting(_ entry: DocumentNode.Entry, _ path: String) -> SweepSetting? {
        let inner = "\(path).\(Fault.shown(entry.key))"
        guard let keys = Override.keys(of: entry.key[...]) else {
            walk.report(
                entry.place, inner, "is not a path of scenarios",
                "write keys joined by dots, such as training.rounds")
            return nil
        }
        if let label = entry.value[SweepSetting.labelKey] {
            guard case .scalar(let text, _) = label.content, (1...100).contains(text.utf8.count) else {
                walk.report(
                    label.place, "\(inner).label", value: label.shown, "is not a label",
                    "write a few words of at most 100 bytes")
                return nil
            }
        }
        return SweepSetting(path: entry.key, keys: keys, value: entry.value.placed(place))
    }

    private func checkSeed(_ node: DocumentNode, _ path: String) {
        do throws(Codec<UInt64>.Problem) {
            _ = try Codec<UInt64>.seed.read(node)
        } catch {
            walk.report(node.place, "\(path).seed", value: node.shown, error.message, error.remedy)
        }
    }

    /// Cells are checked as changes to the base scenario, whose file is another.
    private func place(_ place: Fault.Place) -> Fault.Place {
        guard case .line(let line, let column) = place else { return place }
        return .file(file, line: line, column: column)
    }
}

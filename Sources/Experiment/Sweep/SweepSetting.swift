/// One value at one path of the scenario, as a sweep's document has it.
struct SweepSetting: Sendable, Equatable {
    /// Of the scenario, such as `dataset.partition.alpha`.
    let path: String
    let keys: [String]
    /// Replaces what is there, mappings as a whole; places are in the sweep's file.
    let value: DocumentNode
    /// What tables and plots call the value.
    let text: String

    /// Takes a `label` out of a mapping.
    init(path: String, keys: [String], value: DocumentNode) {
        self.path = path
        self.keys = keys
        guard let entries = value.entries, let label = value[Self.labelKey] else {
            self.value = value
            text = Self.text(of: value)
            return
        }
        let content = entries.filter { $0.key != Self.labelKey }
        self.value = DocumentNode(.mapping(content), place: value.place)
        text = Self.text(of: label)
    }

    /// What a mapping is called, beside its keys for the scenario.
    static let labelKey = "label"

    var override: Override { Override(place: value.place, path: keys, value: value) }

    /// A value in one line: `0.1`, `[1, 2]`, `fedmax(beta=1000)` for `{name: fedmax, beta: 1000}`.
    static func text(of node: DocumentNode) -> String {
        switch node.content {
        case .scalar(let text, _): return node.isNull ? "" : text
        case .list(let items): return "[" + items.map(text).joined(separator: ", ") + "]"
        case .mapping(let entries):
            let head = entries.first { ["name", "kind"].contains($0.key) }
            let rest = entries.filter { $0.key != head?.key }.map { "\($0.key)=\(text(of: $0.value))" }
            let name = head.map { text(of: $0.value) } ?? ""
            return rest.isEmpty && head != nil ? name : "\(name)(\(rest.joined(separator: ", ")))"
        }
    }

    /// The shortest ends of dotted paths that tell them apart: `alpha` for `dataset.partition.alpha`.
    static func shortNames(_ paths: [String]) -> [String] {
        let keys = paths.map { $0.split(separator: ".") }
        return keys.map { own in
            for count in 1..<own.count {
                let end = own.suffix(count)
                if keys.filter({ $0.suffix(count) == end }).count == 1 { return end.joined(separator: ".") }
            }
            return own.joined(separator: ".")
        }
    }
}

extension DocumentNode {
    /// Whether everything that `pattern` says holds here: keys that it leaves out may have any value, and numbers
    /// may be written in another way.
    func agrees(with pattern: DocumentNode) -> Bool {
        switch (content, pattern.content) {
        case (.scalar(let a, let aQuoted), .scalar(let b, let bQuoted)):
            if a == b || isNull && pattern.isNull { return true }
            if aQuoted || bQuoted || UInt64(a) != nil && UInt64(b) != nil { return false }
            guard let x = Decimal(a), let y = Decimal(b) else { return false }
            return x.value == y.value
        case (.list(let items), .list(let patterns)):
            return items.count == patterns.count
                && zip(items, patterns).allSatisfy { $0.agrees(with: $1) }
        case (.mapping, .mapping(let wanted)):
            return wanted.allSatisfy { entry in self[entry.key]?.agrees(with: entry.value) ?? false }
        default: return false
        }
    }
}

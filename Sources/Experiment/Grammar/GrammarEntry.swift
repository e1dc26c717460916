/// One key of the scenario grammar, as documentation shows it.
public struct GrammarEntry: Sendable, Equatable {
    /// Dotted path; `*` stands for an index.
    public var path: String
    /// What may be written: `whole number from 1 to 1000000`, `one of shards, iid`, `mapping`.
    public var type: String
    /// What holds when the key is left out; nil when it must be written.
    public var fallback: String?
    /// Only with one of these choices, outermost first, such as `training.schedule.kind`: `exponential`.
    public var conditions: [Condition]
    /// Unit of a number; nil for pure numbers and words.
    public var unit: String?
    public var meaning: String

    public struct Condition: Sendable, Equatable {
        public var path: String
        public var words: [String]
    }

    /// Its row in a table of key, value, default and meaning.
    public var markdownRow: String {
        let choices = conditions.map { "`\($0.path)`: \($0.words.joined(separator: ", "))" }
        let only = choices.isEmpty ? "" : "Only with \(choices.joined(separator: " and ")). "
        let value = type + (unit.map { " (\($0))" } ?? "")
        return "| `\(path)` | \(value) | \(fallback ?? "**required**") | \(only)\(meaning) |"
    }

    /// Takes `other` in where the two differ in the words of one condition at most: the innermost, or the outermost.
    private mutating func absorb(_ other: GrammarEntry, innermost: Bool) -> Bool {
        var candidate = other
        guard !conditions.isEmpty, conditions.count == other.conditions.count else { return self == other }
        let index = innermost ? conditions.count - 1 : 0
        let added = other.conditions[index].words
        candidate.conditions[index].words = conditions[index].words
        guard self == candidate else { return false }
        conditions[index].words += added.filter { !conditions[index].words.contains($0) }
        return true
    }

    /// One entry for what is alike with several choices.
    static func merged(_ entries: [GrammarEntry]) -> [GrammarEntry] {
        [true, false].reduce(entries) { entries, innermost in
            var merged: [GrammarEntry] = []
            for entry in entries {
                let isAbsorbed = merged.indices.contains { merged[$0].absorb(entry, innermost: innermost) }
                if !isAbsorbed { merged.append(entry) }
            }
            return merged
        }
    }

    /// Leaves out the kind of the scenario where it is that of the mapping around a key, or any.
    static func withoutKnownKinds(_ entries: [GrammarEntry]) -> [GrammarEntry] {
        var kinds: [String: Set<String>] = [:]
        for entry in entries { kinds[entry.path, default: []].formUnion(entry.kinds) }
        return entries.map { entry in
            var keys = entry.path.split(separator: ".").dropLast()
            while !keys.isEmpty, kinds[keys.joined(separator: ".")] == nil { keys.removeLast() }
            let around = kinds[keys.joined(separator: ".")] ?? Set(Scenario.Kind.names)
            var entry = entry
            if !entry.kinds.isEmpty, entry.kinds == around { entry.conditions.removeFirst() }
            return entry
        }
    }

    /// Words of the condition on the scenario's kind; empty where there is none.
    private var kinds: Set<String> { Set(conditions.first { $0.path == "kind" }?.words ?? []) }
}

/// What happens to a key that is not written.
enum Fallback<Value> {
    case required
    case value(Value)
    /// Follows from other keys; the text says how.
    case computed(Value, String)
}

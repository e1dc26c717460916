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
        let inner = conditions.filter { $0.path != "kind" }.map { condition in
            "`\(condition.path)`: \(condition.words.joined(separator: ", "))"
        }
        let only = inner.isEmpty ? "" : "Only with \(inner.joined(separator: " and ")). "
        let value = type + (unit.map { " (\($0))" } ?? "")
        return "| `\(path)` | \(value) | \(fallback ?? "**required**") | \(only)\(meaning) |"
    }

    /// Takes `other` in where the two differ in the words of the innermost condition at most.
    mutating func absorb(_ other: GrammarEntry) -> Bool {
        var candidate = other
        guard !conditions.isEmpty, conditions.count == other.conditions.count else { return self == other }
        let last = conditions.count - 1
        let added = other.conditions[last].words
        candidate.conditions[last].words = conditions[last].words
        guard self == candidate else { return false }
        conditions[last].words += added.filter { !conditions[last].words.contains($0) }
        return true
    }
}

/// What happens to a key that is not written.
enum Fallback<Value> {
    case required
    case value(Value)
    /// Follows from other keys; the text says how.
    case computed(Value, String)
}

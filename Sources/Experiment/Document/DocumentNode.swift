/// A YAML value that knows where it was written.
struct DocumentNode: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var key: String
        var place: Fault.Place
        var value: DocumentNode
    }

    enum Content: Sendable, Equatable {
        /// `quoted` tells the text "5" from the number 5.
        case scalar(String, quoted: Bool)
        case list([DocumentNode])
        case mapping([Entry])
    }

    var content: Content
    var place: Fault.Place

    /// Made by the program, not read.
    init(_ content: Content, place: Fault.Place = .line(1, column: 1)) {
        self.content = content
        self.place = place
    }

    /// Nothing written: an empty value, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let text, quoted: false) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// How a message shows it.
    var shown: String {
        switch content {
        case .scalar(let text, quoted: false): isNull ? "nothing" : Fault.shown(text)
        case .scalar(let text, quoted: true): "\"\(Fault.shown(text))\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// The value of a key, or the entry of a list at an index.
    subscript(key: String) -> DocumentNode? {
        switch content {
        case .scalar: nil
        case .list(let items): Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil }
        case .mapping(let entries): entries.first { $0.key == key }?.value
        }
    }

    /// The value at the end of a path; a list's entries are counted from 0.
    func value(at keys: ArraySlice<String>) -> DocumentNode? {
        guard let key = keys.first else { return self }
        let inner: DocumentNode? =
            switch content {
            case .mapping: self[key]
            case .list(let items): Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil }
            case .scalar: nil
            }
        return inner?.value(at: keys.dropFirst())
    }

    /// The same value with other places.
    func placed(_ place: (Fault.Place) -> Fault.Place) -> DocumentNode {
        var node = self
        node.place = place(self.place)
        switch content {
        case .scalar: break
        case .list(let items): node.content = .list(items.map { $0.placed(place) })
        case .mapping(let entries):
            node.content = .mapping(
                entries.map { Entry(key: $0.key, place: place($0.place), value: $0.value.placed(place)) })
        }
        return node
    }

    static func plain(_ text: String) -> DocumentNode { DocumentNode(.scalar(text, quoted: false)) }

    /// Quoted where YAML would take the plain text for something else.
    static func text(_ text: String) -> DocumentNode {
        DocumentNode(.scalar(text, quoted: !isPlainWord(text)))
    }

    static func mapping(_ pairs: [(String, DocumentNode)]) -> DocumentNode {
        DocumentNode(.mapping(pairs.map { Entry(key: $0.0, place: $0.1.place, value: $0.1) }))
    }

    /// Letters, digits and `_ . / -`, starting with a letter, and none of YAML's words for truth or nothing.
    private static func isPlainWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || "_./-".utf8.contains($0) }
            && !words.contains(text.lowercased())
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & 0xDF) }
}

/// Sizes beyond which a document is not a scenario.
enum DocumentLimits {
    static let bytes = 1 << 20
    static let depth = 32
    /// Repairs of doubled keys before the parser gives up naming them all.
    static let duplicateRepairs = 32
}

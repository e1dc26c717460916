import Yams

/// Text to `DocumentNode`: libyaml's syntax, less anchors, aliases, tags and anything too large or too deep.
struct DocumentParser {
    let file: String
    private(set) var faults: [Fault] = []
    /// Marks keys that are written twice, so that parsing can go on behind the first of them.
    private var marker: Unicode.Scalar = "\u{F8FF}"
    /// Where markers were put, in columns of the original text.
    private var markers: [Int: [Int]] = [:]

    init(file: String) { self.file = file }

    /// Nil only when faults were found; a tree may come with faults.
    mutating func parse(_ text: String) -> DocumentNode? {
        guard text.utf8.count <= DocumentLimits.bytes else {
            report(
                .line(1, column: 1), "is \(text.utf8.count) bytes long", "a scenario has at most 1 MiB",
                value: "the file")
            return nil
        }
        for value in 0xE000...0xF8FF where !text.unicodeScalars.contains(Unicode.Scalar(UInt16(value))!) {
            marker = Unicode.Scalar(UInt16(value))!
            break
        }
        if let place = firstAnchor(in: text) {
            reportAnchor(at: place)
            return nil
        }
        var source = text
        for _ in 0...DocumentLimits.duplicateRepairs {
            do {
                let parser = try Parser(yaml: source, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else { return DocumentNode(.mapping([])) }
                // Anchors are held weakly by nodes, strongly by the parser.
                return withExtendedLifetime(parser) { convert(root, path: "", depth: 0) }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard let marked = mark(source, at: context.mark) else {
                    report(
                        place(context.mark), "keys written twice: \(keys.sorted().joined(separator: ", "))",
                        "keep one")
                    return nil
                }
                source = marked
            } catch {
                report(syntaxError: error)
                return nil
            }
        }
        report(.line(1, column: 1), "too many keys written twice", "keep one of each")
        return nil
    }

    // MARK: Faults

    private mutating func report(
        _ place: Fault.Place, path: String = "", _ message: String, _ remedy: String, value: String? = nil
    ) {
        faults.append(
            Fault(file: file, place: place, path: path, value: value, message: message, remedy: remedy))
    }

    private mutating func reportAnchor(at place: Fault.Place, path: String = "") {
        report(
            place, path: path, "anchors and aliases are not part of scenarios",
            "write the value out, or quote the text")
    }

    private mutating func reportTag(_ tag: String, at place: Fault.Place, path: String) {
        report(
            place, path: path, "tags are not part of scenarios",
            "write the value without \(Fault.shown(tag))")
    }

    private mutating func report(syntaxError error: any Error) {
        let remedy = "correct the YAML syntax"
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let about = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            report(place(mark), problem + about, remedy)
        case YamlError.reader(let problem, let offset, _, let yaml):
            let lines = yaml.prefix(offset ?? 0).reduce(1) { $0 + ($1.isNewline ? 1 : 0) }
            report(.line(lines, column: 1), problem, remedy)
        default:
            report(.line(1, column: 1), "cannot be read as YAML (\(error))", remedy, value: "the file")
        }
    }

    /// The place in the original text, before markers moved columns.
    private func place(_ mark: Mark?) -> Fault.Place {
        guard let mark else { return .line(1, column: 1) }
        let shift = markers[mark.line, default: []].filter { $0 < mark.column }.count
        return .line(mark.line, column: mark.column - shift)
    }

    // MARK: Tree

    private mutating func convert(_ node: Node, path: String, depth: Int) -> DocumentNode? {
        let here = place(node.mark)
        if node.anchor != nil {
            reportAnchor(at: here, path: path)
            return nil
        }
        guard depth <= DocumentLimits.depth else {
            report(here, "nested deeper than \(DocumentLimits.depth) levels", "flatten the document")
            return nil
        }
        if let tag = tag(of: node) {
            reportTag(tag, at: here, path: path)
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return DocumentNode(.scalar(scalar.string, quoted: Self.isQuoted(scalar)), place: here)
        case .sequence(let sequence):
            let items = sequence.enumerated().map { index, item in
                convert(item, path: join(path, String(index)), depth: depth + 1)
            }
            return DocumentNode(.list(items.compactMap { $0 }), place: here)
        case .mapping(let mapping):
            return DocumentNode(.mapping(entries(of: mapping, path: path, depth: depth)), place: here)
        case .alias:
            reportAnchor(at: here, path: path)
            return nil
        }
    }

    /// The tag that was written before a node; nil for none.
    private func tag(of node: Node) -> String? {
        let tag: String
        switch node {
        case .scalar(let scalar):
            tag = scalar.tag.description
            // Yams gives it to all quoted text.
            if Self.isQuoted(scalar) && tag == Tag.Name.str.rawValue { return nil }
        case .sequence(let sequence): tag = sequence.tag.description
        case .mapping(let mapping): tag = mapping.tag.description
        case .alias: return nil
        }
        return tag.isEmpty ? nil : tag
    }

    private static func isQuoted(_ scalar: Node.Scalar) -> Bool {
        scalar.style != .plain && scalar.style != .any
    }

    private mutating func entries(of mapping: Node.Mapping, path: String, depth: Int) -> [DocumentNode.Entry]
    {
        var entries: [DocumentNode.Entry] = []
        var lines: [String: Int] = [:]
        for (keyNode, valueNode) in mapping {
            let here = place(keyNode.mark)
            guard case .scalar(let scalar) = keyNode, keyNode.anchor == nil else {
                report(here, path: path, "has a key that is not a word", "write keys as plain words")
                continue
            }
            let key = String(String.UnicodeScalarView(scalar.string.unicodeScalars.filter { $0 != marker }))
            let keyPath = join(path, Fault.shown(key))
            // Yams gives a word that it compared as a key the tag of a string.
            if let tag = tag(of: keyNode), tag != Tag.Name.str.rawValue {
                reportTag(tag, at: here, path: keyPath)
                continue
            }
            if let first = lines[key] {
                report(here, path: keyPath, "written twice, first on line \(first)", "keep one")
                continue
            }
            lines[key] = keyNode.mark?.line ?? 1
            if let value = convert(valueNode, path: keyPath, depth: depth + 1) {
                entries.append(DocumentNode.Entry(key: key, place: here, value: value))
            }
        }
        return entries
    }

    private func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    // MARK: Text

    /// `source` with a marker in the key that starts at `mark`.
    private mutating func mark(_ source: String, at mark: Mark) -> String? {
        let scalars = source.unicodeScalars
        var index = scalars.startIndex
        var line = 1
        while line < mark.line {
            guard index < scalars.endIndex else { return nil }
            let scalar = scalars[index]
            index = scalars.index(after: index)
            if scalar == "\r", index < scalars.endIndex, scalars[index] == "\n" {
                index = scalars.index(after: index)
            }
            if scalar == "\n" || scalar == "\r" || scalar == "\u{85}" || scalar == "\u{2028}"
                || scalar == "\u{2029}"
            {
                line += 1
            }
        }
        guard var spot = scalars.index(index, offsetBy: mark.column - 1, limitedBy: scalars.endIndex),
            spot < scalars.endIndex
        else { return nil }
        if scalars[spot] == "\"" || scalars[spot] == "'" { spot = scalars.index(after: spot) }
        var marked = source
        marked.unicodeScalars.insert(marker, at: spot)
        markers[mark.line, default: []].append(mark.column)
        return marked
    }

    /// The first `&name` or `*name` that starts a value. Found before libyaml sees the text, because a key made of
    /// aliases of aliases takes exponential time to compare.
    private func firstAnchor(in text: String) -> Fault.Place? {
        var (line, column) = (1, 0)
        var quote: UInt8?
        var inComment = false
        var startsToken = true
        var previous = UInt8(ascii: "\n")
        for byte in text.utf8 {
            column += byte & 0xC0 == 0x80 ? 0 : 1
            if byte == UInt8(ascii: "\n") {
                (line, column, inComment) = (line + 1, 0, false)
                startsToken = quote == nil
            } else if inComment {
                continue
            } else if let open = quote {
                if byte == open && !(open == UInt8(ascii: "\"") && previous == UInt8(ascii: "\\")) {
                    quote = nil
                }
                previous = previous == UInt8(ascii: "\\") ? 0 : byte
                continue
            } else if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") {
                if previous != UInt8(ascii: " ") { startsToken = startsToken || Self.opensValue(previous) }
            } else if byte == UInt8(ascii: "#") && Self.isBlank(previous) {
                inComment = true
            } else if startsToken && (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")) {
                return .line(line, column: column)
            } else if startsToken && (byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")) {
                (quote, startsToken) = (byte, false)
            } else {
                startsToken = "[{,".utf8.contains(byte)
            }
            previous = byte
        }
        return nil
    }

    private static func opensValue(_ byte: UInt8) -> Bool { "-?:,[{".utf8.contains(byte) }
    private static func isBlank(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }
}

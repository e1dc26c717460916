extension DocumentNode {
    /// Canonical YAML: block style, two spaces a level, a short list of scalars in one line. Equal trees give equal
    /// text, whatever the version of a YAML library; digests hang on it.
    var yaml: String {
        var out = ""
        write(to: &out, indent: 0)
        return out
    }

    private func write(to out: inout String, indent: Int) {
        let margin = String(repeating: " ", count: indent)
        switch content {
        case .scalar(let text, let quoted):
            out += margin + (quoted ? Self.quote(text) : text) + "\n"
        case .list(let items):
            for item in items {
                if let flow = item.flow {
                    out += margin + "- " + flow + "\n"
                    continue
                }
                var inner = ""
                item.write(to: &inner, indent: indent + 2)
                out += margin + "- " + inner.dropFirst(indent + 2)
            }
        case .mapping(let entries):
            for entry in entries {
                out += margin + entry.key + ":"
                if let flow = entry.value.flow {
                    out += " " + flow + "\n"
                } else {
                    out += "\n"
                    entry.value.write(to: &out, indent: indent + 2)
                }
            }
        }
    }

    /// One line, for scalars, empty collections and lists of scalars.
    private var flow: String? {
        switch content {
        case .scalar(let text, let quoted): return quoted ? Self.quote(text) : text
        case .list(let items):
            let words = items.compactMap { item in
                if case .scalar = item.content { item.flow } else { nil }
            }
            return words.count == items.count ? "[" + words.joined(separator: ", ") + "]" : nil
        case .mapping(let entries): return entries.isEmpty ? "{}" : nil
        }
    }

    private static func quote(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case " "..."~": out.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                out += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return out + "\""
    }
}

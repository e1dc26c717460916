/// A table for a terminal: columns as wide as their widest cell, numbers to the right.
package struct TextTable {
    private let header: [String]
    private let isNumber: [Bool]
    private var rows: [[String]] = []

    /// A heading that starts with `>` puts its column to the right.
    package init(_ header: [String]) {
        self.header = header.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }
        isNumber = header.map { $0.hasPrefix(">") }
    }

    package mutating func append(_ row: [String]) {
        precondition(row.count == header.count, "\(row.count) cells for \(header.count) columns")
        rows.append(row.map(Self.printable))
    }

    /// Lines ended by `\n`, without spaces at their ends.
    package var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            var line = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return isNumber[column] ? padding + row[column] : row[column] + padding
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Names and values, one a line, the values below each other.
    static func facts(_ lines: [(String, String)]) -> String {
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map {
            $0.0 + String(repeating: " ", count: width - $0.0.count) + "  " + $0.1 + "\n"
        }.joined()
    }

    /// No control character reaches a terminal.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control })
        )
    }
}

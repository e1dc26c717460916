/// A table for a terminal and a page alike.
struct ReportTable: Sendable {
    let title: String
    /// What its figures are; empty where the title says it.
    var note = ""
    /// A heading that starts with `>` puts its column to the right.
    let columns: [String]
    var rows: [[String]]

    var text: String {
        var table = TextTable(columns)
        for row in rows { table.append(row) }
        return table.text
    }

    /// For `PageParts.tables`.
    var values: [String: Any] {
        func cell(_ column: String, _ text: String) -> [String: Any] {
            ["text": text, "number": column.hasPrefix(">")]
        }
        var values: [String: Any] = [
            "title": title,
            "columns": columns.map { cell($0, $0.hasPrefix(">") ? String($0.dropFirst()) : $0) },
            "rows": rows.map { row -> [String: Any] in ["cells": zip(columns, row).map { cell($0, $1) }] },
        ]
        if !note.isEmpty { values["remark"] = note }
        return values
    }
}

/// One cell of the ledger.
enum LedgerValue: Sendable, Equatable {
    /// Not measured.
    case null
    case integer(Int64)
    case real(Double)
    case text(String)

    init(_ value: Int) { self = .integer(Int64(value)) }

    /// Counts stay below 2^63, SQLite's largest integer.
    init(_ value: UInt64) { self = .integer(Int64(value)) }

    init(_ value: Int?) { self = value.map { LedgerValue($0) } ?? .null }

    init(_ value: Bool) { self = .text(value ? "true" : "false") }

    init(_ value: Double?) { self = value.map { .real($0) } ?? .null }

    var int: Int { if case .integer(let value) = self { Int(value) } else { 0 } }
    var optionalInt: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    var count: UInt64 { if case .integer(let value) = self, value >= 0 { UInt64(value) } else { 0 } }
    var double: Double? { if case .real(let value) = self { value } else { nil } }
    var bool: Bool { self == .text("true") }
    var string: String { if case .text(let value) = self { value } else { "" } }

    /// As a CSV cell, before quoting: nothing where not measured, else the shortest text that gives it back.
    var cell: String {
        switch self {
        case .null: ""
        case .integer(let value): String(value)
        case .real(let value): shortest(value)
        case .text(let value): value
        }
    }

    /// Appends a form that differs for different values: a tag, then 8 bytes or a length and UTF-8.
    func appendCanonical(to bytes: inout [UInt8]) {
        func append(_ word: UInt64) {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        switch self {
        case .null: bytes.append(0)
        case .integer(let value):
            bytes.append(1)
            append(UInt64(bitPattern: value))
        case .real(let value):
            bytes.append(2)
            // SQLite keeps one zero, the ledger one NaN.
            append((value.isNaN ? Double.nan : value == 0 ? 0 : value).bitPattern)
        case .text(let value):
            bytes.append(3)
            append(UInt64(value.utf8.count))
            bytes += Array(value.utf8)
        }
    }
}

/// A column of a table of the ledger, named with its unit as in the CSV.
struct LedgerColumn: Sendable {
    enum Kind: String, Sendable {
        case integer = "INTEGER"
        case real = "REAL"
        case text = "TEXT"
    }

    let name: String
    let kind: Kind
    let isOptional: Bool

    static func integer(_ name: String) -> LedgerColumn {
        .init(name: name, kind: .integer, isOptional: false)
    }
    static func optionalInteger(_ name: String) -> LedgerColumn {
        .init(name: name, kind: .integer, isOptional: true)
    }
    static func text(_ name: String) -> LedgerColumn { .init(name: name, kind: .text, isOptional: false) }
    static func real(_ name: String) -> LedgerColumn { .init(name: name, kind: .real, isOptional: false) }
    static func measured(_ name: String) -> LedgerColumn { .init(name: name, kind: .real, isOptional: true) }

    /// SQLite has no NaN; a real column keeps it as the text `nan`.
    var declaration: String { "\(name) \(kind.rawValue)" + (isOptional ? "" : " NOT NULL") }
}

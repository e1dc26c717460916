import Foundation
import GRDB
import Methods

/// The rows between two durability points, by table and in the order of their keys, so that the digest does not
/// depend on the order of arrival.
struct LedgerBatch {
    private struct Part {
        let table: any LedgerTable.Type
        var rows: [[LedgerValue]] = []
    }

    private var parts = LedgerSchema.tables.map { Part(table: $0) }
    /// Places in `parts`, by the names of tables.
    private static let places = Dictionary(
        uniqueKeysWithValues: LedgerSchema.tables.enumerated().map { ($0.element.name, $0.offset) })

    init(_ rows: [Methods.Row]) {
        for row in rows {
            switch row {
            case .round(let row): add(row, to: RoundTable.self)
            case .client(let row): add(row, to: ClientTable.self)
            case .localTest(let row): add(row, to: LocalTestTable.self)
            case .traffic(let row): add(row, to: TrafficTable.self)
            case .epoch(let row): add(row, to: EpochTable.self)
            case .contender(let row): add(row, to: ContenderTable.self)
            case .node(let row): add(row, to: NodeTable.self)
            case .transfer(let row): add(row, to: TransferTable.self)
            case .subset(let row): add(row, to: SubsetTable.self)
            case .filter(let row): add(row, to: FilterTable.self)
            case .edge(let row): add(row, to: EdgeTable.self)
            case .activity(let row): add(row, to: ActivityTable.self)
            case .mode(let row): add(row, to: ModeTable.self)
            case .neuralFilter(let row): add(row, to: NeuralFilterTable.self)
            case .infrastructure(let row): add(row, to: InfrastructureTable.self)
            }
        }
        for index in parts.indices {
            let width = parts[index].table.key.count
            parts[index].rows.sort { Self.precedes($0, $1, width: width) }
        }
    }

    private mutating func add<Table: LedgerTable>(_ row: Table.Observation, to table: Table.Type) {
        parts[Self.places[table.name]!].rows.append(table.values(row))
    }

    /// Keys are the first columns of their tables. SQLite compares text as its UTF-8.
    private static func precedes(_ a: [LedgerValue], _ b: [LedgerValue], width: Int) -> Bool {
        for index in 0..<width where a[index] != b[index] {
            switch (a[index], b[index]) {
            case (.integer(let first), .integer(let second)): return first < second
            case (.text(let first), .text(let second)):
                return first.utf8.lexicographicallyPrecedes(second.utf8)
            default: return false
            }
        }
        return false
    }

    /// What the digest chain covers.
    var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        for part in parts.prefix(LedgerSchema.chained.count) {
            LedgerValue.text(part.table.name).appendCanonical(to: &bytes)
            for row in part.rows {
                for value in row { value.appendCanonical(to: &bytes) }
            }
        }
        return bytes
    }

    func insert(_ db: Database, point: Int) throws {
        for part in parts where !part.rows.isEmpty {
            let marks = [String](repeating: "?", count: part.table.columns.count + 1).joined(separator: ", ")
            let statement = try db.cachedStatement(sql: "INSERT INTO \(part.table.name) VALUES (\(marks))")
            for row in part.rows {
                var arguments: [DatabaseValue] = []
                arguments.reserveCapacity(row.count + 1)
                for value in row { arguments.append(value.databaseValue) }
                arguments.append(point.databaseValue)
                statement.setUncheckedArguments(StatementArguments(arguments))
                try statement.execute()
            }
        }
    }
}

extension LedgerValue {
    /// SQLite makes nothing of a NaN, so that one is kept as text.
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.isNaN ? "nan".databaseValue : value.databaseValue
        case .text(let value): value.databaseValue
        }
    }

    /// The cell of `row`, or an error where a damaged file holds another type.
    init(_ row: GRDB.Row, _ index: Int, _ column: LedgerColumn) throws {
        let cell: DatabaseValue = row[index]
        switch (cell.storage, column.kind) {
        case (.int64(let value), .integer): self = .integer(value)
        case (.double(let value), .real): self = .real(value)
        case (.string("nan"), .real): self = .real(.nan)
        case (.string(let value), .text): self = .text(value)
        case (.null, _) where column.isOptional: self = .null
        default:
            throw DatabaseError(
                resultCode: .SQLITE_MISMATCH, message: "a cell of \(column.name) has the wrong type")
        }
    }
}

/// Rows of one table in the order of points and keys, read along with the points.
struct PointedRows {
    let table: String
    private let columns: [LedgerColumn]
    private let cursor: RowCursor
    private var next: (point: Int, values: [LedgerValue])?

    var isAtEnd: Bool { next == nil }

    init(_ db: Database, _ table: any LedgerTable.Type) throws {
        self.table = table.name
        columns = table.columns
        let names = columns.map(\.name).joined(separator: ", ")
        let order = (["point"] + table.key).joined(separator: ", ")
        cursor = try GRDB.Row.fetchCursor(
            db, sql: "SELECT \(names), point FROM \(table.name) ORDER BY \(order)")
        try advance()
    }

    /// Appends the canonical form of the rows of `point`.
    mutating func append(point: Int, to bytes: inout [UInt8]) throws {
        LedgerValue.text(table).appendCanonical(to: &bytes)
        while let row = next, row.point == point {
            for value in row.values { value.appendCanonical(to: &bytes) }
            try advance()
        }
    }

    private mutating func advance() throws {
        guard let row = try cursor.next() else {
            next = nil
            return
        }
        var values: [LedgerValue] = []
        values.reserveCapacity(columns.count)
        for (index, column) in columns.enumerated() { values.append(try LedgerValue(row, index, column)) }
        next = (try LedgerChain.int(row, columns.count), values)
    }
}

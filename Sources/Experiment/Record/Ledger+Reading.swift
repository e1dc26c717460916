import GRDB
import Methods
import TensorMath

extension Ledger {
    /// In the order of rounds.
    public func rounds() throws(LedgerError) -> [RoundRow] { try all(RoundTable.self) }

    /// In the order of rounds and clients; all in memory, so for large runs prefer `forEachClient`.
    public func clients() throws(LedgerError) -> [ClientRow] { try all(ClientTable.self) }

    /// In the order of rounds and clients.
    public func localTests() throws(LedgerError) -> [LocalTestRow] { try all(LocalTestTable.self) }

    /// In the order of rounds, directions, kinds, parts and segments.
    public func traffic() throws(LedgerError) -> [TrafficRow] { try all(TrafficTable.self) }

    /// In the order of rounds.
    public func infrastructure() throws(LedgerError) -> [InfrastructureRow] {
        try all(InfrastructureTable.self)
    }

    /// In the order of rounds and clients, one at a time.
    public func forEachClient(_ body: (ClientRow) -> Void) throws(LedgerError) {
        try forEach(ClientTable.self) { body(ClientTable.row($0)) }
    }

    /// The newest state of each client that has one, in the order of clients: after which round, and its name.
    public func clientStates() throws(LedgerError) -> [(client: Int, round: Int, id: ObjectID)] {
        try Self.guarded(file) {
            try queue.read { db in
                let rows = try GRDB.Row.fetchAll(
                    db,
                    sql: """
                        SELECT client, max(round), state_digest FROM clients WHERE state_digest != ''
                        GROUP BY client ORDER BY client
                        """)
                return try rows.map { row in
                    guard let id = ObjectID(try LedgerChain.text(row, 2)) else {
                        throw LedgerError(
                            .corrupt, file: file, "names a client's state that cannot be a name",
                            remedy: "take the run from a copy")
                    }
                    return (try LedgerChain.int(row, 0), try LedgerChain.int(row, 1), id)
                }
            }
        }
    }

    /// Identity and facts, by key.
    public func meta() throws(LedgerError) -> [String: String] {
        try Self.guarded(file) {
            try queue.read { db in
                let rows = try GRDB.Row.fetchAll(db, sql: "SELECT key, value FROM meta")
                return Dictionary(
                    uniqueKeysWithValues: try rows.map {
                        (try LedgerChain.text($0, 0), try LedgerChain.text($0, 1))
                    })
            }
        }
    }

    /// Where a run goes on; nil before the first point.
    public func lastPoint() throws(LedgerError) -> RecordedPoint? {
        try Self.guarded(file) {
            try queue.read { db in
                let last = try LedgerChain.last(db)
                guard last.number > 0 else { return nil }
                return RecordedPoint(
                    number: last.number, point: try LedgerChain.point(db, round: last.round),
                    chain: last.chain)
            }
        }
    }

    /// In the order in which they were written.
    public func notes() throws(LedgerError) -> [String] {
        try Self.guarded(file) {
            try queue.read { db in
                try GRDB.Row.fetchAll(db, sql: "SELECT text FROM notes ORDER BY note").map {
                    try LedgerChain.text($0, 0)
                }
            }
        }
    }

    func all<Table: LedgerTable>(_ table: Table.Type) throws(LedgerError) -> [Table.Observation] {
        var rows: [Table.Observation] = []
        try forEach(table) { rows.append(Table.row($0)) }
        return rows
    }

    /// The values of each row, in the order of the table's key.
    func forEach(
        _ table: any LedgerTable.Type, where condition: String = "TRUE", _ body: ([LedgerValue]) -> Void
    ) throws(LedgerError) {
        try Self.guarded(file) {
            try queue.read { db in
                let names = table.columns.map(\.name).joined(separator: ", ")
                let key = table.key.joined(separator: ", ")
                let cursor = try GRDB.Row.fetchCursor(
                    db, sql: "SELECT \(names) FROM \(table.name) WHERE \(condition) ORDER BY \(key)")
                while let row = try cursor.next() {
                    body(try table.columns.enumerated().map { try LedgerValue(row, $0.offset, $0.element) })
                }
            }
        }
    }
}

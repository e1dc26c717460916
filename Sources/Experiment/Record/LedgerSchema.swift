import Foundation
import GRDB

/// The tables of `run.sqlite`, and the pragmas that tell it from other databases.
enum LedgerSchema {
    /// `trib` in ASCII.
    static let applicationID: Int32 = 0x7472_6962
    static let version: Int32 = 8

    /// Tables that the digest chain covers, in the order in which it does.
    static let chained: [any LedgerTable.Type] = [
        RoundTable.self, ClientTable.self, LocalTestTable.self, TrafficTable.self, EpochTable.self,
        ContenderTable.self, NodeTable.self, TransferTable.self, SubsetTable.self, FilterTable.self,
        EdgeTable.self, ActivityTable.self, ModeTable.self, NeuralFilterTable.self,
    ]
    static let tables: [any LedgerTable.Type] = chained + [InfrastructureTable.self]

    static func create(in db: Database) throws {
        try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
        for table in tables {
            let columns = table.columns.map(\.declaration).joined(separator: ", ")
            try db.execute(
                sql: """
                    CREATE TABLE \(table.name) (\(columns), point INTEGER NOT NULL,
                    PRIMARY KEY (\(table.key.joined(separator: ", ")))) WITHOUT ROWID
                    """)
        }
        try db.execute(
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, fixed INTEGER NOT NULL)
                    WITHOUT ROWID;
                CREATE TABLE points (point INTEGER PRIMARY KEY NOT NULL, round INTEGER NOT NULL,
                    content BLOB NOT NULL, chain BLOB NOT NULL);
                CREATE TABLE point_files (name TEXT PRIMARY KEY NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE point_state (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL);
                CREATE TABLE notes (note INTEGER PRIMARY KEY, text TEXT NOT NULL, point INTEGER NOT NULL);
                """)
    }

    /// Throws `LedgerError` where `db` is something else.
    static func check(_ db: Database, file: String) throws {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID else {
            throw LedgerError(.foreign, file: file, "is not a ledger", remedy: "name a run's directory")
        }
        let found = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found == version else {
            throw LedgerError(
                .otherVersion, file: file, "has format \(found), this version reads \(version)",
                remedy: "use the version that wrote it")
        }
        // What is missing of a last page may be room that no row uses yet, which SQLite does not miss.
        let page = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
        let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
        let isTorn = size.map { $0 % page != 0 } ?? true
        let verdict =
            isTorn
            ? "its last page is not whole"
            : try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard verdict == "ok" else {
            throw LedgerError(
                .corrupt, file: file, "is damaged (\(verdict))",
                remedy: "take the run from a copy, or run it again")
        }
    }
}

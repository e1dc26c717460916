import Foundation
import GRDB
import TensorMath

/// The digests that tie each durability point to the one before it.
enum LedgerChain {
    struct Link {
        /// 0 before the first point.
        var number: Int
        var round: Int
        var chain: [UInt8]
    }

    /// BLAKE2b-256 of the previous digest, the round, the point's content and the rows in canonical form.
    static func link(after chain: [UInt8], round: Int, content: [UInt8], rows: [UInt8]) -> [UInt8] {
        var bytes = chain
        bytes.reserveCapacity(chain.count + content.count + rows.count + 16)
        LedgerValue(round).appendCanonical(to: &bytes)
        bytes += content
        bytes += rows
        return digest256(bytes)
    }

    /// The last link; before the first point that of the identity.
    static func last(_ db: Database) throws -> Link {
        let row = try GRDB.Row.fetchOne(
            db, sql: "SELECT point, round, chain FROM points ORDER BY point DESC LIMIT 1")
        guard let row else { return Link(number: 0, round: 0, chain: try origin(db)) }
        return Link(number: try int(row, 0), round: try int(row, 1), chain: try bytes(row, 2))
    }

    static func verify(_ db: Database, file: String) throws {
        func tampered(_ what: String) -> LedgerError {
            LedgerError(.tampered, file: file, what, remedy: "take the run from a copy, or run it again")
        }
        var readers = try LedgerSchema.chained.map { try PointedRows(db, $0) }
        var chain = try origin(db)
        var number = 0
        var content: [UInt8] = []
        var round = 0
        let points = try GRDB.Row.fetchCursor(
            db, sql: "SELECT point, round, content, chain FROM points ORDER BY point")
        while let row = try points.next() {
            number += 1
            (round, content) = (try int(row, 1), try bytes(row, 2))
            guard try int(row, 0) == number else { throw tampered("lacks point \(number)") }
            var rows: [UInt8] = []
            for index in readers.indices { try readers[index].append(point: number, to: &rows) }
            chain = link(after: chain, round: round, content: content, rows: rows)
            guard chain == (try bytes(row, 3)) else {
                throw tampered("differs from its digest chain at point \(number) (round \(round))")
            }
        }
        for reader in readers where !reader.isAtEnd {
            throw tampered("has rows in \(reader.table) that belong to no point")
        }
        let current = try point(db, round: round)
        guard number == 0 || current.contentDigest == content else {
            throw tampered("has files or state that differ from its last point")
        }
    }

    /// Files and state as they are now.
    static func point(_ db: Database, round: Int) throws -> DurabilityPoint {
        let files = try GRDB.Row.fetchAll(db, sql: "SELECT name, digest FROM point_files ORDER BY name")
        let state = try GRDB.Row.fetchAll(db, sql: "SELECT name, value FROM point_state ORDER BY name")
        return DurabilityPoint(
            round: round,
            files: try files.map { .init(name: try text($0, 0), digest: try bytes($0, 1)) },
            state: Dictionary(uniqueKeysWithValues: try state.map { (try text($0, 0), try bytes($0, 1)) }))
    }

    private static func origin(_ db: Database) throws -> [UInt8] {
        var bytes = Array("tributary ledger \(LedgerSchema.version)".utf8)
        for row in try GRDB.Row.fetchAll(db, sql: "SELECT key, value FROM meta WHERE fixed = 1 ORDER BY key")
        {
            LedgerValue.text(try text(row, 0)).appendCanonical(to: &bytes)
            LedgerValue.text(try text(row, 1)).appendCanonical(to: &bytes)
        }
        return digest256(bytes)
    }

    // MARK: Cells that a damaged file may hold with another type

    static func int(_ row: GRDB.Row, _ index: Int) throws -> Int {
        guard let value = Int.fromDatabaseValue(row[index]) else { throw wrongType(row, index) }
        return value
    }

    static func text(_ row: GRDB.Row, _ index: Int) throws -> String {
        guard let value = String.fromDatabaseValue(row[index]) else { throw wrongType(row, index) }
        return value
    }

    static func bytes(_ row: GRDB.Row, _ index: Int) throws -> [UInt8] {
        guard let value = Data.fromDatabaseValue(row[index]) else { throw wrongType(row, index) }
        return Array(value)
    }

    private static func wrongType(_ row: GRDB.Row, _ index: Int) -> any Error {
        DatabaseError(
            resultCode: .SQLITE_MISMATCH, message: "a cell of column \(index + 1) has the wrong type")
    }
}

import Foundation
import GRDB
import Methods
import TensorMath

/// What happened: every observation of a run, in one SQLite file.
///
/// Rows arrive in transactions that end at a durability point, so that a crash loses what came after the last point
/// and nothing else. Each point carries the digest of the one before and of all rows in between (wall times and
/// notes apart), which is checked when a run is resumed. One process writes; others may read at the same time.
///
/// The journal is SQLite's rollback journal, which is gone after each transaction: one file remains. `synchronous`
/// is EXTRA, which is FULL and a sync of the directory, so that a point that was reported stays.
public final class Ledger: Sendable {
    public let file: String
    let queue: DatabaseQueue

    private init(file: String, queue: DatabaseQueue) {
        self.file = file
        self.queue = queue
    }

    /// A new ledger. `identity` is fixed: what must be the same when the run goes on, such as version and scenario.
    public static func create(at file: String, identity: [String: String]) throws(LedgerError) -> Ledger {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw LedgerError(
                .exists, file: file, "exists already", remedy: "resume it, or choose another directory")
        }
        return try guarded(file) {
            let ledger = Ledger(
                file: file, queue: try DatabaseQueue(path: file, configuration: configuration()))
            try ledger.queue.write { db in
                try LedgerSchema.create(in: db)
                for (key, value) in identity {
                    try db.execute(sql: "INSERT INTO meta VALUES (?, ?, 1)", arguments: [key, value])
                }
            }
            return ledger
        }
    }

    /// An existing ledger, after a check of the file and (unless `verify` is false) of the whole digest chain.
    public static func open(
        at file: String, readOnly: Bool = false, verify: Bool = true
    ) throws(LedgerError) -> Ledger {
        guard FileManager.default.fileExists(atPath: file) else {
            throw LedgerError(.missing, file: file, "does not exist", remedy: "name a run's directory")
        }
        return try guarded(file) {
            do {
                return try checked(file, readOnly: readOnly, verify: verify)
            } catch let error as DatabaseError where readOnly && error.resultCode == .SQLITE_READONLY {
                // A crash left a transaction open, which only a writer can undo.
                try checked(file, readOnly: false, verify: false).queue.close()
                return try checked(file, readOnly: true, verify: verify)
            }
        }
    }

    private static func checked(_ file: String, readOnly: Bool, verify: Bool) throws -> Ledger {
        let queue = try DatabaseQueue(path: file, configuration: configuration(readOnly: readOnly))
        try queue.read { db in
            try LedgerSchema.check(db, file: file)
            if verify { try LedgerChain.verify(db, file: file) }
        }
        return Ledger(file: file, queue: queue)
    }

    /// Ends the use of the file; whatever is called later throws.
    public func close() throws(LedgerError) {
        try Self.guarded(file) { try queue.close() }
    }

    // MARK: Writing

    /// Writes everything since the last point, and the point, in one transaction. After a throw nothing of it is there.
    @discardableResult
    public func append(
        rows: [Methods.Row], notes: [String] = [], point: DurabilityPoint
    ) throws(LedgerError) -> RecordedPoint {
        try Self.guarded(file) {
            try queue.write { db in
                let last = try LedgerChain.last(db)
                guard point.round >= last.round else {
                    throw LedgerError(
                        .conflict, file: file,
                        "is at round \(last.round), behind which round \(point.round) lies",
                        remedy: "resume from the last point")
                }
                let number = last.number + 1
                let batch = LedgerBatch(rows)
                try batch.insert(db, point: number)
                try insert(notes, db, point: number)
                let content = point.contentDigest
                let chain = LedgerChain.link(
                    after: last.chain, round: point.round, content: content, rows: batch.canonicalBytes)
                try db.execute(
                    sql: "INSERT INTO points VALUES (?, ?, ?, ?)",
                    arguments: [number, point.round, Data(content), Data(chain)])
                try replaceContent(db, point)
                return RecordedPoint(number: number, point: point, chain: chain)
            }
        }
    }

    /// Sets facts that may change: not part of the chain. A key of the identity is refused.
    public func set(meta: [String: String]) throws(LedgerError) {
        try Self.guarded(file) {
            try queue.write { db in
                for (key, value) in meta {
                    try db.execute(
                        sql: """
                            INSERT INTO meta VALUES (?, ?, 0)
                            ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE fixed = 0
                            """, arguments: [key, value])
                    guard db.changesCount == 1 else {
                        throw LedgerError(
                            .conflict, file: file, "keeps \(key) as it was at the start",
                            remedy: "start another run")
                    }
                }
            }
        }
    }

    private func insert(_ notes: [String], _ db: Database, point: Int) throws {
        for text in notes {
            try db.execute(sql: "INSERT INTO notes (text, point) VALUES (?, ?)", arguments: [text, point])
        }
    }

    /// Only the last point's files and state are kept.
    private func replaceContent(_ db: Database, _ point: DurabilityPoint) throws {
        try db.execute(sql: "DELETE FROM point_files; DELETE FROM point_state")
        let files = try db.cachedStatement(sql: "INSERT INTO point_files VALUES (?, ?)")
        for file in point.files { try files.execute(arguments: [file.name, Data(file.digest)]) }
        let state = try db.cachedStatement(sql: "INSERT INTO point_state VALUES (?, ?)")
        for (name, value) in point.state { try state.execute(arguments: [name, Data(value)]) }
    }

    // MARK: Parts

    private static func configuration(readOnly: Bool = false) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            if !readOnly {
                try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA")
            }
        }
        return configuration
    }

    static func guarded<Result>(_ file: String, _ body: () throws -> Result) throws(LedgerError) -> Result {
        do {
            return try body()
        } catch {
            throw LedgerError(error, file: file)
        }
    }
}

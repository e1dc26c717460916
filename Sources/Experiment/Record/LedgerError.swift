import GRDB

/// Why a ledger cannot be used; names the file and the remedy.
public struct LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// There is a file already.
        case exists
        case missing
        /// Not a ledger.
        case foreign
        /// A ledger of another version of the program.
        case otherVersion
        /// Not what was written: a torn or overwritten file.
        case corrupt
        /// Sound as a file, but rows differ from what the digest chain says.
        case tampered
        /// Another process holds it.
        case busy
        /// The disk or its permissions say no.
        case cannotWrite
        /// A row, key or point that the ledger has already, or one out of order.
        case conflict
    }

    public var kind: Kind
    public var file: String
    public var message: String
    public var remedy: String

    public init(_ kind: Kind, file: String, _ message: String, remedy: String) {
        self.kind = kind
        self.file = file
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(file): \(message); \(remedy)" }

    /// The one place where SQLite's codes get a meaning.
    init(_ error: any Error, file: String) {
        guard let database = error as? DatabaseError else {
            self =
                error as? LedgerError
                ?? LedgerError(
                    .corrupt, file: file, "cannot be read (\(error))", remedy: "take the run from a copy")
            return
        }
        let text = database.message ?? "SQLite code \(database.resultCode.rawValue)"
        switch database.resultCode {
        case .SQLITE_NOTADB:
            self.init(.foreign, file: file, "is not a ledger (\(text))", remedy: "name a run's directory")
        case .SQLITE_CORRUPT, .SQLITE_SCHEMA, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_FORMAT:
            self.init(
                .corrupt, file: file, "is damaged (\(text))",
                remedy: "take the run from a copy, or run it again")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .busy, file: file, "is held by another process (\(text))", remedy: "end it, or wait for it")
        case .SQLITE_CONSTRAINT:
            self.init(
                .conflict, file: file, "has that row already (\(text))", remedy: "resume from the last point")
        case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .cannotWrite, file: file, "cannot be read or written (\(text))",
                remedy: "check space and permissions of its directory, then resume the run")
        default:
            self.init(.corrupt, file: file, "cannot be used (\(text))", remedy: "take the run from a copy")
        }
    }
}

/// Why a run's directory cannot be used; names the path and the remedy.
public struct RunDirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// To be created, but something is there.
        case notEmpty
        case cannotCreate
        case cannotWrite
        case missing
        /// There, but not made by a run.
        case notARun
        case cannotRead
        /// Another process works in it.
        case busy
    }

    public var kind: Kind
    public var path: String
    public var message: String
    public var remedy: String

    public init(_ kind: Kind, path: String, _ message: String, remedy: String) {
        self.kind = kind
        self.path = path
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(path): \(message); \(remedy)" }
}

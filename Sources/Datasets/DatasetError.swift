/// What is wrong with a data set, its files, its description or a shard of it: found, expected and what to do.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: String, Sendable, CaseIterable {
        /// A file or directory is not there.
        case missing
        /// It is there, but the operating system refused to read it.
        case unreadable
        /// The first bytes are not those of the format.
        case badMagic
        /// An IDX file with another number of dimensions or another element type.
        case wrongRank
        /// The data end before what the header announces.
        case truncated
        /// The data go on behind what the header announces.
        case trailingBytes
        /// Two files of one data set contradict each other.
        case countMismatch
        /// A text that does not follow its grammar.
        case malformed
        /// A gzip stream that cannot be inflated, or whose check sum is wrong.
        case corruptStream
        /// An image of another size, or with another number of channels.
        case wrongShape
        /// A label that names no class.
        case labelOutOfRange
        /// A feature that is not a finite number.
        case valueOutOfRange
        /// Dimensions that no data set has.
        case absurdDimensions
        /// The description of the data set contradicts itself or cannot be fulfilled.
        case badSpecification
    }

    public let reason: Reason
    /// Path of the file, or what else was read (`shard`, `dataset`).
    public let source: String
    /// Position in bytes, in decoded data where the file is compressed; nil where no position applies.
    public let offset: Int?
    public let found: String
    public let expected: String
    public let remedy: String

    public init(
        _ reason: Reason, source: String, offset: Int? = nil, found: String, expected: String, remedy: String
    ) {
        self.reason = reason
        self.source = source
        self.offset = offset
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    public var description: String {
        let place = offset.map { "\(source), byte \($0)" } ?? source
        return "\(place): found \(found), expected \(expected); \(remedy)"
    }
}

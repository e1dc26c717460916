/// Values that a codec cannot carry, or bytes that no sender with the same stages and layout can have made.
public struct CompressionError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Problem: Error, Sendable, Equatable {
        /// Bytes of the whole payload.
        case size(Int, expected: Int)
        /// Not finite, or too large to be scaled; `index` within the segment, or the number of a kept value of it.
        case value(Float, index: Int, bound: Float)
        /// A magnitude that scales a bucket's or a segment's values: negative, not finite or too large.
        case scale(Float, bucket: Int, bound: Float)
        /// Code of a level of the value with number `index`.
        case level(Int, index: Int, greatest: Int)
        /// A position beyond the segment; `number` counts positions.
        case position(Int, number: Int, count: Int)
        /// A position that is not above the one before it.
        case order(Int, number: Int, after: Int)
        /// Ones of a bitmap.
        case marks(Int, expected: Int)
        /// A bit that fills up a byte is set.
        case padding
    }

    /// Name of the segment; nil for the whole payload.
    public let segment: String?
    public let problem: Problem

    public var description: String { (segment.map { "\($0): " } ?? "") + problem.description }
}

extension CompressionError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .size(let bytes, let expected): "\(bytes) bytes; \(expected) were due"
        case .value(let value, let index, let bound): "value \(index) is \(value), which is beyond \(bound)"
        case .scale(let scale, let bucket, let bound):
            "the scale of bucket \(bucket) is \(scale), which is not from 0 to \(bound)"
        case .level(let code, let index, let greatest):
            "value \(index) has code \(code), which is above \(greatest)"
        case .position(let position, let number, let count):
            "position \(number) is \(position) of \(count) values"
        case .order(let position, let number, let after):
            "position \(number) is \(position), which is not above \(after)"
        case .marks(let marks, let expected): "\(marks) values are marked; \(expected) were due"
        case .padding: "a bit of padding is set"
        }
    }
}

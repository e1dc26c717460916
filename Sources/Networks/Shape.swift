/// What one sample looks like between two blocks: `channels` planes of `height` rows and `width` columns, in
/// that order (NCHW). A vector of n features is [n, 1, 1].
public struct Shape: Sendable, Equatable, CustomStringConvertible {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int = 1, width: Int = 1) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Values in one sample.
    public var count: Int { channels * height * width }
    public var description: String { "[\(channels), \(height), \(width)]" }
}

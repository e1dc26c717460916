/// Shape of one sample: channels first, then rows, then columns. A plain vector of n features is n x 1 x 1.
public struct SampleShape: Sendable, Hashable, CustomStringConvertible {
    public let channels: Int
    public let height: Int
    public let width: Int

    /// - Precondition: every extent lies in 1...65,536.
    public init(channels: Int, height: Int, width: Int) {
        precondition(
            [channels, height, width].allSatisfy { $0 >= 1 && $0 <= SampleShape.maximumExtent },
            "no sample has the shape \(channels)x\(height)x\(width)")
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Number of values in one sample.
    public var count: Int { channels * height * width }

    /// For example `1x28x28`.
    public var description: String { "\(channels)x\(height)x\(width)" }

    /// Reads what `description` writes, such as `1x28x28`, or one number for a plain vector. Nil for anything else, and
    /// for what is too large.
    public init?(_ text: String) {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        let extents = parts.compactMap { part in part.allSatisfy(\.isNumber) ? Int(part) : nil }
        guard extents.count == parts.count, [1, 3].contains(parts.count) else { return nil }
        let size = extents.count == 1 ? [extents[0], 1, 1] : extents
        self.init(checking: size[0], size[1], size[2])
    }

    /// Greatest extent in any direction that a reader accepts.
    static let maximumExtent = 1 << 16
    /// Greatest number of values in one sample that a reader accepts (64 Mi: 256 MiB as Float32).
    static let maximumCount = 1 << 26

    /// The shape, or nil where an extent or the product is out of bounds; for numbers read from a file.
    init?(checking channels: Int, _ height: Int, _ width: Int) {
        let extents = 1...SampleShape.maximumExtent
        guard extents.contains(channels), extents.contains(height), extents.contains(width),
            channels * height * width <= SampleShape.maximumCount
        else { return nil }
        self.init(channels: channels, height: height, width: width)
    }
}

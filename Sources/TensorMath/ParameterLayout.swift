/// A named part of a model's flat buffer.
public struct Segment: Sendable, Equatable {
    /// What training does with a segment.
    public enum Role: String, Sendable, Codable {
        /// Moved by the optimiser.
        case trainable
        /// Carried along: running statistics.
        case buffer
    }

    /// Unique within the layout, such as `conv1.weight`.
    public let name: String
    public let shape: [Int]
    public let role: Role
    /// Index of the block that owns it; personalisation and freezing cut by it.
    public let layer: Int
    /// First value within the flat buffer.
    public let offset: Int
    public let count: Int
}

/// What each value of a model's flat Float32 buffer means: named, tagged segments without gaps, in order.
///
/// Averaging, compression, checkpoints and transport are loops over that one buffer.
public struct ParameterLayout: Sendable, Equatable {
    public private(set) var segments: [Segment] = []
    /// Values in all segments together.
    public private(set) var count = 0

    public init() {}

    @discardableResult
    public mutating func append(name: String, shape: [Int], role: Segment.Role, layer: Int) -> Segment {
        precondition(segment(named: name) == nil, "two segments named \(name)")
        return append(unchecked: name, shape: shape, role: role, layer: layer)
    }

    /// The same for names that are known to differ, of which there may be very many.
    @discardableResult
    package mutating func append(
        unchecked name: String, shape: [Int], role: Segment.Role, layer: Int
    ) -> Segment {
        precondition(shape.allSatisfy { $0 > 0 }, "\(name) has shape \(shape)")
        let size = shape.reduce(1, *)
        let segment = Segment(name: name, shape: shape, role: role, layer: layer, offset: count, count: size)
        segments.append(segment)
        count += size
        return segment
    }

    public func segment(named name: String) -> Segment? { segments.first { $0.name == name } }

    /// BLAKE2b-256 of the canonical description; two models can be averaged when theirs are equal.
    public var digest: [UInt8] {
        let lines = segments.map { s in
            "\(s.name) \(s.role.rawValue) \(s.layer) \(s.shape.map(String.init).joined(separator: "x"))\n"
        }
        return digest256(Array(lines.joined().utf8))
    }
}

import TensorMath

/// How one segment travels: which of its values, as what, and in how many bytes. Follows from stages and layout alone.
///
/// Its bytes are positions, scales (float32) and codes, in this order, each from the next whole byte on, without
/// alignment; little endian, and the first of several in a byte in the lowest bits.
struct SegmentCoding: Sendable {
    /// Where the kept values stand.
    enum Positions: Sendable, Equatable {
        /// All travel.
        case all
        /// Both sides draw the same ones.
        case shared
        /// The greatest, with one bit for each value of the segment.
        case bitmap
        /// The greatest, as ascending numbers of so many bits.
        case indices(bits: Int)
    }

    /// How a value is written.
    enum Coder: Sendable, Equatable {
        case float32, float16
        /// Bit 1 for negative.
        case sign
        /// Code = level + `levels` with a level of -levels...levels, in `bits` bits.
        case levels(bits: Int, bucket: Int)
    }

    let segment: Segment
    /// Values that travel, 1 or more.
    let kept: Int
    let positions: Positions
    let coder: Coder
    /// What the receiver multiplies by.
    let factor: Float
    let positionBytes: Int
    let scales: Int
    let codeBytes: Int

    var bytes: Int { positionBytes + 4 * scales + codeBytes }
    /// The greatest magnitude that stays finite when it is multiplied by `factor`.
    var bound: Float {
        factor == 1 ? .greatestFiniteMagnitude : (Float.greatestFiniteMagnitude / factor).nextDown
    }

    /// Buffers travel as float32, and so does a segment that the stages would not make smaller.
    init(_ segment: Segment, _ stages: [CompressionStage], errorFeedback: Bool) {
        let coded = SegmentCoding(coding: segment, stages, errorFeedback: errorFeedback)
        let isWhole = segment.role == .buffer || coded.bytes >= 4 * segment.count
        self = isWhole ? SegmentCoding(coding: segment, [], errorFeedback: errorFeedback) : coded
    }

    private init(coding segment: Segment, _ stages: [CompressionStage], errorFeedback: Bool) {
        var (kept, positions, coder) = (segment.count, Positions.all, Coder.float32)
        for stage in stages {
            switch stage {
            case .topK(let fraction):
                kept = Self.kept(fraction, of: segment.count)
                positions = kept == segment.count ? .all : Self.marking(kept, of: segment.count)
            case .randomK(let fraction):
                kept = Self.kept(fraction, of: segment.count)
                positions = kept == segment.count ? .all : .shared
            case .quantize(let bits, let bucket): coder = .levels(bits: bits, bucket: bucket ?? kept)
            case .float16: coder = .float16
            case .sign: coder = .sign
            }
        }
        self.segment = segment
        self.kept = kept
        self.positions = positions
        self.coder = coder
        factor = positions == .shared && !errorFeedback ? Float(Double(segment.count) / Double(kept)) : 1
        switch positions {
        case .all, .shared: positionBytes = 0
        case .bitmap: positionBytes = (segment.count + 7) / 8
        case .indices(let bits): positionBytes = (kept * bits + 7) / 8
        }
        switch coder {
        case .float32: (scales, codeBytes) = (0, 4 * kept)
        case .float16: (scales, codeBytes) = (0, 2 * kept)
        case .sign: (scales, codeBytes) = (1, (kept + 7) / 8)
        case .levels(let bits, let bucket):
            (scales, codeBytes) = ((kept + bucket - 1) / bucket, (kept * bits + 7) / 8)
        }
    }

    /// Magnitudes beside zero that `bits` bits with a sign can tell apart.
    static func levels(_ bits: Int) -> Int { 1 << (bits - 1) - 1 }

    /// `fraction` of the values, to the nearest whole number, and at least one.
    private static func kept(_ fraction: Double, of count: Int) -> Int {
        max(1, Int((fraction * Double(count)).rounded()))
    }

    /// The smaller of bitmap and indices of ceil(log2(count)) bits.
    private static func marking(_ kept: Int, of count: Int) -> Positions {
        let bits = Int.bitWidth - (count - 1).leadingZeroBitCount
        return kept * bits < count ? .indices(bits: bits) : .bitmap
    }
}

/// What travels instead of whole float32 tensors, in each direction.
///
/// Compressed is, up, an update less the model that was sent out; down, the model itself: see `UpdateCoding`.
public struct CompressionSpec: Sendable, Equatable {
    /// From a client to the server; empty: float32.
    public var uplink: [CompressionStage]
    /// From the server to the clients; empty: float32. Only stages that keep every value.
    public var downlink: [CompressionStage]
    /// Whether each sender keeps what its last payload lacked and adds it to the next one; holds for both directions.
    public var errorFeedback: Bool

    public init(
        uplink: [CompressionStage] = [], downlink: [CompressionStage] = [], errorFeedback: Bool = false
    ) {
        self.uplink = uplink
        self.downlink = downlink
        self.errorFeedback = errorFeedback
    }

    /// Everything travels as float32.
    public static let none = CompressionSpec()
}

/// One step between values and bytes. At most one sparsifier (`topK`, `randomK`) chooses which values travel, and at
/// most one value coder (`quantize`, `float16`, `sign`) after it says how each is written.
///
/// With error feedback every stage is a contraction, |C(x) - x| <= |x|, as the theory of error feedback asks (Stich et
/// al., NeurIPS 2018; Karimireddy et al., ICML 2019); without it `quantize` and `randomK` are unbiased, E C(x) = x.
public enum CompressionStage: Sendable, Equatable {
    /// QSGD (Alistarh et al., NeurIPS 2017): 2^(bits - 1) - 1 levels and a sign, relative to the greatest magnitude of
    /// each `bucket` values in a row (nil: of a segment), as in the paper's experiments; its theorems take the 2-norm,
    /// whose bounds hold for the maximum too. Rounded stochastically; with error feedback to the nearest level, because
    /// few levels rounded stochastically are no contraction (2 bits of normal values: residuals six times as large).
    /// bits: 8, 4 or 2.
    case quantize(bits: Int, bucket: Int? = CompressionStage.standardBucket)
    /// The values of greatest magnitude of each segment, the first of equal ones; `fraction` in 0 (excluded) to 1.
    /// Papers choose over the whole vector; by segment, sizes are known by segment before anything is computed.
    case topK(fraction: Double)
    /// Values of each segment at random. The receiver draws the same positions, so they need no bytes. Scaled by
    /// values / kept values, which is 1 / fraction but for rounding, unless error feedback is on.
    case randomK(fraction: Double)
    /// IEEE 754 binary16, to the nearest, ties to even; beyond 65504 saturated.
    case float16
    /// One bit a value, and for each segment the mean magnitude of its values (EF-signSGD, Karimireddy et al., ICML
    /// 2019). Zero counts as positive.
    case sign

    public static let standardBucket = 512

    /// The name that scenarios use.
    public var name: String {
        switch self {
        case .quantize: "quantize"
        case .topK: "top_k"
        case .randomK: "random_k"
        case .float16: "float16"
        case .sign: "sign"
        }
    }

    public var isSparsifier: Bool {
        switch self {
        case .topK, .randomK: true
        case .quantize, .float16, .sign: false
        }
    }

    /// Whether what arrives is near what was sent by itself, without anything that was sent before.
    public var keepsEveryValue: Bool {
        switch self {
        case .quantize, .float16: true
        case .topK, .randomK, .sign: false
        }
    }

    /// The first stage that cannot stand where it does: a sparsifier after another stage, a value coder after another.
    public static func misplaced(in stages: [CompressionStage]) -> Int? {
        stages.indices.dropFirst().first { stages[$0].isSparsifier || !stages[$0 - 1].isSparsifier }
    }
}

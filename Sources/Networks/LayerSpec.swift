/// One block of a network as a model's author writes it: no shapes but those that are a choice.
public enum LayerSpec: Sendable, Equatable {
    /// y = W x + b with `units` outputs over all values of a sample.
    case dense(units: Int)
    /// Square kernels of `channels` outputs, with a bias.
    case conv(channels: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid)
    /// max(x, 0).
    case relu
    /// Maximum of each whole window of `kernel` x `kernel`; what no window covers is left out.
    case maxPool(kernel: Int, stride: Int)
    /// Mean of each whole window of `kernel` x `kernel`.
    case averagePool(kernel: Int, stride: Int)
    /// Mean of each plane.
    case globalAveragePool
    /// [channels, height, width] as one vector, in that order.
    case flatten

    /// Zeros around every plane.
    public enum Padding: Sendable, Equatable {
        /// (kernel - 1) / 2 on each side: an odd kernel with stride 1 keeps the size.
        case same
        /// None.
        case valid
        /// This many on each side.
        case explicit(Int)

        func zeros(kernel: Int) -> Int {
            switch self {
            case .same: (kernel - 1) / 2
            case .valid: 0
            case .explicit(let zeros): zeros
            }
        }
    }

    /// What the name of a block begins with; a number follows.
    var family: String {
        switch self {
        case .dense: "dense"
        case .conv: "conv"
        case .relu: "relu"
        case .maxPool, .averagePool, .globalAveragePool: "pool"
        case .flatten: "flatten"
        }
    }
}

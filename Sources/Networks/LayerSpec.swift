/// One block of a network as a model's author writes it: no shapes but those that are a choice. Composite
/// blocks hold lists of layers and nest to any depth.
public indirect enum LayerSpec: Sendable, Equatable {
    /// y = W x + b with `units` outputs over all values of a sample.
    case dense(units: Int)
    /// Square kernels of `channels` outputs. Each of `groups` reads its own share of the input's channels: as
    /// many groups as channels is a depthwise convolution.
    case conv(
        channels: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid, groups: Int = 1,
        bias: Bool = true)
    /// The gradient of a convolution as a layer: every input pixel adds a kernel to the output, whose sides
    /// are (side - 1) * stride - 2 * padding + kernel + outputPadding.
    case transposedConv(
        channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
        bias: Bool = true)
    /// Each channel to mean 0 and variance 1 over the batch, then scaled and shifted (Ioffe and Szegedy
    /// 2015). `epsilon` is added to the variance. Running statistics stand in for the batch's in evaluation;
    /// each step they become (1 - momentum) * running + momentum * batch, as in PyTorch.
    case batchNorm(epsilon: Double = 1e-5, momentum: Double = 0.1)
    /// The same over each sample's `groups` groups of channels, without running statistics and with an epsilon
    /// of 1e-5 (Wu and He 2018).
    case groupNorm(groups: Int)
    /// max(x, 0).
    case relu
    /// min(max(x, 0), 6).
    case relu6
    /// In training zero with probability `rate`, else x / (1 - rate); in evaluation x.
    case dropout(rate: Float)
    /// Maximum of each window of `kernel` x `kernel`, of which padding is never the greatest value. Windows
    /// that lap over the end are left out, or taken with `ceiling`.
    case maxPool(kernel: Int, stride: Int, padding: Int = 0, ceiling: Bool = false)
    /// Mean of each whole window of `kernel` x `kernel`; padding does not count.
    case averagePool(kernel: Int, stride: Int, padding: Int = 0)
    /// `side` x `side` means of each plane, of windows that share it out evenly: the i-th of n takes the rows
    /// from i * height / n, rounded down, to before (i + 1) * height / n, rounded up, and columns likewise.
    case adaptiveAveragePool(side: Int)
    /// Mean of each plane.
    case globalAveragePool
    /// [channels, height, width] as one vector, in that order.
    case flatten
    /// Some of the channels.
    case slice(channels: Range<Int>)
    /// Planes of zeros before and after the channels.
    case padChannels(before: Int, after: Int)
    /// Channel i * groups + g becomes what channel g * (channels / groups) + i was (Zhang et al. 2018,
    /// ShuffleNet).
    case shuffle(groups: Int)

    /// Layers under one name.
    case sequence([LayerSpec])
    /// body(x) + shortcut(x); an empty list is x itself.
    case residual(body: [LayerSpec], shortcut: [LayerSpec] = [])
    /// The channels of all branches of x, one after the other; an empty list is x itself.
    case concatenate(branches: [[LayerSpec]])
    /// Nodes of which each is a sum: node 0 is x, and `edges[k][j]` leads from node j <= k to node k + 1, the
    /// last of which is the output. An empty list is node j itself, nil is no edge; a node without edges is
    /// zero.
    case cell(edges: [[[LayerSpec]?]])

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

    /// Whether it normalises, with statistics or over groups.
    package var isNorm: Bool { family == "norm" }

    /// What the name of a block begins with; a number follows.
    package var family: String {
        switch self {
        case .dense: "dense"
        case .conv, .transposedConv: "conv"
        case .batchNorm, .groupNorm: "norm"
        case .relu, .relu6: "relu"
        case .dropout: "dropout"
        case .maxPool, .averagePool, .adaptiveAveragePool, .globalAveragePool: "pool"
        case .flatten: "flatten"
        case .slice: "slice"
        case .padChannels: "pad"
        case .shuffle: "shuffle"
        case .sequence, .residual, .concatenate, .cell: "block"
        }
    }
}

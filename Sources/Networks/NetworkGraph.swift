/// Blocks of a plan as steps that run one after the other: some run as one, some (flatten, ends of sequences)
/// are no step at all. Step s computes value s; value -1 is the network's input.
struct NetworkGraph {
    struct Node {
        /// The first block computes, the others are fused into it.
        let blocks: Range<Int>
        /// Values that it reads.
        let sources: [Int]
    }

    private(set) var nodes: [Node] = []
    /// The value that is a block's output; nil where fusing left none.
    private(set) var valueOfBlock: [Int?]

    /// Blocks named in `apart` keep an output of their own. `isFrozen` is nil for evaluation.
    init(plan: NetworkPlan, apart: Set<String>, isFrozen: [Bool]?) {
        let blocks = plan.blocks
        valueOfBlock = Array(repeating: nil, count: blocks.count)
        var readers = Array(repeating: 0, count: blocks.count)
        for block in blocks { for source in block.sources where source >= 0 { readers[source] += 1 } }
        var start = 0
        while start < blocks.count {
            let block = blocks[start]
            let sources = block.sources.map { $0 < 0 ? -1 : valueOfBlock[$0]! }
            if block.role == .alias || block.passes(trains: isFrozen.map { !$0[start] } ?? false) {
                valueOfBlock[start] = sources[0]
                start += 1
                continue
            }
            var end = start + 1
            func next(is specs: LayerSpec...) -> Bool {
                end < blocks.count && blocks[end].role == .layer && blocks[end].sources == [end - 1]
                    && readers[end - 1] == 1 && !apart.contains(blocks[end - 1].name)
                    && specs.contains(blocks[end].spec)
            }
            switch block.fusion {
            case .none: break
            case .relu: if next(is: .relu) { end += 1 }
            case .reluAndPool:
                if next(is: .relu) { end += 1 }
                if next(is: .fusiblePool) { end += 1 }
            case .activation: if next(is: .relu, .relu6) { end += 1 }
            }
            valueOfBlock[end - 1] = nodes.count
            nodes.append(Node(blocks: start..<end, sources: sources))
            start = end
        }
    }
}

extension LayerSpec {
    /// The only pooling that a convolution can take over.
    static var fusiblePool: LayerSpec { .maxPool(kernel: 2, stride: 2) }
}

extension NetworkPlan.Block {
    /// Whether its output is its input as it stands in memory.
    fileprivate func passes(trains: Bool) -> Bool {
        switch spec {
        case .flatten: true
        case .adaptiveAveragePool: input == output
        case .dropout(let rate): !trains || rate == 0
        default: false
        }
    }

    /// What a block can take over from those behind it.
    fileprivate enum Fusion { case none, relu, reluAndPool, activation }

    fileprivate var fusion: Fusion {
        switch (role, spec) {
        case (.sum, _): sources.count == 2 ? .relu : .none
        case (.layer, .dense): .relu
        case (.layer, .conv): convolutionKind == .general ? .reluAndPool : .none
        case (.layer, .batchNorm): .activation
        default: .none
        }
    }

    /// Ways to compute a convolution.
    enum ConvolutionKind { case general, pointwise, depthwise }

    var convolutionKind: ConvolutionKind {
        guard case .conv(let channels, let kernel, let stride, let padding, let groups, _) = spec else {
            preconditionFailure("\(name) is no convolution")
        }
        if groups > 1 && groups == input.channels && channels == groups && kernel <= 8 { return .depthwise }
        let isProduct = kernel == 1 && stride == 1 && groups == 1 && padding.zeros(kernel: 1) == 0
        return isProduct ? .pointwise : .general
    }
}

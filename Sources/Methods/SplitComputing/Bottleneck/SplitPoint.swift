import Networks

/// Where a teacher is divided: what its outermost layers before `layer` give is the target, which the decoder of a
/// bottleneck imitates.
///
/// As BottleFit (Matsubara et al. 2022) has it, the target of a ResNet is the output of layer2, whose planes have an
/// eighth of the image's sides, and of a DenseNet that of transition2, a sixteenth. MobileNet V1 is divided as a
/// ResNet. In a network whose stem, the layers before the first block, keeps the image's sides, as those for CIFAR do,
/// everything is four times finer: the target is the end of the second of three stages, with half the sides, and in a
/// DenseNet of such a stem the output of transition2, a quarter.
///
/// The target and the ends of later stages are read as the layers behind them read them: behind the relu of a ResNet's
/// sum, but before the norm of a wide ResNet's or a DenseNet's next block.
package struct SplitPoint: Sendable, Equatable {
    /// Index into `spec.layers` of the first layer behind the target.
    package let layer: Int
    /// The teacher's block that gives the target.
    package let block: Int
    /// Of the target, one sample.
    package let shape: Shape
    /// The teacher's blocks that are imitated in stage 1: the target, then the ends of later stages; of a DenseNet the
    /// later transitions and the last dense block.
    package let taps: [Int]
    /// Indices into `spec.layers` of the layers that `taps` end.
    let tapLayers: [Int]
    /// Outputs of the stem's convolution.
    let stemChannels: Int
    /// Whether the stem makes planes smaller, as ImageNet's does.
    let stemHalves: Bool
    /// Whether the target is the output of a DenseNet's transition, which ends in a pool.
    let isTransition: Bool

    package init(_ teacher: NetworkPlan) throws(SplitError) {
        func objection(_ reason: String) -> SplitError {
            .unsplittable(model: teacher.spec.name, reason: reason)
        }
        guard let features = (try? FeatureStage(teacher))?.layers else {
            throw objection("no convolution stands before its classifier")
        }
        let ends = teacher.outermostBlocks
        guard let first = features.firstIndex(where: \.isComposite) else {
            throw objection("it has no residual, dense or depthwise separable blocks")
        }
        guard let kind = BlockKind(features[first]) else {
            throw objection("\(teacher.blocks[ends[first]].name) is no residual, dense or separable block")
        }
        for layer in first..<features.count where !kind.allows(features[layer]) {
            throw objection("\(teacher.blocks[ends[layer]].name) does not belong to its \(kind) blocks")
        }
        let stem = features[..<first].compactMap(\.channels)
        guard stem.count == 1 else {
            throw objection("\(stem.count) convolutions stand before its first block, not one")
        }

        let halvings = teacher.halvings
        let isDense = kind == .dense
        let due = (halvings[first - 1] > 0 ? 3 : 1) + (isDense ? 1 : 0)
        let stages = features.indices.filter { layer in
            guard features[layer].isComposite && halvings[layer] >= due else { return false }
            let next = features[(layer + 1)...].firstIndex(where: \.isComposite)
            guard let next else { return true }
            return isDense ? features[layer].isTransition : halvings[next] > halvings[layer]
        }
        guard stages.count > 1, halvings[stages[0]] == due else {
            throw objection(
                "it needs blocks behind planes that are halved \(due) times, and for images of \(teacher.input) "
                    + "its planes are halved \(halvings[features.count - 1]) times")
        }
        let tapLayers = stages.map { stage in
            let next = stage + 1
            return next < features.count && features[next].isActivation ? next : stage
        }
        self.tapLayers = tapLayers
        stemChannels = stem[0]
        stemHalves = halvings[first - 1] > 0
        isTransition = isDense
        layer = tapLayers[0] + 1
        taps = tapLayers.map { ends[$0] }
        block = taps[0]
        shape = teacher.blocks[block].output
    }
}

extension NetworkPlan {
    /// Blocks that are or end the outermost layers, in the order of `spec.layers`.
    var outermostBlocks: [Int] { blocks.indices.filter { !blocks[$0].name.contains(".") } }

    /// How many times planes became at least half as small up to and with each of the outermost layers.
    fileprivate var halvings: [Int] {
        var counts: [Int] = []
        var (before, count) = (input, 0)
        for block in outermostBlocks {
            let shape = blocks[block].output
            let isSmaller = shape.height * shape.width < before.height * before.width
            if isSmaller && 2 * shape.height <= before.height + 1 && 2 * shape.width <= before.width + 1 {
                count += 1
            }
            counts.append(count)
            before = shape
        }
        return counts
    }
}

/// What a family of networks is made of.
private enum BlockKind {
    /// Bodies beside shortcuts, perhaps in sequences.
    case residual
    /// Layers whose outputs lie beside their inputs, and transitions between them.
    case dense
    /// Sequences with a convolution in groups.
    case separable

    /// That of a network's first block.
    init?(_ block: LayerSpec) {
        switch block {
        case .residual: self = .residual
        case .concatenate(let branches) where branches.count == 2 && branches[0].isEmpty: self = .dense
        case .sequence(let layers):
            if layers.contains(where: { BlockKind($0) == .residual }) {
                self = .residual
            } else if layers.contains(where: \.isGrouped) {
                self = .separable
            } else {
                return nil
            }
        default: return nil
        }
    }

    /// Whether a layer may stand behind the stem.
    func allows(_ layer: LayerSpec) -> Bool {
        if layer.isComposite { return BlockKind(layer) == self || self == .dense && layer.isTransition }
        if case .dropout = layer { return true }
        return layer.isNorm || layer.isActivation
    }
}

extension LayerSpec {
    fileprivate var isActivation: Bool { self == .relu || self == .relu6 }

    /// Of a convolution.
    fileprivate var channels: Int? {
        if case .conv(let channels, _, _, _, _, _) = self { channels } else { nil }
    }

    fileprivate var isGrouped: Bool {
        if case .conv(_, _, _, _, let groups, _) = self { groups > 1 } else { false }
    }

    /// Whether it stands between two dense blocks.
    fileprivate var isTransition: Bool {
        guard case .sequence(let layers) = self, case .averagePool = layers.last else { return false }
        return true
    }
}

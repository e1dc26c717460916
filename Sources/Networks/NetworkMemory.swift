import TensorMath

/// Everything that a network of a given batch carves out of one arena.
struct NetworkMemory {
    let input: FloatView
    let outputGradient: FloatView
    let inputGradient: FloatView?
    /// A gradient that is to be added to another one.
    let scratch: FloatView
    /// A gradient to which a tap adds, where its own place is shared.
    let tapRoom: FloatView
    let steps: [NetworkStep]

    /// What a network is made for.
    struct Purpose {
        let batch: Int
        let trains: Bool
        let wantsInputGradient: Bool
        let frozen: [Bool]
        /// Another network's input, to be read; nil for one of its own.
        let input: FloatView?
    }

    /// `gradients` is nil for evaluation.
    init(
        plan: NetworkPlan, graph: NetworkGraph, purpose: Purpose, parameters: FloatView,
        gradients: FloatView?, dropout: DropoutSource, arena: inout Arena
    ) {
        let batch = purpose.batch
        let input = purpose.input ?? arena.take(batch * plan.input.count)
        self.input = input
        outputGradient = arena.take(gradients == nil ? 0 : batch * plan.classes)
        inputGradient = purpose.wantsInputGradient ? arena.take(batch * plan.input.count) : nil
        let own = graph.nodes.map { node -> LayerParameters? in
            let block = node.blocks.lowerBound
            return LayerParameters(
                block: plan.blocks[block], parameters: parameters,
                gradients: purpose.frozen[block] ? nil : gradients)
        }
        let needed = Self.needed(graph: graph, own: own, purpose: purpose)
        let gradientPlan = GradientPlan(
            steps: graph.nodes.indices.map { index in
                let node = graph.nodes[index]
                let block = plan.blocks[node.blocks.lowerBound]
                let dense = if case .dense = block.spec { true } else { false }
                return GradientPlan.Step(
                    sources: node.sources,
                    count: batch * plan.blocks[node.blocks.upperBound - 1].output.count,
                    isSum: block.role == .sum,
                    overwrites: node.blocks.count > 1 && (block.role == .sum || dense), needed: needed[index])
            }, inputCount: purpose.wantsInputGradient ? batch * plan.input.count : nil)
        let regions = gradientPlan.sizes.map { arena.take($0) }
        scratch = arena.take(gradientPlan.scratch)
        var shared = 0
        var steps: [NetworkStep] = []
        for (index, node) in graph.nodes.enumerated() {
            let last = plan.blocks[node.blocks.upperBound - 1]
            let count = batch * last.output.count
            let output = arena.take(count)
            let inputs = node.sources.map { $0 < 0 ? input : steps[$0].output }
            let block = plan.blocks[node.blocks.lowerBound]
            let operation: NetworkStep.Operation
            switch block.role {
            case .sum: operation = .sum(relu: node.blocks.count > 1)
            case .concatenation:
                operation = .concatenation(
                    block.sources.map { $0 < 0 ? plan.input.count : plan.blocks[$0].output.count })
            case .alias: preconditionFailure("\(block.name) is no step")
            case .layer:
                let source = node.sources[0]
                let place = LayerPlace(
                    block: block, batch: batch,
                    trains: purpose.trains && !purpose.frozen[node.blocks.lowerBound],
                    goesBack: needed[index],
                    passes: needed[index] && (source < 0 ? purpose.wantsInputGradient : needed[source]),
                    parameters: own[index], input: inputs[0], output: output)
                operation = .layer(
                    place.layer(
                        fused: plan.blocks[node.blocks].dropFirst().map(\.spec), dropout: dropout,
                        arena: &arena))
            }
            if gradientPlan.isShared[index] { shared = max(shared, count) }
            steps.append(
                NetworkStep(
                    operation: operation, sources: node.sources, inputs: inputs, output: output,
                    outputCount: last.output.count, parameters: own[index], needed: needed[index],
                    gradient: gradientPlan.region[index].map { regions[$0] },
                    isShared: gradientPlan.isShared[index]))
        }
        tapRoom = arena.take(shared)
        self.steps = steps
    }

    /// Which steps have anything that is to have a gradient at or below them.
    private static func needed(graph: NetworkGraph, own: [LayerParameters?], purpose: Purpose) -> [Bool] {
        var needed: [Bool] = []
        for (index, node) in graph.nodes.enumerated() {
            let below = node.sources.contains { $0 < 0 ? purpose.wantsInputGradient : needed[$0] }
            needed.append(purpose.trains && (below || own[index]?.learns == true))
        }
        return needed
    }
}

extension LayerPlace {
    /// The layer for a block and those fused into it.
    fileprivate func layer(fused: [LayerSpec], dropout: DropoutSource, arena: inout Arena) -> any Layer {
        let relu = fused.contains(.relu)
        switch block.spec {
        case .conv:
            switch block.convolutionKind {
            case .pointwise: return PointwiseLayer(self, arena: &arena)
            case .depthwise: return DepthwiseLayer(self, arena: &arena)
            case .general:
                return ConvolutionLayer(
                    self, relu: relu, pool: fused.contains(.fusiblePool), arena: &arena)
            }
        case .transposedConv: return TransposedConvolutionLayer(self, arena: &arena)
        case .dense: return DenseLayer(self, relu: relu)
        case .batchNorm(let epsilon, let momentum):
            return BatchNormLayer(
                self, epsilon: epsilon, momentum: momentum, activation: fused.first, arena: &arena)
        case .groupNorm(let groups): return GroupNormLayer(self, groups: groups, arena: &arena)
        case .relu, .relu6: return ReLULayer(self)
        case .dropout(let rate): return DropoutLayer(self, rate: rate, source: dropout, arena: &arena)
        case .maxPool: return MaxPoolLayer(self, arena: &arena)
        case .averagePool, .globalAveragePool: return AveragePoolLayer(self)
        case .adaptiveAveragePool: return AdaptiveAveragePoolLayer(self)
        case .slice, .padChannels, .shuffle: return ChannelLayer(self)
        case .flatten, .sequence, .residual, .concatenate, .cell:
            preconditionFailure("\(block.name) is no step")
        }
    }
}

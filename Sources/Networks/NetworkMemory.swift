import TensorMath

/// A layer in a network, and where its output stands.
struct NetworkStep {
    let layer: any Layer
    let output: FloatView
    /// Values of one sample's output.
    let outputCount: Int
    let parameters: LayerParameters?

    func clearGradients() {
        parameters?.weightGradient?.fill(0)
        parameters?.biasGradient?.fill(0)
    }
}

/// Everything that a network of a given batch carves out of one arena.
struct NetworkMemory {
    let input: FloatView
    let outputGradient: FloatView
    let inputGradient: FloatView?
    let passing: (FloatView, FloatView)
    private(set) var steps: [NetworkStep] = []
    private(set) var stepOfBlock: [Int?]

    /// `gradients` is nil for evaluation.
    init(
        plan: NetworkPlan, groups: [Range<Int>], batch: Int, parameters: FloatView, gradients: FloatView?,
        wantsInputGradient: Bool, arena: inout Arena
    ) {
        input = arena.take(batch * plan.input.count)
        outputGradient = arena.take(gradients == nil ? 0 : batch * plan.classes)
        inputGradient = wantsInputGradient ? arena.take(batch * plan.input.count) : nil
        let widest = groups.map { plan.blocks[$0.upperBound - 1].output.count }.max() ?? 0
        let room = gradients == nil ? 0 : batch * widest
        passing = (arena.take(room), arena.take(room))
        stepOfBlock = Array(repeating: nil, count: plan.blocks.count)
        var current = input
        for group in groups {
            let block = plan.blocks[group.lowerBound]
            if block.spec == .flatten {
                stepOfBlock[group.lowerBound] = steps.count - 1
                continue
            }
            let outputCount = plan.blocks[group.upperBound - 1].output.count
            let output = arena.take(batch * outputCount)
            let own = block.weight.map { _ in
                LayerParameters(block: block, parameters: parameters, gradients: gradients)
            }
            let layer = Self.layer(
                plan: plan, group: group, batch: batch, passes: wantsInputGradient || !steps.isEmpty,
                trains: gradients != nil,
                parameters: own, input: current, output: output, arena: &arena)
            stepOfBlock[group.upperBound - 1] = steps.count
            steps.append(NetworkStep(layer: layer, output: output, outputCount: outputCount, parameters: own))
            current = output
        }
    }

    private static func layer(
        plan: NetworkPlan, group: Range<Int>, batch: Int, passes: Bool, trains: Bool,
        parameters: LayerParameters?,
        input: FloatView, output: FloatView, arena: inout Arena
    ) -> any Layer {
        let block = plan.blocks[group.lowerBound]
        let fused = plan.blocks[group].dropFirst()
        let relu = fused.contains { $0.spec == .relu }
        switch block.spec {
        case .conv:
            return ConvolutionLayer(
                block: block, relu: relu, pool: fused.contains { $0.spec == .fusiblePool }, batch: batch,
                trains: trains, needsInputGradient: passes, parameters: parameters!, input: input,
                output: output,
                arena: &arena)
        case .dense:
            return DenseLayer(block: block, relu: relu, parameters: parameters!, input: input, output: output)
        case .relu:
            return ReLULayer(block: block, input: input, output: output)
        case .maxPool(let kernel, let stride, _, _):
            return MaxPoolLayer(
                block: block, kernel: kernel, stride: stride, batch: batch, input: input, output: output,
                arena: &arena)
        case .averagePool(let kernel, let stride, _):
            return AveragePoolLayer(
                block: block, kernel: kernel, stride: stride, input: input, output: output)
        case .globalAveragePool:
            return AveragePoolLayer(block: block, kernel: nil, stride: 1, input: input, output: output)
        default:
            preconditionFailure("\(block.name) is no step")
        }
    }
}

extension LayerSpec {
    /// The only pooling that a convolution can take over.
    static var fusiblePool: LayerSpec { .maxPool(kernel: 2, stride: 2) }
}

extension NetworkPlan {
    /// Blocks that run as one: a convolution or dense layer with the ReLU behind it, a convolution also with the
    /// 2 x 2 maximum behind that. Blocks named in `apart` stay the last of their group.
    func fusedGroups(apart: Set<String>) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        while start < blocks.count {
            var end = start + 1
            func next(is spec: LayerSpec) -> Bool {
                end < blocks.count && blocks[end].spec == spec && !apart.contains(blocks[end - 1].name)
            }
            let convolves = if case .conv = blocks[start].spec { true } else { false }
            let products = blocks[start].weight != nil
            if products && next(is: .relu) { end += 1 }
            if convolves && next(is: LayerSpec.fusiblePool) { end += 1 }
            groups.append(start..<end)
            start = end
        }
        return groups
    }
}

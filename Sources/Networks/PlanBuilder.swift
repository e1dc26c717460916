import Devices
import TensorMath

/// Walks a model's layers and names, shapes and connects them.
struct PlanBuilder {
    /// A block's output, or the network's input (-1).
    struct Place {
        var block: Int
        var shape: Shape
    }

    /// Most values of one sample in one block.
    private static let largestOutput = 1 << 32

    private(set) var blocks: [NetworkPlan.Block] = []
    private(set) var layout = ParameterLayout()
    /// Index of the outermost layer; nil before the first.
    private var outermost: Int?

    /// Blocks one after the other, whose names begin with `path`.
    mutating func append(_ layers: [LayerSpec], path: String, from start: Place) throws(NetworkError) -> Place
    {
        var place = start
        var numbers: [String: Int] = [:]
        let isOutermost = outermost == nil
        for (index, layer) in layers.enumerated() {
            if isOutermost { outermost = index }
            let number = numbers[layer.family, default: 0] + 1
            numbers[layer.family] = number
            place = try append(layer, name: "\(path)\(layer.family)\(number)", from: place)
        }
        if isOutermost { outermost = nil }
        return place
    }

    private mutating func append(_ layer: LayerSpec, name: String, from start: Place) throws(NetworkError)
        -> Place
    {
        switch layer {
        case .sequence(let layers):
            let end = try append(layers, path: "\(name).", from: start)
            return try join(layer, name: name, role: .alias, input: start.shape, sources: [end])
        case .residual(let body, let shortcut):
            let end = try append(body, path: "\(name).", from: start)
            let other = try append(shortcut, path: "\(name).shortcut.", from: start)
            return try join(layer, name: name, role: .sum, input: start.shape, sources: [end, other])
        case .concatenate(let branches):
            guard !branches.isEmpty else {
                throw .invalidLayer(block: name, reason: "no branches to concatenate; give one or more")
            }
            var ends: [Place] = []
            for (index, branch) in branches.enumerated() {
                ends.append(try append(branch, path: "\(name).branch\(index + 1).", from: start))
            }
            return try join(layer, name: name, role: .concatenation, input: start.shape, sources: ends)
        case .cell(let edges):
            return try append(cell: layer, edges: edges, name: name, from: start)
        default:
            return try append(leaf: layer, name: name, from: start)
        }
    }

    private mutating func append(
        cell: LayerSpec, edges: [[[LayerSpec]?]], name: String, from start: Place
    ) throws(NetworkError) -> Place {
        var nodes = [start]
        for (index, incoming) in edges.enumerated() {
            let node = index + 1
            guard incoming.count <= node else {
                throw .invalidLayer(
                    block: name, reason: "node \(node) has \(incoming.count) edges; give at most \(node)")
            }
            var ends: [Place] = []
            for (origin, layers) in incoming.enumerated() {
                guard let layers else { continue }
                ends.append(
                    try append(layers, path: "\(name).edge\(origin)_\(node).", from: nodes[origin]))
            }
            let isLast = node == edges.count
            nodes.append(
                try join(
                    cell, name: isLast ? name : "\(name).node\(node)", role: .sum, input: start.shape,
                    sources: ends))
        }
        guard edges.count > 0 else {
            throw .invalidLayer(block: name, reason: "a cell without nodes; give the edges of one or more")
        }
        return nodes[edges.count]
    }

    /// Where branches meet.
    private mutating func join(
        _ layer: LayerSpec, name: String, role: NetworkPlan.Role, input: Shape, sources: [Place]
    ) throws(NetworkError) -> Place {
        let shapes = sources.map(\.shape)
        var output = shapes.first ?? input
        if role == .concatenation {
            guard shapes.allSatisfy({ $0.height == output.height && $0.width == output.width }) else {
                throw .branchMismatch(block: name, outputs: shapes)
            }
            output.channels = shapes.reduce(0) { $0 + $1.channels }
        } else if !shapes.allSatisfy({ $0 == output }) {
            throw .branchMismatch(block: name, outputs: shapes)
        }
        try check(output, name: name)
        let moved = role == .alias ? 0 : 4
        blocks.append(
            NetworkPlan.Block(
                name: name, spec: layer, role: role, sources: sources.map(\.block), input: input,
                output: output, weight: nil, bias: nil, runningMean: nil, runningVariance: nil,
                cost: LayerCost(
                    kind: .elementwise, macs: 0,
                    inputBytes: UInt64(moved * shapes.reduce(0) { $0 + $1.count }),
                    outputBytes: UInt64(moved * output.count), weightBytes: 0)))
        return Place(block: blocks.count - 1, shape: output)
    }

    /// Blocks that grow from layer to layer stay within what can be counted.
    private func check(_ output: Shape, name: String) throws(NetworkError) {
        guard output.count <= Self.largestOutput else {
            throw .invalidLayer(
                block: name, reason: "\(output) are too many values; give fewer channels or smaller planes")
        }
    }

    private mutating func append(leaf layer: LayerSpec, name: String, from start: Place) throws(NetworkError)
        -> Place
    {
        let input = start.shape
        let output = try layer.outputShape(of: input, block: name)
        try check(output, name: name)
        let shapes = layer.segmentShapes(input: input)
        var segments: [Segment?] = []
        for (part, shape, role) in [
            ("weight", shapes.weight, Segment.Role.trainable), ("bias", shapes.bias, .trainable),
            ("running_mean", shapes.statistics, .buffer), ("running_var", shapes.statistics, .buffer),
        ] {
            segments.append(
                shape.map {
                    layout.append(name: "\(name).\(part)", shape: $0, role: role, layer: outermost ?? 0)
                })
        }
        blocks.append(
            NetworkPlan.Block(
                name: name, spec: layer, role: .layer, sources: [start.block], input: input, output: output,
                weight: segments[0], bias: segments[1], runningMean: segments[2],
                runningVariance: segments[3],
                cost: layer.cost(
                    input: input, output: output, weights: segments.reduce(0) { $0 + ($1?.count ?? 0) })))
        return Place(block: blocks.count - 1, shape: output)
    }
}

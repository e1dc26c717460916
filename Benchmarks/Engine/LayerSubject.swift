import Networks
import TensorMath

/// How long a piece of work takes, and the least that it has to do.
struct LayerFigures: Encodable {
    struct Pass: Encodable {
        let seconds: Double
        /// Multiply-accumulates.
        let macs: Double
        /// Bytes, with every array read or written once.
        let bytes: Double
    }

    let name: String
    let batch: Int
    let forward: Pass?
    let backward: Pass?
}

/// A network of one layer, or of a few that run as one, with the gradients of weights and input.
struct LayerSubject {
    /// What the backward pass reads besides gradients and weights.
    enum Memory {
        case input
        /// A byte for each value of the output.
        case codes
        case nothing
    }

    let name: String
    let batch: Int
    let input: Shape
    let layers: [LayerSpec]
    var memory = Memory.input
    /// Whether the input has a gradient, which that of a network's first layer has not.
    var passes = true

    static let all = [
        convolution(5, 1, to: 32, side: 28, then: [.relu, .maxPool(kernel: 2, stride: 2)], passes: false),
        convolution(5, 32, to: 64, side: 14, then: [.relu, .maxPool(kernel: 2, stride: 2)]),
        convolution(3, 16, to: 16, side: 32), convolution(3, 32, to: 32, side: 16),
        convolution(3, 64, to: 64, side: 8), convolution(3, 16, to: 32, side: 32, stride: 2),
        convolution(1, 64, to: 64, side: 16), convolution(1, 128, to: 128, side: 4),
        convolution(3, 64, to: 64, side: 16, groups: 64),
        convolution(3, 64, to: 64, side: 16, stride: 2, groups: 64),
        convolution(3, 64, to: 64, side: 16, groups: 4),
        LayerSubject(
            name: "transposed 2x2 / 2, 64 to 32, 8x8", batch: 32, input: square(64, 8),
            layers: [.transposedConv(channels: 32, kernel: 2, stride: 2)]),
        dense(batch: 10), dense(batch: 32), dense(batch: 256),
        plane("batch norm", .batchNorm()), plane("batch norm and relu", .batchNorm(), .relu),
        plane("group norm of 4", .groupNorm(groups: 4)),
        plane("max pool 3x3 / 2", .maxPool(kernel: 3, stride: 2, padding: 1), memory: .codes),
        plane("average pool 2x2", .averagePool(kernel: 2, stride: 2), memory: .nothing),
        plane("relu", .relu), plane("dropout", .dropout(rate: 0.5)),
    ]

    private static func square(_ channels: Int, _ side: Int) -> Shape {
        Shape(channels: channels, height: side, width: side)
    }

    private static func convolution(
        _ kernel: Int, _ channels: Int, to outputs: Int, side: Int, stride: Int = 1, groups: Int = 1,
        then fused: [LayerSpec] = [], passes: Bool = true
    ) -> LayerSubject {
        let kind = kernel == 1 ? "pointwise" : groups == channels && groups > 1 ? "depthwise" : "conv"
        let step = stride == 1 ? "" : " / \(stride)"
        let parts = groups > 1 && groups < channels ? " in \(groups) groups" : ""
        let end = fused.isEmpty ? "" : ", relu, pool"
        return LayerSubject(
            name:
                "\(kind) \(kernel)x\(kernel)\(step), \(channels) to \(outputs)\(parts), \(side)x\(side)\(end)",
            batch: 32, input: square(channels, side),
            layers: [
                .conv(
                    channels: outputs, kernel: kernel, stride: stride, padding: .same, groups: groups,
                    bias: !fused.isEmpty)
            ] + fused, passes: passes)
    }

    private static func dense(batch: Int) -> LayerSubject {
        LayerSubject(
            name: "dense 3136 to 512", batch: batch, input: Shape(channels: 3136),
            layers: [.dense(units: 512)])
    }

    private static func plane(_ name: String, _ layers: LayerSpec..., memory: Memory = .input) -> LayerSubject
    {
        LayerSubject(
            name: "\(name), 16x32x32", batch: 32, input: square(16, 32), layers: layers, memory: memory)
    }

    func measured() throws -> LayerFigures {
        let network = try network()
        let plan = network.plan
        let output = network.outputGradient.count
        let forward = medianSeconds { network.forward(samples: batch) }
        let backward = medianSeconds { network.backwardFromLoss(samples: batch) }
        let (x, y, weights) = (Double(network.input.count), Double(output), Double(plan.parameterCount))
        let kept =
            switch memory {
            case .input: 4 * x
            case .codes: y
            case .nothing: 0.0
            }
        let macs = Double(plan.macs) * Double(batch)
        return LayerFigures(
            name: name, batch: batch,
            forward: .init(seconds: forward, macs: macs, bytes: 4 * (x + y + weights)),
            backward: .init(
                seconds: backward, macs: passes ? 2 * macs : macs,
                bytes: 4 * ((passes ? x : 0) + y + 2 * weights) + kept))
    }

    /// The plan of a model must be told its number of outputs, which a first attempt tells us.
    private func plan() throws -> NetworkPlan {
        let spec = ModelSpec(name: name, layers: layers)
        do {
            return try NetworkPlan(spec: spec, input: input, classes: input.count)
        } catch NetworkError.outputMismatch(_, let output, _) {
            return try NetworkPlan(spec: spec, input: input, classes: output.count)
        }
    }

    /// With random weights, input and output gradient.
    private func network() throws -> Network {
        let plan = try plan()
        let network = Network(plan: plan, batch: batch, inputGradient: passes)
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        network.dropoutStream = stream
        plan.initialParameters(.uniformFanIn, stream: &stream, into: network.parameters)
        for i in 0..<network.input.count { network.input[i] = 2 * stream.uniform() - 1 }
        for i in 0..<network.outputGradient.count { network.outputGradient[i] = 2 * stream.uniform() - 1 }
        return network
    }
}

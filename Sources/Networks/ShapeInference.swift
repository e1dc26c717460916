import Devices

extension LayerSpec {
    /// What the layer makes of `input`, or why it cannot.
    func outputShape(of input: Shape, block: String) throws(NetworkError) -> Shape {
        switch self {
        case .dense(let units):
            guard units > 0 else {
                throw .invalidLayer(block: block, reason: "\(units) units; give 1 or more")
            }
            return Shape(channels: units)
        case .conv(let channels, let kernel, let stride, let padding):
            let zeros = padding.zeros(kernel: kernel)
            guard channels > 0, kernel > 0, stride > 0, zeros >= 0 else {
                let reason = "channels \(channels), kernel \(kernel), stride \(stride), padding \(zeros)"
                throw .invalidLayer(
                    block: block, reason: "\(reason); give 1 or more, and no negative padding")
            }
            return try Self.windows(
                block: block, input: input, kernel: kernel, stride: stride, padding: zeros, channels: channels
            )
        case .maxPool(let kernel, let stride), .averagePool(let kernel, let stride):
            guard kernel > 0, stride > 0, kernel <= Self.largestPool else {
                let reason = "kernel \(kernel), stride \(stride); give a kernel of 1 to \(Self.largestPool)"
                throw .invalidLayer(block: block, reason: "\(reason) and a stride of 1 or more")
            }
            return try Self.windows(
                block: block, input: input, kernel: kernel, stride: stride, padding: 0,
                channels: input.channels)
        case .relu:
            return input
        case .globalAveragePool:
            return Shape(channels: input.channels)
        case .flatten:
            return Shape(channels: input.count)
        }
    }

    /// Places within a window are stored as bytes.
    private static var largestPool: Int { 16 }

    private static func windows(
        block: String, input: Shape, kernel: Int, stride: Int, padding: Int, channels: Int
    ) throws(NetworkError) -> Shape {
        let height = input.height + 2 * padding
        let width = input.width + 2 * padding
        guard kernel <= height, kernel <= width else {
            throw .kernelTooLarge(block: block, kernel: kernel, input: input, padding: padding)
        }
        return Shape(
            channels: channels, height: (height - kernel) / stride + 1, width: (width - kernel) / stride + 1)
    }

    /// Shape of the weights, outputs first; nil for a layer without.
    func weightShape(input: Shape) -> [Int]? {
        switch self {
        case .dense(let units): [units, input.count]
        case .conv(let channels, let kernel, _, _): [channels, input.channels, kernel, kernel]
        case .relu, .maxPool, .averagePool, .globalAveragePool, .flatten: nil
        }
    }

    /// One sample's forward pass. Only products with weights count as multiply-accumulates; `flatten` moves nothing.
    func cost(input: Shape, output: Shape, weights: Int) -> LayerCost {
        let kind: LayerKind
        var macs = 0
        switch self {
        case .dense:
            kind = .dense
            macs = input.count * output.count
        case .conv(_, let kernel, _, _):
            kind = kernel == 3 ? .conv3x3 : kernel == 1 ? .pointwise : .convolution
            macs = output.count * input.channels * kernel * kernel
        case .relu, .maxPool, .averagePool, .globalAveragePool:
            kind = .elementwise
        case .flatten:
            return LayerCost(kind: .elementwise, macs: 0, inputBytes: 0, outputBytes: 0, weightBytes: 0)
        }
        return LayerCost(
            kind: kind, macs: UInt64(macs), inputBytes: UInt64(4 * input.count),
            outputBytes: UInt64(4 * output.count), weightBytes: UInt64(4 * weights))
    }
}

import Devices

extension LayerSpec {
    /// What a layer that is not composite makes of `input`, or why it cannot.
    func outputShape(of input: Shape, block: String) throws(NetworkError) -> Shape {
        switch self {
        case .dense(let units):
            guard units > 0 else {
                throw .invalidLayer(block: block, reason: "\(units) units; give 1 or more")
            }
            return Shape(channels: units)
        case .conv(let channels, let kernel, let stride, let padding, let groups, _):
            let window = Window(kernel: kernel, stride: stride, padding: padding.zeros(kernel: kernel))
            try window.check(block: block, channels: channels)
            guard groups > 0, input.channels % groups == 0, channels % groups == 0 else {
                throw .invalidLayer(
                    block: block,
                    reason:
                        "\(groups) groups of \(input.channels) channels to \(channels); give a common divisor"
                )
            }
            return try window.output(block: block, input: input, channels: channels)
        case .transposedConv:
            return try transposedShape(of: input, block: block)
        case .maxPool(let kernel, let stride, let padding, let ceiling):
            let window = Window(kernel: kernel, stride: stride, padding: padding)
            try window.checkPool(block: block)
            return try window.output(block: block, input: input, channels: input.channels, ceiling: ceiling)
        case .averagePool(let kernel, let stride, let padding):
            let window = Window(kernel: kernel, stride: stride, padding: padding)
            try window.checkPool(block: block)
            return try window.output(block: block, input: input, channels: input.channels)
        case .adaptiveAveragePool(let side):
            guard side > 0 else {
                throw .invalidLayer(block: block, reason: "\(side) means to a side; give 1 or more")
            }
            return Shape(channels: input.channels, height: side, width: side)
        case .batchNorm(let epsilon, let momentum):
            guard epsilon > 0, epsilon <= 1, momentum >= 0, momentum <= 1 else {
                throw .invalidLayer(
                    block: block,
                    reason:
                        "epsilon \(epsilon) and momentum \(momentum); give an epsilon above 0 to 1 and a momentum "
                        + "from 0 to 1")
            }
            return input
        case .groupNorm(let groups), .shuffle(let groups):
            guard groups > 0, input.channels % groups == 0 else {
                throw .invalidLayer(
                    block: block, reason: "\(groups) groups of \(input.channels) channels; give a divisor")
            }
            return input
        case .dropout(let rate):
            guard rate >= 0, rate < 1 else {
                throw .invalidLayer(block: block, reason: "a rate of \(rate); give 0 or more and below 1")
            }
            return input
        case .slice(let channels):
            guard !channels.isEmpty, channels.lowerBound >= 0, channels.upperBound <= input.channels else {
                throw .invalidLayer(
                    block: block,
                    reason: "channels \(channels) of \(input.channels); give some that are there")
            }
            return Shape(channels: channels.count, height: input.height, width: input.width)
        case .padChannels(let before, let after):
            guard before >= 0, after >= 0 else {
                throw .invalidLayer(
                    block: block, reason: "\(before) and \(after) planes of zeros; give 0 or more")
            }
            return Shape(channels: before + input.channels + after, height: input.height, width: input.width)
        case .globalAveragePool:
            return Shape(channels: input.channels)
        case .flatten:
            return Shape(channels: input.count)
        case .relu, .relu6:
            return input
        case .sequence, .residual, .concatenate, .cell:
            preconditionFailure("\(block) is composite")
        }
    }

    private func transposedShape(of input: Shape, block: String) throws(NetworkError) -> Shape {
        guard case .transposedConv(let channels, let kernel, let stride, let padding, let extra, _) = self
        else {
            preconditionFailure("\(block) is no transposed convolution")
        }
        try Window(kernel: kernel, stride: stride, padding: padding).check(block: block, channels: channels)
        let height = (input.height - 1) * stride - 2 * padding + kernel + extra
        let width = (input.width - 1) * stride - 2 * padding + kernel + extra
        guard height > 0, width > 0, extra >= 0, extra < stride else {
            throw .invalidLayer(
                block: block,
                reason:
                    "\(input) becomes \(height) x \(width) with output padding \(extra); give less padding, and "
                    + "output padding below the stride")
        }
        return Shape(channels: channels, height: height, width: width)
    }

    /// Shapes of the parameters and of each of the running statistics; nil for a layer without.
    func segmentShapes(input: Shape) -> (weight: [Int]?, bias: [Int]?, statistics: [Int]?) {
        switch self {
        case .dense(let units): ([units, input.count], [units], nil)
        case .conv(let channels, let kernel, _, _, let groups, let bias):
            ([channels, input.channels / groups, kernel, kernel], bias ? [channels] : nil, nil)
        case .transposedConv(let channels, let kernel, _, _, _, let bias):
            ([input.channels, channels, kernel, kernel], bias ? [channels] : nil, nil)
        case .batchNorm: ([input.channels], [input.channels], [input.channels])
        case .groupNorm: ([input.channels], [input.channels], nil)
        default: (nil, nil, nil)
        }
    }

    /// One sample's forward pass. Only products with kernels and matrices count as multiply-accumulates;
    /// `flatten` and adaptive pools of the input's size move nothing.
    func cost(input: Shape, output: Shape, weights: Int) -> LayerCost {
        var kind = LayerKind.elementwise
        var macs = 0
        var operations = 0
        switch self {
        case .dense:
            kind = .dense
            macs = input.count * output.count
        case .conv(_, let kernel, _, _, let groups, _):
            let depthwise = groups > 1 && groups == input.channels
            kind = depthwise ? .depthwise : kernel == 3 ? .conv3x3 : kernel == 1 ? .pointwise : .convolution
            macs = output.count * (input.channels / groups) * kernel * kernel
        case .transposedConv(let channels, let kernel, _, _, _, _):
            kind = .convolution
            macs = input.count * channels * kernel * kernel
        case .flatten,
            .adaptiveAveragePool where input == output:
            return LayerCost(kind: .elementwise, macs: 0, inputBytes: 0, outputBytes: 0, weightBytes: 0)
        case .maxPool(let kernel, _, _, _), .averagePool(let kernel, _, _):
            operations = output.count * kernel * kernel
        case .globalAveragePool, .adaptiveAveragePool: operations = input.count
        case .batchNorm, .groupNorm: operations = 2 * input.count
        case .relu, .relu6, .dropout, .slice, .padChannels, .shuffle: break
        case .sequence, .residual, .concatenate, .cell: preconditionFailure("\(family) is composite")
        }
        return LayerCost(
            kind: kind, macs: UInt64(macs), operations: UInt64(operations),
            inputBytes: UInt64(4 * input.count),
            outputBytes: UInt64(4 * output.count), weightBytes: UInt64(4 * weights))
    }
}

/// A square that slides over planes.
private struct Window {
    var kernel: Int
    var stride: Int
    var padding: Int

    func check(block: String, channels: Int) throws(NetworkError) {
        guard channels > 0, kernel > 0, stride > 0, padding >= 0 else {
            let reason = "channels \(channels), kernel \(kernel), stride \(stride), padding \(padding)"
            throw .invalidLayer(block: block, reason: "\(reason); give 1 or more, and no negative padding")
        }
    }

    /// Places within a window are stored as bytes.
    private static var largestPool: Int { 16 }

    func checkPool(block: String) throws(NetworkError) {
        guard kernel > 0, stride > 0, kernel <= Self.largestPool, padding >= 0, padding <= kernel / 2 else {
            let reason = "kernel \(kernel), stride \(stride), padding \(padding)"
            throw .invalidLayer(
                block: block,
                reason:
                    "\(reason); give a kernel of 1 to \(Self.largestPool), a stride of 1 or more and padding up "
                    + "to half the kernel")
        }
    }

    /// With `ceiling` the last window may lap over the end, but not begin beyond the input and its padding
    /// before.
    func output(block: String, input: Shape, channels: Int, ceiling: Bool = false) throws(NetworkError)
        -> Shape
    {
        func count(_ side: Int) -> Int {
            let room = side + 2 * padding - kernel
            var windows = room / stride + 1
            if ceiling && room % stride != 0 && windows * stride < side + padding { windows += 1 }
            return windows
        }
        guard kernel <= input.height + 2 * padding, kernel <= input.width + 2 * padding else {
            throw .kernelTooLarge(block: block, kernel: kernel, input: input, padding: padding)
        }
        return Shape(channels: channels, height: count(input.height), width: count(input.width))
    }
}

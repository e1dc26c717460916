/// What kind of work a layer is: device profiles know an efficiency for each.
public enum LayerKind: String, Sendable, CaseIterable, Codable {
    case conv3x3, convolution, pointwise, depthwise, dense, elementwise
}

/// What one forward pass of one sample through one layer costs.
public struct LayerCost: Sendable, Equatable {
    public var kind: LayerKind
    /// Multiply-accumulates with kernels and matrices; each is two floating point operations.
    public var macs: UInt64
    /// Operations on values that are no multiply-accumulate: what a pool reads of its windows, the product and sum of a
    /// norm. Layers with one operation for each value, such as relu or a sum, are as long as the bytes that they move.
    public var operations: UInt64
    /// Bytes read and written as Float32.
    public var inputBytes: UInt64
    public var outputBytes: UInt64
    public var weightBytes: UInt64

    public init(
        kind: LayerKind, macs: UInt64, operations: UInt64 = 0, inputBytes: UInt64, outputBytes: UInt64,
        weightBytes: UInt64
    ) {
        self.kind = kind
        self.macs = macs
        self.operations = operations
        self.inputBytes = inputBytes
        self.outputBytes = outputBytes
        self.weightBytes = weightBytes
    }

    /// Floating point operations: 2 x MACs and the others.
    public var flops: UInt64 { 2 * macs + operations }
    /// Values that go in and out, as Float32.
    public var activationBytes: UInt64 { inputBytes + outputBytes }
}

/// The work that a task did, from which profiles derive seconds and joules.
public struct Work: Sendable, Equatable {
    /// Multiply-accumulates, indexed as `LayerKind.allCases`.
    public var macs: [UInt64]
    /// Samples that went forward, and samples that went backward.
    public var forwardSamples: UInt64
    public var backwardSamples: UInt64

    public init(
        macs: [UInt64] = .init(repeating: 0, count: LayerKind.allCases.count), forwardSamples: UInt64 = 0,
        backwardSamples: UInt64 = 0
    ) {
        precondition(macs.count == LayerKind.allCases.count)
        self.macs = macs
        self.forwardSamples = forwardSamples
        self.backwardSamples = backwardSamples
    }

    public var totalMACs: UInt64 { macs.reduce(0, +) }

    /// Work of `forward` samples through `layers`, of which `backward` also went back at twice the forward's MACs
    /// (one product for the weights' gradient, one for the inputs').
    public init(layers: [LayerCost], forward: UInt64, backward: UInt64) {
        self.init(forwardSamples: forward, backwardSamples: backward)
        for layer in layers {
            let kind = LayerKind.allCases.firstIndex(of: layer.kind)!
            macs[kind] += layer.macs * (forward + 2 * backward)
        }
    }
}

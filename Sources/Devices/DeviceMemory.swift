/// Bytes that a network holds on a device.
public struct DeviceMemory: Sendable, Equatable {
    public var weights: UInt64
    public var gradients: UInt64
    /// What the optimiser keeps.
    public var optimizerState: UInt64
    /// Values between layers, and in training their gradients.
    public var activations: UInt64

    public var total: UInt64 { weights + gradients + optimizerState + activations }

    /// One forward pass: the weights, and the layer whose input and output are largest together; a chain needs no
    /// more at any time.
    public static func inference(
        _ layers: [LayerCost], batch: Int, precision: DeviceProfile.Precision = .float32
    ) -> DeviceMemory {
        precondition(batch > 0, "a batch of \(batch)")
        let size = UInt64(precision.bytes)
        let weights = layers.reduce(0) { $0 + $1.weightBytes }
        let largest = layers.map(\.activationBytes).max() ?? 0
        return DeviceMemory(
            weights: weights / 4 * size, gradients: 0, optimizerState: 0,
            activations: UInt64(batch) * (largest / 4 * size))
    }

    /// A step of training, in Float32: every layer's output is kept for the way back, with the gradients of the input
    /// and the output of the layer where these are largest.
    ///
    /// - Parameters:
    ///   - parameters: values that learn.
    ///   - stateValues: what the optimiser keeps of each: 0 for plain SGD, 1 with momentum, 2 for Adam.
    public static func training(
        _ layers: [LayerCost], batch: Int, parameters: Int, stateValues: Int = 0
    ) -> DeviceMemory {
        precondition(batch > 0, "a batch of \(batch)")
        let kept = layers.reduce(layers.first?.inputBytes ?? 0) { $0 + $1.outputBytes }
        let largest = layers.map(\.activationBytes).max() ?? 0
        return DeviceMemory(
            weights: layers.reduce(0) { $0 + $1.weightBytes }, gradients: UInt64(4 * parameters),
            optimizerState: UInt64(4 * parameters * stateValues),
            activations: UInt64(batch) * (kept + largest))
    }
}

extension DeviceProfile {
    public func holds(_ memory: DeviceMemory) -> Bool { memory.total <= self.memory.bytes }
}

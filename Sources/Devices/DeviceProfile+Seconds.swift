/// What a step of training does with a layer on the way back.
public enum BackwardPass: Sendable, Equatable, CaseIterable {
    /// Nothing below it, nor itself, learns.
    case none
    /// Only the gradient of its input: its weights are frozen, something below it learns.
    case inputs
    /// The gradients of its weights and its input.
    case all

    /// Products with kernels and matrices, of which the forward pass has one.
    var share: Double {
        switch self {
        case .none: 0
        case .inputs: 0.5
        case .all: 1
        }
    }
}

extension DeviceProfile {
    /// Seconds of one forward pass of `batch` samples through a layer, without what a pass costs as such.
    public func seconds(of layer: LayerCost, batch: Int) -> Double {
        precondition(batch > 0, "a batch of \(batch)")
        let kind = LayerKind.allCases.firstIndex(of: layer.kind)!
        let operations = LayerKind.allCases.firstIndex(of: .elementwise)!
        let samples = Double(batch)
        let size = Double(precision.bytes) / 4
        let computing =
            samples * Double(2 * layer.macs) / (speed.peakFLOPS * speed.efficiency[kind])
            + samples * Double(layer.operations) / (speed.peakFLOPS * speed.efficiency[operations])
        let weightRate =
            layer.kind.isConvolution
            ? speed.kernelBytesPerSecond ?? speed.weightBytesPerSecond : speed.weightBytesPerSecond
        let moving =
            samples * size * Double(layer.activationBytes) / speed.activationBytesPerSecond
            + size * Double(layer.weightBytes) / weightRate
        switch speed.combination {
        case .sum: return speed.secondsPerLayer + computing + moving
        case .maximum: return speed.secondsPerLayer + max(computing, moving)
        }
    }

    /// Seconds of one forward pass of `batch` samples through `layers`.
    public func forwardSeconds(_ layers: [LayerCost], batch: Int) -> Double {
        layers.reduce(speed.secondsPerPass) { $0 + seconds(of: $1, batch: batch) }
    }

    /// Seconds of one step of training with `batch` samples: forward, backward, and the optimiser, which reads each
    /// value that learns, its gradient and its state, and writes the value and its state.
    ///
    /// - Parameters:
    ///   - parameters: values that learn.
    ///   - stateValues: what the optimiser keeps of each: 0 for plain SGD, 1 with momentum, 2 for Adam.
    ///   - backward: what each layer does on the way back; nil for all of it everywhere.
    public func stepSeconds(
        _ layers: [LayerCost], batch: Int, parameters: Int, stateValues: Int = 0,
        backward: [BackwardPass]? = nil
    ) -> Double {
        precondition(backward.map { $0.count == layers.count } ?? true, "not one way back for each layer")
        var seconds = forwardSeconds(layers, batch: batch)
        for (index, layer) in layers.enumerated() {
            let share = backward?[index].share ?? 1
            seconds += training.backwardFactor * share * self.seconds(of: layer, batch: batch)
        }
        let moved = 4 * Double(parameters) * Double(3 + 2 * stateValues)
        return seconds + moved / speed.activationBytesPerSecond
    }

    /// Joules of `seconds` of computing, all of the device's power.
    public func computingJoules(_ seconds: Double) -> Double { power.activeWatts * seconds }

    /// Joules of `seconds` of waiting, without what a radio adds.
    public func idleJoules(_ seconds: Double) -> Double { power.idleWatts * seconds }
}

import TensorMath

/// Which training samples networks learn from, and which are only looked at.
package struct HeldOut: Sendable, Equatable {
    /// Sorted.
    package let train: [UInt32]
    package let validation: [UInt32]

    /// Draws `fraction` of `count` samples, rounded down, for validation: one of them at least, where `fraction` is
    /// above 0.
    package init(count: Int, fraction: Double, seed: UInt64) {
        var order = (0..<UInt32(count)).map { $0 }
        var stream = RandomStream(RandomKey(seed: seed, purpose: .split))
        stream.shuffle(&order)
        let held = fraction > 0 ? max(1, Int(Double(count) * fraction)) : 0
        validation = order[..<held].sorted()
        train = order[held...].sorted()
    }
}

/// An epoch in parts that each take a task: whole batches of its order.
package struct EpochSlices: Sendable, Equatable {
    /// Samples of each but the last.
    package let length: Int
    package let samples: Int

    /// Multiply-accumulates of a part: some ten seconds of one core.
    static let macs: UInt64 = 600_000_000_000

    /// `cost`: multiply-accumulates of a sample, forward and back.
    package init(samples: Int, batch: Int, cost: UInt64) {
        let batches = max(1, Int(Self.macs / max(1, cost * UInt64(batch))))
        length = batches * batch
        self.samples = samples
    }

    package var count: Int { (samples + length - 1) / length }

    /// The part behind `first`; nil after the last.
    package func next(after first: Int) -> Int? { first + length < samples ? first + length : nil }

    package func range(from first: Int) -> Range<Int> { first..<min(first + length, samples) }
}

import CKernels

/// A weighted sum of models whose bits do not depend on the order of its terms: int64 fixed point, one grid a segment.
///
/// A contribution is rounded once, to the grid 2^-f with f = 62 - ceil(log2(total weight)) - E fraction bits, where
/// E = 12 + max(0, exponent of the greatest magnitude in the segment of the model that was sent out). Values up to
/// 2^E are accepted, so the sum cannot overflow; averaging one model gives it back but for one grid step.
public final class ExactSum {
    /// A value that the grid cannot hold.
    public struct RangeError: Error, Sendable, Equatable {
        public let segment: String
        /// Index within the segment.
        public let index: Int
        public let value: Float
        /// The greatest magnitude that is accepted.
        public let bound: Float
    }

    public let layout: ParameterLayout
    /// Sum of the weights added so far; stays within `plannedWeight`.
    public private(set) var weight: UInt64 = 0
    /// Total of the weights that were announced: the grid is chosen for it.
    public private(set) var plannedWeight: UInt64 = 1
    private var bits: [(bound: Float, fraction: Int)] = []
    private let sums: UnsafeMutablePointer<Int64>

    public init(layout: ParameterLayout) {
        KernelFamily.activate()
        self.layout = layout
        sums = .allocate(capacity: max(layout.count, 1))
        sums.initialize(repeating: 0, count: max(layout.count, 1))
    }

    deinit { sums.deallocate() }

    /// Starts a new sum around `reference` (the model that was sent out) for weights that total at most `weight`.
    public func begin(reference: FloatView, plannedWeight: UInt64) {
        precondition(reference.count == layout.count && plannedWeight > 0)
        sums.update(repeating: 0, count: layout.count)
        weight = 0
        self.plannedWeight = plannedWeight
        let weightBits = 64 - (plannedWeight - 1).leadingZeroBitCount
        bits = layout.segments.map { segment in
            let magnitude = reference.slice(segment.offset, segment.count).maximumMagnitude
            precondition(magnitude.isFinite, "the reference model is not finite in \(segment.name)")
            let exponent = 12 + max(0, magnitude == 0 ? 0 : Int(magnitude.exponent))
            // Beyond the exponents of Float32 every finite value is within 2^E, and infinity still is not.
            let bound = min(Float(sign: .plus, exponent: exponent, significand: 1), .greatestFiniteMagnitude)
            return (bound, 62 - weightBits - exponent)
        }
    }

    /// The first value that `add` would refuse: not finite, or beyond its segment's bound.
    public func check(_ model: FloatView) throws(RangeError) {
        precondition(model.count == layout.count)
        for (segment, grid) in zip(layout.segments, bits) {
            let index = ck_exact_check(model.pointer + segment.offset, segment.count, grid.bound)
            if index < segment.count {
                throw RangeError(
                    segment: segment.name, index: index, value: model[segment.offset + index],
                    bound: grid.bound)
            }
        }
    }

    /// Adds `weight` x `model`. Nothing is added when it throws.
    public func add(_ model: FloatView, weight: UInt64) throws(RangeError) {
        try check(model)
        addChecked(model, weight: weight)
    }

    /// The same for a model that `check` has let pass: another one would spoil the sum.
    package func addChecked(_ model: FloatView, weight: UInt64) {
        let (total, overflow) = self.weight.addingReportingOverflow(weight)
        precondition(weight > 0 && !overflow && total <= plannedWeight, "weights exceed what was announced")
        for (segment, grid) in zip(layout.segments, bits) {
            let scale = Double(weight) * Double(sign: .plus, exponent: grid.fraction, significand: 1)
            ck_exact_add(sums + segment.offset, model.pointer + segment.offset, segment.count, scale)
        }
        self.weight = total
    }

    /// The weighted mean of what was added.
    public func mean(into model: FloatView) {
        precondition(model.count == layout.count && weight > 0, "the mean of nothing")
        for (segment, grid) in zip(layout.segments, bits) {
            let factor = Double(sign: .plus, exponent: -grid.fraction, significand: 1) / Double(weight)
            ck_exact_finish(model.pointer + segment.offset, sums + segment.offset, segment.count, factor)
        }
    }
}

import CKernels

extension FloatView {
    /// Adds independent normal numbers of mean 0 to all values. They follow from `key` and the place of a value alone:
    /// a block of Philox, as in `RandomStream`, for each four, by Box and Muller's transform. A `RandomStream` of the
    /// same key gives others, about ten times slower.
    /// - Parameter deviation: standard deviation.
    public func addGaussianNoise(deviation: Double, key: RandomKey) {
        ck_add_gaussian(
            pointer, count, deviation,
            [UInt32(truncatingIfNeeded: key.seed), UInt32(truncatingIfNeeded: key.seed >> 32)],
            [key.client, key.participation, key.purpose.rawValue])
    }
}

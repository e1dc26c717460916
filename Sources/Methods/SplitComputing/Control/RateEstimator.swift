/// What a device knows of the uplink's rate from what it sent: a moving average to choose by, and a low quantile of the
/// last measurements for what must not come late.
package struct RateEstimator: Sendable, Equatable {
    /// Share of the newest measurement in the average, in 0...1, above 0.
    package let smoothing: Double
    /// Which share of the kept measurements is not above the low rate, by the nearest rank.
    package let quantile: Double
    /// Measurements that are kept.
    package let memory: Int

    /// Exponentially weighted, in bit/s; nil before the first measurement.
    package private(set) var mean: Double?
    private var measured: [Double] = []

    package init(smoothing: Double = 0.3, quantile: Double = 0.1, memory: Int = 5) {
        precondition(smoothing > 0 && smoothing <= 1, "a share of \(smoothing)")
        precondition((0...1).contains(quantile) && memory > 0, "no quantile \(quantile) of \(memory)")
        self.smoothing = smoothing
        self.quantile = quantile
        self.memory = memory
    }

    /// A message went at `rate` bit/s; 0: it did not come through. The first one that does after others that did not begins
    /// anew: that there was no connection says nothing of the rate of one.
    package mutating func measure(_ rate: Double) {
        if rate > 0, measured.last == 0 {
            measured.removeAll { $0 == 0 }
            mean = nil
        }
        mean = mean.map { $0 + smoothing * (rate - $0) } ?? rate
        measured.append(rate)
        if measured.count > memory { measured.removeFirst() }
    }

    /// Bit/s; nil before the first measurement.
    package var low: Double? {
        guard !measured.isEmpty else { return nil }
        let rank = Int((quantile * Double(measured.count)).rounded(.up))
        return measured.sorted()[max(0, rank - 1)]
    }
}

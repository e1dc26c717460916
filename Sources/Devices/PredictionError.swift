/// How far predictions are from measurements.
public struct PredictionError: Sendable, Equatable {
    /// Mean of |predicted - measured| / measured, in percent.
    public var mapePercent: Double
    /// Predictions within 10 % of the measurement, in percent of all.
    public var within10Percent: Double
    /// Spearman's rank correlation, with mean ranks for equal values; NaN where one side has equal values only.
    public var spearman: Double

    public init(predicted: [Double], measured: [Double]) {
        precondition(predicted.count == measured.count && !predicted.isEmpty, "nothing to compare")
        let errors = zip(predicted, measured).map { ($0 - $1).magnitude / $1 }
        mapePercent = 100 * errors.mean
        within10Percent = 100 * Double(errors.count { $0 <= 0.1 }) / Double(errors.count)
        spearman = Self.correlation(Self.ranks(predicted), Self.ranks(measured))
    }

    private init(mapePercent: Double, within10Percent: Double, spearman: Double) {
        self.mapePercent = mapePercent
        self.within10Percent = within10Percent
        self.spearman = spearman
    }

    /// The mean of each figure over repetitions.
    public static func mean(_ errors: [PredictionError]) -> PredictionError {
        precondition(!errors.isEmpty, "no errors")
        return PredictionError(
            mapePercent: errors.map(\.mapePercent).mean, within10Percent: errors.map(\.within10Percent).mean,
            spearman: errors.map(\.spearman).mean)
    }

    /// Ranks from 1; equal values share the mean of theirs.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = Array(repeating: 0.0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for index in order[start..<end] { ranks[index] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }

    private static func correlation(_ x: [Double], _ y: [Double]) -> Double {
        let (meanX, meanY) = (x.mean, y.mean)
        var (xy, xx, yy) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            xy += (a - meanX) * (b - meanY)
            xx += (a - meanX) * (a - meanX)
            yy += (b - meanY) * (b - meanY)
        }
        return xy / (xx * yy).squareRoot()
    }
}

/// How a cost depends on the uplink's rate R in bit/s: constant + inverse / R.
package struct RateCurve: Sendable, Equatable {
    /// In the cost's unit.
    package let constant: Double
    /// In its unit times bit/s.
    package let inverse: Double

    package init(constant: Double, inverse: Double) {
        self.constant = constant
        self.inverse = inverse
    }

    package func value(at rate: Double) -> Double { inverse == 0 ? constant : constant + inverse / rate }
}

/// The rate at which one of two costs becomes the smaller one.
package enum Crossover {
    /// In closed form: the only rate in bit/s at which both are equal; nil where one is smaller at every rate.
    ///
    /// For edge against split with equal servers and no packets it is 8 (J - B) / T_head.
    package static func rate(_ a: RateCurve, _ b: RateCurve) -> Double? {
        let rate = (b.inverse - a.inverse) / (a.constant - b.constant)
        return rate > 0 && rate.isFinite ? rate : nil
    }

    /// On a grid: between which two neighbours of `rates`, ascending, the smaller cost changes first; nil where it does
    /// not, within the grid.
    package static func bracket(
        _ rates: [Double], _ a: (Double) -> Double, _ b: (Double) -> Double
    ) -> ClosedRange<Double>? {
        let gaps = rates.map { a($0) - b($0) }
        for index in gaps.indices.dropFirst() {
            let (before, after) = (gaps[index - 1], gaps[index])
            if before < 0 && after >= 0 || before > 0 && after <= 0 { return rates[index - 1]...rates[index] }
        }
        return nil
    }
}

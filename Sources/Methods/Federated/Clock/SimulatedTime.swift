/// A moment or a span of simulated time, in whole nanoseconds, so that sums of parts are exact.
package typealias Nanoseconds = Int64

/// Energy in whole nanojoules, for the same reason.
package typealias Nanojoules = Int64

extension Nanoseconds {
    /// Some thirty years: no run goes beyond, so that sums of moments and spans fit.
    package static let horizon: Nanoseconds = 1_000_000_000_000_000_000
}

extension Int64 {
    /// From seconds or joules, rounded to the nearest; at most 10^8, some three years, so that sums of them fit, too.
    package init(billionths value: Double) {
        self =
            value.isFinite && value < 1e8
            ? Int64((Swift.max(0, value) * 1e9).rounded()) : 100_000_000_000_000_000
    }

    /// In seconds or joules.
    package var units: Double { Double(self) / 1e9 }
}

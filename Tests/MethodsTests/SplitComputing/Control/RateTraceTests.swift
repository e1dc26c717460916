import CKernels
import Methods
import Testing

/// Rates over time: those that were measured, and a channel that fades.
@Suite struct RateTraceTests {
    @Test func constantWithOutage() {
        let trace = RateTrace.constant(2e6, windows: 5, windowSeconds: 0.5).with(outage: 3..<9)
        #expect(trace.rates == [2e6, 2e6, 2e6, 0, 0] && trace.windowSeconds == 0.5)
    }

    /// Samples at 10, 10.5, 12 and 13 s, of 4, 8, 0 and 1: the first window is half of 4 and 8, the second all 8.
    @Test func recorded() {
        let samples = [(10.0, 4.0), (10.5, 8), (12, 0), (13, 1)].map { (seconds: $0.0, rate: $0.1) }
        #expect(RateTrace.recorded(samples, windowSeconds: 1).rates == [6, 8, 0, 1])
        // Windows of two seconds: 6 and 8; 0 and 1, which holds on.
        #expect(RateTrace.recorded(samples, windowSeconds: 2).rates == [7, 0.5])
        #expect(RateTrace.recorded(samples, windowSeconds: 0.5).rates == [4, 8, 8, 8, 0, 0, 1])
        #expect(RateTrace.recorded([(seconds: 3, rate: 5)], windowSeconds: 2).rates == [5])
    }

    private static let channel = RateTrace.Fading(bandwidthHertz: 1e6, signalToNoise: 15, correlation: 0.9)

    /// |h|^2 is exponential with mean 1, whatever the correlation, and that of |h|^2 over a window is c^2 = 0.81.
    @Test(arguments: [0, 0.9]) func fading(correlation: Double) {
        let channel = RateTrace.Fading(bandwidthHertz: 1e6, signalToNoise: 15, correlation: correlation)
        let count = 100_000
        let trace = RateTrace.fading(channel, windows: count, windowSeconds: 1, seed: 7)
        #expect(trace.rates.count == count)
        let gains = trace.rates.map { (ck_exp($0 / 1e6 * ck_log(2)) - 1) / 15 }
        let mean = gains.reduce(0, +) / Double(count)
        #expect(abs(mean - 1) < 0.04)
        for level in [0.1, 0.5, 1, 2] {
            let share = Double(gains.count { $0 > level }) / Double(count)
            #expect(abs(share - ck_exp(-level)) < 0.015, "\(level)")
        }
        let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        let together = zip(gains, gains.dropFirst()).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
        #expect(abs(together / Double(count - 1) / variance - correlation * correlation) < 0.04)
    }

    @Test func seeds() {
        func trace(_ seed: UInt64) -> RateTrace {
            RateTrace.fading(Self.channel, windows: 20, windowSeconds: 1, seed: seed)
        }
        #expect(trace(1) == trace(1) && trace(1) != trace(2))
        // A longer trace starts with the shorter one.
        let longer = RateTrace.fading(Self.channel, windows: 30, windowSeconds: 1, seed: 1)
        #expect(Array(longer.rates.prefix(20)) == trace(1).rates)
    }
}

import CKernels
import TensorMath

/// The uplink's rate over time, constant within windows of equal length.
package struct RateTrace: Sendable, Equatable {
    /// Bit/s of each window; 0 while there is no connection.
    package private(set) var rates: [Double]
    package let windowSeconds: Double

    package init(rates: [Double], windowSeconds: Double) {
        precondition(rates.allSatisfy { $0 >= 0 && $0.isFinite }, "a rate that is none")
        precondition(windowSeconds > 0, "windows of \(windowSeconds) s")
        self.rates = rates
        self.windowSeconds = windowSeconds
    }

    package static func constant(_ rate: Double, windows: Int, windowSeconds: Double) -> RateTrace {
        RateTrace(rates: .init(repeating: rate, count: windows), windowSeconds: windowSeconds)
    }

    /// A channel with Rayleigh fading: the rate is bandwidth x log2(1 + SNR |h|^2), Shannon's capacity.
    package struct Fading: Sendable, Equatable {
        package let bandwidthHertz: Double
        /// Mean signal to noise ratio, as a factor.
        package let signalToNoise: Double
        /// Of the gains of one window and the next, 0 to below 1.
        package let correlation: Double

        package init(bandwidthHertz: Double, signalToNoise: Double, correlation: Double) {
            precondition(bandwidthHertz > 0 && signalToNoise > 0, "a channel without capacity")
            precondition((0..<1).contains(correlation), "a correlation of \(correlation)")
            self.bandwidthHertz = bandwidthHertz
            self.signalToNoise = signalToNoise
            self.correlation = correlation
        }
    }

    /// The complex gain h is a Gauss-Markov process, h' = c h + sqrt(1 - c^2) w with standard complex normal w, so that
    /// |h|^2 is exponential with mean 1 in every window.
    package static func fading(
        _ channel: Fading, windows: Int, windowSeconds: Double, seed: UInt64
    ) -> RateTrace {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .fading))
        func draw() -> (Double, Double) {
            let real = stream.normal()
            return (real * 0.5.squareRoot(), stream.normal() * 0.5.squareRoot())
        }
        let fresh = (1 - channel.correlation * channel.correlation).squareRoot()
        var gain = draw()
        var rates: [Double] = []
        for window in 0..<windows {
            if window > 0 {
                let noise = draw()
                gain.0 = channel.correlation * gain.0 + fresh * noise.0
                gain.1 = channel.correlation * gain.1 + fresh * noise.1
            }
            let power = gain.0 * gain.0 + gain.1 * gain.1
            rates.append(channel.bandwidthHertz * ck_log(1 + channel.signalToNoise * power) / ck_log(2))
        }
        return RateTrace(rates: rates, windowSeconds: windowSeconds)
    }

    /// What was measured: each rate holds from its second until that of the next sample, the last one for a window. A
    /// window has the mean over its time; the time starts with the first sample.
    ///
    /// - Parameters:
    ///   - samples: in ascending seconds; rates in bit/s.
    ///   - limit: of windows; what comes later is left out.
    package static func recorded(
        _ samples: [(seconds: Double, rate: Double)], windowSeconds: Double, limit: Int = 1_000_000
    ) -> RateTrace {
        precondition(!samples.isEmpty, "a recording without samples")
        precondition(
            zip(samples, samples.dropFirst()).allSatisfy { $0.seconds < $1.seconds }, "time that goes back")
        let start = samples[0].seconds
        let ends = samples.dropFirst().map { $0.seconds - start }
        // A sample on the border of windows counts for the later one, whatever division makes of it.
        let last = ((ends.last ?? 0) / windowSeconds + 1e-9).rounded(.down)
        let windows = Int(min(last, Double(limit - 1))) + 1
        var rates: [Double] = []
        var index = 0
        for window in 0..<windows {
            let end = Double(window + 1) * windowSeconds
            var (from, bits) = (Double(window) * windowSeconds, 0.0)
            while from < end {
                let until = index < ends.count ? min(ends[index], end) : end
                bits += samples[index].rate * (until - from)
                from = until
                if index < ends.count, ends[index] <= end { index += 1 }
            }
            rates.append(bits / windowSeconds)
        }
        return RateTrace(rates: rates, windowSeconds: windowSeconds)
    }

    /// The same with no connection in some windows.
    package func with(outage windows: Range<Int>) -> RateTrace {
        var trace = self
        for window in windows.clamped(to: rates.indices) { trace.rates[window] = 0 }
        return trace
    }
}

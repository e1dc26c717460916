import Devices

/// One image a window under a controller, beside an oracle that knows every rate and beside each mode alone.
///
/// A pure function of trace, candidates and settings. What a message goes at is what is known of the rate: a mode that
/// sends measures the window's, a local one nothing, so that probes are sent in its place. Changing the mode costs
/// nothing.
package struct OffloadSimulation: Sendable, Equatable {
    package struct Window: Sendable, Equatable {
        /// Bit/s, and what the controller took it for.
        package let rate: Double
        package let meanEstimate: Double
        package let lowEstimate: Double
        /// Into the candidates.
        package let choice: Int
        package let outcome: OffloadOutcome
        /// Whether the mode is another than in the window before.
        package let switched: Bool
        /// Whether a probe was sent, and what its radio drew; not in the outcome.
        package let probed: Bool
        package let probeJoules: Double
        package let oracle: Int
        package let oracleOutcome: OffloadOutcome
    }

    /// Sums over windows.
    package struct Totals: Sendable, Equatable {
        package fileprivate(set) var images = 0
        package fileprivate(set) var seconds = 0.0
        /// With those of probes.
        package fileprivate(set) var joules = 0.0
        package fileprivate(set) var marginalJoules = 0.0
        package fileprivate(set) var bytesOnAir = 0.0
        package fileprivate(set) var score = 0.0
        package fileprivate(set) var missedDeadlines = 0
        package fileprivate(set) var fallbacks = 0
        /// Answers that are right, as modes' accuracies have it.
        package fileprivate(set) var right = 0.0

        fileprivate mutating func add(
            _ outcome: OffloadOutcome, probe: (joules: Double, bytes: Double) = (0, 0),
            _ controller: OffloadController
        ) {
            images += 1
            seconds += outcome.seconds
            joules += outcome.joules + probe.joules
            marginalJoules += outcome.marginalJoules + probe.joules
            bytesOnAir += outcome.bytesOnAir + probe.bytes
            score += controller.score(seconds: outcome.seconds, joules: outcome.joules + probe.joules)
            missedDeadlines += outcome.meetsDeadline ? 0 : 1
            fallbacks += outcome.fellBack ? 1 : 0
            right += outcome.accuracy
        }
    }

    package let windows: [Window]
    package let controller: Totals
    package let oracle: Totals
    /// Of each candidate alone, in every window.
    package let fixed: [Totals]
    /// Of the controller.
    package var switches: Int { windows.reduce(0) { $0 + ($1.switched ? 1 : 0) } }
    package var probes: Int { windows.reduce(0) { $0 + ($1.probed ? 1 : 0) } }

    /// Mean score above the oracle's; below 0 only where the oracle meets deadlines that the controller misses.
    package var regret: Double { (controller.score - oracle.score) / Double(max(1, windows.count)) }

    package init(
        _ trace: RateTrace, candidates: [OffloadCandidate], link: LinkProfile, settings: ControllerSettings
    ) {
        var chooser = OffloadController(candidates, settings: settings)
        var estimator = settings.estimator
        var windows: [Window] = []
        var (controlled, ideal) = (Totals(), Totals())
        var fixed = candidates.map { _ in Totals() }
        /// Windows in a row without a measurement.
        var silent = 0
        for rate in trace.rates {
            var probe = (joules: 0.0, bytes: 0.0)
            let probes = estimator.mean == nil || silent >= settings.probeInterval
            if probes {
                probe = Self.probe(link, at: rate, settings)
                estimator.measure(rate)
                silent = 0
            }
            let (mean, low) = (estimator.mean ?? 0, estimator.low ?? 0)
            let before = chooser.choice
            let choice = chooser.choose(mean: mean, low: low)
            let outcome = chooser.outcome(of: choice, at: rate)
            let best = chooser.oracle(at: rate)
            let window = Window(
                rate: rate, meanEstimate: mean, lowEstimate: low, choice: choice, outcome: outcome,
                switched: before.map { $0 != choice } ?? false, probed: probes,
                probeJoules: probe.joules, oracle: best, oracleOutcome: chooser.outcome(of: best, at: rate))
            windows.append(window)
            controlled.add(outcome, probe: probe, chooser)
            ideal.add(window.oracleOutcome, chooser)
            for index in candidates.indices {
                fixed[index].add(chooser.outcome(of: index, at: rate), chooser)
            }
            if probes || candidates[choice].mode.isLocal {
                silent += probes ? 0 : 1
            } else {
                estimator.measure(rate)
                silent = 0
            }
        }
        self.windows = windows
        controller = controlled
        oracle = ideal
        self.fixed = fixed
    }

    /// A probe while there is no connection is tried until the deadline, at the radio's base power.
    private static func probe(
        _ link: LinkProfile, at rate: Double, _ settings: ControllerSettings
    ) -> (joules: Double, bytes: Double) {
        guard rate > 0 else { return (link.radio.baseWatts * settings.deadlineSeconds, 0) }
        var link = link
        link.rates.uplinkBitsPerSecond = rate
        let transfer = link.transfer(bytes: settings.probeBytes, .up, wakes: false)
        return (transfer.joules, transfer.bytesOnAir)
    }
}

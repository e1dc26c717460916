import CKernels
import Devices
import Methods

/// A controller's way through a trace of rates, beside an oracle and every mode alone.
public struct SplitControl: Sendable {
    /// One image.
    public struct WindowRow: Sendable, Equatable {
        /// Counted from 1.
        public let window: Int
        /// Of the uplink, 10^6 bit/s; 0 while there is no connection.
        public let rateMbps: Double
        /// What the controller took it for, and what it trusted answers to come in time at.
        public let estimateMbps: Double
        public let lowMbps: Double
        public let mode: String
        public let seconds: Double
        public let joules: Double
        public let meetsDeadline: Bool
        /// The answer did not come in time, and the device computed itself.
        public let fellBack: Bool
        public let switched: Bool
        public let oracle: String
        public let oracleSeconds: Double
        public let oracleJoules: Double
    }

    /// Means over all images.
    public struct PolicyRow: Sendable, Equatable {
        /// `controller`, `oracle`, or a mode in every window.
        public let policy: String
        /// As those of the modes that answered.
        public let accuracy: Double
        public let seconds: Double
        public let joules: Double
        public let marginalJoules: Double
        /// Up, with those of packets and probes.
        public let bytesOnAir: Double
        /// Latency and energy as the controller weighs them, and how much above the oracle's.
        public let score: Double
        public let regret: Double
        public let missedDeadlines: Int
        public let fallbacks: Int
    }

    public let windows: [WindowRow]
    /// Controller and oracle first, then modes from the least score.
    public let policies: [PolicyRow]

    /// `candidates` on the run's own device; one at least computes on the device alone.
    init(
        _ candidates: [OffloadCandidate], _ control: ControlSpec, link: LinkProfile, seed: UInt64
    ) throws(ProfileError) {
        let trace = try control.trace(rate: link.rates.uplinkBitsPerSecond, seed: seed)
        let settings = ControllerSettings(
            deadlineSeconds: control.deadlineSeconds, accuracyFloor: control.accuracyFloor,
            latencyWeight: control.latencyWeight, energyWeight: control.energyWeight,
            hysteresis: control.hysteresis,
            // As long as the shortest message, of whose rate it tells.
            probeBytes: candidates.map(\.mode.uplinkBytes).filter { $0 > 0 }.min() ?? 1000)
        let simulation = OffloadSimulation(trace, candidates: candidates, link: link, settings: settings)
        func name(_ index: Int) -> String { candidates[index].mode.name }
        windows = simulation.windows.enumerated().map { index, it in
            WindowRow(
                window: index + 1, rateMbps: it.rate / 1e6, estimateMbps: it.meanEstimate / 1e6,
                lowMbps: it.lowEstimate / 1e6, mode: name(it.choice), seconds: it.outcome.seconds,
                joules: it.outcome.joules + it.probeJoules, meetsDeadline: it.outcome.meetsDeadline,
                fellBack: it.outcome.fellBack, switched: it.switched, oracle: name(it.oracle),
                oracleSeconds: it.oracleOutcome.seconds, oracleJoules: it.oracleOutcome.joules)
        }
        let images = Double(max(1, simulation.windows.count))
        func row(_ policy: String, _ totals: OffloadSimulation.Totals) -> PolicyRow {
            PolicyRow(
                policy: policy, accuracy: totals.right / images, seconds: totals.seconds / images,
                joules: totals.joules / images,
                marginalJoules: totals.marginalJoules / images, bytesOnAir: totals.bytesOnAir / images,
                score: totals.score / images,
                regret: (totals.score - simulation.oracle.score) / images,
                missedDeadlines: totals.missedDeadlines, fallbacks: totals.fallbacks)
        }
        policies =
            [row("controller", simulation.controller), row("oracle", simulation.oracle)]
            + simulation.fixed.enumerated().map { row(name($0.offset), $0.element) }
            .sorted { $0.score < $1.score }
    }
}

extension ControlSpec {
    /// - Parameter rate: of the run's own link, bit/s.
    fileprivate func trace(rate: Double, seed: UInt64) throws(ProfileError) -> RateTrace {
        var trace: RateTrace
        switch self.trace {
        case .constant: trace = .constant(rate, windows: windows, windowSeconds: windowSeconds)
        case .fading(let decibels, let correlation):
            let ratio = ck_exp(decibels / 10 * ck_log(10))
            // The channel that gives the rate at its mean gain.
            let bandwidth = rate * ck_log(2) / ck_log(1 + ratio)
            let channel = RateTrace.Fading(
                bandwidthHertz: bandwidth, signalToNoise: ratio, correlation: correlation)
            trace = .fading(channel, windows: windows, windowSeconds: windowSeconds, seed: seed)
        case .file(let path):
            trace = .recorded(
                try RateTraceFile.read(path), windowSeconds: windowSeconds, limit: windows)
        }
        guard let outage else { return trace }
        return trace.with(outage: outage.first - 1..<outage.first - 1 + outage.windows)
    }

    /// Everything that the trace's file says; empty without one.
    package func fileText() throws(ProfileError) -> String {
        guard case .file(let path) = trace else { return "" }
        return try RateTraceFile.read(path).map { "\($0.seconds) \($0.rate)" }.joined(separator: "\n")
    }
}

extension RunDirectory {
    func export(_ control: SplitControl) throws(RecordError) {
        let header = [
            "window", "rate_mbps", "estimate_mbps", "low_mbps", "mode", "seconds", "joules",
            "meets_deadline", "fell_back", "switched", "oracle", "oracle_seconds", "oracle_joules",
        ]
        try export(Name.controller, header: header) { file throws(LedgerError) in
            for row in control.windows {
                file.write(
                    csvLine([
                        "\(row.window)", shortest(row.rateMbps), shortest(row.estimateMbps),
                        shortest(row.lowMbps), row.mode, shortest(row.seconds), shortest(row.joules),
                        "\(row.meetsDeadline)", "\(row.fellBack)", "\(row.switched)", row.oracle,
                        shortest(row.oracleSeconds), shortest(row.oracleJoules),
                    ]))
            }
        }
        let columns = [
            "policy", "accuracy", "seconds", "joules", "marginal_joules", "bytes_on_air", "score", "regret",
            "missed_deadlines", "fallbacks",
        ]
        try export(Name.policies, header: columns) { file throws(LedgerError) in
            for row in control.policies {
                file.write(
                    csvLine([
                        row.policy, shortest(row.accuracy), shortest(row.seconds), shortest(row.joules),
                        shortest(row.marginalJoules), shortest(row.bytesOnAir), shortest(row.score),
                        shortest(row.regret),
                        "\(row.missedDeadlines)", "\(row.fallbacks)",
                    ]))
            }
        }
    }
}

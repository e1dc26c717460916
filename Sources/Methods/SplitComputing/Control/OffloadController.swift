/// A mode that a controller may choose.
package struct OffloadCandidate: Sendable, Equatable {
    package let mode: PricedMode
    /// Of its answers, 0...1.
    package let accuracy: Double

    package init(_ mode: PricedMode, accuracy: Double) {
        self.mode = mode
        self.accuracy = accuracy
    }
}

/// What a controller is to reach, and what it goes by.
package struct ControllerSettings: Sendable, Equatable {
    /// From an image until its answer.
    package var deadlineSeconds: Double
    /// Modes below it are not chosen.
    package var accuracyFloor: Double
    /// Weights of an image's seconds and joules, each over those of the whole network on the device.
    package var latencyWeight: Double
    package var energyWeight: Double
    /// A mode stays unless another's score is below its own by more than this share of it.
    package var hysteresis: Double
    /// Whether the device computes itself when an answer has not come by the time at which it just can before the
    /// deadline (EnergyShield: Odema et al. 2023); else it does so at the deadline.
    package var fallsBackInTime: Bool
    /// Of a message that only measures the rate, as long as images do not: before the first choice, and after
    /// `probeInterval` windows without a measurement. Its joules and bytes count; nobody waits for it.
    package var probeBytes: UInt64
    package var probeInterval: Int
    package var estimator: RateEstimator

    package init(
        deadlineSeconds: Double, accuracyFloor: Double = 0, latencyWeight: Double = 0.5,
        energyWeight: Double = 0.5, hysteresis: Double = 0.1, fallsBackInTime: Bool = true,
        probeBytes: UInt64 = 1000, probeInterval: Int = 2, estimator: RateEstimator = RateEstimator()
    ) {
        precondition(deadlineSeconds > 0, "a deadline of \(deadlineSeconds) s")
        precondition(latencyWeight >= 0 && energyWeight >= 0, "negative weights")
        precondition((0..<1).contains(hysteresis), "a hysteresis of \(hysteresis)")
        precondition(probeInterval > 0 && probeBytes > 0, "no probes")
        self.deadlineSeconds = deadlineSeconds
        self.accuracyFloor = accuracyFloor
        self.latencyWeight = latencyWeight
        self.energyWeight = energyWeight
        self.hysteresis = hysteresis
        self.fallsBackInTime = fallsBackInTime
        self.probeBytes = probeBytes
        self.probeInterval = probeInterval
        self.estimator = estimator
    }
}

/// What came of one image.
package struct OffloadOutcome: Sendable, Equatable {
    /// From the image until its answer.
    package let seconds: Double
    /// Of the device, its idle power included.
    package let joules: Double
    /// Above what the idle device draws.
    package let marginalJoules: Double
    /// Up, with those of packets.
    package let bytesOnAir: Double
    package let meetsDeadline: Bool
    /// The answer did not come in time, and the device computed itself.
    package let fellBack: Bool
    /// Of the mode whose answer it is.
    package let accuracy: Double
}

/// Chooses between local computing, edge offloading and splits while the link's rate changes.
///
/// Candidates below the accuracy floor and those that would be late at the low rate are out; of the others the one with
/// the least score at the average rate is best, w_T T / T_ref + w_E E / E_ref.
package struct OffloadController: Sendable, Equatable {
    package let candidates: [OffloadCandidate]
    package let settings: ControllerSettings
    /// The fastest of the candidates that send nothing, of those with enough accuracy if there are any.
    package let fallback: Int
    /// The slowest of them: the whole network, whose seconds and joules are the units of scores.
    private let yardstick: PricedMode
    /// Before the first choice nil.
    package private(set) var choice: Int?

    /// - Parameter candidates: one at least sends nothing.
    package init(_ candidates: [OffloadCandidate], settings: ControllerSettings) {
        let local = candidates.indices.filter { candidates[$0].mode.isLocal }
        precondition(!local.isEmpty, "no candidate computes on the device alone")
        let accurate = local.filter { candidates[$0].accuracy >= settings.accuracyFloor }
        self.candidates = candidates
        self.settings = settings
        fallback = (accurate.isEmpty ? local : accurate).min {
            candidates[$0].mode.deviceSeconds < candidates[$1].mode.deviceSeconds
        }!
        yardstick = local.map { candidates[$0].mode }.max { $0.deviceSeconds < $1.deviceSeconds }!
    }

    private var reserve: OffloadCandidate { candidates[fallback] }

    /// Seconds after which an answer is waited for no longer.
    package var patienceSeconds: Double {
        let rest = settings.deadlineSeconds - reserve.mode.deviceSeconds
        return settings.fallsBackInTime && rest >= 0 ? rest : settings.deadlineSeconds
    }

    /// Of a device without figures of power, or that computes in no time, joules or seconds count as they are.
    package func score(seconds: Double, joules: Double) -> Double {
        let (second, joule) = (yardstick.seconds.constant, yardstick.joules.constant)
        return settings.latencyWeight * (second > 0 ? seconds / second : seconds)
            + settings.energyWeight * (joule > 0 ? joules / joule : joules)
    }

    /// Chooses for the next window.
    ///
    /// - Parameters:
    ///   - mean: rate in bit/s by which seconds and joules are predicted.
    ///   - low: rate at which answers must come in time.
    package mutating func choose(mean: Double, low: Double) -> Int {
        func predicted(_ index: Int) -> Double {
            let mode = candidates[index].mode
            return score(seconds: mode.seconds.value(at: mean), joules: mode.joules.value(at: mean))
        }
        let allowed = candidates.indices.filter { index in
            let mode = candidates[index].mode
            guard candidates[index].accuracy >= settings.accuracyFloor else { return false }
            guard !mode.isLocal else { return mode.deviceSeconds <= settings.deadlineSeconds }
            return mean > 0 && low > 0 && mode.seconds.value(at: low) <= patienceSeconds
        }
        guard let best = allowed.min(by: { predicted($0) < predicted($1) }) else {
            choice = fallback
            return fallback
        }
        if let choice, allowed.contains(choice),
            predicted(best) >= (1 - settings.hysteresis) * predicted(choice)
        {
            return choice
        }
        choice = best
        return best
    }

    /// What comes of an image in a window whose rate is `rate` bit/s.
    package func outcome(of index: Int, at rate: Double) -> OffloadOutcome {
        let mode = candidates[index].mode
        if mode.isLocal || rate > 0 && mode.cost(at: rate).seconds <= patienceSeconds {
            let seconds = mode.seconds.value(at: rate)
            return OffloadOutcome(
                seconds: seconds, joules: mode.joules.value(at: rate),
                marginalJoules: mode.marginalJoules.value(at: rate), bytesOnAir: mode.uplinkBytesOnAir,
                meetsDeadline: seconds <= settings.deadlineSeconds, fellBack: false,
                accuracy: candidates[index].accuracy)
        }
        let lost = mode.abandoned(after: patienceSeconds, at: rate)
        let isInTime = patienceSeconds < settings.deadlineSeconds
        let seconds = isInTime ? settings.deadlineSeconds : patienceSeconds + reserve.mode.deviceSeconds
        let joules = lost.joules + reserve.mode.joules.constant
        return OffloadOutcome(
            seconds: seconds, joules: joules,
            marginalJoules: joules - reserve.mode.power.idleWatts * seconds, bytesOnAir: lost.bytesOnAir,
            meetsDeadline: isInTime, fellBack: true, accuracy: reserve.accuracy)
    }

    /// The choice of one who knows the window's rate: of the candidates with enough accuracy one that meets the
    /// deadline if there is any, and of these the one with the least score.
    package func oracle(at rate: Double) -> Int {
        let allowed = candidates.indices.filter { candidates[$0].accuracy >= settings.accuracyFloor }
        return allowed.min { first, second in
            let (a, b) = (outcome(of: first, at: rate), outcome(of: second, at: rate))
            guard a.meetsDeadline == b.meetsDeadline else { return a.meetsDeadline }
            return score(seconds: a.seconds, joules: a.joules) < score(seconds: b.seconds, joules: b.joules)
        } ?? fallback
    }
}

import Methods
import TensorMath
import Testing

/// A controller over a trace, beside the oracle and each mode alone.
@Suite struct OffloadSimulationTests {
    private typealias World = OffloadWorld

    private static let settings = ControllerSettings(deadlineSeconds: 1.5)

    private static func simulation(
        _ trace: RateTrace, _ settings: ControllerSettings = settings,
        accuracies: [Double] = [0.8, 0.8, 0.78]
    ) -> OffloadSimulation {
        OffloadSimulation(
            trace, candidates: OffloadControllerTests.candidates(accuracies: accuracies), link: World.link(),
            settings: settings)
    }

    /// At a rate that stays the controller is the best single mode and the oracle from the first window on, but for the
    /// probe of 8,000 bits.
    @Test(arguments: [0.02e6, 1e6, 20e6]) func constantRate(rate: Double) throws {
        let result = Self.simulation(.constant(rate, windows: 40, windowSeconds: 1))
        let best = try #require(result.fixed.indices.min { result.fixed[$0].score < result.fixed[$1].score })
        #expect(result.windows.allSatisfy { $0.choice == best && $0.oracle == best })
        #expect(result.switches == 0 && result.controller.missedDeadlines == 0)
        #expect(World.near(result.oracle.score, result.fixed[best].score))
        let probe = (0.5e-6 * rate + 1) * 8000 / rate
        #expect(result.windows[0].probed && World.near(result.windows[0].probeJoules, probe))
        let probes: Double = probe * Double(result.probes)
        #expect(World.near(result.controller.joules, result.fixed[best].joules + probes))
        #expect(World.near(result.regret, 0.5 * probes / 2.5 / 40, within: 1e-6))
        // While it sends it needs no probes; while it does not, it measures every third window.
        #expect(result.probes == (best == 0 ? 14 : 1))
    }

    private static let fading = RateTrace.fading(
        .init(bandwidthHertz: 1e6, signalToNoise: 3, correlation: 0.9), windows: 500, windowSeconds: 1,
        seed: 3)

    @Test func oracleIsNeverWorse() {
        for deadline in [0.4, 0.8, 2] {
            var settings = Self.settings
            settings.deadlineSeconds = deadline
            let result = Self.simulation(Self.fading.with(outage: 100..<140), settings)
            let chooser = OffloadController(OffloadControllerTests.candidates(), settings: settings)
            for window in result.windows {
                let best = window.oracleOutcome
                for index in 0..<3 {
                    let other = chooser.outcome(of: index, at: window.rate)
                    #expect(best.meetsDeadline || !other.meetsDeadline)
                    let score = chooser.score(seconds: other.seconds, joules: other.joules)
                    let least = chooser.score(seconds: best.seconds, joules: best.joules)
                    #expect(least <= score || best.meetsDeadline && !other.meetsDeadline)
                }
            }
            #expect(result.fixed.allSatisfy { result.oracle.missedDeadlines <= $0.missedDeadlines })
            #expect(result.oracle.missedDeadlines <= result.controller.missedDeadlines)
            if deadline > 0.5 {
                #expect(result.fixed.allSatisfy { result.oracle.score <= $0.score })
                #expect(result.regret > 0 && result.controller.missedDeadlines == 0)
            }
        }
    }

    @Test func totalsAreSums() {
        let result = Self.simulation(Self.fading.with(outage: 50..<60))
        let chooser = OffloadController(OffloadControllerTests.candidates(), settings: Self.settings)
        var (seconds, joules, bytes, score, oracle) = (0.0, 0.0, 0.0, 0.0, 0.0)
        var (fallbacks, switches) = (0, 0)
        for (index, window) in result.windows.enumerated() {
            seconds += window.outcome.seconds
            joules += window.outcome.joules + window.probeJoules
            bytes += window.outcome.bytesOnAir + (window.probed && window.rate > 0 ? 1000 : 0)
            score += chooser.score(
                seconds: window.outcome.seconds, joules: window.outcome.joules + window.probeJoules)
            oracle += window.oracleOutcome.joules
            fallbacks += window.outcome.fellBack ? 1 : 0
            #expect(window.outcome == chooser.outcome(of: window.choice, at: window.rate))
            if index > 0 { switches += window.choice == result.windows[index - 1].choice ? 0 : 1 }
            #expect(window.switched == (index > 0 && window.choice != result.windows[index - 1].choice))
        }
        #expect(
            World.near(seconds, result.controller.seconds) && World.near(joules, result.controller.joules))
        #expect(World.near(bytes, result.controller.bytesOnAir))
        #expect(World.near(score, result.controller.score) && World.near(oracle, result.oracle.joules))
        #expect(fallbacks == result.controller.fallbacks && switches == result.switches && switches > 0)
        #expect(result.controller.images == 500 && result.fixed.allSatisfy { $0.images == 500 })
        // The device alone takes 0.5 s and 2.5 J whatever the rate.
        #expect(World.near(result.fixed[0].seconds, 250) && World.near(result.fixed[0].joules, 1250))
        #expect(World.near(result.fixed[0].marginalJoules, 750))
        #expect(result == Self.simulation(Self.fading.with(outage: 50..<60)))
    }

    /// One image is lost on the way and computed again; then the device stays alone until old failures are forgotten.
    @Test func outage() {
        let trace = RateTrace.constant(1e6, windows: 100, windowSeconds: 1).with(outage: 20..<40)
        let result = Self.simulation(trace)
        #expect(result.windows[..<20].allSatisfy { $0.choice == 2 && !$0.outcome.fellBack })
        #expect(result.windows[20].choice == 2 && result.windows[20].outcome.fellBack)
        #expect(result.windows[21..<40].allSatisfy { $0.choice == 0 && !$0.outcome.fellBack })
        #expect(result.windows[40..<100].contains { $0.choice == 2 })
        #expect(result.windows[80..<100].allSatisfy { $0.choice == 2 })
        #expect(result.windows.allSatisfy { $0.outcome.meetsDeadline })
        #expect(result.controller.fallbacks == 1 && result.fixed[2].fallbacks == 20)
        #expect(result.switches == 2)
        // Probes go on, and cost the base power for as long as they are tried.
        #expect(result.windows[21..<40].contains { $0.probed && $0.probeJoules == 1.5 })
        #expect(result.fixed[2].joules > result.controller.joules)
    }

    /// A rate that goes up and down around the crossover: without hysteresis the mode follows, with it it stays.
    @Test func alternatingRates() {
        let rates = (0..<60).map { $0 % 2 == 0 ? 2.4e6 : 3.4e6 }
        var settings = ControllerSettings(
            deadlineSeconds: 1.5, latencyWeight: 1, energyWeight: 0, hysteresis: 0,
            estimator: RateEstimator(smoothing: 1))
        let trace = RateTrace(rates: rates, windowSeconds: 1)
        #expect(Self.simulation(trace, settings).switches > 50)
        settings.hysteresis = 0.2
        #expect(Self.simulation(trace, settings).switches == 0)
    }

    @Test func accuracyFloorAndDeadline() {
        var settings = Self.settings
        settings.accuracyFloor = 0.79
        let accurate = Self.simulation(Self.fading, settings)
        #expect(accurate.windows.allSatisfy { $0.choice != 2 && $0.oracle != 2 })
        settings.accuracyFloor = 0
        // 0.3 s are left for an answer.
        settings.deadlineSeconds = 0.8
        let hurried = Self.simulation(Self.fading, settings)
        #expect(hurried.windows.allSatisfy { $0.outcome.meetsDeadline })
        let sending = hurried.windows.filter { $0.choice != 0 }
        #expect(sending.count > 20 && sending.count < 480)
        for window in sending {
            let mode = OffloadControllerTests.candidates()[window.choice].mode
            #expect(mode.seconds.value(at: window.lowEstimate) <= 0.3 + 1e-12)
        }
    }
}

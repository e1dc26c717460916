import Methods
import TensorMath
import Testing

/// Which mode is chosen at a rate, and what comes of it.
@Suite struct OffloadControllerTests {
    private typealias World = OffloadWorld

    /// 0.5 s on the device; the image of 40,000 bytes, or a code of 5,000 after 0.1 s, and 0.02 s on the server. Edge
    /// offloading takes 0.02 s + 320,000 bit / R, the split 0.12 s + 40,000 bit / R: equal at 2.8 Mbit/s. Answers take
    /// 16 bits more.
    static func candidates(accuracies: [Double] = [0.8, 0.8, 0.78]) -> [OffloadCandidate] {
        let modes = [
            World.mode("local", head: 0.5), World.mode("edge", head: 0, bytes: 40_000, tail: 0.02),
            World.mode("split", head: 0.1, bytes: 5_000, tail: 0.02),
        ]
        return zip(modes, accuracies).map { OffloadCandidate(World.priced($0), accuracy: $1) }
    }

    private static func controller(_ settings: ControllerSettings) -> OffloadController {
        OffloadController(candidates(), settings: settings)
    }

    private static func seconds(
        deadline: Double = 2, floor: Double = 0, hysteresis: Double = 0
    ) -> ControllerSettings {
        ControllerSettings(
            deadlineSeconds: deadline, accuracyFloor: floor, latencyWeight: 1, energyWeight: 0,
            hysteresis: hysteresis)
    }

    /// By seconds alone: the split to 2.8 Mbit/s, then the edge; below 105 kbit/s the split is as slow as the device.
    @Test(arguments: [(0.05e6, 0), (0.1e6, 0), (0.2e6, 2), (2.7e6, 2), (2.9e6, 1), (50e6, 1)])
    func bySeconds(rate: Double, choice: Int) {
        var controller = Self.controller(Self.seconds())
        #expect(controller.choose(mean: rate, low: rate) == choice)
        #expect(controller.oracle(at: rate) == choice)
    }

    @Test func scoreAndFallback() {
        let controller = Self.controller(
            ControllerSettings(deadlineSeconds: 1, latencyWeight: 2, energyWeight: 3))
        #expect(controller.fallback == 0)
        // The device alone takes 0.5 s and 2.5 J.
        #expect(World.near(controller.score(seconds: 0.25, joules: 5), 2 * 0.5 + 3 * 2))
        #expect(World.near(controller.patienceSeconds, 0.5))
    }

    /// A floor of 0.79 leaves out the split, and one of 0.9 all: then the device computes.
    @Test func accuracyFloor() {
        var controller = Self.controller(Self.seconds(floor: 0.79))
        #expect(controller.choose(mean: 2e6, low: 2e6) == 1)
        #expect(controller.oracle(at: 2e6) == 1)
        var strict = Self.controller(Self.seconds(floor: 0.9))
        #expect(strict.choose(mean: 2e6, low: 2e6) == 0)
        #expect(strict.oracle(at: 2e6) == 0)
        // The fastest local network that is accurate enough is the one to fall back to.
        let locals = [(0.5, 0.8), (0.1, 0.6), (0.4, 0.8)].map {
            OffloadCandidate(World.priced(World.mode(head: $0.0)), accuracy: $0.1)
        }
        // Scores are by the whole network's half second, whatever is fallen back to.
        #expect(
            World.near(
                OffloadController(locals, settings: Self.seconds()).score(seconds: 0.1, joules: 0), 0.2))
        #expect(OffloadController(locals, settings: Self.seconds(floor: 0.7)).fallback == 2)
        #expect(OffloadController(locals, settings: Self.seconds()).fallback == 1)
        #expect(OffloadController(locals, settings: Self.seconds(floor: 0.9)).fallback == 1)
    }

    /// With 0.7 s there are 0.2 s for an answer: at 2.9 Mbit/s both come by then, and at a low rate of 0.6 Mbit/s the
    /// split alone (0.187 s).
    @Test func lowRate() {
        var controller = Self.controller(Self.seconds(deadline: 0.7))
        #expect(controller.choose(mean: 2.9e6, low: 2.9e6) == 1)
        #expect(controller.choose(mean: 2.9e6, low: 0.6e6) == 2)
        #expect(controller.choose(mean: 2.9e6, low: 0.4e6) == 0)
        #expect(controller.choose(mean: 2.9e6, low: 0) == 0)
    }

    /// At 3.2 Mbit/s the edge takes 0.120 s and the split 0.1325 s, 9.4 % less: not enough to change.
    @Test func hysteresis() {
        var controller = Self.controller(Self.seconds(hysteresis: 0.1))
        #expect(controller.choose(mean: 2.7e6, low: 2.7e6) == 2)
        #expect(controller.choose(mean: 3.2e6, low: 3.2e6) == 2)
        #expect(controller.choose(mean: 3.5e6, low: 3.5e6) == 1)
        #expect(controller.choose(mean: 2.7e6, low: 2.7e6) == 1)
        // A mode that would be late does not stay.
        #expect(controller.choose(mean: 2.7e6, low: 0) == 0)
    }

    /// 0.7 s, of which the device needs 0.5 s. At 0.4 Mbit/s the split's answer would come after 0.22 s: after 0.2 s of
    /// 0.1 s computing and 0.1 s sending at 1.2 W on 2 W the device computes, and both count.
    @Test func fallingBack() {
        let controller = Self.controller(Self.seconds(deadline: 0.7))
        let outcome = controller.outcome(of: 2, at: 0.4e6)
        #expect(outcome.fellBack && outcome.meetsDeadline && outcome.seconds == 0.7)
        let joules: Double = 0.5 + 0.2 + 1.2 * 0.1 + 2.5
        #expect(World.near(outcome.joules, joules))
        #expect(World.near(outcome.marginalJoules, joules - 2 * 0.7))
        #expect(World.near(outcome.bytesOnAir, 5000))
        let outage = controller.outcome(of: 1, at: 0)
        #expect(outage.fellBack && outage.meetsDeadline && outage.bytesOnAir == 0)
        #expect(World.near(outage.joules, 0.4 + 0.2 + 2.5))
        // Without it the answer comes, or the device computes at the deadline.
        var settings = Self.seconds(deadline: 0.7)
        settings.fallsBackInTime = false
        let patient = Self.controller(settings)
        #expect(patient.patienceSeconds == 0.7)
        let late = patient.outcome(of: 2, at: 0.4e6)
        #expect(!late.fellBack && late.meetsDeadline && late.seconds < 0.23)
        let lost = patient.outcome(of: 2, at: 0)
        #expect(lost.fellBack && !lost.meetsDeadline && World.near(lost.seconds, 1.2))
        // A device that is too slow itself cannot help in time either.
        #expect(Self.controller(Self.seconds(deadline: 0.4)).patienceSeconds == 0.4)
    }
}

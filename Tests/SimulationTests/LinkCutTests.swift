import Foundation
import Methods
import Runtime
import TensorMath
import Testing

/// Streams that go on without the link, over whole runs. A device that is alone answers after 0.8 s of silence, a session
/// ends after 2 s, and a stream is kept for 5 s; an undisturbed run of 300 items takes about 4.7 s.
@Suite struct LinkCutTests {
    typealias World = SimulatedWorld<StreamExperiment>

    /// Answers that take 15 ms in the mean, each student's with a worker of its own where there are two.
    static func run(
        _ faults: Faults, seed: UInt64 = 1, workers: Int = 2, items: Int = 300,
        onDisconnect: StreamSpec.Disconnection = .continue
    ) -> World {
        let world = World(
            seed: seed, workers: workers, faults: faults, slice: 30_000_000, minimumWorkers: workers,
            subject: StreamExperiment(
                students: 2, items: items, window: 4, onDisconnect: onDisconnect, ordinary: 1))
        world.run()
        return world
    }

    static func faults(_ cuts: [Range<Double>], worker: Int? = nil) -> Faults {
        var faults = Faults.none
        // As ZeroMQ does, in order.
        faults.delay = 0
        faults.cuts = cuts.map { cut in
            let time = UInt64(cut.lowerBound * 1e9)..<UInt64(cut.upperBound * 1e9)
            return Faults.Cut(time: time, worker: worker)
        }
        return faults
    }

    @Test(arguments: 0..<5) func withoutACutItIsARestartingStream(seed: UInt64) {
        let (restarting, continuing) = (
            Self.run(Self.faults([]), seed: seed, onDisconnect: .restart),
            Self.run(Self.faults([]), seed: seed)
        )
        #expect(StreamTests.violations(continuing) == [])
        #expect(continuing.coordinator.program.local == 0 && continuing.coordinator.retries == 0)
        #expect(continuing.coordinator.meter == restarting.coordinator.meter)
        #expect(continuing.now == restarting.now && continuing.end == restarting.end)
    }

    /// Too short to be noticed, shorter and longer than what ends a session, from the start, twice: while it is cut off
    /// the device answers at the pace at which it did before, and then goes back.
    @Test(arguments: [
        ([1.0..<1.5], 0...0), ([1.0..<2.6], 45...80), ([1.0..<3.8], 115...165), ([0.1..<3.0], 115...170),
        ([1.0..<2.6, 4.6..<6.2], 90...160), ([0.5..<2.9, 6.5..<8.5], 180...330),
    ])
    func aCut(times: [Range<Double>], local: ClosedRange<Int>) {
        let world = Self.run(Self.faults(times), items: 500)
        #expect(StreamTests.violations(world) == [])
        let program = world.coordinator.program
        for student in 0..<2 {
            let own = program.items(.local, of: student)
            #expect(local.contains(own.count), "\(own.count)")
            // Served before the cut, where there was time for it, and again after it, to the end.
            #expect(program.items(.answered, of: student).last == 500)
            // One run of items for each time that it was cut off.
            let breaks = zip(own, own.dropFirst()).count { $0 + 1 != $1 }
            #expect(breaks == (own.isEmpty ? 0 : times.count - 1), "\(own)")
        }
        // The streams were never anybody else's.
        #expect(
            world.notes.allSatisfy { $0.contains("silent") || $0.contains("came back") }, "\(world.notes)")
    }

    /// What is left is answered alone, and brought when the link is there again.
    @Test func aCutUntilAfterTheEnd() {
        let world = Self.run(Self.faults([2..<8]))
        #expect(StreamTests.violations(world) == [])
        for student in 0..<2 {
            let own = world.coordinator.program.items(.local, of: student)
            #expect(own.last == 300 && own == Array(own[0]...300) && own.count > 150)
        }
        // They were there when they were asked for.
        #expect(world.now < 12_000_000_000)
    }

    /// One of two workers is cut off: its stream waits for it while the other one goes on.
    @Test func aCutOfOneLink() {
        let world = Self.run(Self.faults([1..<4], worker: 0))
        #expect(StreamTests.violations(world) == [])
        let own = (0..<2).map { world.coordinator.program.items(.local, of: $0).count }
        #expect(own.min() == 0 && own.max()! > 100)
    }

    /// Longer than a stream is kept: the other worker begins with what was not answered, and what the device answered
    /// meanwhile counts no more.
    @Test func aCutBeyondPatience() {
        let world = Self.run(Self.faults([1..<12], worker: 0))
        #expect(StreamTests.violations(world) == [])
        #expect(world.coordinator.program.local == 0 && world.coordinator.retries > 0)
    }

    /// With nobody else there the stream is still its own when it comes back.
    @Test func aLongCutOfTheOnlyWorker() {
        let world = Self.run(Self.faults([1..<40]), workers: 1)
        #expect(StreamTests.violations(world) == [])
        #expect(world.coordinator.program.local > 500)
    }

    /// A process that is killed while it is cut off has lost its answers: seen at once, or after 5 s.
    @Test(arguments: [true, false]) func aProcessKilledInACut(isSeen: Bool) {
        var faults = Self.faults([1..<7], worker: 0)
        faults.kills = [Faults.Kill(time: 4_500_000_000, worker: 0, isSeen: isSeen)]
        let world = Self.run(faults)
        #expect(StreamTests.violations(world) == [])
        #expect(world.coordinator.program.local == 0)
    }

    /// What must hold with other faults besides. A failing seed is printed; `TRIBUTARY_SEED=<seed>` replays it alone.
    static func run(seed: UInt64) -> (World, [String]) {
        var random = RandomStream(RandomKey(seed: seed, purpose: .test, client: 4))
        var faults = FaultInjectionTests.faults(seed)
        faults.corrupt = 0
        faults.coordinatorCrash /= 10
        let workers = 1 + random.index(below: 3)
        var start = 0.0
        for _ in 0..<1 + random.index(below: 3) {
            start += 3 * random.uniformDouble()
            let end = start + [0.5, 2.5, 8][random.index(below: 3)] * random.uniformDouble()
            let worker = random.index(below: 2) == 0 ? nil : random.index(below: workers)
            faults.cuts += Self.faults([start..<end], worker: worker).cuts
            start = end
        }
        let experiment = StreamExperiment(
            students: 1 + random.index(below: 4), items: 60 + random.index(below: 150),
            window: 1 + random.index(below: 6), onDisconnect: .continue,
            isGated: random.index(below: 3) == 0, ordinary: random.index(below: 3))
        let world = World(
            seed: seed, workers: workers, faults: faults, slice: 30_000_000, subject: experiment)
        world.run()
        return (world, StreamTests.violations(world))
    }

    @Test func noSeedLosesOrRepeatsAnAnswer() {
        let environment = ProcessInfo.processInfo.environment
        let only = environment["TRIBUTARY_SEED"].flatMap { UInt64($0) }
        let count = environment["TRIBUTARY_SEEDS"].flatMap { UInt64($0) } ?? 400
        var (alone, mixed) = (0, 0)
        for seed in only.map({ $0..<($0 + 1) }) ?? 0..<count {
            let (world, found) = Self.run(seed: seed)
            for violation in found {
                Issue.record("seed \(seed) (TRIBUTARY_SEED=\(seed) replays it): \(violation)")
            }
            if !found.isEmpty { return }
            let program = world.coordinator.program
            if program.local > 0 { alone += 1 }
            if program.local > 0 && program.local < program.answered { mixed += 1 }
        }
        // Otherwise the test would have tested nothing.
        #expect(only != nil || (alone > count / 5 && mixed > count / 5), "\(alone), \(mixed)")
    }

    @Test(arguments: 0..<20) func aSeedIsRepeatedExactly(seed: UInt64) {
        let (first, second) = (Self.run(seed: seed).0, Self.run(seed: seed).0)
        #expect(first.now == second.now && first.notes == second.notes)
        #expect(first.coordinator.meter == second.coordinator.meter)
        for student in 0..<first.subject.students {
            let fates = [first, second].map { $0.coordinator.program.items(.local, of: student) }
            #expect(fates[0] == fates[1])
        }
    }
}

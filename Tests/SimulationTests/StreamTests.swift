import Foundation
import Methods
import Runtime
import TensorMath
import Testing

/// Streams under seeded faults. A failing seed is printed; `TRIBUTARY_SEED=<seed>` replays it alone.
@Suite struct StreamTests {
    /// What must hold however the run went.
    static func violations(_ world: SimulatedWorld<StreamExperiment>) -> [String] {
        guard case .completed(let outcome) = world.end else {
            let last = world.notes.suffix(12).joined(separator: "\n    ")
            return [
                "not complete at \(world.now / 1_000_000) ms: \(String(describing: world.end))\n    \(last)"
            ]
        }
        var found: [String] = []
        let experiment = world.subject
        guard let last = world.disk.last, case .round(let row) = last.rows.first else {
            return ["no row of the round"]
        }
        if row.clients + row.samples != experiment.students * experiment.items {
            found.append("\(row.clients) answered and \(row.samples) lost")
        }
        let sum = "\(experiment.sum)"
        if row.samples == 0 && outcome.modelDigest != sum {
            found.append("\(outcome.modelDigest) instead of \(sum)")
        }
        if experiment.onDisconnect != .lose && row.samples > 0 { found.append("items were lost") }
        guard world.coordinator.settings.epoch == 1 else { return found }
        let counted = world.coordinator.meter.received
        let local = world.coordinator.program.local
        let federated = UInt64(row.clients - local)
        if counted.items != federated || counted.itemPayload != 8 * federated {
            found.append("\(counted) of \(row.clients) answers, \(local) of them local")
        }
        if experiment.onDisconnect != .continue && local > 0 { found.append("\(local) local answers") }
        return found
    }

    static func run(seed: UInt64) -> (SimulatedWorld<StreamExperiment>, [String]) {
        var random = RandomStream(RandomKey(seed: seed, purpose: .test, client: 2))
        var faults = FaultInjectionTests.faults(seed)
        // Nothing but the transport guards an item's bits.
        faults.corrupt = 0
        let experiment = StreamExperiment(
            students: 1 + random.index(below: 5), items: 1 + random.index(below: 25),
            window: 1 + random.index(below: 6),
            onDisconnect: [.restart, .lose, .continue][random.index(below: 3)],
            isGated: random.index(below: 2) == 0, ordinary: random.index(below: 4))
        let world = SimulatedWorld(
            seed: seed, workers: 1 + random.index(below: 4), faults: faults,
            chunkBytes: [1 << 20, 1024][random.index(below: 2)], subject: experiment)
        world.run()
        return (world, violations(world))
    }

    @Test func noSeedLosesOrRepeatsAnAnswer() {
        let environment = ProcessInfo.processInfo.environment
        let only = environment["TRIBUTARY_SEED"].flatMap { UInt64($0) }
        let count = environment["TRIBUTARY_SEEDS"].flatMap { UInt64($0) } ?? 2_000
        var (disturbed, lossy) = (0, 0)
        for seed in only.map({ $0..<($0 + 1) }) ?? 0..<count {
            let (world, found) = Self.run(seed: seed)
            for violation in found {
                Issue.record("seed \(seed) (TRIBUTARY_SEED=\(seed) replays it): \(violation)")
            }
            if !found.isEmpty { return }
            if world.coordinator.retries > 0 { disturbed += 1 }
            if case .round(let row) = world.disk.last?.rows.first, row.samples > 0 { lossy += 1 }
        }
        // Otherwise the test would have tested nothing.
        #expect(only != nil || (disturbed > count / 10 && lossy > count / 30), "\(disturbed), \(lossy)")
    }

    /// Streams go to the workers in turn, and one worker serves them all when it is alone.
    @Test(arguments: [1, 2, 3, 7], [false, true]) func anyNumberOfWorkers(workers: Int, isGated: Bool) {
        let world = SimulatedWorld(
            seed: UInt64(workers), workers: workers, faults: .none,
            subject: StreamExperiment(students: 5, items: 30, isGated: isGated))
        world.run()
        #expect(Self.violations(world) == [])
        #expect(world.coordinator.retries == 0)
    }
}

import Foundation
import Methods
import Runtime
import Synchronization
import TensorMath
import Testing

/// The whole runtime under seeded faults. A failing seed is printed; `TRIBUTARY_SEED=<seed>` replays it alone.
@Suite struct FaultInjectionTests {
    private final class Totals: Sendable {
        let sums = Mutex((crashes: 0, seeds: 0))
    }

    /// What must hold however the run went.
    static func violations(_ world: SimulatedWorld<TinyMethod>) -> [String] {
        var found: [String] = []
        guard case .completed(let outcome) = world.end else {
            let last = world.notes.suffix(12).joined(separator: "\n    ")
            return [
                "not complete at \(world.now / 1_000_000) ms: \(String(describing: world.end))\n    \(last)"
            ]
        }
        let oracle = TinyExperiment.oracles[world.subject.name]!
        if outcome != oracle.outcome { found.append("outcome \(outcome)") }
        let rounds = world.disk.map(\.snapshot.round)
        if zip(rounds, rounds.dropFirst()).contains(where: { $0 >= $1 }) { found.append("points \(rounds)") }
        let rows = world.disk.flatMap(\.rows).filter { if case .infrastructure = $0 { false } else { true } }
        if rows != oracle.rows { found.append("the ledger differs from the oracle's") }
        // A coordinator that was never resumed has seen all bytes: what it counts as federated is what the ledger says,
        // whatever was sent again; updates that do not count are simulated alone.
        let up = rows.reduce(UInt64(0)) {
            if case .client(let row) = $1, row.fate == .accepted { $0 + row.upPayloadBytes } else { $0 }
        }
        let counted = world.coordinator.meter.received.federatedPayload
        if world.coordinator.settings.epoch == 1 && counted != up {
            found.append("\(counted) bytes up were counted as federated; the ledger says \(up)")
        }
        return found
    }

    static func faults(_ seed: UInt64) -> Faults {
        var random = RandomStream(RandomKey(seed: seed, purpose: .test))
        func some(_ most: Double) -> Double {
            random.index(below: 2) == 0 ? 0 : random.uniformDouble() * most
        }
        return Faults(
            drop: some(0.2), duplicate: some(0.2), delay: 100_000 + UInt64(some(300_000_000)),
            workerCrash: some(0.02), workerStall: some(0.005), coordinatorCrash: some(0.01),
            diskFault: some(0.3),
            corrupt: some(0.02))
    }

    static func run(seed: UInt64) -> (SimulatedWorld<TinyMethod>, [String]) {
        var random = RandomStream(RandomKey(seed: seed, purpose: .test, client: 1))
        let world = SimulatedWorld(
            seed: seed, workers: 1 + random.index(below: 4), faults: faults(seed),
            chunkBytes: [1 << 20, 1024][random.index(below: 2)],
            subject: TinyMethod(
                name: TinyExperiment.methods[random.index(below: TinyExperiment.methods.count)]))
        world.run()
        return (world, violations(world))
    }

    @Test func everySeedGivesTheOraclesBits() async {
        _ = TinyExperiment.oracles
        let environment = ProcessInfo.processInfo.environment
        let only = environment["TRIBUTARY_SEED"].flatMap { UInt64($0) }
        let count = environment["TRIBUTARY_SEEDS"].flatMap { UInt64($0) } ?? 5_000
        let seeds = only.map { $0..<($0 + 1) } ?? 0..<count
        let totals = Totals()
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<UInt64(2) {
                group.addTask {
                    for seed in seeds where seed % 2 == part {
                        let (world, found) = Self.run(seed: seed)
                        totals.sums.withLock {
                            $0.crashes += world.crashes
                            $0.seeds += 1
                        }
                        for violation in found {
                            Issue.record("seed \(seed) (TRIBUTARY_SEED=\(seed) replays it): \(violation)")
                        }
                        if !found.isEmpty { return }
                    }
                }
            }
        }
        let (crashes, run) = totals.sums.withLock { ($0.crashes, $0.seeds) }
        // Otherwise the test would have tested nothing.
        #expect(
            only != nil || (run == Int(count) && crashes > run / 50), "\(crashes) crashes in \(run) seeds")
    }

    @Test(arguments: [1, 2, 5, 12]) func anyNumberOfWorkersGivesTheSameBits(workers: Int) {
        let world = SimulatedWorld(
            seed: UInt64(workers), workers: workers, faults: .none, subject: TinyMethod())
        world.run()
        #expect(Self.violations(world) == [])
    }

    @Test func clientsAtHomeGiveTheSameBits() {
        let world = SimulatedWorld(seed: 3, workers: 12, faults: .none, slots: 12, subject: TinyMethod())
        world.run()
        #expect(Self.violations(world) == [])
    }
}

import Foundation
import Methods
import Runtime
import TensorMath
import Testing

/// Distributed inference under seeded faults. A failing seed is printed; `TRIBUTARY_SEED=<seed>` replays it alone.
@Suite struct InferenceFaultTests {
    typealias Oracle = (rows: [Row], outcome: Outcome)

    static let subjects: [TinyInference] = [
        TinyInference(), TinyInference(onDisconnect: .lose),
        TinyInference(input: .local, values: .int8),
        TinyInference(onDisconnect: .lose, input: .local, values: .float16),
    ]

    /// Two contenders are served.
    static let messages = 2 * TinyInference.students * 7

    /// What must hold however the run went.
    static func violations(_ world: SimulatedWorld<TinyInference>, _ oracle: Oracle) -> [String] {
        guard case .completed(let outcome) = world.end else {
            let last = world.notes.suffix(12).joined(separator: "\n    ")
            return [
                "not complete at \(world.now / 1_000_000) ms: \(String(describing: world.end))\n    \(last)"
            ]
        }
        var found: [String] = []
        if outcome != oracle.outcome { found.append("outcome \(outcome)") }
        let rounds = world.disk.map(\.snapshot.round)
        if zip(rounds, rounds.dropFirst()).contains(where: { $0 >= $1 }) { found.append("points \(rounds)") }
        let rows = world.disk.flatMap(\.rows).filter { if case .infrastructure = $0 { false } else { true } }
        let lost = TinyInference.contenders(rows).reduce(0) { $0 + $1.lostAnswers }
        if lost == 0 && rows != oracle.rows { found.append("the ledger differs from the oracle's") }
        if lost > 0 {
            if world.subject.onDisconnect == .restart { found.append("\(lost) answers were lost") }
            found += Self.differences(rows, oracle.rows)
        }
        // Every message was answered or lost once: a lost one has three images, the last of a student two.
        let counted = world.coordinator.meter.received
        if world.coordinator.settings.epoch == 1 {
            let gone = messages - Int(counted.items)
            let most = TinyInference.batch * gone
            if gone < 0 || lost > most || lost < most - 2 * TinyInference.students {
                found.append("\(counted.items) answers came and \(lost) are lost")
            }
        }
        return found
    }

    /// Where answers were lost, nothing but accuracies may differ, and these by no more images than lack an answer.
    private static func differences(_ rows: [Row], _ oracle: [Row]) -> [String] {
        guard rows.count == oracle.count else { return ["\(rows.count) rows instead of \(oracle.count)"] }
        var losses: [String: Int] = [:]
        for row in TinyInference.contenders(rows) { losses[row.contender] = row.lostAnswers }
        let images = Double(TinyInference.images)
        return zip(rows, oracle).compactMap { pair in
            switch pair {
            case (.contender(var row), .contender(let due)):
                let most = Double(losses[row.contender]!)
                let distance = (row.accuracy - due.accuracy).magnitude * images
                guard distance <= most + 1e-9 else { return "\(distance) images of \(most): \(row)" }
                (row.accuracy, row.lostAnswers) = (due.accuracy, due.lostAnswers)
                return row == due ? nil : "\(row)"
            case (.subset(var row), .subset(let due)):
                let most = Double(losses[row.contender]!)
                let distance = (row.accuracy - due.accuracy).magnitude * images
                guard distance <= most + 1e-9 else { return "\(distance) images of \(most): \(row)" }
                row.accuracy = due.accuracy
                return row == due ? nil : "\(row)"
            default: return pair.0 == pair.1 ? nil : "\(pair.0) instead of \(pair.1)"
            }
        }
    }

    static func run(seed: UInt64, _ oracles: [Oracle]) -> (SimulatedWorld<TinyInference>, [String]) {
        var random = RandomStream(RandomKey(seed: seed, purpose: .test, client: 3))
        var faults = FaultInjectionTests.faults(seed)
        // Nothing but the transport guards an item's bits.
        faults.corrupt = 0
        let subject = random.index(below: Self.subjects.count)
        let world = SimulatedWorld(
            seed: seed, workers: 1 + random.index(below: 4), faults: faults,
            chunkBytes: [1 << 20, 1024][random.index(below: 2)], subject: Self.subjects[subject])
        world.run()
        return (world, violations(world, oracles[subject]))
    }

    @Test func everySeedGivesTheOraclesRows() {
        let oracles = Self.subjects.map { $0.oracle() }
        let environment = ProcessInfo.processInfo.environment
        let only = environment["TRIBUTARY_SEED"].flatMap { UInt64($0) }
        let count = environment["TRIBUTARY_SEEDS"].flatMap { UInt64($0) } ?? 400
        var (disturbed, lossy, crashes) = (0, 0, 0)
        for seed in only.map({ $0..<($0 + 1) }) ?? 0..<count {
            let (world, found) = Self.run(seed: seed, oracles)
            for violation in found {
                Issue.record("seed \(seed) (TRIBUTARY_SEED=\(seed) replays it): \(violation)")
            }
            if !found.isEmpty { return }
            if world.coordinator.retries > 0 { disturbed += 1 }
            let rows = TinyInference.contenders(world.disk.flatMap(\.rows))
            if rows.contains(where: { $0.lostAnswers > 0 }) { lossy += 1 }
            crashes += world.crashes
        }
        // Otherwise the test would have tested nothing.
        #expect(
            only != nil || (disturbed > count / 10 && lossy > count / 40 && crashes > count / 50),
            "\(disturbed), \(lossy), \(crashes)")
    }

    /// Fewer workers than students, and more.
    @Test(arguments: [1, 2, 3, 7]) func anyNumberOfWorkers(workers: Int) {
        for subject in Self.subjects {
            let world = SimulatedWorld(
                seed: UInt64(workers), workers: workers, faults: .none, subject: subject)
            world.run()
            #expect(Self.violations(world, subject.oracle()) == [])
            #expect(world.coordinator.retries == 0)
            #expect(world.coordinator.meter.received.items == UInt64(Self.messages))
        }
    }
}

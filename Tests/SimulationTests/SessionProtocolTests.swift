import Methods
import Runtime
import TensorMath
import Testing
import Wire

/// Handshakes, farewells and strangers, message by message, from either side.
@Suite struct SessionProtocolTests {
    // MARK: - The log

    /// What any peer may do a thousand times, and what it needs for that.
    enum Nuisance: CaseIterable {
        case version, kernelFamily, garbage, garbageInSession, dataset, leaving, returning, error, conflict
    }

    /// None fills the log.
    @Test(arguments: Nuisance.allCases) func aThousandTimes(nuisance: Nuisance) {
        var run = HandPlayedRun(TinyMethod())
        run.join(1)
        let order = run.work(1).tasks[0]
        run.offer(order, 1)
        run.join(2)
        #expect(run.notes.isEmpty)
        for time in 0..<1000 as Range<UInt64> { Self.disturb(&run, nuisance, time) }
        #expect(1...10 ~= run.notes.count, "\(run.notes)")
        #expect(run.notes.last?.contains("(512 of this kind so far)") == true)
    }

    private static func disturb(_ run: inout HandPlayedRun<TinyMethod>, _ nuisance: Nuisance, _ time: UInt64)
    {
        switch nuisance {
        case .version: run.greet(3, version: "9.9.9")
        case .kernelFamily: run.greet(3, kernelFamily: "abacus")
        case .garbage: run.say(header: [1, 2, 3], 3)
        case .garbageInSession:
            run.greet(3)
            run.say(header: [1, 2, 3], 3)
        case .dataset:
            run.greet(3)
            let other = ObjectID(high: 1, low: 1)
            run.say(.ping(Ping(progress: 0, memoryBytes: 1, held: [], fingerprint: other)), 3)
        case .leaving:
            run.greet(3)
            run.say(.bye(code: 66, text: "no data", memoryBytes: 1), 3)
        case .returning: run.greet(2, nonce: 1000 + time)
        case .error: run.say(.error(code: .unexpected, text: "hm", object: nil), 2)
        case .conflict: run.say(.offer(Self.failure), 2)
        }
    }

    private static let failure = Offer(
        task: UInt64(1) << 32 | UInt64(TaskSpec.Kind.train.rawValue) << 28, attempt: 1, outputs: [],
        metrics: [], work: [], inline: 0, failure: "no")
}

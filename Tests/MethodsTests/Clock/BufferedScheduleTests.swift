import Methods
import TensorMath
import Testing

/// Rounds that overlap, against cases made by hand. Times in seconds.
@Suite struct BufferedScheduleTests {
    private func async(_ buffer: Int, _ concurrency: Int, staleness: Int = 10) -> RoundPolicy {
        .async(buffer: buffer, concurrency: concurrency, maximumStaleness: staleness)
    }

    private struct Part: Equatable {
        let client: Int
        let staleness: Int
        let fate: ClientFate
        let end: Double

        init(_ client: Int, _ staleness: Int, at end: Double, _ fate: ClientFate = .accepted) {
            (self.client, self.staleness, self.fate, self.end) = (client, staleness, fate, end)
        }

        init(_ part: RoundPlan.Part) {
            self.init(part.client, part.staleness, at: part.passage.end.units, part.fate)
        }
    }

    /// All four clients work at any time but for the rest of the round in which they ended; two updates are a round.
    @Test func everyEndByHand() throws {
        var schedule = TestTimeline(async(2, 4, staleness: 2), seconds: [1, 2, 3, 10], size: 4)
        let rounds: [[Part]] = [
            [Part(0, 0, at: 1), Part(1, 0, at: 2)],
            // 0 and 1 started again at 2 s; at 3 s two end, the lower client first.
            [Part(0, 0, at: 3), Part(2, 1, at: 3)],
            [Part(0, 0, at: 4), Part(1, 1, at: 4)],
            [Part(0, 0, at: 5), Part(1, 0, at: 6)],
            [Part(2, 2, at: 6), Part(0, 0, at: 7)],
            [Part(0, 0, at: 8), Part(1, 1, at: 8)],
            [Part(0, 0, at: 9), Part(1, 0, at: 10)],
            // Client 3 started with the initial model.
            [Part(2, 2, at: 10), Part(3, 7, at: 10, .stale), Part(0, 0, at: 11)],
        ]
        var start = 0.0
        for (index, due) in rounds.enumerated() {
            let plan = try schedule.next(index + 1)
            #expect(plan.parts.map { Part($0) } == due, "round \(index + 1)")
            #expect(plan.start.units == start && plan.end.units == due.last?.end)
            start = plan.end.units
        }
    }

    /// Equal clients, all at work, all counted: rounds as without overlap.
    @Test func allTogetherIsSynchronous() throws {
        var schedule = TestTimeline(async(5, 5), seconds: .init(repeating: 2, count: 5), size: 5)
        for round in 1...4 {
            let plan = try schedule.next(round)
            #expect(plan.parts.map { Part($0) } == (0..<5).map { Part($0, 0, at: Double(2 * round)) })
            #expect(plan.parts.allSatisfy { $0.base == round - 1 && $0.passage.waiting == 0 })
        }
    }

    /// On random clients: never more at work than asked for, and never fewer while others are idle; a start is when
    /// another ends; nobody twice in a round; staleness is the number of rounds that ended meanwhile.
    @Test func whatHoldsOfEveryRun() throws {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        for trial in 0..<40 {
            let concurrency = 1 + stream.index(below: 6)
            let buffer = 1 + stream.index(below: 4)
            let staleness = stream.index(below: 4)
            let seconds = (0..<20).map { _ in 0.5 + 9 * stream.uniformDouble() }
            var schedule = TestTimeline(
                async(buffer, concurrency, staleness: staleness), seconds: seconds, size: 4,
                availability: .init(dropout: trial % 2 == 0 ? 0 : 0.2), seed: UInt64(trial))
            var plans: [RoundPlan] = []
            for round in 1...20 { plans.append(try schedule.next(round)) }
            #expect(zip(plans, plans.dropFirst()).allSatisfy { $0.end == $1.start })
            let parts = plans.flatMap(\.parts)
            let moments = Set(parts.map(\.passage.end) + plans.map(\.end) + [0])
            for (index, plan) in plans.enumerated() {
                #expect(plan.accepted.count == buffer)
                #expect(Set(plan.parts.map(\.client)).count == plan.parts.count)
                #expect(plan.end == plan.parts.last?.passage.end)
                for part in plan.parts {
                    let ended = plans.prefix(index).count { $0.end > part.passage.start }
                    #expect(part.staleness == ended && part.base == index - ended)
                    #expect(moments.contains(part.passage.start))
                    #expect(part.fate == .dropped || (part.fate == .stale) == (part.staleness > staleness))
                }
            }
            // Parts that are still going on at the end are in no plan.
            let last = plans[plans.count - 4].end
            for moment in moments where moment < last {
                let working = parts.count { $0.passage.start <= moment && moment < $0.passage.end }
                #expect(working <= concurrency)
            }
            #expect(
                moments.filter { $0 < last }.contains { moment in
                    parts.count { $0.passage.start <= moment && moment < $0.passage.end } == concurrency
                })
        }
    }

    /// A run that goes on has run through its past again, and needs nothing else.
    @Test func replayEqualsGoingOn() throws {
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        for trial in 0..<20 {
            let seconds = (0..<15).map { _ in 0.5 + 9 * stream.uniformDouble() }
            let kind: AvailabilitySpec.Kind = trial % 2 == 0 ? .always : .markov(on: 30, off: 10)
            let fresh = TestTimeline(
                async(2, 5, staleness: 3), seconds: seconds, size: 4,
                availability: .init(dropout: 0.1, kind: kind), seed: UInt64(trial))
            var whole = fresh
            #expect(whole.timeline.versions == 4 && whole.memory.isEmpty)
            for round in 1...12 {
                _ = try whole.next(round)
                var (rest, other) = (whole, try fresh.resumed(after: round, memory: []))
                for next in round + 1...round + 3 {
                    let (due, found) = (try rest.next(next), try other.next(next))
                    #expect("\(due)" == "\(found)")
                }
            }
        }
    }

    /// Two at a time, one part each: the third has it last, and nobody is left for a fourth update.
    @Test func whereEveryClientHadItsPartARoundEndsShort() throws {
        var schedule = TestTimeline(async(4, 2), seconds: [1, 1, 1], size: 3)
        for round in 1...3 {
            let plan = try schedule.next(round)
            #expect(plan.clients(.accepted) == [0, 1, 2] && plan.parts.count == 3)
            #expect(plan.start.units == Double(2 * round - 2) && plan.end.units == Double(2 * round))
        }
    }

    @Test func whereNobodyFinishesTheQuorumIsMissed() {
        var schedule = TestTimeline(
            async(1, 2), seconds: [1, 1, 1], size: 3, availability: .init(dropout: 1))
        let error = #expect(throws: QuorumMissed.self) { try schedule.next(1) }
        #expect(
            error?.text
                == "round 1: every client had its part and none sent an update; lower devices.availability.dropout"
        )
    }

    @Test func timePassesUntilSomebodyIsThere() throws {
        let second: Nanoseconds = 1_000_000_000
        let trace = AvailabilityTrace([[.init(start: 10 * second, end: 20 * second)]])
        var schedule = TestTimeline(
            async(1, 2), seconds: [4, 4], size: 2, availability: .init(kind: .trace(file: "none")),
            trace: trace)
        let plan = try schedule.next(1)
        #expect(plan.start == 0 && plan.end == 14 * second && plan.parts.count == 1)
    }
}

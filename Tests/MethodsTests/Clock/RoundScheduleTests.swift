import Methods
import TensorMath
import Testing

/// Rounds that follow each other, against cases made by hand. Times in seconds.
@Suite struct RoundScheduleTests {
    private static let second: Nanoseconds = 1_000_000_000

    private func deadline(_ seconds: Double, _ factor: Double, minimum: Int = 1) -> RoundPolicy {
        .deadline(seconds: seconds, overSelection: factor, minimum: minimum)
    }

    private func seconds(_ plan: RoundPlan) -> [Double] { [plan.start.units, plan.end.units] }

    @Test func strictWaitsForAll() throws {
        var schedule = TestTimeline(.strict(minimum: 1), seconds: [3, 1, 2], size: 3)
        for round in 1...3 {
            let plan = try schedule.next(round)
            let base = Double(3 * round - 3)
            #expect(seconds(plan) == [base, base + 3])
            #expect(plan.clients(.accepted) == [0, 1, 2] && plan.parts.count == 3)
            #expect((0..<3).map { plan.part(of: $0)!.passage.waiting.units } == [0, 2, 1])
            // 1 W idle.
            #expect((0..<3).map { plan.part(of: $0)!.passage.idleEnergy.units } == [0, 2, 1])
            #expect(plan.parts.allSatisfy { $0.base == round - 1 && $0.staleness == 0 })
        }
    }

    /// Four are drawn, two count: the round ends with the second. Those that are still at work are not drawn.
    @Test func theFirstCountAndBusyClientsAreNotDrawn() throws {
        var schedule = TestTimeline(deadline(5, 2), seconds: [1, 2, 3, 10], size: 2)
        let first = try schedule.next(1)
        #expect(seconds(first) == [0, 2])
        #expect(first.clients(.accepted) == [0, 1])
        #expect(first.clients(.surplus) == [2] && first.clients(.late) == [3])
        #expect((0..<4).map { first.part(of: $0)!.passage.waiting.units } == [1, 0, 0, 0])
        #expect(first.part(of: 3)?.passage.end == 10 * Self.second)
        let second = try schedule.next(2)
        #expect(seconds(second) == [2, 4] && second.clients(.accepted) == [0, 1] && second.parts.count == 2)
        // Client 2 was done at 3 s.
        let third = try schedule.next(3)
        #expect(seconds(third) == [4, 6])
        #expect(
            third.clients(.accepted) == [0, 1] && third.clients(.surplus) == [2] && third.parts.count == 3)
        for round in 4...5 { _ = try schedule.next(round) }
        let sixth = try schedule.next(6)
        #expect(seconds(sixth) == [10, 12] && sixth.clients(.late) == [3])
    }

    @Test func theDeadlineEndsARound() throws {
        var schedule = TestTimeline(deadline(5, 2), seconds: [1, 9, 9, 9], size: 2)
        let plan = try schedule.next(1)
        #expect(
            seconds(plan) == [0, 5] && plan.clients(.accepted) == [0] && plan.clients(.late) == [1, 2, 3])
        #expect(plan.part(of: 0)?.passage.waiting == 4 * Self.second)
        let next = try schedule.next(2)
        #expect(seconds(next) == [5, 6] && next.clients(.accepted) == [0] && next.parts.count == 1)
    }

    /// Exactly on time is in time.
    @Test func theLastMomentCounts() throws {
        var schedule = TestTimeline(deadline(5, 1), seconds: [5, 5.000000001], size: 2)
        let plan = try schedule.next(1)
        #expect(plan.clients(.accepted) == [0] && plan.clients(.late) == [1] && seconds(plan) == [0, 5])
    }

    @Test func tiesGoToTheLowerClient() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var schedule = TestTimeline(deadline(5, 2), seconds: [2, 2, 2, 2, 2, 2], size: 3, seed: seed)
            let plan = try schedule.next(1)
            #expect(plan.clients(.accepted) == [0, 1, 2] && plan.clients(.surplus) == [3, 4, 5])
            #expect(seconds(plan) == [0, 2])
        }
    }

    /// `ceil(1.3 x 10)` of 40.
    @Test func overSelectionIsRoundedUp() throws {
        var schedule = TestTimeline(deadline(5, 1.3), seconds: .init(repeating: 1, count: 40), size: 10)
        let plan = try schedule.next(1)
        #expect(plan.parts.count == 13 && plan.accepted.count == 10)
        #expect(plan.clients(.accepted) == Array(plan.parts.map(\.client).sorted().prefix(10)))
    }

    @Test func missedMinimaAddUp() throws {
        var schedule = TestTimeline(
            deadline(5, 1, minimum: 2), seconds: [1, 9, 9], size: 3)
        let first = try schedule.next(1)
        #expect(seconds(first) == [0, 5] && first.accepted.isEmpty)
        #expect(first.clients(.abandoned) == [0] && first.clients(.late) == [1, 2])
        // Two must be there, and the others are at work until 9 s: that belongs to the next round.
        let second = try schedule.next(2)
        #expect(seconds(second) == [5, 14])
        #expect(second.parts.allSatisfy { $0.passage.start == 9 * Self.second })
        for round in 3...9 { #expect(try schedule.next(round).accepted.isEmpty) }
        let error = #expect(throws: QuorumMissed.self) { try schedule.next(10) }
        #expect(
            error?.text
                == "rounds 1 to 10 had fewer than 2 updates, the last 1; raise devices.round.seconds or"
                + " over_selection, or lower devices.round.minimum")
    }

    @Test func aSuccessForgivesMisses() throws {
        // Everybody drops out of some rounds and comes through others.
        var schedule = TestTimeline(
            .strict(minimum: 2), seconds: [1, 1], size: 2, availability: .init(dropout: 0.3))
        let plans = try (1...200).map { try schedule.next($0) }
        #expect(
            plans.contains { $0.accepted.count == 2 } && plans.contains { !$0.clients(.abandoned).isEmpty })
        for plan in plans {
            #expect(plan.accepted.isEmpty || plan.accepted.count == 2)
            let dropped = plan.clients(.dropped).count
            #expect(plan.clients(.abandoned).count == (dropped == 1 ? 1 : 0))
        }
        let rate = Double(plans.reduce(0) { $0 + $1.clients(.dropped).count }) / 400
        // 120 of 400: deviation 9.
        #expect(abs(rate - 0.3) < 0.1)
    }

    @Test func whoDropsOutGoesAPartOfTheWay() throws {
        var schedule = TestTimeline(
            .strict(minimum: 1), seconds: [4, 2], size: 2, availability: .init(dropout: 1))
        let plan = try schedule.next(1)
        #expect(plan.clients(.dropped) == [0, 1])
        let ends = plan.parts.map(\.passage.end)
        #expect(plan.end == ends.max() && plan.part(of: 0)!.passage.end < 4 * Self.second)
        for part in plan.parts { #expect(part.passage.sent == 0 && part.passage.waiting == 0) }
        for round in 2...9 { _ = try schedule.next(round) }
        #expect(throws: QuorumMissed.self) { try schedule.next(10) }
    }

    /// On from 10 to 20 s of every 20: rounds wait for the clients, and who leaves meanwhile has dropped out.
    @Test func timePassesUntilSomebodyIsThere() throws {
        let trace = AvailabilityTrace([[.init(start: 10 * Self.second, end: 20 * Self.second)]])
        var schedule = TestTimeline(
            .strict(minimum: 1), seconds: [3, 3], size: 2,
            availability: .init(kind: .trace(file: "none")), trace: trace)
        let plans = try (1...5).map { try schedule.next($0) }
        #expect(plans.map(seconds) == [[0, 13], [13, 16], [16, 19], [19, 20], [20, 33]])
        #expect(plans.map { $0.parts[0].passage.start.units } == [10, 13, 16, 19, 30])
        #expect(plans.map(\.accepted.count) == [2, 2, 2, 0, 2])
        #expect(plans[3].clients(.dropped) == [0, 1])
        #expect(plans[3].parts[0].passage.compute == Self.second)
        #expect(plans[3].parts[0].passage.computeEnergy == 333)
    }

    @Test func whoIsAwayIsNotDrawn() throws {
        let trace = AvailabilityTrace([
            [.init(start: 0, end: 100 * Self.second)],
            [.init(start: 50 * Self.second, end: 100 * Self.second)],
        ])
        var schedule = TestTimeline(
            .strict(minimum: 1), seconds: .init(repeating: 10, count: 6), size: 6,
            availability: .init(kind: .trace(file: "none")), trace: trace)
        #expect(try schedule.next(1).clients(.accepted) == [0, 2, 4])
        for round in 2...5 { _ = try schedule.next(round) }
        #expect(try schedule.next(6).clients(.accepted) == [0, 1, 2, 3, 4, 5])
    }

    @Test func clientsThatNeverMeet() throws {
        let trace = AvailabilityTrace([
            [.init(start: 0, end: 10 * Self.second)], [.init(start: 10 * Self.second, end: 20 * Self.second)],
        ])
        var schedule = TestTimeline(
            .strict(minimum: 2), seconds: [1, 1], size: 2, availability: .init(kind: .trace(file: "none")),
            trace: trace)
        let error = #expect(throws: QuorumMissed.self) { try schedule.next(1) }
        #expect(error?.text.contains("fewer than 2 clients are ever there together") == true)
    }

    /// What a snapshot keeps is enough to go on, under every policy and every way to be away.
    @Test func goingOnFromMemory() throws {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        for trial in 0..<40 {
            let seconds = (0..<12).map { _ in 0.5 + 20 * stream.uniformDouble() }
            let policy = trial % 2 == 0 ? deadline(8, 1.5, minimum: 2) : .strict(minimum: 1)
            let kind: AvailabilitySpec.Kind = trial % 3 == 0 ? .always : .markov(on: 40, off: 15)
            let fresh = TestTimeline(
                policy, seconds: seconds, size: 4, availability: .init(dropout: 0.1, kind: kind),
                seed: UInt64(trial))
            var whole = fresh
            for round in 1...12 {
                guard let plan = try? whole.next(round) else { break }
                #expect(Set(plan.parts.map(\.client)).count == plan.parts.count && plan.accepted.count <= 4)
                var other = try fresh.resumed(after: round, memory: whole.memory)
                #expect(other.memory == whole.memory)
                var rest = whole
                for next in round + 1...round + 3 {
                    let (due, found) = (try? rest.next(next), try? other.next(next))
                    #expect("\(due as Any)" == "\(found as Any)")
                }
            }
        }
    }
}

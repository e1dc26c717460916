import Methods
import TensorMath
import Testing

/// When clients are there: chains against their stationary figures, traces by hand.
@Suite struct AvailabilityTests {
    private static let second: Nanoseconds = 1_000_000_000

    /// What is said of a client at a moment.
    private struct Presence: Equatable {
        let isOn: Bool
        let until: Nanoseconds?

        init(_ isOn: Bool, until: Nanoseconds?) { (self.isOn, self.until) = (isOn, until) }

        /// `moment` in nanoseconds.
        init(_ availability: inout Availability, of client: Int, at moment: Nanoseconds) {
            (isOn, until) = availability.state(of: client, at: moment)
        }

        /// In seconds.
        init(_ availability: inout Availability, _ client: Int, second: Int64) {
            self.init(&availability, of: client, at: second * AvailabilityTests.second)
        }

        static func on(until second: Int64) -> Presence {
            Presence(true, until: second * AvailabilityTests.second)
        }
        static func off(until second: Int64) -> Presence {
            Presence(false, until: second * AvailabilityTests.second)
        }
    }

    private func markov(on: Double, off: Double, seed: UInt64 = 3) -> Availability {
        Availability(AvailabilitySpec(kind: .markov(on: on, off: off)), seed: seed, trace: nil)
    }

    private func trace(_ clients: [[(Int64, Int64)]]) -> Availability {
        let trace = AvailabilityTrace(
            clients.map { $0.map { .init(start: $0.0 * Self.second, end: $0.1 * Self.second) } })
        return Availability(AvailabilitySpec(kind: .trace(file: "none")), seed: 1, trace: trace)
    }

    @Test func alwaysIsForEver() {
        var availability = Availability(AvailabilitySpec(), seed: 1, trace: nil)
        let state = availability.state(of: 3, at: 1 << 60)
        #expect(availability.isConstant && state.isOn && state.until == nil)
    }

    /// 10 s on, 30 s off: a quarter is there at any time, from the first moment on.
    @Test func theStationaryShareIsThere() {
        var availability = markov(on: 10, off: 30)
        #expect(!availability.isConstant)
        for moment in [0, 1, 7, 100, 1000] as [Nanoseconds] {
            let count = (0..<4000).count { availability.state(of: $0, at: moment * Self.second).isOn }
            // 1,000 of 4,000: deviation 27.
            #expect(abs(count - 1000) < 110, "\(count) at \(moment) s")
        }
    }

    /// Means of 20,000 exponential times: deviation 0.7 %.
    @Test func timesHaveTheirMeans() {
        var availability = markov(on: 10, off: 30)
        var sums: [Bool: (total: Double, count: Int)] = [true: (0, 0), false: (0, 0)]
        for client in 0..<400 {
            guard var since = availability.state(of: client, at: 0).until else { return }
            for _ in 0..<100 {
                let (isOn, until) = availability.state(of: client, at: since)
                guard let until else { return }
                sums[isOn]!.total += (until - since).units
                sums[isOn]!.count += 1
                since = until
            }
        }
        for (isOn, mean) in [(true, 10.0), (false, 30.0)] {
            let (total, count) = sums[isOn]!
            #expect(abs(count - 20_000) <= 200)
            #expect(abs(total / Double(count) - mean) < 0.04 * mean, "\(isOn): \(total / Double(count))")
        }
    }

    /// However often it is asked, and for whom else: the answers are the same, and change when they say.
    @Test func answersDoNotDependOnTheSteps() {
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        var often = markov(on: 5, off: 3)
        var other = markov(on: 5, off: 3, seed: 4)
        var differs = false
        for client in [0, 7, 1000] {
            var seldom = markov(on: 5, off: 3)
            for moment in stride(from: 0, to: 500 * Self.second, by: 100_000_000) {
                let presence = Presence(&often, of: client, at: moment)
                differs = differs || presence != Presence(&other, of: client, at: moment)
                guard stream.index(below: 40) == 0 else { continue }
                let same = Presence(&seldom, of: client, at: moment)
                #expect(same == presence)
            }
        }
        #expect(differs, "the seed does not matter")
        var chain = markov(on: 5, off: 3)
        var moment: Nanoseconds = 0
        for _ in 0..<50 {
            let presence = Presence(&chain, of: 1, at: moment)
            guard let until = presence.until else { return }
            let last = Presence(&chain, of: 1, at: until - 1)
            let next = Presence(&chain, of: 1, at: until)
            #expect(last == presence && next.isOn != presence.isOn)
            moment = until
        }
    }

    /// Two clients in the file, five in the experiment; it ends at 20 s.
    @Test func tracesRepeat() {
        for turn in 0..<3 as Range<Int64> {
            var availability = trace([[(5, 10), (12, 20)], [(0, 4)]])
            let base = 20 * turn
            for (second, due) in [
                (0, .off(until: base + 5)), (4, .off(until: base + 5)), (5, .on(until: base + 10)),
                (9, .on(until: base + 10)), (10, .off(until: base + 12)), (12, .on(until: base + 20)),
                (19, .on(until: base + 20)),
            ] as [(Int64, Presence)] {
                for client in [0, 2, 4] {
                    let presence = Presence(&availability, client, second: base + second)
                    #expect(presence == due, "client \(client) at \(base + second) s")
                }
            }
            for client in [1, 3] {
                let (early, late) = (
                    Presence(&availability, client, second: base),
                    Presence(&availability, client, second: base + 4)
                )
                #expect(early == .on(until: base + 4) && late == .off(until: base + 20))
            }
        }
    }

    /// Who is on where one interval ends and the next begins, or the file ends and begins again, does not leave.
    @Test func whereIntervalsTouchNothingChanges() {
        var availability = trace([[(0, 4), (4, 6), (8, 10)], [(0, 5), (5, 10)], [(2, 10)]])
        for (client, second, due) in [
            (0, 1, .on(until: 6)), (0, 8, .on(until: 16)), (0, 11, .on(until: 16)), (0, 16, .off(until: 18)),
            (1, 3, Presence(true, until: nil)), (1, 13, Presence(true, until: nil)), (2, 9, .on(until: 10)),
            (2, 10, .off(until: 12)),
        ] as [(Int, Int64, Presence)] {
            let presence = Presence(&availability, client, second: second)
            #expect(presence == due, "client \(client) at \(second) s")
        }
    }

    /// 30 % of 20,000 drop out: deviation 65; anywhere on their way.
    @Test func dropoutsHaveTheirProbability() {
        let availability = Availability(AvailabilitySpec(dropout: 0.3), seed: 5, trace: nil)
        let shares = (0..<200).flatMap { client in
            (1...100).compactMap { availability.dropout(client, draw: $0) }
        }
        #expect(abs(shares.count - 6000) < 260)
        #expect(shares.allSatisfy { 0 <= $0 && $0 < 1 })
        #expect(abs(shares.reduce(0, +) / Double(shares.count) - 0.5) < 0.015)
        #expect(availability.dropout(3, draw: 4) == availability.dropout(3, draw: 4))
        let (never, surely) = (
            Availability(AvailabilitySpec(), seed: 5, trace: nil),
            Availability(AvailabilitySpec(dropout: 1), seed: 5, trace: nil)
        )
        #expect((0..<100).allSatisfy { never.dropout($0, draw: 1) == nil })
        #expect((0..<100).allSatisfy { surely.dropout($0, draw: 1) != nil })
    }
}

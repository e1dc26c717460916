import Methods
import TensorMath
import Testing

@Suite struct SelectionTests {
    static func course(clients: Int, perRound: Int, rounds: Int, seed: UInt64) throws -> Course {
        let federation = TinyFederation(
            trainCounts: .init(repeating: 2, count: clients), rounds: rounds, clientsPerRound: perRound,
            on: [],
            seed: seed)
        var program = federation.program()
        return try Course(&program, compute: federation.imagined)
    }

    @Test func cohortsAreUniformSamplesWithoutReplacement() throws {
        let rounds = 2000
        let course = try Self.course(clients: 20, perRound: 5, rounds: rounds, seed: 3)
        var counts = [Int](repeating: 0, count: 20)
        var pairs: [Int: Int] = [:]
        for round in 1...rounds {
            let cohort = course.tasks[(round - 1) * 5..<round * 5].map { $0.client ?? -1 }
            #expect(Set(cohort).count == 5 && cohort.allSatisfy { (0..<20).contains($0) })
            for client in cohort { counts[client] += 1 }
            for (i, a) in cohort.enumerated() {
                for b in cohort[(i + 1)...] { pairs[min(a, b) * 20 + max(a, b), default: 0] += 1 }
            }
        }
        // Each client is in 500 of 2,000 cohorts: deviation 19.4. Each of 190 pairs is in 105: deviation 10.
        #expect(counts.allSatisfy { abs($0 - 500) < 80 }, "\(counts)")
        #expect(pairs.count == 190 && pairs.values.allSatisfy { abs($0 - 105) < 45 })
    }

    @Test func everybodyTakesPartWhenAllAreAskedFor() throws {
        let course = try Self.course(clients: 7, perRound: 7, rounds: 3, seed: 1)
        for round in 1...3 {
            let cohort = course.tasks.filter { $0.round == round }.compactMap(\.client)
            #expect(cohort.sorted() == Array(0..<7))
        }
    }

    /// A function of seed and round; the results of other rounds have no say.
    @Test func seedsDecide() throws {
        let clients = try [3, 3, 4].map {
            try Self.course(clients: 50, perRound: 5, rounds: 10, seed: $0).tasks.compactMap(\.client)
        }
        #expect(clients[0] == clients[1] && clients[0] != clients[2])
    }

    @Test func participationsAreCounted() throws {
        let course = try Self.course(clients: 4, perRound: 2, rounds: 20, seed: 5)
        var before = [Int](repeating: 0, count: 4)
        for task in course.tasks {
            let client = try #require(task.client)
            #expect(task.participation == before[client] && task.kind == .train)
            before[client] += 1
        }
        #expect(before.reduce(0, +) == 40 && Set(course.tasks.map(\.id)).count == 40)
    }
}

@Suite struct ScheduleTests {
    @Test(arguments: [0.996, 0.5, 1, 1.01, 0.99999])
    func exponentialAgreesWithPowers(factor: Double) {
        let schedule = Schedule.exponential(factor: factor)
        var power = 1.0
        for round in 1...1500 {
            let due = 0.05 * power
            let found = Double(schedule.learningRate(0.05, round: round))
            #expect(abs(found - due) <= max(due * 1.2e-7, 1e-45), "round \(round)")
            power *= factor
        }
        #expect(schedule.learningRate(0.05, round: 1) == 0.05)
        #expect(schedule.learningRate(0.25, round: 2) == Float(0.25 * factor))
    }

    @Test func constantStays() {
        for round in [1, 2, 1000] { #expect(Schedule.constant.learningRate(0.3, round: round) == 0.3) }
        let step = Schedule.step(every: 3, factor: 0.5)
        #expect((1...7).map { step.learningRate(0.8, round: $0) } == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2])
        let cosine = Schedule.cosine(rounds: 5, minimum: 0.1)
        for (round, share) in zip(
            1...,
            [1, 0.1 + 0.45 * (1 + 0.5.squareRoot()), 0.55, 0.1 + 0.45 * (1 - 0.5.squareRoot()), 0.1, 0.1])
        {
            #expect(abs(Double(cosine.learningRate(2, round: round)) - 2 * share) < 1e-6)
        }
    }
}

import Methods
import TensorMath
import Testing

@Suite struct LearnedSelectionTests {
    static func report(_ client: Int, loss: Double, samples: Int = 10) -> ClientReport {
        ClientReport(client: client, samples: samples, meanLoss: loss, rootMeanSquareLoss: loss)
    }

    static func selector(
        _ spec: SelectionSpec, clients: Int, size: Int, counts: [Int]? = nil
    ) -> Selector {
        Selector(spec, seed: 9, counts: counts ?? .init(repeating: 10, count: clients), size: size)
    }

    @Test func roundRobinTakesTurns() {
        let selector = Self.selector(.roundRobin, clients: 7, size: 3, counts: [4, 0, 1, 2, 0, 5, 3])
        #expect(
            (1...4).map { selector.cohort(round: $0) } == [[0, 2, 3], [5, 6, 0], [2, 3, 5], [6, 0, 2]])
        #expect(!selector.learns && selector.memory.isEmpty)
    }

    /// With all clients as candidates: those never tried, then those of the greatest loss.
    @Test func powerOfChoiceTakesTheGreatestLosses() {
        let selector = Self.selector(.powerOfChoice(candidates: 8), clients: 8, size: 3)
        selector.observe([0, 2, 3, 5, 6, 7].map { Self.report($0, loss: Double($0 * 7 % 8)) }, round: 1)
        // Losses: 0: 0, 2: 6, 3: 5, 5: 3, 6: 2, 7: 1.
        #expect(Set(selector.cohort(round: 2).prefix(2)) == [1, 4] && selector.cohort(round: 2)[2] == 2)
        selector.observe([Self.report(1, loss: 4), Self.report(4, loss: 0.5)], round: 2)
        #expect(selector.cohort(round: 3) == [2, 3, 1])
        selector.observe([Self.report(2, loss: 0.25)], round: 3)
        #expect(selector.cohort(round: 4) == [3, 1, 5])
    }

    /// Candidates are drawn by samples; the cohort is the best of them.
    @Test func candidatesAreDrawnBySamples() {
        let counts = [90, 10, 0, 50, 50]
        let selector = Self.selector(.powerOfChoice(candidates: 1), clients: 5, size: 1, counts: counts)
        var drawn = [Int](repeating: 0, count: 5)
        for round in 1...4000 { drawn[selector.cohort(round: round)[0]] += 1 }
        for (count, due) in zip(drawn, counts.map { $0 * 20 }) { #expect(abs(count - due) < 130) }
        // Two candidates: client 0 has the least loss and is taken only where it stands alone, which is never.
        let pair = Self.selector(.powerOfChoice(candidates: 2), clients: 5, size: 1, counts: counts)
        pair.observe([0, 1, 3, 4].map { Self.report($0, loss: Double($0)) }, round: 1)
        for round in 2...200 { #expect(pair.cohort(round: round)[0] != 0) }
    }

    static func oort(_ settings: Oort, clients: Int = 100, size: Int = 20, tried: Int) -> Selector {
        let selector = selector(.oort(settings), clients: clients, size: size)
        selector.observe((0..<tried).map { report($0, loss: 1 + Double($0) / 10) }, round: 1)
        return selector
    }

    /// Of a cohort of 20 the share of clients never tried is 0.9 in the first round, then 0.98 times that each
    /// round, and 0.2 at least.
    @Test func explorationShrinks() {
        let selector = Self.oort(Oort(), tried: 50)
        var share = 0.9
        for round in 1...120 {
            let cohort = selector.cohort(round: round)
            #expect(Set(cohort).count == 20)
            let untried = cohort.filter { $0 >= 50 }.count
            #expect(untried == Int((max(share, 0.2) * 20).rounded()), "round \(round)")
            share *= 0.98
        }
        let quick = Self.oort(Oort(exploration: 0.8, explorationDecay: 0.5, explorationMinimum: 0), tried: 50)
        #expect((1...6).map { quick.cohort(round: $0).filter { $0 >= 50 }.count } == [16, 8, 4, 2, 1, 1])
    }

    /// Where clients of one sort run out, the other sort fills the cohort.
    @Test func cohortsAreFull() {
        for tried in [0, 5, 95, 100] {
            for exploration in [0.0, 0.5, 1] {
                let settings = Oort(exploration: exploration, explorationDecay: 1, explorationMinimum: 0)
                #expect(Set(Self.oort(settings, tried: tried).cohort(round: 3)).count == 20)
            }
        }
    }

    /// Utilities are samples x root mean square of losses; those below the cutoff's share of the m-th are never taken.
    @Test func theCutoffBounds() {
        let settings = Oort(exploration: 0, explorationDecay: 1, explorationMinimum: 0, cutoff: 0.95)
        let selector = Self.selector(.oort(settings), clients: 40, size: 5)
        // Utilities 10, 20, ... 400: the 95th percentile (place 38 of 0...39) is 390, to which 400 is clipped.
        selector.observe((0..<40).map { Self.report($0, loss: Double($0 + 1)) }, round: 1)
        let bonus = (0.1 * 0.6931471805599453).squareRoot()
        // The fifth of the greatest values is that of 360.
        let threshold = 0.95 * (360.0 / 390 + bonus)
        let pool = (0..<40).filter { min(Double($0 + 1) * 10, 390) / 390 + bonus >= threshold }
        #expect(pool.count > 5 && pool.count < 12)
        var seen: Set<Int> = []
        for round in 0..<300 {
            let one = Selector(
                .oort(settings), seed: UInt64(round), counts: .init(repeating: 10, count: 40), size: 5)
            for (target, source) in zip(one.memory, selector.memory) {
                target.values.copy(from: source.values)
            }
            let cohort = one.cohort(round: 2)
            #expect(Set(cohort).count == 5)
            seen.formUnion(cohort)
        }
        #expect(seen == Set(pool))
    }

    /// One boundless loss does not take all the chances: it counts as the 95th percentile.
    @Test func utilitiesAreClipped() {
        let settings = Oort(exploration: 0, explorationDecay: 1, explorationMinimum: 0, cutoff: 0)
        var drawn = 0
        for seed in UInt64(0)..<400 {
            let selector = Selector(
                .oort(settings), seed: seed, counts: .init(repeating: 1, count: 40), size: 1)
            selector.observe((0..<40).map { Self.report($0, loss: $0 == 7 ? 1e6 : 1, samples: 1) }, round: 1)
            drawn += selector.cohort(round: 1) == [7] ? 1 : 0
        }
        // Place 38 of 40 sorted utilities is 1: everybody alike, 10 of 400.
        #expect(drawn < 30, "\(drawn)")
    }

    /// Who was left alone for long gains: bonus sqrt(0.1 ln r / L).
    @Test func stalenessIsABonus() {
        let settings = Oort(exploration: 0, explorationDecay: 1, explorationMinimum: 0, cutoff: 1)
        let selector = Self.selector(.oort(settings), clients: 3, size: 1)
        selector.observe([Self.report(0, loss: 1)], round: 1)
        selector.observe([Self.report(1, loss: 1.2), Self.report(2, loss: 0.1)], round: 90)
        // Clipped at the greatest of three, 12: 10 / 12 + sqrt(0.1 ln 100) = 1.51; 1 + sqrt(0.1 ln 100 / 90) = 1.07.
        #expect(selector.cohort(round: 100) == [0])
        // ln 1 is 0.
        #expect(selector.cohort(round: 1) == [1])
    }

    /// Shares of 3,000 draws of one client out of three whose parts take 1, 2 and 4 s.
    private static func shares(_ settings: Oort, tried: Bool) -> [Double] {
        var drawn = [0.0, 0, 0]
        for seed in UInt64(0)..<3000 {
            let selector = Selector(.oort(settings), seed: seed, counts: [1, 1, 1], size: 1)
            if tried { selector.observe((0..<3).map { report($0, loss: 1, samples: 1) }, round: 1) }
            let cohort = selector.cohort(
                round: 1, size: 1, duration: { [1_000_000_000, 2_000_000_000, 4_000_000_000][$0] })
            drawn[cohort[0]] += 1 / 3000
        }
        return drawn
    }

    /// Equal utilities are multiplied by (T / t)^penalty where t > T, the time of the `preferred` share.
    @Test(arguments: [
        (0.0, 2.0, [16.0, 4, 1]), (0.0, 1, [4, 2, 1]), (0.0, 0, [1, 1, 1]), (0.4, 2, [4, 4, 1]),
        (1, 2, [1, 1, 1]),
    ]) func slowClientsAreLessUseful(preferred: Double, penalty: Double, due: [Double]) {
        let settings = Oort(
            exploration: 0, explorationDecay: 1, explorationMinimum: 0, cutoff: 0, preferred: preferred,
            penalty: penalty)
        let total = due.reduce(0, +)
        for (share, part) in zip(Self.shares(settings, tried: true), due) {
            #expect(abs(share - part / total) < 0.03, "\(share) \(part)")
        }
    }

    @Test func untriedClientsAreDrawnBySpeed() {
        for (share, part) in zip(Self.shares(Oort(), tried: false), [4.0, 2, 1]) {
            #expect(abs(share - part / 7) < 0.03, "\(share) \(part)")
        }
    }

    /// Simulated time reaches the selection: devices that take three times as long have fewer parts.
    @Test func devicesDecide() throws {
        func parts(penalty: Double) throws -> Int {
            var world = try MethodWorld(
                FedAvg(), sizes: .init(repeating: 8, count: 12), rounds: 60, perRound: 2)
            world.configuration.devices = DevicesSpec(groups: [])
            world.configuration.training.selection = .oort(
                Oort(
                    exploration: 1, explorationDecay: 0.8, explorationMinimum: 0, cutoff: 0,
                    penalty: penalty))
            let run = try MethodRun(world)
            return run.course.clients.count { $0.timing?.device == "slow" }
        }
        #expect(try 2 * parts(penalty: 4) < parts(penalty: 0))
    }

    static let learning: [SelectionSpec] = [.powerOfChoice(candidates: 5), .oort(Oort())]

    /// A resumed run draws the same cohorts, because what was learnt is part of a durability point.
    @Test(arguments: learning) func resumedSelectionsDrawTheSame(spec: SelectionSpec) throws {
        var federation = TinyFederation(
            trainCounts: [5, 1, 9, 30, 2, 7, 6, 3], rounds: 12, clientsPerRound: 3, on: [])
        federation.configuration.training.selection = spec
        var program = federation.program()
        let whole = try Course(&program, compute: federation.imagined)
        #expect(Set(whole.tasks.compactMap(\.client)).count == 8)
        for snapshot in whole.snapshots.dropLast() {
            var resumed = federation.program(resuming: snapshot)
            let rest = try Course(&resumed, compute: federation.imagined)
            #expect(rest.tasks == whole.tasks.filter { $0.round > snapshot.round })
            #expect(rest.outcome == whole.outcome)
        }
    }
}

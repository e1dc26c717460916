import Methods
import TensorMath
import Testing

/// Rules of aggregation against their definitions, on random updates.
@Suite struct AggregationTests {
    static let layout = CompressionFixtures.layout([7, 20, 3], buffers: [2])
    /// Values that training moves; those behind are running statistics.
    static let trained = 27

    struct Cohort {
        let reference: [Float]
        let updates: [[Float]]
        let members: [CohortMember]
    }

    static func cohort(_ count: Int, seed: UInt64) -> Cohort {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .test))
        func vector() -> [Float] { (0..<layout.count).map { _ in Float(stream.normal()) } }
        let reference = vector()
        let updates = (0..<count).map { _ in vector() }
        let members = (0..<count).map {
            CohortMember(client: 3 * $0, samples: 1 + stream.index(below: 90), steps: 1, round: 1)
        }
        return Cohort(reference: reference, updates: updates, members: members)
    }

    static func aggregate(_ spec: AggregationSpec, _ cohort: Cohort, order: [Int]? = nil) throws -> [Float] {
        var rule = spec.aggregator(layout)
        // A round before must leave no trace.
        for _ in 0..<2 {
            rule.begin(reference: CompressionFixtures.view(cohort.reference), cohort: cohort.members)
            for index in order ?? Array(cohort.updates.indices) {
                try rule.add(CompressionFixtures.view(cohort.updates[index]), of: cohort.members[index])
            }
            rule.finish(into: CompressionFixtures.view(cohort.reference))
        }
        rule.begin(reference: CompressionFixtures.view(cohort.reference), cohort: cohort.members)
        for index in order ?? Array(cohort.updates.indices) {
            try rule.add(CompressionFixtures.view(cohort.updates[index]), of: cohort.members[index])
        }
        let result = FloatBuffer(count: layout.count).view
        rule.finish(into: result)
        return result.array
    }

    /// What the rule took of each update.
    static func factors(_ spec: AggregationSpec, _ cohort: Cohort) throws -> [Int: Double]? {
        var rule = spec.aggregator(layout)
        // An update that nobody takes must leave no trace, and neither must a round before.
        for _ in 0..<2 {
            rule.begin(reference: CompressionFixtures.view(cohort.reference), cohort: cohort.members)
            let far: [Float] = [1e6] + cohort.updates[0].dropFirst().dropLast() + [.nan]
            #expect(throws: Rejection.self) {
                try rule.add(CompressionFixtures.view(far), of: cohort.members[0])
            }
            for (update, member) in zip(cohort.updates, cohort.members) {
                try rule.add(CompressionFixtures.view(update), of: member)
            }
            rule.finish(into: CompressionFixtures.view(cohort.reference))
        }
        return rule.factors
    }

    static func columns(_ cohort: Cohort) -> [[Double]] {
        (0..<layout.count).map { index in cohort.updates.map { Double($0[index]) }.sorted() }
    }

    static func plainMean(_ values: some Collection<Double>) -> Double {
        values.reduce(0, +) / Double(values.count)
    }

    @Test(arguments: [1, 2, 3, 4, 9, 10]) func median(count: Int) throws {
        let cohort = Self.cohort(count, seed: 1)
        let due = Self.columns(cohort).map { ($0[(count - 1) / 2] + $0[count / 2]) / 2 }
        #expect(near(try Self.aggregate(.median, cohort), due, 1e-6))
    }

    @Test(arguments: [(10, 0.2, 2), (10, 0.25, 2), (5, 0.1, 0), (7, 0.45, 3), (3, 0.4, 1)])
    func trimmedMean(count: Int, fraction: Double, cut: Int) throws {
        let cohort = Self.cohort(count, seed: 2)
        let due = Self.columns(cohort).map { Self.plainMean($0[cut..<count - cut]) }
        #expect(near(try Self.aggregate(.trimmedMean(fraction: fraction), cohort), due, 1e-6))
    }

    /// Indices in the order of Krum's scores.
    static func ranked(_ cohort: Cohort, byzantine: Int) -> [Int] {
        let updates = cohort.updates.map { doubles(Array($0.prefix(trained))) }
        let scores = updates.indices.map { i in
            let distances = updates.indices.filter { $0 != i }.map { j in
                (updates[i] - updates[j]).reduce(0) { $0 + $1 * $1 }
            }
            return distances.sorted().prefix(updates.count - byzantine - 2).reduce(0, +)
        }
        return scores.indices.sorted { scores[$0] < scores[$1] }
    }

    @Test(arguments: [(7, 2), (9, 1), (12, 4)]) func krum(count: Int, byzantine: Int) throws {
        for seed in UInt64(10)..<20 {
            let cohort = Self.cohort(count, seed: seed)
            let ranked = Self.ranked(cohort, byzantine: byzantine)
            #expect(
                try Self.aggregate(.krum(byzantine: byzantine), cohort) == cohort.updates[ranked[0]])
            let best = ranked.prefix(3).map { doubles(cohort.updates[$0]) }
            let due = mean(best, weights: [1, 1, 1])
            #expect(
                near(try Self.aggregate(.multiKrum(byzantine: byzantine, selected: 3), cohort), due, 1e-6))
            for selected in [1, 3] {
                let spec = AggregationSpec.multiKrum(byzantine: byzantine, selected: selected)
                let zero = ranked.dropFirst(selected).map { (cohort.members[$0].client, 0.0) }
                #expect(try Self.factors(spec, cohort) == Dictionary(uniqueKeysWithValues: zero))
            }
        }
    }

    /// Far-off updates, as many as were foreseen, never win.
    @Test func krumResists() throws {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        let honest = (0..<5).map { _ in (0..<30).map { _ in Float(1 + 0.1 * stream.normal()) } }
        let false2 = (0..<2).map { _ in (0..<30).map { _ in Float(100 * stream.normal()) } }
        let base = Self.cohort(7, seed: 3)
        let cohort = Cohort(reference: base.reference, updates: false2 + honest, members: base.members)
        for rule in [
            .krum(byzantine: 2), .multiKrum(byzantine: 2, selected: 3), .median,
            .trimmedMean(fraction: 0.3),
        ] as [AggregationSpec] {
            #expect(try Self.aggregate(rule, cohort).allSatisfy { abs($0 - 1) < 0.5 }, "\(rule.name)")
        }
        #expect(try Self.aggregate(.mean, cohort).contains { abs($0 - 1) > 0.5 })
    }

    @Test(arguments: [0.5, 5.0, 1e3]) func normClipping(norm: Double) throws {
        let cohort = Self.cohort(6, seed: 5)
        let reference = doubles(cohort.reference)
        let shortened = cohort.updates.map { update -> [Double] in
            let difference = doubles(update) - reference
            let length = difference.prefix(Self.trained).reduce(0) { $0 + $1 * $1 }.squareRoot()
            let shortened = reference .+ min(1, norm / length) * difference
            return Array(shortened.prefix(Self.trained) + doubles(update).suffix(from: Self.trained))
        }
        let due = mean(shortened, weights: cohort.members.map(\.samples))
        #expect(near(try Self.aggregate(.normClipping(norm: norm), cohort), due, 1e-6))
        let factors = try #require(try Self.factors(.normClipping(norm: norm), cohort))
        for (update, member) in zip(cohort.updates, cohort.members) {
            let difference =
                doubles(Array(update.prefix(Self.trained))) - Array(reference.prefix(Self.trained))
            let length = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let factor = length > norm ? factors[member.client] : 1
            #expect(abs((factor ?? .nan) - min(1, norm / length)) < 1e-6)
            #expect(length > norm || factors[member.client] == nil)
        }
    }

    /// Running statistics that jump neither shorten an update nor put it aside.
    @Test func statisticsAreNoDistance() throws {
        let near = Self.cohort(7, seed: 8)
        var updates = near.updates
        for index in Self.trained..<Self.layout.count { updates[2][index] += 1e3 }
        let far = Cohort(reference: near.reference, updates: updates, members: near.members)
        for rule in [.normClipping(norm: 2), .krum(byzantine: 2)] as [AggregationSpec] {
            let (calm, jumped) = (try Self.aggregate(rule, near), try Self.aggregate(rule, far))
            #expect(calm.prefix(Self.trained) == jumped.prefix(Self.trained), "\(rule.name)")
        }
    }

    static let rules: [AggregationSpec] = [
        .mean, .median, .trimmedMean(fraction: 0.2), .krum(byzantine: 2),
        .multiKrum(byzantine: 2, selected: 4), .normClipping(norm: 3),
    ]

    @Test(arguments: rules) func orderDoesNotMatter(rule: AggregationSpec) throws {
        let cohort = Self.cohort(9, seed: 6)
        let due = try Self.aggregate(rule, cohort)
        var stream = RandomStream(RandomKey(seed: 7, purpose: .test))
        for _ in 0..<20 {
            var order = Array(0..<9)
            stream.shuffle(&order)
            #expect(try Self.aggregate(rule, cohort, order: order) == due)
        }
    }

    /// Whatever a method's server makes of the mean.
    @Test(arguments: ["fedavg", "fednova", "fedadam", "fedavgm", "scaffold", "pfedme"])
    func everyServerTellsFactors(name: String) throws {
        var world = try MethodWorld(
            #require(MethodSpec(named: name)).method, sizes: [6, 5, 7, 4], rounds: 2, epochs: 2)
        for norm in [1e-3, 1e3] {
            world.configuration.aggregation = .normClipping(norm: norm)
            let factors = try MethodRun(world).course.clients.map(\.factor)
            #expect(factors.count == 8)
            #expect(factors.allSatisfy { $0.map { norm < 1 ? 0 < $0 && $0 < 0.9 : $0 == 1 } == true })
        }
    }

    @Test func theMeanTakesAllAndOthersChooseValueByValue() throws {
        let cohort = Self.cohort(9, seed: 6)
        #expect(try Self.factors(.mean, cohort) == [:])
        #expect(try Self.factors(.median, cohort) == nil)
        #expect(try Self.factors(.trimmedMean(fraction: 0.2), cohort) == nil)
    }

    @Test(arguments: rules) func valuesThatAreNotFiniteAreRefused(rule: AggregationSpec) throws {
        let cohort = Self.cohort(9, seed: 6)
        var rule = rule.aggregator(Self.layout)
        rule.begin(reference: CompressionFixtures.view(cohort.reference), cohort: cohort.members)
        for value in [Float.nan, .infinity, -.infinity] {
            var update = cohort.updates[0]
            update[12] = value
            let rejection = try #require(throws: Rejection.self) {
                try rule.add(CompressionFixtures.view(update), of: cohort.members[0])
            }
            #expect(rejection.reason == .notFinite)
        }
    }

    @Test func impossibleCohortsAreObjectedTo() {
        #expect(AggregationSpec.krum(byzantine: 2).objection(updates: 7) == nil)
        #expect(AggregationSpec.krum(byzantine: 2).objection(updates: 6)?.message.contains("= 7") == true)
        #expect(AggregationSpec.multiKrum(byzantine: 2, selected: 6).objection(updates: 7) != nil)
        #expect(AggregationSpec.multiKrum(byzantine: 2, selected: 5).objection(updates: 7) == nil)
        #expect(AggregationSpec.trimmedMean(fraction: 0.5).objection(updates: 4) != nil)
        #expect(AggregationSpec.trimmedMean(fraction: 0.4).objection(updates: 4) == nil)
    }

    /// In a whole run: the rule is what the server uses.
    @Test(arguments: rules) func rulesInARun(rule: AggregationSpec) throws {
        let sizes = [6, 5, 7, 4, 8, 6, 5]
        var world = try MethodWorld(FedAvg(), sizes: sizes, epochs: 2)
        world.configuration.aggregation = rule
        let run = try MethodRun(world)
        var due = rule.aggregator(world.plan.layout)
        let members = sizes.indices.map { CohortMember(client: $0, samples: sizes[$0], steps: 2, round: 1) }
        due.begin(reference: CompressionFixtures.view(world.initialModel), cohort: members)
        for member in members {
            let update = try #require(run.update(of: member.client, round: 1))
            try due.add(CompressionFixtures.view(TinyFederation.values(update)), of: member)
        }
        let result = FloatBuffer(count: world.plan.layout.count).view
        due.finish(into: result)
        #expect(run.course.models[0] == result.array)
        for client in sizes.indices {
            let row = try #require(run.course.clients.first { $0.round == 1 && $0.client == client })
            #expect(row.factor == due.factors.map { $0[client] ?? 1 } && !row.attacks)
        }
    }
}

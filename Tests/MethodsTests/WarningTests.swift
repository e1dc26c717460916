import Methods
import Testing

/// What is asked for and has no effect is told before a run.
@Suite struct WarningTests {
    /// Ten clients in a cohort of twenty.
    private func warnings(
        _ method: any FederatedMethod = FedAvg(), _ change: (inout FederatedConfiguration) -> Void
    ) throws -> [String] {
        var world = try MethodWorld(
            method, sizes: Array(repeating: 5, count: 20), perRound: 10, heldOut: 0.2,
            on: method.hasGlobalModel ? [.globalTest, .localTest] : [.localTest])
        change(&world.configuration)
        return world.configuration.warnings(clients: 20)
    }

    private func expect(
        _ expected: String?, _ method: any FederatedMethod = FedAvg(),
        _ change: (inout FederatedConfiguration) -> Void
    ) throws {
        let found = try warnings(method, change)
        #expect(
            found.count == (expected == nil ? 0 : 1) && found.first?.hasPrefix(expected ?? "") ?? true,
            "\(found)")
    }

    @Test func nothingIsSaidOfWhatHasAnEffect() throws {
        for type in MethodSpec.all { try expect(nil, type.init()) { _ in } }
        try expect(nil) {
            $0.aggregation = .trimmedMean(fraction: 0.1)
            $0.attack = AttackSpec(kind: .signFlip, share: 0.025)
            $0.compression.uplink = [.sign]
            $0.training.selection = .powerOfChoice(candidates: 11)
        }
        // Nothing is what was asked for.
        try expect(nil) {
            $0.aggregation = .trimmedMean(fraction: 0)
            $0.attack = AttackSpec(kind: .signFlip, share: 0)
        }
        try expect(nil, LocalOnly()) { $0.attack = AttackSpec(kind: .labelFlip, share: 0.5) }
    }

    @Test func personalModelsAreMeasured() throws {
        let unmeasured = "makes a model for each client, which nothing measures; add local_test"
        try expect("evaluation.on: ditto \(unmeasured)", Ditto()) { $0.evaluation.on = [.globalTest] }
        try expect(
            "evaluation.on: apfl \(unmeasured), with dataset.local_test_fraction above 0", APFL()
        ) {
            $0.evaluation.on = [.globalTest]
            $0.localTestFraction = 0
        }
        let both = try warnings(LocalOnly()) { $0.evaluation.on = [.globalTest] }
        #expect(both.count == 2 && both[0].contains("has no global model"))
    }

    @Test func rulesAndAttacksThatDoNothing() throws {
        // 0.0249 x 20 rounds to 0, and 0.09 x 10 is cut to 0.
        try expect("attack.share: 0.0249 of 20 clients is nobody; raise it to 1 / 20") {
            $0.attack = AttackSpec(kind: .labelFlip, share: 0.0249)
        }
        try expect("aggregation.fraction: 0.09 of 10 updates is none") {
            $0.aggregation = .trimmedMean(fraction: 0.09)
        }
        try expect("aggregation.byzantine: 5 of 20 clients attack, which is more than 2 of 10 updates") {
            $0.aggregation = .krum(byzantine: 2)
            $0.attack = AttackSpec(kind: .signFlip, share: 0.25)
        }
        try expect(nil) {
            $0.aggregation = .krum(byzantine: 2)
            $0.attack = AttackSpec(kind: .signFlip, share: 0.2)
        }
        try expect("training.candidates: 10 for a cohort of 10 leave power_of_choice no choice") {
            $0.training.selection = .powerOfChoice(candidates: 10)
        }
    }

    @Test func whatCannotApplyToAMethod() throws {
        try expect("aggregation.rule: local_only sends nothing that median", LocalOnly()) {
            $0.aggregation = .median
        }
        try expect("attack.kind: local_only sends no updates", LocalOnly()) {
            $0.attack = AttackSpec(kind: .scaledNoise, share: 0.5)
        }
        for method in [LocalOnly(), Centralised()] as [any FederatedMethod] {
            try expect("compression: \(type(of: method).name) sends nothing", method) {
                $0.compression.uplink = [.float16]
            }
        }
        try expect("training.selection: centralised has one client", Centralised()) {
            $0.training.selection = .roundRobin
        }
    }
}

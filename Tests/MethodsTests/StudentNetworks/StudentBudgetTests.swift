import Methods
import Networks
import Testing

/// Which student fits a device, by numbers computed by hand.
@Suite struct StudentBudgetTests {
    /// c channels of a 3 x 3 convolution with bias on planes of 4 x 4, and a bridge to two filters: 10 c + 2 c + 4
    /// parameters, 144 c + 32 c multiply-accumulates, 4 (12 c + 4 + 4) bytes of weights with running statistics, and
    /// 64 c + 128 bytes into and out of the bridge.
    static func candidate(_ channels: Int, stride: Int = 1) throws -> NetworkPlan {
        let model = try NetworkPlan(
            spec: ModelSpec(
                name: "c\(channels)s\(stride)",
                layers: [
                    .conv(channels: channels, kernel: 3, stride: stride, padding: .same), .relu,
                    .globalAveragePool, .dense(units: 7),
                ]), input: Shape(channels: 1, height: 4, width: 4), classes: 7)
        return try .student(of: model, filters: 2)
    }

    static func choose(_ budget: StudentBudget, rank: StudentBudget.Rank = .parameters) throws -> String {
        try budget.largest(of: [candidate(2), candidate(1), candidate(3)], rank: rank).spec.name
    }

    @Test func costsByHand() throws {
        for c in 1...3 {
            let cost = StudentCost(try Self.candidate(c))
            #expect(
                cost
                    == StudentCost(
                        parameters: 12 * c + 4, macs: UInt64(176 * c),
                        memoryBytes: UInt64(4 * (12 * c + 8) + 64 * c + 128)))
        }
    }

    @Test(arguments: [
        (StudentBudget(), "c3s1"), (StudentBudget(parameters: 40), "c3s1"),
        (StudentBudget(parameters: 39), "c2s1"), (StudentBudget(macs: 351), "c1s1"),
        (StudentBudget(macs: 352), "c2s1"), (StudentBudget(memoryBytes: 496), "c3s1"),
        (StudentBudget(memoryBytes: 495), "c2s1"),
        (StudentBudget(parameters: 40, macs: 528, memoryBytes: 383), "c1s1"),
    ])
    func theLargestThatFits(budget: StudentBudget, name: String) throws {
        #expect(try Self.choose(budget) == name)
        // Without skips there is no mass, and parameters decide.
        #expect(try Self.choose(budget, rank: .nnMass) == name)
    }

    /// Equal parameters: fewer multiply-accumulates, then the first.
    @Test func ties() throws {
        let (slow, fast) = (try Self.candidate(2), try Self.candidate(2, stride: 2))
        for order in [[slow, fast], [fast, slow], [slow, fast, fast]] {
            #expect(try StudentBudget().largest(of: order).spec.name == "c2s2")
        }
    }

    @Test func nothingFits() throws {
        let budget = StudentBudget(parameters: 15, macs: 1000)
        let error = #expect(throws: StudentError.self) { try Self.choose(budget) }
        #expect(
            error
                == .nothingFits(
                    budget: budget, smallest: "c1s1",
                    cost: StudentCost(parameters: 16, macs: 176, memoryBytes: 272)))
        #expect(
            error?.description == """
                no student keeps to a budget of 15 parameters, 1000 MACs: the smallest, c1s1, has 16 parameters, 176 \
                MACs and 272 bytes of weights and activations; raise the budget, use more students, or a family with \
                smaller ones
                """)
    }

    /// All names of each family can be built; the first is the smallest.
    @Test(arguments: StudentFamily.allCases) func families(family: StudentFamily) throws {
        for input in [StudentPlanTests.cifar, StudentPlanTests.digits] {
            let candidates = try family.candidates(filters: 48, input: input)
            #expect(candidates.map(\.spec.name) == family.names)
            let sizes = candidates.map(\.parameterCount)
            #expect(sizes[0] == sizes.min())
            let budget = StudentBudget(parameters: sizes.sorted()[sizes.count / 2])
            let chosen = try budget.largest(of: candidates)
            #expect(chosen.parameterCount == sizes.sorted()[sizes.count / 2])
        }
    }

    /// The budget of the scenario in the documents: 200,000 parameters and 30 million multiply-accumulates.
    @Test func wideResNets() throws {
        let candidates = try StudentFamily.wideResNet.candidates(
            filters: 48, input: StudentPlanTests.cifar)
        let chosen = try StudentBudget(parameters: 200_000, macs: 30_000_000).largest(of: candidates)
        let fitting = candidates.filter { $0.parameterCount <= 200_000 && $0.macs <= 30_000_000 }
        #expect(chosen.parameterCount == fitting.map(\.parameterCount).max())
        let massive = try StudentBudget(parameters: 200_000).largest(of: candidates, rank: .nnMass)
        #expect(
            NNMass.mass(of: massive)
                == candidates.filter { $0.parameterCount <= 200_000 }.map(NNMass.mass(of:)).max())
    }

    /// width 2, depth 5, 3 links: 2 + 3 + 3 of 2 + 4 + 6 channels.
    @Test func massOfCells() {
        #expect(NNMass.density(width: 2, depth: 5, links: 3) == 8.0 / 12)
        #expect(NNMass.mass(width: 2, depth: 5, links: 3) == 10 * (8.0 / 12))
        #expect(NNMass.density(width: 4, depth: 9, links: 1000) == 1)
        #expect(NNMass.density(width: 4, depth: 2, links: 10) == 0)
        #expect(NNMass.density(width: 4, depth: 1, links: 10) == 0)
        #expect(NNMass.mass(width: 4, depth: 9, links: 0) == 0)
    }

    @Test(arguments: [
        // Two blocks of 16 + 16; 16 + 32, 32 + 32, 32 + 64, 64 + 64.
        ("wrn_16_1", 400.0),
        // 16 + 16, 16 + 32, 32 + 64.
        ("resnet8", 176.0),
        // (in + 2 h) in / (2 in + h) with h = 6 in is 13 / 8 in, of the blocks with shortcuts: 24, 32 twice, 64
        // three times, 96 twice, 160 twice: 13 / 8 of 792.
        ("mobilenet_v2", 1287.0),
        ("vgg11", 0.0), ("small_cnn", 0.0),
    ])
    func massOfNetworks(name: String, mass: Double) throws {
        #expect(abs(NNMass.mass(of: try StudentPlanTests.plan(name)) - mass) < 1e-9)
    }

    /// A bottleneck from 256 channels by 64: (256 + 128) 256 / (512 + 64).
    @Test func massOfABottleneck() throws {
        let plan = try NetworkPlan(
            spec: ModelSpec(
                name: "bottleneck",
                layers: [
                    .residual(body: [
                        .conv(channels: 64, kernel: 1), .relu, .conv(channels: 64, kernel: 3, padding: .same),
                        .relu, .conv(channels: 256, kernel: 1),
                    ]), .globalAveragePool,
                ]), input: Shape(channels: 256, height: 2, width: 2), classes: 256)
        #expect(abs(NNMass.mass(of: plan) - 384.0 * 256 / 576) < 1e-9)
    }
}

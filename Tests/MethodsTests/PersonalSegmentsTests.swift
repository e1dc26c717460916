import Methods
import Networks
import TensorMath
import Testing

/// FedPer, FedRep, FedBN and local_only: what travels and what stays.
@Suite struct PersonalSegmentsTests {
    static func fedPer(_ blocks: Int, _ batchNorm: String = "shared") -> FedPer {
        var method = FedPer()
        (method.personalBlocks, method.batchNorm) = (blocks, batchNorm)
        return method
    }

    static func plan(_ name: String, input: Shape = Shape(channels: 3, height: 32, width: 32)) throws
        -> NetworkPlan
    {
        try NetworkPlan(spec: #require(ModelSpec.named(name, classes: 10)), input: input, classes: 10)
    }

    static func trainable(_ layout: ParameterLayout) -> Int {
        layout.segments.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) }
    }

    /// Parameters of the personal blocks, as the FedPer paper's models have them.
    @Test(arguments: [
        ("resnet34", 21_289_802, [5_130, 4_725_770, 9_446_410]),
        ("mobilenet_v1", 3_217_226, [10_250, 1_072_138, 1_604_106, 1_872_906]),
    ]) func personalBlocksOfPublishedModels(model: String, parameters: Int, heads: [Int]) throws {
        let plan = try Self.plan(model)
        #expect(plan.parameterCount == parameters)
        for (index, head) in heads.enumerated() {
            for batchNorm in ["shared", "local_statistics"] {
                let exchange = Self.fedPer(index + 1, batchNorm).exchange(plan)
                #expect(Self.trainable(exchange.state) == head, "K = \(index + 1)")
                #expect(Self.trainable(exchange.payload) == parameters - head)
                #expect(exchange.payload.count + exchange.state.count == plan.layout.count)
            }
            // Without running statistics what travels is the rest of the parameters: x 4 the bytes of the paper.
            #expect(
                Self.fedPer(index + 1, "local_statistics").exchange(plan).payload.count == parameters - head)
        }
    }

    @Test func rulesOfBatchNorm() throws {
        let plan = try MethodWorld(FedPer(), sizes: [4], layers: MethodWorld.normed).plan
        func names(_ batchNorm: String, _ blocks: Int = 1) -> [String] {
            Self.fedPer(blocks, batchNorm).exchange(plan).payload.segments.map(\.name)
        }
        let dense = ["dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"]
        let all = plan.layout.segments.map(\.name)
        #expect(names("shared") == all.filter { !$0.hasPrefix("dense3") })
        #expect(
            names("local_statistics")
                == plan.layout.segments.filter { $0.role == .trainable && !$0.name.hasPrefix("dense3") }
                .map(\.name))
        #expect(names("local") == dense)
        // A norm goes with the layer before it.
        #expect(names("local", 2) == Array(dense[..<2]))
        #expect(names("shared", 2).count == 6 && names("shared", 2).allSatisfy { $0.contains("1.") })
        #expect(
            FedBN().exchange(plan).payload.segments.map(\.name) == dense + ["dense3.weight", "dense3.bias"])
        #expect(LocalOnly().exchange(plan).payload.count == 0)
        #expect(LocalOnly().exchange(plan).state.count == plan.layout.count)
    }

    static let methods: [any FederatedMethod] = [
        fedPer(1), fedPer(2), fedPer(1, "local_statistics"), fedPer(2, "local"), FedRep(), FedBN(),
        LocalOnly(),
    ]

    @Test(arguments: methods.indices) func exactlyTheStatedSegmentsTravel(index: Int) throws {
        let method = Self.methods[index]
        let world = try MethodWorld(
            method, sizes: [8, 9, 6, 7], layers: MethodWorld.normed, rounds: 5, perRound: 2, batch: 4,
            heldOut: 0.3, on: [.localTest])
        let run = try MethodRun(world)
        let exchange = world.exchange
        let (shared, personal) = (
            Set(exchange.payload.segments.map(\.name)), Set(exchange.state.segments.map(\.name))
        )
        #expect(shared.isDisjoint(with: personal))
        #expect(shared.union(personal) == Set(world.plan.layout.segments.map(\.name)))
        let bytes = UInt64(4 * exchange.payload.count)
        #expect(bytes > 0 || !method.communicates)
        for row in run.course.clients {
            #expect(row.downPayloadBytes == bytes && row.upPayloadBytes == bytes)
            #expect(row.updateDigest.isEmpty == !method.communicates)
        }
        let traffic = run.course.traffic.filter { $0.part == .payload && $0.round == 1 }
        let due = exchange.payload.segments
        #expect(traffic.map(\.segment) == due.map(\.name) + due.map(\.name))
        #expect(traffic.map(\.bytes) == (due + due).map { UInt64(2 * 4 * $0.count) })
    }

    /// What a client ends a round with is what it begins its next with, untouched by all others.
    @Test(arguments: methods.indices) func personalValuesPersist(index: Int) throws {
        let world = try MethodWorld(
            Self.methods[index], sizes: [8, 9, 6, 7], layers: MethodWorld.normed, rounds: 6, perRound: 2,
            batch: 4, heldOut: 0.3, on: [.localTest])
        let run = try MethodRun(world)
        for task in run.course.tasks {
            let client = try #require(task.client)
            let before = run.states(after: task.kind == .train ? task.round - 1 : task.round)[client]
            #expect(task.inputs.dropFirst().map(\.id) == [before].compactMap { $0?.id })
        }
        // Trained from there: the whole client step from its state, by an executor that never saw the client.
        let last = try #require(run.course.tasks.last { $0.kind == .train && $0.participation > 0 })
        let inputs = [
            try #require(run.broadcasts[last.round]),
            try #require(run.states(after: last.round - 1)[last.client ?? 0]),
        ]
        let again = try FederatedAveragingTests.World.compute(last, inputs, world.executor())
        #expect(again.objects.map(\.id) == run.outputs[last.id]?.objects.map(\.id))
        let without = try FederatedAveragingTests.World.compute(last, [inputs[0]], world.executor())
        #expect(without.objects.map(\.id) != again.objects.map(\.id))
    }

    /// FedPer trains base and head together: one client's step is FedAvg's.
    @Test func fedPerStepsAreJoint() throws {
        let sizes = [6, 9]
        let world = try MethodWorld(Self.fedPer(1), sizes: sizes, rounds: 2, epochs: 2)
        let run = try MethodRun(world)
        let base = PlainNet.hidden * PlainNet.features + PlainNet.hidden
        let start = doubles(world.initialModel)
        var shared = Array(start[..<base])
        var heads = sizes.map { _ in Array(start[base...]) }
        for round in 1...2 {
            var sent: [[Double]] = []
            for client in sizes.indices {
                var w = Array([shared, heads[client]].joined())
                for _ in 0..<2 { w = w - 0.25 * PlainNet.gradient(w, world.samples(client)) }
                heads[client] = Array(w[base...])
                sent.append(Array(w[..<base]))
                #expect(near(run.part("personal", of: client, after: round, in: world) ?? [], heads[client]))
            }
            shared = mean(sent, weights: sizes)
            #expect(near(run.course.models[round - 1], shared))
        }
    }

    /// Each client alone, from the initial model on, with an optimiser that starts afresh in each round.
    @Test func localOnlyIsEachClientAlone() throws {
        let sizes = [6, 9]
        let world = try MethodWorld(LocalOnly(), sizes: sizes, rounds: 3, epochs: 2)
        let run = try MethodRun(world)
        for client in sizes.indices {
            var w = doubles(world.initialModel)
            for round in 1...3 {
                for _ in 0..<2 { w = w - 0.25 * PlainNet.gradient(w, world.samples(client)) }
                #expect(near(run.part("personal", of: client, after: round, in: world) ?? [], w))
            }
        }
        #expect(run.course.rounds.allSatisfy { $0.federatedUpBytes == 0 && $0.federatedDownBytes == 0 })
    }
}

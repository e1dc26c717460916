import Methods
import Networks
import TensorMath
import Testing

/// What holds for all methods: neither the order of results nor an interruption changes a bit.
@Suite struct EveryMethodTests {
    struct Variation: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Only for methods whose clients keep nothing.
        var keepsNothing: Bool
        var change: @Sendable (inout FederatedConfiguration) -> Void

        init(
            _ name: String, keepsNothing: Bool = false,
            _ change: @escaping @Sendable (inout FederatedConfiguration) -> Void
        ) {
            (testDescription, self.keepsNothing, self.change) = (name, keepsNothing, change)
        }

        /// Whether a scenario may say so.
        func suits(_ world: MethodWorld) -> Bool {
            guard world.configuration.devices != nil else { return true }
            return !world.configuration.method.method.poolsData
                && !(keepsNothing && world.exchange.state.count > 0)
        }
    }

    static let variations: [Variation] = [
        Variation("plain") { _ in },
        Variation("momentum, weight decay, clipping, a schedule") {
            $0.training.optimizer = .sgd(SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.01))
            $0.training.clipNorm = 1
            $0.training.schedule = .exponential(factor: 0.9)
        },
        Variation("compression with error feedback, power of choice") {
            $0.compression = CompressionSpec(
                uplink: [.topK(fraction: 0.3), .quantize(bits: 8)], downlink: [.quantize(bits: 8)],
                errorFeedback: true)
            $0.training.selection = .powerOfChoice(candidates: 4)
        },
        Variation("oort, median, an attacker, divergence") {
            $0.training.selection = .oort(Oort(exploration: 0.5))
            $0.aggregation = .median
            $0.attack = AttackSpec(kind: .signFlip, share: 0.2)
            $0.evaluation.on.append(.activationDivergence)
        },
        Variation("a deadline, dropouts, error feedback, short steps, an attacker") {
            $0.aggregation = .normClipping(norm: 0.05)
            $0.attack = AttackSpec(kind: .scaledNoise, share: 0.2)
            $0.compression = CompressionSpec(uplink: [.quantize(bits: 4)], errorFeedback: true)
            $0.devices = DevicesSpec(
                groups: [], round: .deadline(seconds: 9, overSelection: 1.4, minimum: 1),
                availability: AvailabilitySpec(dropout: 0.2))
        },
        Variation("rounds that overlap, chains of availability", keepsNothing: true) {
            $0.devices = DevicesSpec(
                groups: [], round: .async(buffer: 2, concurrency: 3, maximumStaleness: 2),
                availability: AvailabilitySpec(kind: .markov(on: 100, off: 10)))
        },
    ]

    static let layers: [LayerSpec] = [
        .flatten, .dense(units: 5), .batchNorm(), .relu, .dropout(rate: 0.25), .dense(units: 4), .relu,
        .dense(units: MethodWorld.classes),
    ]

    static func world(_ name: String, _ variation: Variation) throws -> MethodWorld {
        var world = try MethodWorld(
            #require(MethodSpec(named: name)).method, sizes: [9, 6, 12, 8, 10], layers: layers, rounds: 4,
            perRound: 3, epochs: 2, batch: 4, rate: 0.05, heldOut: 0.3, on: [.globalTest, .localTest])
        variation.change(&world.configuration)
        return world
    }

    @Test(arguments: MethodSpec.names, variations)
    func orderOfArrivalDoesNotMatter(name: String, variation: Variation) throws {
        let world = try Self.world(name, variation)
        guard variation.suits(world) else { return }
        let run = try MethodRun(world)
        #expect(run.course.outcome?.rounds == 4)
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        for _ in 0..<3 {
            let other = try MethodRun(world) { stream.index(below: $0) }
            #expect(other.course.rows == run.course.rows && other.course.outcome == run.course.outcome)
            #expect(other.course.tasks == run.course.tasks)
            #expect(Self.saved(other) == Self.saved(run))
        }
    }

    /// Model and server's memory of every durability point.
    static func saved(_ run: MethodRun) -> [[ObjectID]] {
        run.course.snapshots.map { [$0.model.id] + $0.memory.map(\.values.id) }
    }

    @Test(arguments: MethodSpec.names, variations)
    func resumingChangesNothing(name: String, variation: Variation) throws {
        let world = try Self.world(name, variation)
        guard variation.suits(world) else { return }
        let run = try MethodRun(world)
        for snapshot in run.course.snapshots.dropLast() {
            let rest = try MethodRun(world, resuming: run.resumable(snapshot), objects: run.objects)
            #expect(rest.course.rows == run.course.rows.filter { Self.round($0) > snapshot.round })
            #expect(rest.course.tasks == run.course.tasks.filter { Self.round($0) > snapshot.round })
            #expect(rest.course.outcome == run.course.outcome)
            let later = run.course.snapshots.count { $0.round > snapshot.round }
            #expect(Self.saved(rest) == Self.saved(run).suffix(later))
        }
    }

    /// The round in which a task was given out; its client may have started earlier.
    static func round(_ task: TaskSpec) -> Int { Int(task.id >> 32) }

    static func round(_ row: Row) -> Int {
        switch row {
        case .round(let row): row.round
        case .client(let row): row.round
        case .localTest(let row): row.round
        case .traffic(let row): row.round
        case .infrastructure(let row): row.round
        case .epoch, .contender, .node, .transfer, .subset, .filter, .edge, .activity, .mode,
            .neuralFilter:
            preconditionFailure("not a row of a federated run")
        }
    }

    /// An executor has no memory: what another client or method's phase left in its buffers does not matter.
    @Test(arguments: MethodSpec.names)
    func tasksAreFunctionsOfTheirInputs(name: String) throws {
        let world = try Self.world(name, Self.variations[1])
        let run = try MethodRun(world)
        for task in run.course.tasks.filter({ $0.kind == .train }).reversed() {
            let inputs = try task.inputs.enumerated().map { index, input in
                try #require(index == 0 ? run.broadcasts[task.round] : run.objects["\(input.id)"])
            }
            let fresh = try FederatedAveragingTests.World.compute(task, inputs, world.executor())
            #expect(fresh.objects.map(\.id) == run.outputs[task.id]?.objects.map(\.id))
            #expect(fresh.metrics == run.outputs[task.id]?.metrics)
        }
    }

    /// Nothing but SCAFFOLD and FedNova depends on plain steps.
    @Test(arguments: MethodSpec.names)
    func adamIsForMostOfThem(name: String) throws {
        var world = try Self.world(name, Self.variations[0])
        world.configuration.training.optimizer = .adam(Adam(learningRate: 0.01))
        let objections = world.configuration.method.method.objections(world.configuration, plan: world.plan)
        guard !["scaffold", "fednova"].contains(name) else {
            #expect(objections.map(\.path) == ["training.optimizer.name"])
            return
        }
        #expect(objections.isEmpty)
        let run = try MethodRun(world)
        let snapshot = run.course.snapshots[1]
        let rest = try MethodRun(world, resuming: run.resumable(snapshot), objects: run.objects)
        #expect(rest.course.rows == run.course.rows.filter { Self.round($0) > 2 })
    }

    /// What a method cannot work with is said with the key and a remedy.
    @Test func impossibleModelsAreObjectedTo() throws {
        let flat: [LayerSpec] = [.flatten, .dense(units: MethodWorld.classes)]
        func objections(_ method: any FederatedMethod, _ layers: [LayerSpec]) throws -> [String] {
            let world = try MethodWorld(method, sizes: [4], layers: layers)
            let found = method.objections(world.configuration, plan: world.plan)
            #expect(found.allSatisfy { !$0.message.isEmpty && !$0.remedy.isEmpty })
            return found.map(\.path)
        }
        for method in [FedMAX(), Moon()] as [any FederatedMethod] {
            #expect(try objections(method, flat) == ["model"])
            #expect(try objections(method, MethodWorld.hidden) == [])
        }
        #expect(try objections(FedBN(), MethodWorld.hidden) == ["model"])
        #expect(try objections(FedBN(), MethodWorld.normed) == [])
        for (blocks, due) in [(1, []), (2, ["method.personal_blocks"]), (9, ["method.personal_blocks"])] {
            #expect(try objections(PersonalSegmentsTests.fedPer(blocks), MethodWorld.hidden) == due)
            #expect(try objections(FedRepTests.method(1, blocks: blocks), MethodWorld.hidden) == due)
        }
        #expect(try objections(FedPer(), flat) == ["method.personal_blocks"])
    }

    @Test(arguments: MethodSpec.names)
    func namesAreUniqueAndDefaultsSound(name: String) throws {
        #expect(MethodSpec.names.filter { $0 == name }.count == 1)
        let world = try Self.world(name, Self.variations[0])
        #expect(world.configuration.method.method.objections(world.configuration, plan: world.plan).isEmpty)
    }
}

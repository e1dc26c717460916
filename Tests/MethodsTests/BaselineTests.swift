import Methods
import Networks
import TensorMath
import Testing

@Suite struct BaselineTests {
    static let sizes = [10, 14, 9]

    static func world(_ method: any FederatedMethod, batch: Int = 4) throws -> MethodWorld {
        try MethodWorld(
            method, sizes: sizes, layers: MethodWorld.normed, rounds: 3, perRound: 2, epochs: 2, batch: batch,
            heldOut: 0.3, on: [.globalTest, .localTest])
    }

    static var fineTuned: FedAvgFineTuned {
        var method = FedAvgFineTuned()
        method.epochs = 3
        return method
    }

    /// Everything that is FedAvg's stays as it is, to the bit; the clients' own tests do not.
    @Test func fineTuningIsForTheTestAlone() throws {
        let (run, plain) = (try MethodRun(Self.world(Self.fineTuned)), try MethodRun(Self.world(FedAvg())))
        #expect(run.course.models == plain.course.models)
        #expect(run.course.clients == plain.course.clients && run.course.traffic == plain.course.traffic)
        #expect(run.course.rounds.map(\.globalTestLoss) == plain.course.rounds.map(\.globalTestLoss))
        #expect(run.course.localTests.map(\.lossSum) != plain.course.localTests.map(\.lossSum))
    }

    /// The tuned model is that of plain training over the client's samples from the global model on, shuffled by
    /// numbers that no training uses, at the optimiser's rate whatever the schedule has made of it.
    @Test func fineTuningShufflesByItself() throws {
        var world = try Self.world(Self.fineTuned)
        world.configuration.training.schedule = .cosine(rounds: 3, minimum: 0)
        let run = try MethodRun(world)
        for task in run.course.tasks where task.kind == .evaluateClient {
            let client = try #require(task.client)
            func loss(participation: UInt32) -> Double {
                var order = world.holdings.train[client]
                var shuffle = RandomStream(
                    RandomKey(
                        seed: 5, purpose: .shuffle, client: UInt32(client), participation: participation))
                let network = Network(plan: world.plan, batch: 16)
                network.parameters.copy(from: run.course.models[task.round - 1])
                var state = SGDState(world.optimizer, count: world.plan.layout.count)
                var labels = [UInt8](repeating: 0, count: 16)
                for _ in 0..<3 {
                    shuffle.shuffle(&order)
                    for first in stride(from: 0, to: order.count, by: 4) {
                        let range = first..<min(first + 4, order.count)
                        world.dataset.train.fillBatch(order, range, into: network.input, labels: &labels)
                        _ = network.trainStep(labels: labels.span, samples: range.count, optimizer: &state)
                    }
                }
                let tuned = Network(
                    plan: world.plan, batch: 16, mode: .evaluation, parameters: network.parameters)
                let indices = world.holdings.test[client]
                world.dataset.train.fillBatch(indices, 0..<indices.count, into: tuned.input, labels: &labels)
                tuned.forward(samples: indices.count)
                return tuned.lossAndCorrect(labels: labels.span, samples: indices.count).lossSum
            }
            let found = try #require(run.outputs[task.id]).metrics[0]
            #expect(abs(found - loss(participation: UInt32(task.round) | 1 << 31)) < 1e-5)
            for training in UInt32(0)..<4 { #expect(abs(found - loss(participation: training)) > 1e-5) }
        }
    }

    /// Centralised is FedAvg of one client that holds everything.
    @Test func centralisedIsOneClientWithEverything() throws {
        func world(_ method: any FederatedMethod, _ sizes: [Int]) throws -> MethodWorld {
            try MethodWorld(method, sizes: sizes, layers: MethodWorld.normed, rounds: 3, epochs: 2, batch: 4)
        }
        let run = try MethodRun(world(Centralised(), Self.sizes))
        let plain = try MethodRun(world(FedAvg(), [Self.sizes.reduce(0, +)]))
        #expect(run.course.models == plain.course.models)
        #expect(run.course.clients.map(\.trainLossSum) == plain.course.clients.map(\.trainLossSum))
        #expect(run.course.clients.allSatisfy { $0.client == 0 && $0.samples == 33 })
        #expect(run.course.traffic.isEmpty && run.course.clients.allSatisfy { $0.upPayloadBytes == 0 })
    }

    /// Methods whose first full batch at a single client is one step of gradient descent.
    static let plainAtFirst: [any FederatedMethod] = [
        FedAvg(), FedProx(), FedAvgM(), Scaffold(), FedNova(),
        FedMAXTests.method("uniform_first", "elements", beta: 0),
        FedPer(), FedBN(), Ditto(), APFL(), Moon(), LocalOnly(), FedAvgFineTuned(), Centralised(),
    ]

    @Test(arguments: plainAtFirst.indices) func oneFullBatchIsGradientDescent(index: Int) throws {
        let method = Self.plainAtFirst[index]
        let layers = method is FedBN ? MethodWorld.normed : MethodWorld.hidden
        let world = try MethodWorld(method, sizes: [9], layers: layers)
        let run = try MethodRun(world)
        let model = FloatBuffer(count: world.plan.layout.count).view
        model.copy(from: world.initialModel)
        let global = CompressionFixtures.view(run.course.models[0])
        world.exchange.scatter(global, into: model)
        if world.exchange.personal.count > 0 {
            let own = try #require(run.part("personal", of: 0, after: 1, in: world))
            world.exchange.scatterPersonal(CompressionFixtures.view(own), into: model)
        }
        if layers.count == MethodWorld.hidden.count {
            let start = doubles(world.initialModel)
            #expect(near(model.array, start - 0.25 * PlainNet.gradient(start, world.samples(0)), 2e-6))
        } else {
            let plain = try MethodRun(MethodWorld(FedAvg(), sizes: [9], layers: layers))
            #expect(model.array == plain.course.models[0])
        }
    }
}

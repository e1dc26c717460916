import Methods
import Networks
import TensorMath
import Testing

/// Batches that wait for each other: nothing but time may depend on how many do.
@Suite struct BatchWindowTests {
    static let samples = 70
    static let batch = 8

    /// Two passes over 70 samples in batches of 8, where only the last batch of a pass ends it, or all say that they do.
    ///
    /// `abandons`: whether a client before this one left after a batch.
    static func train(
        _ method: any FederatedMethod, waiting: Bool, abandons: Bool = false
    ) throws -> (update: [Float], state: [Float], sums: StepSums, batches: [Int]) {
        var world = try MethodWorld(method, sizes: [samples], epochs: 2, batch: batch)
        world.optimizer.weightDecay = 0.01
        let client = LocalClient(configuration: world.configuration, plan: world.plan)
        let training = method.client(client)
        let order = world.holdings.train[0].sorted()
        func fill(_ range: Range<Int>) {
            client.samples = range.count
            world.dataset.train.fillBatch(
                order, range, into: client.network.input, labels: &client.labels)
        }
        if abandons {
            client.network.parameters.copy(from: client.initialModel)
            training.begin()
            fill(3..<11)
            _ = training.step()
        }
        client.received.copy(from: client.initialModel)
        client.network.parameters.copy(from: client.initialModel)
        // A model of an earlier round that is not the received one.
        client.hasState = true
        let count = client.initialModel.count
        for index in 0..<client.state.count { client.state[index] = client.initialModel[(index + 5) % count] }
        client.learningRate = 0.25
        client.optimizer.reset(learningRate: 0.25)
        training.begin()
        var sums = StepSums()
        var seen: [Int] = []
        for epoch in 1...2 {
            for first in stride(from: 0, to: order.count, by: batch) {
                let range = first..<min(first + batch, order.count)
                fill(range)
                client.endsPass = !waiting || range.upperBound == order.count
                let before = sums.lossSum
                sums += training.step()
                if sums.lossSum != before { seen.append(range.upperBound) }
                #expect(client.samples == range.count, "the last batch stays the client's")
            }
            training.finishEpoch(epoch)
        }
        training.finish()
        return (client.update.array, client.state.array, sums, seen)
    }

    /// The personal model takes the same steps on the same batches, some batches later.
    @Test func dittosModelsDoNotDependOnIt() throws {
        let (alone, together) = (
            try Self.train(Ditto(), waiting: false), try Self.train(Ditto(), waiting: true)
        )
        #expect(alone.update.map(\.bitPattern) == together.update.map(\.bitPattern))
        #expect(alone.state.map(\.bitPattern) == together.state.map(\.bitPattern))
        #expect(alone.sums.lossSum == together.sums.lossSum && alone.sums.correct == together.sums.correct)
        #expect(alone.state != alone.update)
    }

    @Test func aClientThatWasLeftLeavesNothing() throws {
        for method in [Ditto(), Moon()] as [any FederatedMethod] {
            let (clean, after) = (
                try Self.train(method, waiting: true), try Self.train(method, waiting: true, abandons: true)
            )
            #expect(clean.update.map(\.bitPattern) == after.update.map(\.bitPattern))
            #expect(clean.state.map(\.bitPattern) == after.state.map(\.bitPattern))
        }
    }

    /// The models that do not change see up to 24 samples at once: sums in another order, the same steps.
    @Test func moonsModelsDoNotDependOnIt() throws {
        var method = Moon()
        method.mu = 5
        let (alone, together) = (
            try Self.train(method, waiting: false), try Self.train(method, waiting: true)
        )
        #expect(near(alone.update, doubles(together.update), 1e-5))
        #expect(abs(alone.sums.lossSum / together.sums.lossSum - 1) < 1e-5)
        #expect(abs(alone.sums.lossSquares / together.sums.lossSquares - 1) < 1e-5)
        #expect(alone.sums.correct == together.sums.correct)
        #expect(
            together.batches == [24, 48, 70, 24, 48, 70],
            "steps are taken when the window is full or the pass ends")
        #expect(alone.batches.count == 18)
        let plain = try Self.train(FedAvg(), waiting: true)
        #expect(!near(plain.update, doubles(together.update), 1e-3), "the loss contrasts nothing")
    }

    /// Activations that are large beside the weights bound what waits; a batch alone is used where it stands.
    @Test func largeActivationsDoNotWait() throws {
        func window(_ channels: Int, batch: Int) throws -> (BatchWindow, LocalClient) {
            let layers: [LayerSpec] = [
                .conv(channels: channels, kernel: 1), .flatten,
                .dense(units: MethodWorld.classes),
            ]
            let world = try MethodWorld(FedAvg(), sizes: [20], layers: layers, batch: batch)
            let client = LocalClient(configuration: world.configuration, plan: world.plan)
            return (BatchWindow(client), client)
        }
        #expect(try window(8, batch: 10).0.capacity == 60)
        #expect(try window(150_000, batch: 10).0.capacity == 20)
        for (large, client) in [try window(500_000, batch: 10), try window(8, batch: 31)] {
            #expect(large.capacity == client.network.batch)
            #expect(large.input.pointer == client.network.input.pointer)
            client.samples = 3
            client.labels = [1, 2, 1]
            client.network.input.fill(7)
            #expect(large.add())
            large.forEach {
                #expect($0 == 0..<3 && client.labels == [1, 2, 1] && client.network.input[0] == 7)
            }
        }
    }

    /// What a client of an earlier task left behind is forgotten.
    @Test func aNewClientBeginsWithAnEmptyWindow() throws {
        let world = try MethodWorld(FedAvg(), sizes: [20], batch: 4)
        let client = LocalClient(configuration: world.configuration, plan: world.plan)
        let window = BatchWindow(client)
        #expect(window.capacity == 60)
        func add(_ value: Float, _ count: Int, ends: Bool = false) -> Bool {
            client.samples = count
            client.labels = .init(repeating: UInt8(value), count: count)
            client.network.input.fill(value)
            client.endsPass = ends
            return window.add()
        }
        #expect(!add(1, 4) && !add(2, 4))
        window.clear()
        #expect(window.count == 0 && !add(3, 4) && add(4, 2, ends: true))
        client.network.input.fill(9)
        var seen: [(Range<Int>, Float, [UInt8])] = []
        window.forEach { seen.append(($0, client.network.input[0], client.labels)) }
        #expect(seen.map(\.0) == [0..<4, 4..<6] && seen.map(\.1) == [3, 4])
        #expect(seen.map(\.2) == [[3, 3, 3, 3], [4, 4]])
        #expect(window.count == 0)
        for index in 1...15 { #expect(add(5, 4) == (index == 15)) }
    }
}

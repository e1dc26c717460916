import Devices
import Methods
import Networks
import TensorMath
import Testing

/// FedRep's two phases.
@Suite struct FedRepTests {
    static func method(_ headEpochs: Int, blocks: Int = 1) -> FedRep {
        var method = FedRep()
        (method.headEpochs, method.personalBlocks) = (headEpochs, blocks)
        return method
    }

    /// The head moves with the base as it was, then the base with the head as it is, bit for bit; running
    /// statistics of the base move with the base.
    @Test(arguments: [1, 2]) func onePartMovesAtATime(blocks: Int) throws {
        let method = Self.method(2, blocks: blocks)
        var world = try MethodWorld(method, sizes: [8], layers: MethodWorld.normed, epochs: 3, batch: 8)
        world.optimizer.momentum = 0.9
        world.optimizer.weightDecay = 0.01
        let client = LocalClient(configuration: world.configuration, plan: world.plan)
        let training = method.client(client)
        client.network.parameters.copy(from: client.initialModel)
        client.learningRate = 0.25
        client.optimizer.reset(learningRate: 0.25)
        client.samples = 8
        var order = world.holdings.train[0]
        order.sort()
        world.dataset.train.fillBatch(order, 0..<8, into: client.network.input, labels: &client.labels)
        let exchange = world.exchange
        let (base, head) = (
            FloatBuffer(count: exchange.payload.count), FloatBuffer(count: exchange.state.count)
        )
        func parts() -> ([Float], [Float]) {
            exchange.gather(client.network.parameters, into: base.view)
            exchange.gatherPersonal(client.network.parameters, into: head.view)
            return (base.view.array, head.view.array)
        }
        let start = parts()
        training.begin()
        for epoch in 1...2 {
            let before = parts()
            _ = training.step()
            let after = parts()
            #expect(after.0 == start.0 && after.1 != before.1, "head epoch \(epoch)")
            training.finishEpoch(epoch)
        }
        let trained = parts().1
        for epoch in 3...5 {
            let before = parts()
            _ = training.step()
            let after = parts()
            #expect(after.1 == trained && after.0 != before.0, "base epoch \(epoch)")
            for segment in exchange.payload.segments where segment.role == .buffer {
                let range = segment.offset..<segment.offset + segment.count
                #expect(after.0[range] != before.0[range], "\(segment.name)")
            }
            training.finishEpoch(epoch)
        }
        training.finish()
        #expect(client.update.array == parts().0)
        #expect(exchange.part("personal", of: client.state).array == trained)
    }

    /// Both phases in double, each with an optimiser of its own.
    @Test func phasesFollowTheAlgorithm() throws {
        let sizes = [6, 9]
        var world = try MethodWorld(Self.method(3), sizes: sizes, rounds: 2, epochs: 2)
        world.optimizer.momentum = 0.5
        let run = try MethodRun(world)
        let base = PlainNet.hidden * PlainNet.features + PlainNet.hidden
        let start = doubles(world.initialModel)
        var shared = Array(start[..<base])
        var heads = sizes.map { _ in Array(start[base...]) }
        for round in 1...2 {
            var sent: [[Double]] = []
            for client in sizes.indices {
                var w = Array([shared, heads[client]].joined())
                for (range, epochs) in [(base..<w.count, 3), (0..<base, 2)] {
                    var v = [Double](repeating: 0, count: w.count)
                    for _ in 0..<epochs {
                        v = 0.5 * v .+ PlainNet.gradient(w, world.samples(client))
                        for index in range { w[index] -= 0.25 * v[index] }
                    }
                }
                heads[client] = Array(w[base...])
                sent.append(Array(w[..<base]))
                #expect(near(run.part("personal", of: client, after: round, in: world) ?? [], heads[client]))
            }
            shared = mean(sent, weights: sizes)
            #expect(near(run.course.models[round - 1], shared))
        }
    }

    /// 3 passes of the head and 2 of the base over 6 samples: 30 forward; backward the head's 15 weights in 18,
    /// everything in 12.
    @Test func workCountsBothPhases() throws {
        let world = try MethodWorld(Self.method(3), sizes: [6], epochs: 2, batch: 4)
        let row = try #require(MethodRun(world).course.clients.first)
        #expect(row.steps == 10 && row.work.forwardSamples == 30 && row.work.backwardSamples == 30)
        let dense = LayerKind.allCases.firstIndex(of: .dense) ?? 0
        let (base, head) = (UInt64(4 * 5), UInt64(5 * 3))
        #expect(row.work.macs[dense] == 30 * (base + head) + 18 * 2 * head + 12 * 2 * (base + head))
    }
}

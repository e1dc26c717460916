import Methods
import TensorMath
import Testing

@Suite struct FedProxTests {
    static func method(_ mu: Double) -> FedProx {
        var method = FedProx()
        method.mu = mu
        return method
    }

    /// mu / 2 times the full sum of squares, with momentum and weight decay on the gradient of the whole.
    @Test(arguments: [0.0, 0.7, 4]) func stepsDescendTheSum(mu: Double) throws {
        let sizes = [7, 4]
        var world = try MethodWorld(Self.method(mu), sizes: sizes, rounds: 2, epochs: 4, rate: 0.125)
        world.optimizer.momentum = 0.5
        world.optimizer.weightDecay = 0.0625
        let run = try MethodRun(world)
        var global = doubles(world.initialModel)
        for round in 0..<2 {
            let clients = sizes.indices.map { client in
                var (w, v) = (global, [Double](repeating: 0, count: global.count))
                for _ in 0..<4 {
                    let gradient = PlainNet.gradient(at: w) { w in
                        PlainNet.loss(w, world.samples(client))
                            + mu / 2 * (w - global).reduce(0) { $0 + $1 * $1 }
                    }
                    v = 0.5 * v .+ gradient .+ 0.0625 * w
                    w = w - 0.125 * v
                }
                return w
            }
            global = mean(clients, weights: sizes)
            #expect(near(run.course.models[round], global), "round \(round + 1)")
        }
    }

    /// The first step has no distance yet; the second pulls back by rate x mu x distance.
    @Test func thePullIsMuTimesTheDistance() throws {
        func updates(_ mu: Double, _ epochs: Int) throws -> [Float] {
            try MethodRun(MethodWorld(Self.method(mu), sizes: [6], epochs: epochs)).course.models[0]
        }
        let start = try MethodWorld(FedAvg(), sizes: [6]).initialModel
        let (first, second) = (try updates(0, 1), try updates(0, 2))
        #expect(try updates(2, 1) == first)
        let pulled = try updates(2, 2)
        let due = doubles(second) - 0.25 * 2 * (doubles(first) - doubles(start))
        #expect(near(pulled, due, 1e-6))
    }

    @Test func withoutWeightItIsFedAvg() throws {
        let sizes = [5, 8, 3]
        func models(_ method: any FederatedMethod, momentum: Float) throws -> [[Float]] {
            var world = try MethodWorld(method, sizes: sizes, rounds: 3, epochs: 2, batch: 4)
            world.optimizer.momentum = momentum
            return try MethodRun(world).course.models
        }
        // With momentum neither path is fused with the backward pass: the same bits.
        #expect(try models(Self.method(0), momentum: 0.9) == models(FedAvg(), momentum: 0.9))
        for (a, b) in zip(try models(Self.method(0), momentum: 0), try models(FedAvg(), momentum: 0)) {
            #expect(near(a, doubles(b), 1e-6))
        }
    }

    /// Running statistics are nothing that is optimised.
    @Test func statisticsFeelNoPull() throws {
        let sizes = [9, 6]
        func buffers(_ method: any FederatedMethod) throws -> [Float] {
            let world = try MethodWorld(method, sizes: sizes, layers: MethodWorld.normed)
            let model = try MethodRun(world).course.models[0]
            return world.plan.layout.segments.filter { $0.role == .buffer }.flatMap {
                model[$0.offset..<$0.offset + $0.count]
            }
        }
        #expect(try buffers(Self.method(5)) == buffers(FedAvg()))
    }
}

import Methods
import Networks
import TensorMath
import Testing

/// Ditto, APFL and pFedMe against their algorithms in double: two rounds of three steps at two clients.
@Suite struct PersonalModelTests {
    static let sizes = [7, 5]
    static let epochs = 3

    static func world(_ method: any FederatedMethod) throws -> MethodWorld {
        try MethodWorld(method, sizes: sizes, rounds: 2, epochs: epochs)
    }

    @Test(arguments: [0.0, 1, 3]) func ditto(lambda: Double) throws {
        var method = Ditto()
        method.lambda = lambda
        var world = try Self.world(method)
        world.optimizer.momentum = 0.5
        let run = try MethodRun(world)
        var global = doubles(world.initialModel)
        var personal = Self.sizes.map { _ in global }
        for round in 1...2 {
            let models = Self.sizes.indices.map { client in
                let samples = world.samples(client)
                var w = global
                var (u, v) = (0 * global, 0 * global)
                for _ in 0..<Self.epochs {
                    u = 0.5 * u .+ PlainNet.gradient(w, samples)
                    w = w - 0.25 * u
                    let pull = lambda * (personal[client] - global)
                    v = 0.5 * v .+ PlainNet.gradient(personal[client], samples) .+ pull
                    personal[client] = personal[client] - 0.25 * v
                }
                return w
            }
            global = mean(models, weights: Self.sizes)
            #expect(near(run.course.models[round - 1], global))
            for client in Self.sizes.indices {
                #expect(
                    near(run.part("personal", of: client, after: round, in: world) ?? [], personal[client]))
            }
        }
    }

    /// The mixture's loss as a function of alpha.
    static func mixture(_ alpha: Double, _ v: [Double], _ w: [Double]) -> [Double] {
        alpha * v .+ (1 - alpha) * w
    }

    @Test(arguments: [0.5, 0.75, 0.01, 1]) func apfl(start: Double) throws {
        var method = APFL()
        method.alpha = start
        let world = try Self.world(method)
        let run = try MethodRun(world)
        var global = doubles(world.initialModel)
        var personal = Self.sizes.map { _ in global }
        var alpha = Self.sizes.map { _ in start }
        for round in 1...2 {
            let models = Self.sizes.indices.map { client in
                let samples = world.samples(client)
                var (w, v, share) = (global, personal[client], alpha[client])
                for _ in 0..<Self.epochs {
                    // The slope by differences of the mixture's loss, with PFLlib's 0.02 alpha.
                    let slope = PlainNet.gradient(at: [share]) {
                        PlainNet.loss(Self.mixture($0[0], v, w), samples)
                    }
                    let gradient = PlainNet.gradient(Self.mixture(share, v, w), samples)
                    w = w - 0.25 * PlainNet.gradient(w, samples)
                    v = v - 0.25 * share * gradient
                    share = min(1, max(0, share - 0.25 * (slope[0] + 0.02 * share)))
                }
                (personal[client], alpha[client]) = (v, share)
                return w
            }
            global = mean(models, weights: Self.sizes)
            #expect(near(run.course.models[round - 1], global))
            for client in Self.sizes.indices {
                #expect(
                    near(run.part("personal", of: client, after: round, in: world) ?? [], personal[client]))
                #expect(near(run.part("alpha", of: client, after: round, in: world) ?? [], [alpha[client]]))
            }
        }
    }

    @Test(arguments: [1.0, 2]) func pFedMe(beta: Double) throws {
        var method = PFedMe()
        (method.lambda, method.innerSteps, method.personalRate, method.beta) = (2, 4, 0.125, beta)
        let world = try Self.world(method)
        let run = try MethodRun(world)
        var global = doubles(world.initialModel)
        for round in 1...2 {
            var models: [[Double]] = []
            for client in Self.sizes.indices {
                let samples = world.samples(client)
                var (w, theta) = (global, global)
                for _ in 0..<Self.epochs {
                    for _ in 0..<4 {
                        theta = theta - 0.125 * (PlainNet.gradient(theta, samples) .+ 2 * (theta - w))
                    }
                    w = w - 0.25 * 2 * (w - theta)
                }
                #expect(near(run.part("personal", of: client, after: round, in: world) ?? [], theta))
                models.append(w)
            }
            global = (1 - beta) * global .+ beta * mean(models, weights: Self.sizes)
            #expect(near(run.course.models[round - 1], global))
        }
    }

    /// A client's own test is of its own model; before its first part, of the global one.
    @Test func clientsTestTheirOwnModels() throws {
        for method in [Ditto(), APFL(), PFedMe()] as [any FederatedMethod] {
            let world = try MethodWorld(
                method, sizes: [9, 12, 8], layers: MethodWorld.normed, rounds: 3, perRound: 1, epochs: 4,
                batch: 4, heldOut: 0.4, on: [.localTest])
            let run = try MethodRun(world)
            for task in run.course.tasks where task.kind == .evaluateClient {
                let client = try #require(task.client)
                let global = run.course.models[task.round - 1]
                let found = try #require(run.outputs[task.id]).metrics
                var own = global
                if let personal = run.part("personal", of: client, after: task.round, in: world) {
                    own = personal
                    if method is APFL {
                        let alpha = try #require(
                            run.part("alpha", of: client, after: task.round, in: world))[0]
                        // Statistics are those that the mixture was trained with, weights the mixture's.
                        for segment in world.plan.layout.segments where segment.role == .trainable {
                            for index in segment.offset..<segment.offset + segment.count {
                                own[index] = alpha * personal[index] + (1 - alpha) * global[index]
                            }
                        }
                    }
                }
                let network = Network(plan: world.plan, batch: 16, mode: .evaluation)
                network.parameters.copy(from: own)
                var labels: [UInt8] = .init(repeating: 0, count: 16)
                let indices = world.holdings.test[client]
                world.dataset.train.fillBatch(
                    indices, 0..<indices.count, into: network.input, labels: &labels)
                network.forward(samples: indices.count)
                let due = network.lossAndCorrect(labels: labels.span, samples: indices.count)
                #expect(abs(found[0] - due.lossSum) < 1e-5 && found[1] == Double(due.correct), "\(method)")
            }
        }
    }

    /// Running statistics are no direction of descent: pFedMe's w_i takes those of theta, the server their mean.
    @Test func pFedMeAveragesStatistics() throws {
        var method = PFedMe()
        (method.lambda, method.beta) = (15, 2)
        let world = try MethodWorld(method, sizes: [9, 6], layers: MethodWorld.normed, epochs: 2, rate: 0.5)
        let run = try MethodRun(world)
        let kept = try (0..<2).map {
            try doubles(#require(run.part("personal", of: $0, after: 1, in: world)))
        }
        let due = mean(kept, weights: [9, 6])
        for segment in world.plan.layout.segments where segment.role == .buffer {
            let range = segment.offset..<segment.offset + segment.count
            #expect(near(Array(run.course.models[0][range]), Array(due[range]), 1e-6), "\(segment.name)")
        }
    }
}

import Methods
import Networks
import TensorMath
import Testing

@Suite struct FedNovaTests {
    /// The optimiser itself, fed the k-th unit vector in step k, shows what each gradient weighs in the end.
    @Test(arguments: [
        SGD(learningRate: 1), SGD(learningRate: 1, momentum: 0.5), SGD(learningRate: 1, momentum: 0.9),
        SGD(learningRate: 1, momentum: 0.5, nesterov: true),
        SGD(learningRate: 1, momentum: 0.9, nesterov: true),
    ]) func coefficientsAreTheWeightsOfGradients(settings: SGD) {
        for steps in [1, 2, 3, 7, 20] {
            var state = SGDState(settings, count: steps)
            let (w, g) = (FloatBuffer(count: steps).view, FloatBuffer(count: steps).view)
            for step in 0..<steps {
                g.fill(0)
                g[step] = 1
                state.step(parameters: w, gradients: g, runs: [0..<steps])
            }
            let due = w.array.reduce(0.0) { $0 - Double($1) }
            let found = FedNova.coefficient(
                steps: steps, momentum: Double(settings.momentum), nesterov: settings.nesterov)
            #expect(abs(found - due) < 1e-5 * due, "\(steps) steps")
        }
    }

    /// Without momentum, by hand: clients of 1 and 3 samples with 2 and 4 steps. tau_eff = 2/4 + 3 x 4/4 = 3.5;
    /// d = (1, 2, 0) / 2 and (4, 0, -4) / 4; w = w - 3.5 (d_1 / 4 + 3 d_2 / 4).
    @Test func unequalStepsByHand() throws {
        var fixture = ServerFixture(FedNova(), global: [10, 20, 30, 1, 1])
        let found = try fixture.round(
            [[9, 18, 30, 5, 1], [6, 20, 34, 1, 9]], samples: [1, 3], steps: [2, 4])
        let due = [10 - 3.5 * (0.125 + 0.75), 20 - 3.5 * 0.25, 30 + 3.5 * 0.75, 2, 7]
        #expect(near(found, due, 1e-6))
    }

    @Test(arguments: [false, true]) func momentumWeighsSteps(nesterov: Bool) throws {
        let settings = SGD(learningRate: 0.1, momentum: 0.5, nesterov: nesterov)
        var fixture = ServerFixture(FedNova(), global: [0, 0, 0, 0, 0], optimizer: settings)
        let found = try fixture.round([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]], samples: [1, 1], steps: [1, 3])
        // Weights of the gradients of three steps: 1 + 1.5 + 1.75; Nesterov's 1.5 + 1.75 + 1.875, of one 1.5.
        let (a, b) = nesterov ? (1.5, 5.125) : (1.0, 4.25)
        let effective = (a + b) / 2
        #expect(near(found, [effective / a / 2, effective / b / 2, 0, 0, 0], 1e-6))
    }

    @Test(arguments: [Float(0), 0.9]) func equalStepsAreFedAvg(momentum: Float) throws {
        func models(_ method: any FederatedMethod) throws -> [[Float]] {
            var world = try MethodWorld(
                method, sizes: [8, 6, 7], layers: MethodWorld.normed, rounds: 3, epochs: 2, batch: 4)
            world.optimizer.momentum = momentum
            return try MethodRun(world).course.models
        }
        for (nova, plain) in zip(try models(FedNova()), try models(FedAvg())) {
            #expect(near(nova, doubles(plain), 2e-6))
        }
    }

    /// A whole run with clients of 1, 2 and 5 steps.
    @Test func unequalStepsInARun() throws {
        let sizes = [3, 7, 20]
        let world = try MethodWorld(FedNova(), sizes: sizes, batch: 4)
        let run = try MethodRun(world)
        let start = doubles(world.initialModel)
        let steps = [1.0, 2, 5]
        #expect(run.course.clients.map { Double($0.steps) } == steps)
        let effective = zip(sizes, steps).reduce(0) { $0 + Double($1.0) / 30 * $1.1 }
        var due = start
        for client in 0..<3 {
            let sent = doubles(TinyFederation.values(try #require(run.update(of: client, round: 1))))
            due = due .+ effective * Double(sizes[client]) / 30 / steps[client] * (sent - start)
        }
        #expect(near(run.course.models[0], due, 1e-6))
    }
}

import Foundation
import Methods
import Networks
import TensorMath
import Testing

/// FedMAX's prior against the losses that its two sources state.
@Suite struct FedMAXTests {
    static func method(_ direction: String, _ reduction: String, beta: Double = 3) -> FedMAX {
        var method = FedMAX()
        (method.direction, method.reduction, method.beta) = (direction, reduction, beta)
        return method
    }

    static let forms: [FedMAX] = ["uniform_first", "uniform_last"].flatMap { direction in
        ["elements", "samples"].map { method(direction, $0) }
    }

    static var norm: FedMAX {
        var method = FedMAX()
        (method.regularizer, method.beta) = ("l2", 0.5)
        return method
    }

    /// The prior as stated, over the activations of a batch.
    static func prior(_ method: FedMAX) -> ([[Double]]) -> Double {
        { activations in
            if method.regularizer == "l2" {
                return method.beta * activations.flatMap(\.self).reduce(0) { $0 + $1 * $1 }.squareRoot()
            }
            let features = Double(activations[0].count)
            let sum = activations.reduce(0.0) { sum, a in
                let q = PlainNet.softmax(a)
                return sum
                    + (method.direction == "uniform_first"
                        ? q.reduce(0) { $0 - log($1 * features) / features }
                        : q.reduce(0) { $0 + $1 * log($1 * features) })
            }
            let count = Double(activations.count)
            return method.beta * sum / (method.reduction == "elements" ? count * features : count)
        }
    }

    /// The prior's gradient on the activations [N][D], read off the weights of a network whose N inputs are the
    /// unit vectors and whose classifier is zero, so that cross-entropy says nothing.
    static func gradient(_ method: FedMAX, activations: [[Float]]) throws -> [[Float]] {
        let (samples, features) = (activations.count, activations[0].count)
        let plan = try NetworkPlan(
            spec: ModelSpec(name: "read", layers: [.flatten, .dense(units: features), .dense(units: 2)]),
            input: Shape(channels: samples), classes: 2)
        var configuration = try MethodWorld(method, sizes: [samples], batch: samples, rate: 1).configuration
        configuration.model = plan.spec
        let client = LocalClient(configuration: configuration, plan: plan)
        let training = method.client(client)
        let w = client.network.parameters
        w.fill(0)
        for d in 0..<features { for n in 0..<samples { w[d * samples + n] = activations[n][d] } }
        for n in 0..<samples {
            for m in 0..<samples { client.network.input[n * samples + m] = n == m ? 1 : 0 }
        }
        client.samples = samples
        client.optimizer.reset(learningRate: 1)
        training.begin()
        _ = training.step()
        return (0..<samples).map { n in (0..<features).map { activations[n][$0] - w[$0 * samples + n] } }
    }

    static func random(_ samples: Int, _ features: Int) -> [[Float]] {
        var stream = RandomStream(RandomKey(seed: 8, purpose: .test))
        return (0..<samples).map { _ in (0..<features).map { _ in Float(2 * stream.normal()) } }
    }

    @Test(arguments: forms) func gradientsHaveTheirClosedForms(method: FedMAX) throws {
        let activations = Self.random(4, 7)
        let found = try Self.gradient(method, activations: activations)
        let (n, d) = (4.0, 7.0)
        for (row, a) in zip(found, activations) {
            let q = PlainNet.softmax(doubles(a))
            let entropy = q.reduce(0) { $0 - $1 * log($1) }
            let scale = method.beta / (method.reduction == "elements" ? n * d : n)
            let due = q.map {
                scale * (method.direction == "uniform_first" ? $0 - 1 / d : $0 * (log($0) + entropy))
            }
            #expect(near(row, due, 2e-6))
        }
    }

    @Test(arguments: forms + [norm]) func gradientsAreThoseOfTheStatedLoss(method: FedMAX) throws {
        let activations = Self.random(3, 6)
        let prior = Self.prior(method)
        let due = PlainNet.gradient(at: doubles(activations.flatMap(\.self))) { flat in
            prior((0..<3).map { Array(flat[$0 * 6..<$0 * 6 + 6]) })
        }
        #expect(near(try Self.gradient(method, activations: activations).flatMap(\.self), due, 2e-6))
    }

    /// The default is the authors' code: beta = 1000 and beta (q - 1/D) / (N D).
    @Test func theDefaultIsTheCodesForm() throws {
        let activations: [[Float]] = [[0, 1], [3, 3]]
        let found = try Self.gradient(FedMAX(), activations: activations)
        let q = 1 / (1 + exp(-1.0))
        #expect(near(found[0], [1000 * (0.5 - q) / 4, 1000 * (q - 0.5) / 4], 1e-5))
        #expect(found[1] == [0, 0])
    }

    @Test(arguments: forms) func uniformActivationsHaveNoGradient(method: FedMAX) throws {
        let found = try Self.gradient(method, activations: [[1.5, 1.5, 1.5, 1.5], [0, 0, 0, 0]])
        #expect(found.flatMap(\.self).allSatisfy { abs($0) < 2e-7 })
        #expect(try Self.gradient(Self.norm, activations: [[0, 0], [0, 0]]) == [[0, 0], [0, 0]])
        // Far from uniform nothing overflows.
        let far = try Self.gradient(method, activations: [[500, -500, 0]])
        #expect(far.flatMap(\.self).allSatisfy { $0.isFinite })
    }

    /// Three steps of cross-entropy and prior, whose logged loss is cross-entropy alone.
    @Test(arguments: forms + [norm]) func wholeStepsFollowTheSum(method: FedMAX) throws {
        var world = try MethodWorld(method, sizes: [9], epochs: 3)
        world.optimizer.momentum = 0.5
        let run = try MethodRun(world)
        let samples = world.samples(0)
        var (w, v) = (doubles(world.initialModel), [Double](repeating: 0, count: PlainNet.count))
        var losses = 0.0
        for _ in 0..<3 {
            losses += PlainNet.loss(w, samples) * 9
            let prior = Self.prior(method)
            v = 0.5 * v .+ PlainNet.gradient(at: w) { PlainNet.loss($0, samples, prior: prior) }
            w = w - 0.25 * v
        }
        #expect(near(run.course.models[0], w))
        #expect(abs(run.course.clients[0].trainLossSum - losses) < 1e-4)
    }

    /// The server is FedAvg's and nothing more travels.
    @Test func withoutWeightItIsFedAvg() throws {
        let sizes = [5, 8, 3]
        let plain = try MethodRun(MethodWorld(FedAvg(), sizes: sizes, rounds: 2, epochs: 2, batch: 4))
        let run = try MethodRun(
            MethodWorld(
                Self.method("uniform_first", "elements", beta: 0), sizes: sizes, rounds: 2, epochs: 2,
                batch: 4))
        #expect(run.course.models == plain.course.models)
        #expect(run.course.rounds.map(\.federatedUpBytes) == plain.course.rounds.map(\.federatedUpBytes))
    }
}

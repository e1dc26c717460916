import Foundation
import Methods
import TensorMath
import Testing

/// MOON's contrastive loss as stated, by differences.
@Suite struct MoonTests {
    static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    static func cosine(_ a: [Double], _ b: [Double]) -> Double {
        dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    /// -log of the share of the global representation, with `temperature`, mean over samples.
    static func contrast(
        _ z: [[Double]], global: [[Double]], previous: [[Double]], temperature: Double
    ) -> Double {
        let sum = z.indices.reduce(0.0) { sum, index in
            // Samples with a representation that is zero have no direction and no loss.
            guard [z, global, previous].allSatisfy({ dot($0[index], $0[index]) > 0 }) else { return sum }
            let near = exp(cosine(z[index], global[index]) / temperature)
            let far = exp(cosine(z[index], previous[index]) / temperature)
            return sum - log(near / (near + far))
        }
        return sum / Double(z.count)
    }

    @Test(arguments: [(1.0, 0.5), (5, 0.25)]) func stepsFollowTheLoss(mu: Double, temperature: Double) throws
    {
        var method = Moon()
        (method.mu, method.temperature) = (mu, temperature)
        let sizes = [7, 5]
        let world = try MethodWorld(method, sizes: sizes, rounds: 3, epochs: 3)
        let run = try MethodRun(world)
        var global = doubles(world.initialModel)
        var previous = sizes.map { _ in global }
        for round in 1...3 {
            var models: [[Double]] = []
            for client in sizes.indices {
                let samples = world.samples(client)
                func representations(_ p: [Double]) -> [[Double]] {
                    samples.map { PlainNet.activations(p, $0.x) }
                }
                let (together, apart) = (representations(global), representations(previous[client]))
                var w = global
                for _ in 0..<3 {
                    w =
                        w - 0.25
                        * PlainNet.gradient(at: w) { p in
                            PlainNet.loss(p, samples) {
                                mu
                                    * Self.contrast(
                                        $0, global: together, previous: apart, temperature: temperature)
                            }
                        }
                }
                previous[client] = w
                models.append(w)
                let kept = run.part("previous", of: client, after: round, in: world) ?? []
                #expect(near(kept, w, 5e-5), "round \(round), client \(client)")
            }
            global = mean(models, weights: sizes)
            #expect(near(run.course.models[round - 1], global, 5e-5))
        }
    }

    /// Nobody learns anything of a representation without a direction; nothing becomes NaN.
    @Test func zeroRepresentationsAreLeftOut() throws {
        let world = try MethodWorld(Moon(), sizes: [6], epochs: 2)
        let executor = world.executor()
        let task = TaskSpec(
            id: 1, kind: .train, round: 1, client: 0, layout: world.exchange.payload.digest, inputs: [])
        let model = TinyFederation.model(world.initialModel)
        let dead = TinyFederation.model(.init(repeating: 0, count: PlainNet.count))
        let output = try FederatedAveragingTests.World.compute(task, [model, dead], executor)
        let plain = try MethodWorld(FedAvg(), sizes: [6], epochs: 2).executor()
        let due = try FederatedAveragingTests.World.compute(task, [model], plain)
        #expect(TinyFederation.values(output.objects[0]) == TinyFederation.values(due.objects[0]))
        let still = try FederatedAveragingTests.World.compute(task, [dead, model], executor)
        #expect(TinyFederation.values(still.objects[0]).allSatisfy { $0.isFinite })
    }

    /// One pass forward with each of three models.
    @Test func workCountsThreeModels() throws {
        let row = try #require(
            MethodRun(MethodWorld(Moon(), sizes: [6], epochs: 2, batch: 4)).course.clients.first)
        #expect(row.work.forwardSamples == 36 && row.work.backwardSamples == 12)
        #expect(row.upPayloadBytes == UInt64(4 * PlainNet.count))
    }
}

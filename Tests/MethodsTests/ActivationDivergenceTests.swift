import Foundation
import Methods
import TensorMath
import Testing

@Suite struct ActivationDivergenceTests {
    @Test func byHand() {
        #expect(ActivationProbe.divergence([]) == 0)
        #expect(ActivationProbe.divergence([[0.25, 0.75]]) == 0)
        #expect(ActivationProbe.divergence([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]) < 1e-12)
        // Apart: log2 of their number.
        #expect(abs(ActivationProbe.divergence([[1, 0], [0, 1]]) - 1) < 1e-12)
        let apart: [[Float]] = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        #expect(abs(ActivationProbe.divergence(apart) - 2) < 1e-12)
        // H(3/4, 1/4) - (H(1, 0) + H(1/2, 1/2)) / 2.
        let due = 0.75 * log2(4.0 / 3) + 0.25 * 2 - 0.5
        #expect(abs(ActivationProbe.divergence([[1, 0], [0.5, 0.5]]) - due) < 1e-12)
    }

    /// Attackers lie about what they learnt, not about their activations, whatever of the model travels.
    @Test func attacksDoNotReachTheProbe() throws {
        for method in [FedAvg(), FedPer()] as [any FederatedMethod] {
            func divergence(_ attack: AttackSpec?) throws -> Double? {
                var world = try MethodWorld(method, sizes: [6, 9, 4], epochs: 3, on: [.activationDivergence])
                world.configuration.attack = attack
                return try MethodRun(world).course.rounds[0].activationDivergence
            }
            let honest = try divergence(nil)
            #expect(try honest != nil && divergence(AttackSpec(kind: .scaledNoise, share: 0.5)) == honest)
        }
    }

    /// In a run: over the models that the cohort has just trained, on the first images of the test split.
    @Test func inARun() throws {
        let sizes = [6, 9, 4]
        let world = try MethodWorld(FedAvg(), sizes: sizes, rounds: 2, epochs: 3, on: [.activationDivergence])
        let run = try MethodRun(world)
        for round in 1...2 {
            let distributions = try sizes.indices.map { client in
                let model = doubles(TinyFederation.values(try #require(run.update(of: client, round: round))))
                let view = FloatBuffer(count: MethodWorld.features).view
                let q = (0..<world.dataset.test.count).map { index in
                    world.dataset.test.copyFeatures(of: index, into: view, row: 0)
                    return PlainNet.softmax(PlainNet.activations(model, doubles(view.array)))
                }
                return mean(q, weights: q.map { _ in 1 })
            }
            func entropy(_ q: [Double]) -> Double { q.reduce(0) { $0 - $1 * log2($1) } }
            let all = mean(distributions, weights: [1, 1, 1])
            let due = entropy(all) - distributions.reduce(0) { $0 + entropy($1) } / 3
            let found = try #require(run.course.rounds[round - 1].activationDivergence)
            #expect(abs(found - due) < 1e-6 && due > 1e-5)
        }
    }
}

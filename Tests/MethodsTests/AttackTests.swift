import Datasets
import Methods
import TensorMath
import Testing

@Suite struct AttackTests {
    @Test func attackersAreAShareOfAll() {
        for (share, clients, due) in [(0.0, 10, 0), (0.2, 10, 2), (0.25, 10, 3), (1, 7, 7), (0.34, 3, 1)] {
            let attack = AttackSpec(kind: .signFlip, share: share)
            let drawn = attack.attackers(of: clients, seed: 3)
            #expect(drawn.count == due && drawn.allSatisfy { (0..<clients).contains($0) })
            #expect(attack.attackers(of: clients, seed: 3) == drawn)
        }
        let attack = AttackSpec(kind: .signFlip, share: 0.3)
        #expect(Set((0..<20).map { attack.attackers(of: 30, seed: $0) }).count > 15)
    }

    static func world(_ method: any FederatedMethod = FedAvg(), _ attack: AttackSpec?) throws -> MethodWorld {
        var world = try MethodWorld(method, sizes: [8, 6, 9, 7], epochs: 2, batch: 4)
        world.configuration.attack = attack
        return world
    }

    /// Updates of the first round of every client, honest and attacked, and who attacks.
    static func updates(
        _ attack: AttackSpec, _ method: any FederatedMethod = FedAvg()
    ) throws -> (honest: [[Float]], sent: [[Float]], start: [Float], attackers: Set<Int>) {
        let (honest, run) = (try MethodRun(world(method, nil)), try MethodRun(world(method, attack)))
        func sent(_ run: MethodRun) throws -> [[Float]] {
            try (0..<4).map { TinyFederation.values(try #require(run.update(of: $0, round: 1))) }
        }
        return (
            try sent(honest), try sent(run), TinyFederation.values(try #require(run.broadcasts[1])),
            attack.attackers(of: 4, seed: 5)
        )
    }

    @Test(arguments: [0.5, 1, 10]) func signFlip(scale: Double) throws {
        let found = try Self.updates(AttackSpec(kind: .signFlip, share: 0.5, scale: scale))
        #expect(found.attackers.count == 2)
        let start = doubles(found.start)
        for client in 0..<4 {
            let due =
                found.attackers.contains(client)
                ? start - scale * (doubles(found.honest[client]) - start) : doubles(found.honest[client])
            #expect(near(found.sent[client], due, 1e-6))
        }
    }

    @Test func scaledNoise() throws {
        let found = try Self.updates(AttackSpec(kind: .scaledNoise, share: 0.5, scale: 3))
        var noise: [Double] = []
        for client in 0..<4 {
            guard found.attackers.contains(client) else {
                #expect(found.sent[client] == found.honest[client])
                continue
            }
            noise += doubles(found.sent[client]) - doubles(found.start)
        }
        #expect(noise.count == 2 * PlainNet.count && Set(noise).count == noise.count)
        let deviation = (noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)).squareRoot()
        #expect(abs(deviation - 3) < 0.8 && abs(noise.reduce(0, +) / Double(noise.count)) < 1)
    }

    /// Noise of deviation 1 would make variances negative, and the mean's evaluation NaN.
    @Test(arguments: [AttackSpec.Kind.scaledNoise, .signFlip]) func statisticsStayHonest(
        kind: AttackSpec.Kind
    ) throws {
        var world = try MethodWorld(
            FedAvg(), sizes: [9, 12, 8, 7], layers: MethodWorld.normed, rounds: 3, epochs: 2, batch: 4,
            on: [.globalTest])
        world.configuration.attack = AttackSpec(kind: kind, share: 0.5, scale: 1)
        let run = try MethodRun(world)
        #expect(run.course.outcome?.rounds == 3)
        for model in run.course.models {
            for segment in world.plan.layout.segments where segment.name.hasSuffix("running_var") {
                #expect((0..<segment.count).allSatisfy { model[segment.offset + $0] >= 0 })
            }
        }
    }

    /// One step on turned labels, in double.
    @Test func labelFlip() throws {
        let attack = AttackSpec(kind: .labelFlip, share: 0.5)
        var world = try MethodWorld(FedAvg(), sizes: [8, 6, 9, 7])
        world.configuration.attack = attack
        let run = try MethodRun(world)
        let start = doubles(world.initialModel)
        let attackers = attack.attackers(of: 4, seed: 5)
        #expect(Set(run.course.clients.filter(\.attacks).map(\.client)) == attackers)
        for client in 0..<4 {
            let samples = world.samples(client).map {
                (x: $0.x, label: attackers.contains(client) ? PlainNet.classes - 1 - $0.label : $0.label)
            }
            let sent = TinyFederation.values(try #require(run.update(of: client, round: 1)))
            #expect(near(sent, start - 0.25 * PlainNet.gradient(start, samples), 2e-6))
        }
    }

    /// Nothing is sent that a rule could take.
    @Test func labelFlipWithoutUpdates() throws {
        let attack = AttackSpec(kind: .labelFlip, share: 0.5)
        let rows = try MethodRun(Self.world(LocalOnly(), attack)).course.clients
        #expect(Set(rows.filter(\.attacks).map(\.client)) == attack.attackers(of: 4, seed: 5))
        #expect(rows.count >= 4 && rows.allSatisfy { $0.factor == nil })
    }

    /// Of SCAFFOLD's payload the change of the control variate is turned round, too, and nothing else of it.
    @Test func signFlipOfControls() throws {
        var world = try MethodWorld(Scaffold(), sizes: [8, 6], rounds: 3, epochs: 2)
        let honest = try MethodRun(world)
        world.configuration.attack = AttackSpec(kind: .signFlip, share: 1, scale: 1)
        let run = try MethodRun(world)
        let zero = [Double](repeating: 0, count: PlainNet.count)
        func control(_ run: MethodRun, _ round: Int) -> [Double] {
            doubles(ScaffoldTests.halves(run.course.models[round - 1]).control)
        }
        #expect(near(ScaffoldTests.halves(run.course.models[0]).control, zero - control(honest, 1), 1e-6))
        // Changes after the first round are those of the clients' own states.
        for round in 2...3 {
            let changes = try (0..<2).map { client in
                try doubles(#require(run.part("control", of: client, after: round, in: world)))
                    - doubles(#require(run.part("control", of: client, after: round - 1, in: world)))
            }
            let due = control(run, round - 1) - mean(changes, weights: [1, 1])
            #expect(near(ScaffoldTests.halves(run.course.models[round - 1]).control, due, 1e-5))
        }
    }
}

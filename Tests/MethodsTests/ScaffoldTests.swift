import Methods
import Networks
import TensorMath
import Testing

/// SCAFFOLD's algorithm 1 with option II.
@Suite struct ScaffoldTests {
    static let sizes = [7, 4, 9, 5, 6]

    static func world(
        _ method: any FederatedMethod = Scaffold(), rounds: Int = 4, perRound: Int = 2
    ) throws -> MethodWorld {
        try MethodWorld(method, sizes: sizes, rounds: rounds, perRound: perRound, epochs: 3)
    }

    static func halves(_ payload: [Float]) -> (model: [Float], control: [Float]) {
        (Array(payload[..<PlainNet.count]), Array(payload[PlainNet.count...]))
    }

    @Test(arguments: [1.0, 0.5]) func roundsFollowTheAlgorithm(rate: Double) throws {
        var method = Scaffold()
        method.rate = rate
        let world = try Self.world(method)
        let run = try MethodRun(world)
        let zero = [Double](repeating: 0, count: PlainNet.count)
        var (x, c) = (doubles(world.initialModel), zero)
        var own = [[Double]](repeating: zero, count: Self.sizes.count)
        for round in 1...4 {
            let cohort = run.course.clients.filter { $0.round == round }.map(\.client)
            var models: [[Double]] = []
            var change = zero
            for client in cohort {
                var y = x
                for _ in 0..<3 {
                    y = y - 0.25 * (PlainNet.gradient(y, world.samples(client)) .+ c - own[client])
                }
                let next = own[client] - c .+ 1 / (3 * 0.25) * (x - y)
                change = change .+ (next - own[client])
                own[client] = next
                models.append(y)
                #expect(near(run.part("control", of: client, after: round, in: world) ?? [], next, 1e-4))
            }
            x = x .+ rate * (mean(models, weights: cohort.map { Self.sizes[$0] }) - x)
            c = c .+ 1 / Double(Self.sizes.count) * change
            let found = Self.halves(run.course.models[round - 1])
            #expect(near(found.model, x, 1e-4) && near(found.control, c, 1e-4), "round \(round)")
        }
    }

    /// c is the mean of all c_i, of those that never took part as well, whatever cohorts were drawn.
    @Test func theServersControlIsTheMeanOfAllClients() throws {
        let world = try Self.world(rounds: 30)
        let run = try MethodRun(world)
        for round in 1...30 {
            let states = Self.sizes.indices.map { client in
                run.part("control", of: client, after: round, in: world).map(doubles)
                    ?? [Double](repeating: 0, count: PlainNet.count)
            }
            let due = mean(states, weights: .init(repeating: 1, count: states.count))
            #expect(near(Self.halves(run.course.models[round - 1]).control, due, 1e-5), "round \(round)")
        }
    }

    /// A bound on the gradients that binds nothing makes the correction a pass of its own.
    @Test func theCorrectionIsTheSameBesideTheGradientAndBehindTheStep() throws {
        let together = try MethodRun(Self.world())
        var world = try Self.world()
        world.configuration.training.clipNorm = 1e6
        let apart = try MethodRun(world)
        for (first, second) in zip(together.course.models, apart.course.models) {
            #expect(near(first, doubles(second), 1e-5))
        }
    }

    @Test func twiceTheBytesOfFedAvgBothWays() throws {
        let (run, plain) = (try MethodRun(Self.world()), try MethodRun(Self.world(FedAvg())))
        #expect(run.course.clients.count == plain.course.clients.count)
        for (row, other) in zip(run.course.clients, plain.course.clients) {
            #expect(other.upPayloadBytes == UInt64(4 * PlainNet.count))
            #expect(row.upPayloadBytes == 2 * other.upPayloadBytes)
            #expect(row.downPayloadBytes == 2 * other.downPayloadBytes)
        }
        let traffic = run.course.traffic.filter { $0.part == .payload && $0.round == 1 }
        let other = plain.course.traffic.filter { $0.part == .payload && $0.round == 1 }
        for direction in [TrafficRow.Direction.up, .down] {
            let (rows, others) = (
                traffic.filter { $0.direction == direction }, other.filter { $0.direction == direction }
            )
            #expect(rows.map(\.bytes) == others.map(\.bytes) + others.map(\.bytes))
            #expect(rows.map(\.segment) == others.map(\.segment) + others.map { "control.\($0.segment)" })
        }
    }

    /// A learning rate that a schedule has brought to 0 teaches nothing, and nothing breaks.
    @Test func aRateOfZeroKeepsTheControls() throws {
        var world = try Self.world(rounds: 3, perRound: Self.sizes.count)
        world.configuration.training.schedule = .cosine(rounds: 3, minimum: 0)
        let run = try MethodRun(world)
        #expect(run.course.outcome?.rounds == 3)
        for client in Self.sizes.indices {
            let kept = run.part("control", of: client, after: 2, in: world)
            #expect(kept != nil && run.part("control", of: client, after: 3, in: world) == kept)
        }
        #expect(near(run.course.models[2], doubles(run.course.models[1]), 1e-6))
    }

    /// Neither does one so small that its inverse is no number any more.
    @Test func aRateNearZeroKeepsTheControls() throws {
        var world = try Self.world(rounds: 3, perRound: Self.sizes.count)
        world.configuration.training.optimizer = .sgd(
            SGD(learningRate: Float(sign: .plus, exponent: -133, significand: 1)))
        let run = try MethodRun(world)
        #expect(run.course.outcome?.rounds == 3)
        for client in Self.sizes.indices {
            let kept = run.part("control", of: client, after: 3, in: world)
            #expect(kept?.allSatisfy { $0 == 0 } == true)
        }
    }

    /// Coordinates of which a sparse update says nothing leave the server's control as it was.
    @Test func sparseUpdatesChangeOnlyWhatTheyName() throws {
        var world = try Self.world(rounds: 6, perRound: 1)
        world.configuration.compression = CompressionSpec(uplink: [.topK(fraction: 0.2)])
        let run = try MethodRun(world)
        // Of 20, 5, 15 and 3 values a fifth: 4, 1, 3 and 1.
        for (before, after) in zip(run.course.models, run.course.models.dropFirst()) {
            let changed = zip(Self.halves(before).control, Self.halves(after).control).filter { $0 != $1 }
                .count
            #expect(changed <= 9, "\(changed) of \(PlainNet.count)")
        }
    }

    /// Running statistics have no control variate and become the mean, whatever the server's rate.
    @Test func statisticsAreAveraged() throws {
        var method = Scaffold()
        method.rate = 0.25
        let world = try MethodWorld(method, sizes: [6, 9], layers: MethodWorld.normed)
        let run = try MethodRun(world)
        let sent = try (0..<2).map {
            try doubles(TinyFederation.values(#require(run.update(of: $0, round: 1))))
        }
        let due = mean(sent, weights: [6, 9])
        let count = world.plan.layout.count
        for segment in world.plan.layout.segments where segment.role == .buffer {
            let range = segment.offset..<segment.offset + segment.count
            let control = range.lowerBound + count..<range.upperBound + count
            #expect(near(Array(run.course.models[0][range]), Array(due[range]), 1e-6))
            #expect(run.course.models[0][control].allSatisfy { $0 == 0 })
        }
    }
}

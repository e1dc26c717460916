import Methods
import TensorMath
import Testing

/// Compression through whole runs: what travels, what the server makes of it, what the clients keep.
@Suite struct CompressedRoundTests {
    static let sizes = [6, 9, 5]

    static func world(
        _ compression: CompressionSpec, _ method: any FederatedMethod = FedAvg(), rounds: Int = 3
    ) throws -> MethodWorld {
        var world = try MethodWorld(
            method, sizes: sizes, layers: MethodWorld.normed, rounds: rounds, epochs: 2, batch: 4)
        world.configuration.compression = compression
        return world
    }

    static let uplinks: [[CompressionStage]] = [
        [.topK(fraction: 0.25)], [.topK(fraction: 0.25), .quantize(bits: 4)], [.randomK(fraction: 0.5)],
        [.quantize(bits: 8)], [.float16], [.sign],
    ]

    @Test(arguments: uplinks) func bytesAreExact(uplink: [CompressionStage]) throws {
        let compression = CompressionSpec(uplink: uplink, downlink: [.quantize(bits: 8)])
        for method in [FedAvg(), Scaffold(), FedPer()] as [any FederatedMethod] {
            let world = try Self.world(compression, method)
            let run = try MethodRun(world)
            let coding = UpdateCoding(world.configuration, layout: world.exchange.payload)
            #expect(coding.upBytes < world.exchange.payload.count * 4)
            for row in run.course.clients {
                #expect(row.upPayloadBytes == UInt64(coding.upBytes))
                #expect(row.downPayloadBytes == UInt64(coding.downBytes))
                #expect(run.update(of: row.client, round: row.round)?.count == coding.upBytes)
                #expect(run.broadcasts[row.round]?.count == coding.downBytes)
            }
            for (direction, due) in [(TrafficRow.Direction.up, coding.upBytes), (.down, coding.downBytes)] {
                let rows = run.course.traffic.filter {
                    $0.round == 2 && $0.direction == direction && $0.part == .payload
                }
                #expect(rows.reduce(0) { $0 + $1.bytes } == UInt64(3 * due))
                #expect(rows.map(\.segment) == world.exchange.payload.segments.map(\.name))
            }
        }
    }

    /// The server takes the mean of what it decodes; a client keeps what its payload lacked, and sends it with the
    /// next one.
    @Test(arguments: uplinks) func residualsAreKept(uplink: [CompressionStage]) throws {
        let world = try Self.world(CompressionSpec(uplink: uplink, errorFeedback: true))
        let run = try MethodRun(world)
        let coding = UpdateCoding(world.configuration, layout: world.exchange.payload)
        let count = world.plan.layout.count
        let zero = [Double](repeating: 0, count: count)
        let executor = try Self.world(.none).executor()
        for round in 1...3 {
            let broadcast = try #require(run.broadcasts[round])
            let global = CompressionFixtures.view(TinyFederation.values(broadcast))
            var decoded: [[Double]] = []
            for client in Self.sizes.indices {
                // What the client would have sent: the same task without compression.
                var task = try #require(
                    run.course.tasks.first { $0.kind == .train && $0.client == client && $0.round == round })
                task.inputs = []
                let plain = try FederatedAveragingTests.World.compute(task, [broadcast], executor)
                let intended = doubles(TinyFederation.values(plain.objects[0])) - doubles(global.array)
                let update = FloatBuffer(count: count).view
                try coding.accept(
                    #require(run.update(of: client, round: round)), global: global, received: global,
                    client: client, participation: round - 1, into: update)
                decoded.append(doubles(update.array))
                let arrived = doubles(update.array) - doubles(global.array)
                let before =
                    round == 1
                    ? zero
                    : try doubles(#require(run.part("residual", of: client, after: round - 1, in: world)))
                let after = try doubles(#require(run.part("residual", of: client, after: round, in: world)))
                #expect(near((intended .+ before - after).map { Float($0) }, arrived, 1e-5))
                #expect(after.contains { $0 != 0 })
            }
            #expect(near(run.course.models[round - 1], mean(decoded, weights: Self.sizes), 1e-6))
        }
    }

    /// Without stages up, the server adds the differences to its own exact values.
    @Test func theServersValuesStayExact() throws {
        let world = try Self.world(CompressionSpec(downlink: [.quantize(bits: 4)]))
        let run = try MethodRun(world)
        let coding = UpdateCoding(world.configuration, layout: world.exchange.payload)
        var global = doubles(world.initialModel)
        for round in 1...3 {
            let received = FloatBuffer(count: world.plan.layout.count).view
            try coding.receive(#require(run.broadcasts[round]), round: round, into: received)
            #expect(!near(received.array, global, 1e-4))
            let sent = try Self.sizes.indices.map {
                doubles(TinyFederation.values(try #require(run.update(of: $0, round: round))))
                    - doubles(received.array)
            }
            global = global .+ mean(sent, weights: Self.sizes)
            #expect(near(run.course.models[round - 1], global, 1e-5))
            global = doubles(run.course.models[round - 1])
        }
    }

    /// Whatever is compressed, a run that keeps every value to 16 bits stays near the exact one.
    @Test func float16IsNear() throws {
        for method in [FedAvg(), Scaffold(), FedNova(), FedAvgM()] as [any FederatedMethod] {
            let exact = try MethodRun(Self.world(.none, method))
            let run = try MethodRun(
                Self.world(CompressionSpec(uplink: [.float16], downlink: [.float16]), method))
            #expect(near(run.course.models[2], doubles(exact.course.models[2]), 0.01), "\(method)")
        }
    }
}

import Devices
import Methods
import TensorMath
import Testing

/// Programs in simulated time: what counts, what is kept, and that parts add up.
@Suite struct TimedProgramTests {
    private static func devices(
        _ round: RoundPolicy, dropout: Double = 0, kind: AvailabilitySpec.Kind = .always
    ) -> DevicesSpec {
        DevicesSpec(groups: [], round: round, availability: AvailabilitySpec(dropout: dropout, kind: kind))
    }

    private static func world(
        _ method: String, _ devices: DevicesSpec, seed: UInt64 = 5, rounds: Int = 6
    ) throws -> MethodWorld {
        var world = try MethodWorld(
            #require(MethodSpec(named: method)).method, sizes: [9, 6, 12, 8, 10, 7, 11, 5], rounds: rounds,
            perRound: 3, epochs: 2, batch: 4, rate: 0.05, heldOut: 0.2, on: [.localTest])
        world.configuration.seed = seed
        world.configuration.devices = devices
        return world
    }

    private static func near(_ one: Double, _ other: Double) -> Bool {
        abs(one - other) <= 1e-9 * max(1, abs(one))
    }

    private static func agree(_ found: [Float], _ due: [Double]) -> Bool {
        found.count == due.count
            && zip(found, due).allSatisfy { abs(Double($0) - $1) <= 1e-6 * max(1, abs($1)) }
    }

    // MARK: - Sums

    struct Scenario: Sendable {
        let method: String
        let round: RoundPolicy
    }

    static let scenarios =
        ["fedavg", "scaffold", "ditto"].flatMap { method in
            [
                Scenario(method: method, round: .strict(minimum: 1)),
                Scenario(method: method, round: .deadline(seconds: 9, overSelection: 1.5, minimum: 1)),
                Scenario(method: method, round: .deadline(seconds: 30, overSelection: 2, minimum: 2)),
            ]
        } + [Scenario(method: "fedavg", round: .async(buffer: 2, concurrency: 4, maximumStaleness: 1))]

    @Test(arguments: scenarios, [0, 0.25])
    func partsAddUp(scenario: Scenario, dropout: Double) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let devices = Self.devices(scenario.round, dropout: dropout, kind: .markov(on: 60, off: 20))
            let world = try Self.world(scenario.method, devices, seed: seed)
            let course = try MethodRun(world).course
            var end = 0.0
            for round in course.rounds {
                let rows = course.clients.filter { $0.round == round.round }
                let wasted = rows.filter { $0.fate != .accepted }
                let start = end
                end += try #require(round.simulatedSeconds)
                #expect(round.drawn == rows.count && round.clients == rows.count - wasted.count)
                #expect(Set(rows.map(\.client)).count == rows.count)
                try addUp(round, rows, wasted)
                let traffic = course.traffic.filter { $0.round == round.round }
                for (direction, bytes) in [
                    (TrafficRow.Direction.up, round.federatedUpBytes), (.down, round.federatedDownBytes),
                ] {
                    #expect(
                        traffic.filter { $0.direction == direction }.reduce(0) { $0 + $1.bytes } == bytes)
                }
                for row in rows {
                    #expect(row.factor == (row.fate == .accepted ? 1 : nil))
                    let timing = try #require(row.timing)
                    let busy = timing.downloadSeconds + timing.computeSeconds + timing.uploadSeconds
                    let done = timing.startSeconds + busy + timing.waitingSeconds
                    switch scenario.round {
                    case .async: #expect(Self.near(timing.waitingSeconds, 0) && done <= end + 1e-9)
                    default:
                        #expect(timing.startSeconds >= start - 1e-9)
                        if row.fate == .accepted { #expect(Self.near(done, end)) }
                    }
                    try checkPowers(timing, world)
                }
            }
        }
    }

    /// Clients to the round: joules, and bytes of both directions.
    private func addUp(_ round: RoundRow, _ rows: [ClientRow], _ wasted: [ClientRow]) throws {
        func joules(_ rows: [ClientRow]) -> Double { rows.reduce(0) { $0 + ($1.timing?.joules ?? .nan) } }
        #expect(Self.near(try #require(round.energyJoules), joules(rows)))
        #expect(Self.near(try #require(round.wastedJoules), joules(wasted)))
        func up(_ rows: [ClientRow]) -> UInt64 {
            rows.reduce(0) { $0 + $1.upPayloadBytes + $1.upOverheadBytes }
        }
        func down(_ rows: [ClientRow]) -> UInt64 {
            rows.reduce(0) { $0 + $1.downPayloadBytes + $1.downOverheadBytes }
        }
        #expect(round.federatedUpBytes == up(rows) && round.federatedDownBytes == down(rows))
        #expect(round.wastedUpBytes == up(wasted) && round.wastedDownBytes == down(wasted))
    }

    /// Watts x seconds, of the board that the row names.
    private func checkPowers(_ timing: ClientTiming, _ world: MethodWorld) throws {
        let group = try #require(world.groups.first { $0.device.name == timing.device })
        let idle = timing.downloadSeconds + timing.uploadSeconds + timing.waitingSeconds
        #expect(abs(timing.computeJoules - group.device.power.activeWatts * timing.computeSeconds) < 1e-7)
        #expect(abs(timing.idleJoules - group.device.power.idleWatts * idle) < 1e-7)
        #expect(timing.radioJoules >= 0 && timing.link == group.link.name)
    }

    // MARK: - What counts

    /// Half of the clients are late: the model is the mean of the others, weighted by their samples.
    @Test func aDeadlineAveragesThoseInTime() throws {
        var federation = TinyFederation(trainCounts: [4, 3, 2, 1, 4, 3], on: [])
        federation.configuration.devices = Self.devices(
            .deadline(seconds: 2, overSelection: 1, minimum: 1))
        var program = federation.program()
        let course = try Course(&program) { task, _ in
            let client = Float(task.client ?? 99)
            return federation.update(task, [client, 1 - client, client * client])
        }
        let accepted = course.clients.filter { $0.fate == .accepted }
        #expect(accepted.count == 3 && course.clients.filter { $0.fate == .late }.count == 3)
        #expect(accepted.allSatisfy { $0.timing?.device == "fast" })
        // The others train in vain, and nothing is computed for them.
        #expect(course.tasks.map(\.client).sorted { $0! < $1! } == accepted.map { $0.client })
        let total = accepted.reduce(0) { $0 + $1.samples }
        let due = (0..<3).map { index in
            accepted.reduce(0.0) { sum, row in
                let client = Double(row.client)
                return sum + Double(row.samples) / Double(total)
                    * [client, 1 - client, client * client][index]
            }
        }
        #expect(Self.agree(course.models[0], due))
        #expect(course.rounds[0].simulatedSeconds == 2 && course.rounds[0].clients == 3)
    }

    /// Equal clients on equal boards, all at work and all counted: synchronous averaging, to the bit.
    @Test func asyncOfAllTogetherIsSynchronous() throws {
        func models(_ devices: DevicesSpec?) throws -> [ObjectID] {
            var world = try MethodWorld(
                #require(MethodSpec(named: "fedavg")).method, sizes: [8, 8, 8, 8], rounds: 5, epochs: 2,
                batch: 4)
            world.configuration.devices = devices
            world.groups = [TinyDevices.groups[0]]
            let course = try MethodRun(world).course
            #expect(course.clients.allSatisfy { ($0.timing?.staleness ?? 0) == 0 })
            return course.snapshots.map(\.model.id)
        }
        let plain = try models(nil)
        #expect(plain.count == 5 && Set(plain).count == 5)
        #expect(
            try models(Self.devices(.async(buffer: 4, concurrency: 4, maximumStaleness: 3))) == plain)
        #expect(try models(Self.devices(.strict(minimum: 1))) == plain)
    }

    /// Client 0 takes 1 s and client 1 takes 3: its first update is two rounds old when it comes, and counts for
    /// 1 / sqrt(3) of what it changed.
    @Test func staleUpdatesAreShortened() throws {
        var federation = TinyFederation(trainCounts: [1, 9], rounds: 3, on: [])
        federation.configuration.devices = Self.devices(
            .async(buffer: 1, concurrency: 2, maximumStaleness: 5))
        federation.groups = [TinyDevices.groups[0]]
        var program = federation.program()
        var inputs: [[Float]] = []
        let course = try Course(&program) { task, program in
            let start = program.object(task.inputs[0].id).map(TinyFederation.values) ?? []
            inputs.append(start)
            let client = task.client ?? 9
            return federation.update(
                task, zip(start, [1, 2, 4] as [Float]).map { $0 + (client == 0 ? $1 : 8 * $1) })
        }
        #expect(course.clients.map(\.client) == [0, 0, 1])
        #expect(course.clients.map { $0.timing?.staleness } == [0, 0, 2])
        // Every round on the model that was the newest at its start.
        #expect(inputs[1] == course.models[0] && inputs[2] == inputs[0])
        #expect(course.tasks.map(\.round) == [1, 2, 1])
        let before = doubles(course.models[1])
        let due = zip(before, [8, 16, 32] as [Double]).map { $0 + $1 / 3.0.squareRoot() }
        #expect(Self.agree(course.models[2], due))
        let plain = zip(doubles(inputs[0]), [2, 4, 8] as [Double]).map { $0 + $1 }
        #expect(Self.agree(course.models[1], plain))
    }

    /// What old updates change of a variance does not add up: it stays one, compressed or not.
    @Test(arguments: [[], [CompressionStage.float16]]) func variancesStayPositive(
        uplink: [CompressionStage]
    ) throws {
        var world = try MethodWorld(
            #require(MethodSpec(named: "fedavg")).method, sizes: .init(repeating: 8, count: 12),
            layers: MethodWorld.normed, rounds: 40, epochs: 4, batch: 4, rate: 0.02)
        world.configuration.compression = CompressionSpec(uplink: uplink)
        world.configuration.devices = Self.devices(.async(buffer: 2, concurrency: 12, maximumStaleness: 10))
        let course = try MethodRun(world).course
        #expect(course.outcome?.rounds == 40)
        #expect(course.clients.contains { ($0.timing?.staleness ?? 0) > 3 })
        let variances = world.exchange.payload.segments.filter { $0.name.hasSuffix("running_var") }
        #expect(variances.count == 2)
        for model in course.models {
            for segment in variances {
                let values = model[segment.offset..<segment.offset + segment.count]
                #expect(values.allSatisfy { $0 > 0 }, "\(segment.name): \(Array(values))")
            }
        }
    }

    // MARK: - States

    /// Who is late keeps what it learnt and begins with it; who drops out does not.
    @Test(arguments: ["scaffold", "ditto"]) func whoFinishesKeepsItsState(method: String) throws {
        let world = try Self.world(
            method, Self.devices(.deadline(seconds: 9, overSelection: 2, minimum: 1), dropout: 0.3),
            rounds: 12)
        let run = try MethodRun(world)
        var kept: [Int: String] = [:]
        var parts: [Int: Int] = [:]
        var seen: Set<ClientFate> = []
        for row in run.course.clients.sorted(by: { ($0.round, $0.client) < ($1.round, $1.client) }) {
            seen.insert(row.fate)
            let task = run.course.tasks.first {
                $0.kind == .train && $0.client == row.client && $0.round == row.round
            }
            guard row.fate != .dropped else {
                #expect(task == nil && row.stateDigest.isEmpty && row.updateDigest.isEmpty && row.steps == 0)
                continue
            }
            let found = try #require(task)
            #expect(!row.stateDigest.isEmpty)
            #expect(found.inputs.dropFirst().map { "\($0.id)" } == [kept[row.client]].compactMap(\.self))
            #expect(found.participation == parts[row.client, default: 0])
            #expect(found.isFederated == (row.fate == .accepted))
            kept[row.client] = row.stateDigest
            parts[row.client, default: 0] += 1
        }
        #expect(seen.isSuperset(of: [.accepted, .late, .dropped]), "\(seen)")
        #expect(parts.values.contains { $0 > 2 })
    }

    /// A round that nobody counts in leaves the model as it is, and is a round all the same.
    @Test func abandonedRoundsChangeNothing() throws {
        let world = try Self.world(
            "fedavg", Self.devices(.strict(minimum: 3), dropout: 0.2), rounds: 12)
        let course = try MethodRun(world).course
        #expect(course.outcome?.rounds == 12 && course.rounds.map(\.round) == Array(1...12))
        let missed = course.rounds.filter { $0.clients == 0 }
        #expect(!missed.isEmpty && missed.count < 12)
        for row in missed {
            let before = course.rounds.first { $0.round == row.round - 1 }
            #expect(before == nil || before?.modelDigest == row.modelDigest)
            #expect(row.trainLoss == nil && row.samples == 0 && row.energyJoules == row.wastedJoules)
        }
        for row in course.rounds where row.clients > 0 { #expect(row.clients == 3 && row.wastedJoules == 0) }
    }

    /// A run whose clients all drop out ends with the reason, and with the rows of the rounds before.
    @Test func missedQuorumsEndARun() throws {
        let federation = {
            var federation = TinyFederation(trainCounts: [4, 4], rounds: 20, every: 20, on: [])
            federation.configuration.devices = Self.devices(.strict(minimum: 1), dropout: 1)
            return federation
        }()
        var program = federation.program()
        let step = program.start()
        #expect(step.quorumMissed?.contains("rounds 1 to 10 had fewer than 1 updates") == true)
        #expect(step.tasks.isEmpty && step.outcome == nil && step.snapshot?.round == 9)
        let rounds = step.rows.compactMap { if case .round(let row) = $0 { row.round } else { nil } }
        #expect(rounds.sorted() == Array(1...9))
    }
}

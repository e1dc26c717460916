import Methods
import Networks
import TensorMath
import Testing

/// Split computing from the teacher's epoch to the last mode.
@Suite struct SplitProgramTests {
    static let whole = SplitWorld(channels: [2, 1], baselines: SplitBaseline.allCases, filter: [0])

    @Test func everyModeHasItsRound() throws {
        let course = try Self.whole.run()
        #expect(course.failure == nil)
        let outcome = try #require(course.outcome)
        let due = [
            "bottlefit_2", "bottlefit_2_stage1", "bottlefit_1", "bottlefit_1_stage1", "naive_ce_2",
            "naive_kd_2", "hnd_2", "autoencoder_2", "early_exit_0.4", "early_exit_1.0", "local_small",
            "filtered_2", "local", "edge_jpeg_90", "edge_jpeg_10", "edge_raw",
        ]
        let rows = Dictionary(uniqueKeysWithValues: course.modes.map { ($0.mode, $0) })
        #expect(Set(rows.keys) == Set(due))
        #expect(outcome.rounds == 1 + 3 + 2 + due.count)
        #expect(course.finished.map(\.round) == Array(1...outcome.rounds))
        #expect(outcome.modelDigest == rows["bottlefit_2"]!.digest)
        // One epoch of the teacher, three of eight networks, two of the filter when they are done.
        #expect(course.epochs.count == 1 + 3 * 8 + 2)
        #expect(course.epochs.suffix(2).map(\.epoch) == [4, 5])
        // Networks of one shape begin alike, and what they learn makes them differ.
        let digests = ["bottlefit_2", "naive_ce_2", "naive_kd_2", "hnd_2"].map { rows[$0]!.digest }
        #expect(Set(digests).count == 4)
        // The same teacher, wherever it stands; exits that are never sure are the whole network.
        #expect(rows["edge_raw"]!.accuracy == rows["local"]!.accuracy)
        #expect(rows["early_exit_1.0"]!.exits == 0)
        #expect(rows["early_exit_0.4"]!.exits + rows["early_exit_0.4"]!.sent == SplitWorld.testCount)
    }

    /// 9 x 9 values a channel and 8 bytes of header; images as they are; JPEG that shrinks with its quality.
    @Test func payloads() throws {
        let rows = Dictionary(uniqueKeysWithValues: try Self.whole.run().modes.map { ($0.mode, $0) })
        for (mode, bytes) in [("bottlefit_2", 2 * 81 + 8), ("bottlefit_1", 81 + 8), ("edge_raw", 256)] {
            let row = rows[mode]!
            #expect(row.totalPayloadBytes == UInt64(30 * bytes))
            #expect(row.leastPayloadBytes == bytes && row.greatestPayloadBytes == bytes)
            #expect(row.sent == 30 && row.headerBytes == 36)
        }
        #expect(rows["edge_jpeg_10"]!.payloadBytes < rows["edge_jpeg_90"]!.payloadBytes)
        for mode in ["local", "local_small"] {
            #expect(rows[mode]!.sent == 0 && rows[mode]!.totalPayloadBytes == 0)
        }
        // 1 + 16 x 8 x 8 values of the cut behind a flag, and the header of the quantiser.
        #expect(rows["early_exit_1.0"]!.greatestPayloadBytes == 1 + 8 + 32 * 8 * 8)
    }

    @Test func arrivalOrderDoesNotMatter() throws {
        let calm = try Self.whole.run()
        for seed in 0..<3 as Range<UInt64> {
            var course = try Self.whole.course(order: seed)
            try course.run()
            #expect(course.rows == calm.rows)
            #expect(course.outcome == calm.outcome)
            for (a, b) in zip(course.snapshots, calm.snapshots) {
                #expect(a.snapshot.model.bytes == b.snapshot.model.bytes)
                #expect(a.snapshot.memory.map(\.values.bytes) == b.snapshot.memory.map(\.values.bytes))
            }
        }
    }

    /// From the teacher, within and between the stages, and every mode.
    @Test func everySnapshotGivesTheRest() throws {
        let whole = try Self.whole.run()
        for (snapshot, rows) in whole.snapshots.dropLast() {
            var rest = try Self.whole.course(resuming: snapshot)
            try rest.run()
            #expect(rest.rows == Array(whole.rows[rows...]), "after round \(snapshot.round)")
            #expect(rest.outcome == whole.outcome)
        }
    }

    /// In stage 1 nothing of the teacher moves; with a frozen encoder stage 2 leaves that as stage 1 made it.
    @Test func whatIsFrozenStays() throws {
        var world = SplitWorld()
        world.configuration.training.freezesEncoder = true
        world.configuration.training.checkpoint = .last
        let course = try world.run()
        let divided = try DividedNetwork.bottleneck(of: try world.teacher, version: 2, channels: 2)
        let last = try #require(course.snapshots.last?.snapshot)
        func values(_ name: String) throws -> [UInt8] {
            try #require(last.memory.first { $0.name == name }).values.bytes
        }
        let (first, second) = (try values("stage1_0"), try values("network_0"))
        let teacher = last.model.bytes
        for part in divided.inherited {
            #expect(
                first[4 * part.own.lowerBound..<4 * part.own.upperBound].elementsEqual(
                    teacher[4 * part.teacher.lowerBound..<4 * part.teacher.upperBound]))
        }
        let encoder = 4 * divided.head.layout.count
        #expect(second[..<encoder].elementsEqual(first[..<encoder]))
        #expect(!second[encoder..<first.count].elementsEqual(first[encoder...]))
    }

    /// Of the epochs of both stages the first with the most right answers for validation samples is deployed.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func bestCheckpoint(seed: UInt64) throws {
        var world = SplitWorld()
        world.configuration.seed = seed
        world.configuration.validationFraction = 0.3
        world.configuration.training.stage2.epochs = 4
        let course = try world.run()
        let epochs = course.epochs.filter { $0.network == "bottlefit_2" }
        let accuracies = try epochs.map { try #require($0.validationAccuracy) }
        let layout = try DividedNetwork.bottleneck(of: try world.teacher, version: 2, channels: 2).whole
            .layout
        func digest(after epochs: ArraySlice<EpochRow>) throws -> String {
            let best = try #require(epochs.map { $0.validationAccuracy! }.max())
            let round = try #require(epochs.first { $0.validationAccuracy == best }).round
            let snapshot = try #require(course.snapshots.map(\.snapshot).first { $0.round == round })
            let state = try #require(snapshot.memory.first { $0.name == "network_0" }).values
            return hexadecimal(state.part(0..<4 * layout.count).digest)
        }
        #expect(course.outcome?.modelDigest == (try digest(after: epochs[...])))
        #expect(
            course.modes.map(\.digest) == [try digest(after: epochs[...]), try digest(after: epochs[..<2])]
                + [course.modes.last!.digest])
        world.configuration.training.checkpoint = .last
        let last = try world.run()
        // What is learnt is the same.
        #expect(last.epochs == course.epochs)
        if accuracies.last! <= accuracies.dropLast().max()! {
            #expect(last.outcome?.modelDigest != course.outcome?.modelDigest)
        }
    }

    // MARK: - Neural filter

    private static let filtered = SplitWorld(filter: [0])

    /// The filter stands on the stem of the deployed encoder, and every image is sent or withheld.
    @Test func neuralFilter() throws {
        let world = Self.filtered
        let course = try world.run()
        let last = try #require(course.snapshots.last?.snapshot)
        let filter = try DividedNetwork.neuralFilter(of: try world.teacher, version: 2, channels: 2)
        func values(_ name: String) throws -> [UInt8] {
            try #require(last.memory.first { $0.name == name }).values.bytes
        }
        let stem = 4 * filter.head.layout.count
        #expect(try values("network_1")[..<stem].elementsEqual(try values("best_0")[..<stem]))

        let rows = Dictionary(uniqueKeysWithValues: course.modes.map { ($0.mode, $0) })
        let (mode, whole) = (rows["filtered_2"]!, rows["bottlefit_2"]!)
        #expect(mode.exits + mode.sent == SplitWorld.testCount && mode.kind == "filtered")
        #expect(mode.digest != whole.digest && mode.wholeAccuracy == nil)
        #expect(mode.exits > 0 && mode.sent > 0)
        let bytes = try #require(filter.exit).parameterCount
        #expect(mode.deviceParameters == whole.deviceParameters + bytes)
        #expect(mode.deviceMACs == whole.deviceMACs + filter.whole.macs - filter.head.macs)
        // A flag in front of what the bottleneck sends.
        #expect(mode.totalPayloadBytes == UInt64(mode.sent) * UInt64(1 + whole.greatestPayloadBytes))

        let test = try #require(course.neuralFilter.first { $0.part == .test })
        let counts = test.counts
        #expect(counts.sentOfInterest + counts.sentOthers == mode.sent)
        #expect(counts.withheldOfInterest + counts.withheldOthers == mode.exits)
        let wanted = SplitWorld.dataset.test.labels.filter { $0 == 0 }.count
        #expect(counts.sentOfInterest + counts.withheldOfInterest == wanted)
        // The same by hand: score by score, and the class of what is sent.
        let images = try Self.answers(world, last, threshold: Float(test.threshold))
        #expect(images.count { $0 == nil } == mode.exits)
        let labels = SplitWorld.dataset.test.labels
        let right = zip(images, labels).count { answer, label in
            answer.map { $0 == Int(label) } ?? (label != 0)
        }
        #expect(mode.accuracy == Double(right) / 30)
        let sent = zip(images, labels).count { $0 != nil && $1 == 0 }
        #expect(counts.sentOfInterest == sent)
        let chosen = course.neuralFilter.filter { $0.part == .validation && $0.isChosen }
        #expect(chosen.count == 1 && chosen[0].threshold == test.threshold && mode.setting == test.threshold)
        #expect(try #require(chosen[0].counts.recall) >= 0.9)
    }

    /// Classes of the test images as the parts of a finished run answer them, one by one; nil where they are withheld.
    private static func answers(
        _ world: SplitWorld, _ last: Snapshot, threshold: Float
    ) throws -> [Int?] {
        func parameters(_ name: String, _ layout: ParameterLayout) throws -> FloatView {
            let values = FloatBuffer(count: layout.count).view
            let object = try #require(last.memory.first { $0.name == name }).values
            #expect(object.part(0..<4 * layout.count).copy(into: values))
            return values
        }
        let divided = try DividedNetwork.bottleneck(of: try world.teacher, version: 2, channels: 2)
        let filter = try DividedNetwork.neuralFilter(of: try world.teacher, version: 2, channels: 2)
        let all = try parameters("best_0", divided.whole.layout)
        func network(_ plan: NetworkPlan, _ values: FloatView?) -> Network {
            Network(plan: plan, batch: 1, mode: .evaluation, parameters: values)
        }
        let gate = network(filter.whole, try parameters("network_1", filter.whole.layout))
        let head = network(divided.head, divided.parametersOfHead(in: all))
        let tail = network(try #require(divided.tail), divided.parametersOfTail(in: all))
        let format = world.configuration.bottleneck.format
        let test = SplitWorld.dataset.test
        return try (0..<test.count).map { image in
            let pixels = test.pixels(image..<image + 1).map { Float($0) / 255 }
            gate.input.copy(from: pixels)
            gate.forward(samples: 1)
            guard gate.logits[1] - gate.logits[0] >= threshold else { return nil }
            head.input.copy(from: pixels)
            head.forward(samples: 1)
            let code = head.logits.slice(0, divided.code.count)
            let payload = try #require(format.encode(code))
            #expect(format.decode(payload, into: tail.input))
            tail.forward(samples: 1)
            let logits = tail.logits.slice(0, 3).array
            return logits.firstIndex(of: logits.max()!)
        }
    }

    /// An image that is withheld costs the stem and the classifier; one that is sent those and the rest.
    @Test func costsOfAFilter() throws {
        let world = Self.filtered
        let pricing = try world.pricing
        let configuration = world.configuration
        let divided = try configuration.divided(try world.teacher)
        let mode = try #require(configuration.modes.first { $0.name == "filtered_2" })
        func cost(sent: Int) -> MeanCost {
            let traffic = SplitTraffic(
                images: 10, sent: sent, exits: 10 - sent, total: UInt64(171 * sent), least: 171, greatest: 171
            )
            return pricing.cost(
                of: pricing.deployed(mode, divided, traffic), on: pricing.devices[0], at: 1e6)
        }
        let (all, some, none) = (cost(sent: 10), cost(sent: 4), cost(sent: 0))
        for ((all, some), none) in zip(zip(all.parts, some.parts), none.parts) {
            #expect(abs(some - (0.4 * all + 0.6 * none)) <= 1e-12 * max(1, all))
        }
        #expect(none.uplinkSeconds == 0 && none.radioJoules == 0 && none.serverSeconds == 0)
        let plain = pricing.deployed(
            configuration.modes[0], divided,
            SplitTraffic(images: 1, sent: 1, exits: 0, total: 171, least: 171, greatest: 171))
        let unfiltered = pricing.cost(of: plain, on: pricing.devices[0], at: 1e6)
        #expect(all.deviceSeconds > unfiltered.deviceSeconds && none.deviceSeconds < all.deviceSeconds)
        #expect(all.uplinkSeconds == unfiltered.uplinkSeconds)
    }

    /// What the device answered without a link, and what was lost, does not change what a mode costs.
    @Test func sharesOfFaultyRuns() {
        func share(sent: Int, exits: Int) -> Double {
            SplitTraffic(images: 100, sent: sent, exits: exits, total: 0, least: 0, greatest: 0).share
        }
        #expect(share(sent: 25, exits: 25) == 0.5)
        #expect(share(sent: 100, exits: 0) == 1 && share(sent: 0, exits: 0) == 1)
        #expect(share(sent: 0, exits: 3) == 0)
    }

    /// A device says in one byte that it withheld an image, and nothing else in so few.
    @Test func noticesOfHostileDevices() throws {
        var course = try Self.filtered.course()
        try course.start()
        var stream: TaskSpec?
        while try course.advance() {
            stream = course.openStreams.first {
                Self.filtered.configuration.modes[$0.participation].filter != nil
            }
            if stream != nil { break }
        }
        let open = try #require(stream)
        for bytes in [[], [0], [2], [1, 0], [1, 1], [255]] as [[UInt8]] {
            #expect(throws: Rejection.self) {
                _ = try course.program.accept(ObjectBytes(bytes), item: 1, of: open, isLocal: false)
            }
        }
        while try course.advance() {}
        #expect(course.rows == (try Self.filtered.run().rows))
    }

    // MARK: - Streams

    /// A course up to the main mode's contest, and the stream of its device.
    private func contest(_ world: SplitWorld) throws -> (
        course: ProgramCourse<SplitComputingProgram>, stream: TaskSpec
    ) {
        var course = try world.course()
        try course.start()
        while course.openStreams.isEmpty { guard try course.advance() else { break } }
        return (course, try #require(course.openStreams.first))
    }

    /// What no device of the run sends is refused, and changes nothing.
    @Test func answersOfHostileDevices() throws {
        var (course, stream) = try contest(SplitWorld())
        let size = 2 * 81 + 8
        let bad: [[UInt8]] = [
            [], [0], .init(repeating: 0, count: size), .init(repeating: 0xFF, count: size),
            .init(repeating: 1, count: size - 1), .init(repeating: 1, count: size + 1),
        ]
        for bytes in bad {
            #expect(throws: Rejection.self) {
                _ = try course.program.accept(ObjectBytes(bytes), item: 1, of: stream, isLocal: false)
            }
        }
        for bytes in [[], [3], [255], [0, 0]] as [[UInt8]] {
            #expect(throws: Rejection.self) {
                _ = try course.program.accept(ObjectBytes(bytes), item: 1, of: stream, isLocal: true)
            }
        }
        while try course.advance() {}
        #expect(course.rows == (try SplitWorld().run().rows))
    }

    /// What a device answered by itself counts as it says; what nobody answered is wrong.
    @Test func localAndLostAnswers() throws {
        let world = SplitWorld(onDisconnect: .continue)
        var (course, stream) = try contest(world)
        var program = course.program
        let labels = SplitWorld.dataset.test.labels
        var last = ProgramStep()
        for item in 1...20 {
            last = try program.accept(
                ObjectBytes([labels[item - 1]]), item: item, of: stream, isLocal: true)
        }
        let step = program.lose(Array(21...30), of: stream)
        // The same network in one piece is still asked.
        #expect(last.finished.isEmpty && step.finished.isEmpty)
        course.program = program
        var rows: [Row] = []
        for task in course.tasks {
            let output = try ProgramCourse<SplitComputingProgram>.compute(
                task, course.executor, course.program)
            rows += try course.program.accept(output, of: task).rows
        }
        guard case .mode(let row) = try #require(rows.first) else {
            Issue.record("\(rows)")
            return
        }
        #expect(row.local == 20 && row.lost == 10 && row.sent == 0 && row.totalPayloadBytes == 0)
        #expect(row.accuracy == 20.0 / 30)
    }
}

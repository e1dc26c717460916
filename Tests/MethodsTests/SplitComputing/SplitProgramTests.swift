import Methods
import Networks
import TensorMath
import Testing

/// Split computing from the teacher's epoch to the last mode.
@Suite struct SplitProgramTests {
    static let whole = SplitWorld(channels: [2, 1], baselines: SplitBaseline.allCases)

    @Test func everyModeHasItsRound() throws {
        let course = try Self.whole.run()
        #expect(course.failure == nil)
        let outcome = try #require(course.outcome)
        let due = [
            "bottlefit_2", "bottlefit_2_stage1", "bottlefit_1", "bottlefit_1_stage1", "naive_ce_2",
            "naive_kd_2", "hnd_2", "autoencoder_2", "early_exit_0.4", "early_exit_1.0", "local",
            "edge_jpeg_90", "edge_jpeg_10", "edge_raw",
        ]
        let rows = Dictionary(uniqueKeysWithValues: course.modes.map { ($0.mode, $0) })
        #expect(Set(rows.keys) == Set(due))
        #expect(outcome.rounds == 1 + 3 + due.count)
        #expect(course.finished.map(\.round) == Array(1...outcome.rounds))
        #expect(outcome.modelDigest == rows["bottlefit_2"]!.digest)
        // One epoch of the teacher, three of seven networks.
        #expect(course.epochs.count == 1 + 3 * 7)
        // Networks of one shape begin alike, and what they learn makes them differ.
        let digests = ["bottlefit_2", "bottlefit_2_stage1", "naive_ce_2", "naive_kd_2", "hnd_2"].map {
            rows[$0]!.digest
        }
        #expect(Set(digests).count == 5)
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
        #expect(rows["local"]!.sent == 0 && rows["local"]!.totalPayloadBytes == 0)
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

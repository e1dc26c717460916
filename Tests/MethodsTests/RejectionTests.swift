import Methods
import TensorMath
import Testing

/// Results that cannot be used are refused with the reason and change nothing.
@Suite struct RejectionTests {
    static let epochs = 2

    static func federation() -> TinyFederation {
        TinyFederation(
            trainCounts: [1, 3], localTestCounts: [4, 4], localEpochs: epochs, on: [.globalTest, .localTest])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: Rejection.Reason
        /// What the text must say.
        var says: String
        var spoil: @Sendable (inout TaskOutput) -> Void

        init(
            _ name: String, _ reason: Rejection.Reason, _ says: String,
            _ spoil: @escaping @Sendable (inout TaskOutput) -> Void
        ) {
            (testDescription, self.reason, self.says, self.spoil) = (name, reason, says, spoil)
        }
    }

    static let updateFaults: [Fault] = [
        Fault("NaN", .notFinite, "client 1, dense1.weight[1]") {
            $0.objects = [TinyFederation.model([0, .nan, 0])]
        },
        Fault("infinity", .notFinite, "dense1.bias[0] = -inf") {
            $0.objects = [TinyFederation.model([0, 0, -.infinity])]
        },
        Fault("beyond the bound", .outOfRange, "beyond 4096") {
            $0.objects = [TinyFederation.model([Float(4096).nextUp, 0, 0])]
        },
        Fault("short model", .wrongShape, "[8] bytes; [12] were due") {
            $0.objects = [TinyFederation.model([0, 0])]
        },
        Fault("long model", .wrongShape, "[16]") { $0.objects = [TinyFederation.model([0, 0, 0, 0])] },
        Fault("half a number", .wrongShape, "[11]") {
            $0.objects = [ObjectBytes([UInt8](repeating: 0, count: 11))]
        },
        Fault("no object", .wrongShape, "[]") { $0.objects = [] },
        Fault("two objects", .wrongShape, "[12, 12]") { $0.objects += $0.objects },
        Fault("no metrics", .wrongMetrics, "[]") { $0.metrics = [] },
        Fault("four metrics", .wrongMetrics, "for 6 samples") { $0.metrics.removeLast() },
        Fault("six metrics", .wrongMetrics, "for 6 samples") { $0.metrics.append(1) },
        Fault("NaN correct", .wrongMetrics, "nan") { $0.metrics[1] = .nan },
        Fault("half correct", .wrongMetrics, "0.5") { $0.metrics[1] = 0.5 },
        Fault("negative correct", .wrongMetrics, "-1") { $0.metrics[1] = -1 },
        Fault("more correct than seen", .wrongMetrics, "7") { $0.metrics[1] = 7 },
        Fault("infinite steps", .wrongMetrics, "inf") { $0.metrics[3] = .infinity },
        Fault("no steps", .wrongMetrics, "for 6 samples") { $0.metrics[3] = 0 },
        Fault("other samples", .wrongMetrics, "5.0") { $0.metrics[2] = 5 },
        Fault("no work", .wrongMetrics, "for 6 samples") { $0.work = [] },
        // MACs of so many samples would not fit 64 bits.
        Fault("boundless work", .wrongMetrics, "\(UInt64.max)") { $0.work = [.max, .max] },
    ]

    @Test(arguments: updateFaults)
    func spoiledUpdatesChangeNothing(fault: Fault) throws {
        let federation = Self.federation()
        let updates: [[Float]] = [[1.5, -2, 0.25], [2.5, 6, 0.75]]
        var program = federation.program()
        let tasks = program.start().tasks
        for task in tasks where task.client == 0 {
            _ = try program.accept(federation.update(task, updates[0]), of: task)
        }
        let task = try #require(tasks.first { $0.client == 1 })
        var output = federation.update(task, updates[1])
        fault.spoil(&output)
        for _ in 0..<3 {
            let rejection = try #require(throws: Rejection.self) { try program.accept(output, of: task) }
            #expect(rejection.reason == fault.reason)
            #expect(rejection.text.contains(fault.says), "\(rejection.text)")
            let diverges = fault.reason == .notFinite || fault.reason == .outOfRange
            #expect(rejection.text.contains("lower training.optimizer.learning_rate") == diverges)
        }
        let step = try program.accept(federation.update(task, updates[1]), of: task)
        #expect(step.phase == .evaluating(round: 1))
        #expect(program.object(step.tasks[0].inputs[0].id).map(TinyFederation.values) == [2.25, 4, 0.625])
    }

    static let evaluationFaults: [Fault] = [
        Fault("no metrics", .wrongMetrics, "of an evaluation") { $0.metrics = [] },
        Fault("two metrics", .wrongMetrics, "of an evaluation") { $0.metrics.removeLast() },
        Fault("an object", .wrongMetrics, "of an evaluation") {
            $0.objects = [TinyFederation.model([0, 0, 0])]
        },
        Fault("fewer samples", .wrongMetrics, "3 samples were evaluated instead of") { $0.metrics[2] = 3 },
        Fault("more samples", .wrongMetrics, "41 samples were evaluated instead of") { $0.metrics[2] = 41 },
        Fault("no samples", .wrongMetrics, "of an evaluation") { $0.metrics = [0, 0, 0] },
        Fault("NaN samples", .wrongMetrics, "of an evaluation") { $0.metrics[2] = .nan },
        Fault("negative correct", .wrongMetrics, "of an evaluation") { $0.metrics[1] = -1 },
        Fault("more correct than samples", .wrongMetrics, "of an evaluation") {
            $0.metrics[1] = $0.metrics[2] + 1
        },
        Fault("boundless correct", .wrongMetrics, "of an evaluation") { $0.metrics[1] = 1e300 },
    ]

    @Test(arguments: evaluationFaults)
    func spoiledEvaluationsChangeNothing(fault: Fault) throws {
        let federation = Self.federation()
        var program = federation.program()
        var step = ProgramStep()
        for task in program.start().tasks {
            step = try program.accept(federation.update(task, [1, 1, 1]), of: task)
        }
        #expect(step.tasks.count == 3)
        let tasks = step.tasks
        for task in tasks {
            var output = federation.evaluation(task, correct: 2)
            fault.spoil(&output)
            let rejection = try #require(throws: Rejection.self) { try program.accept(output, of: task) }
            #expect(rejection.reason == fault.reason && rejection.text.contains(fault.says))
            step = try program.accept(federation.evaluation(task, correct: 2), of: task)
        }
        #expect(step.outcome?.finalAccuracy == 2 / 40.0)
        let rows = step.rows.compactMap { if case .round(let row) = $0 { row } else { nil } }
        #expect(rows.map(\.localTestAccuracyMean) == [0.5])
    }

    /// The grid follows the model: after large weights, larger ones are accepted.
    @Test func boundFollowsTheModel() throws {
        let federation = TinyFederation(trainCounts: [1], rounds: 3, every: 3)
        var program = federation.program()
        var tasks = program.start().tasks
        for values in [[4096, 1, 1], [4096 * 4096, 1, 1]] as [[Float]] {
            tasks = try program.accept(federation.update(tasks[0], values), of: tasks[0]).tasks
        }
        let beyond = federation.update(tasks[0], [Float(0x1p36).nextUp, 0, 0] as [Float])
        let rejection = try #require(throws: Rejection.self) { try program.accept(beyond, of: tasks[0]) }
        #expect(rejection.reason == .outOfRange && rejection.text.contains("round 3"))
        #expect(
            try program.accept(federation.update(tasks[0], [0x1p36, 0, 0]), of: tasks[0]).tasks.count == 1)
    }
}

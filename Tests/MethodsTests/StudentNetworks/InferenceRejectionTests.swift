import Foundation
import Methods
import Networks
import TensorMath
import Testing

/// Results that cannot be used are refused and change nothing; tasks that make no sense end without harm.
@Suite struct InferenceRejectionTests {
    /// A run up to its first task of a kind, and what the task gives.
    private func course(
        _ world: InferenceWorld, upTo kind: TaskSpec.Kind, networks: Bool = false
    ) throws -> (course: InferenceCourse, task: TaskSpec, output: TaskOutput) {
        var course = InferenceCourse(program: try world.program(), executor: try world.executor())
        try course.start()
        while true {
            let task = course.tasks.first { $0.kind == kind && (!networks || $0.client ?? 0 > 0) }
            if let task {
                let output = try InferenceCourse.compute(task, course.executor, course.program)
                return (course, task, output)
            }
            let advanced = try course.advance()
            try #require(advanced)
        }
    }

    /// Every bad output is refused for its reason, and the run then goes on to its undisturbed end.
    private func refuse(
        _ kind: TaskSpec.Kind, networks: Bool = false, world: InferenceWorld = InferenceWorld(),
        _ damage: [(Rejection.Reason, (inout TaskOutput) -> Void)]
    ) throws {
        let calm = try world.run()
        var (course, task, output) = try course(world, upTo: kind, networks: networks)
        for (place, (reason, change)) in damage.enumerated() {
            var bad = output
            change(&bad)
            do {
                _ = try course.program.accept(bad, of: task)
                Issue.record("output \(place) was taken")
            } catch {
                #expect(error.reason == reason, "\(place): \(error.text)")
            }
        }
        while try course.advance() {}
        #expect(course.rows == calm.rows && course.outcome == calm.outcome)
        // A result that comes late, or twice, is nothing.
        let step = try course.program.accept(output, of: task)
        #expect(step.rows.isEmpty && step.tasks.isEmpty && step.outcome == nil)
    }

    static func poisoned(_ object: ObjectBytes, _ value: Float = .nan) -> ObjectBytes {
        var values = TinyFederation.values(object)
        values[values.count / 2] = value
        return TinyFederation.model(values)
    }

    @Test(arguments: [false, true]) func epochs(ofNetworks networks: Bool) throws {
        let metrics: [(Rejection.Reason, (inout TaskOutput) -> Void)] = [
            (.wrongMetrics, { $0.metrics = [] }), (.wrongMetrics, { $0.metrics.append(1) }),
            (.wrongMetrics, { $0.metrics[1] = 121 }), (.wrongMetrics, { $0.metrics[1] = -1 }),
            (.wrongMetrics, { $0.metrics[1] = 0.5 }), (.wrongMetrics, { $0.metrics[2] = 119 }),
            (.wrongMetrics, { $0.metrics[2] = .nan }), (.wrongMetrics, { $0.metrics[4] = 31 }),
            (.wrongMetrics, { $0.metrics[5] = 29 }), (.wrongMetrics, { $0.metrics[5] = 0 }),
            (.wrongMetrics, { $0.metrics[4] = 1e300 }), (.notFinite, { $0.metrics[0] = .infinity }),
            (.notFinite, { $0.metrics[3] = .nan }),
        ]
        try refuse(
            .trainNetwork, networks: networks,
            metrics + [
                (.wrongShape, { $0.objects = [] }), (.wrongShape, { $0.objects += $0.objects }),
                (.wrongShape, { $0.objects[0] = ObjectBytes([1, 2, 3]) }),
                (.wrongShape, { $0.objects[0] = $0.objects[0].part(0..<($0.objects[0].count - 4)) }),
                (.notFinite, { $0.objects[0] = Self.poisoned($0.objects[0]) }),
                (.notFinite, { $0.objects[0] = Self.poisoned($0.objects[0], -.infinity) }),
            ])
    }

    @Test func teachersAnswers() throws {
        try refuse(
            .teacherOutputs,
            [
                (.wrongShape, { $0.objects = [] }), (.wrongShape, { $0.objects += $0.objects }),
                (.wrongShape, { $0.objects[0] = ObjectBytes([]) }),
                (.wrongShape, { $0.objects[0] = ObjectBytes([1, 2, 3, 4, 5]) }),
                (.wrongShape, { $0.objects[0] = $0.objects[0].part(0..<($0.objects[0].count - 4)) }),
                (.notFinite, { $0.objects[0] = Self.poisoned($0.objects[0]) }),
                (.wrongMetrics, { $0.metrics = [1, 2] }), (.wrongMetrics, { $0.metrics[1] = 1000 }),
                (.notFinite, { $0.metrics[0] = .nan }),
            ])
    }

    @Test func tests() throws {
        try refuse(
            .evaluateTest, world: InferenceWorld(baselines: [.singleStudent]),
            [
                (.wrongMetrics, { $0.metrics = [] }), (.wrongMetrics, { $0.metrics[1] = 42 }),
                (.wrongMetrics, { $0.metrics[2] = 40 }), (.notFinite, { $0.metrics[0] = .nan }),
            ])
    }

    /// The remedy names what was trained.
    @Test func divergence() throws {
        for (networks, key) in [(false, "teacher.training"), (true, "distillation")] {
            var (course, task, output) = try course(
                InferenceWorld(), upTo: .trainNetwork, networks: networks)
            output.objects[0] = Self.poisoned(output.objects[0])
            let error = try #require(throws: Rejection.self) {
                _ = try course.program.accept(output, of: task)
            }
            #expect(error.text.hasSuffix("training diverges: lower \(key).optimizer.learning_rate"))
        }
    }

    @Test(arguments: FeatureCoding.allCases) func features(coding: FeatureCoding) throws {
        var world = InferenceWorld()
        world.configuration.deployment.values = coding
        let calm = try world.run()
        var course = InferenceCourse(program: try world.program(), executor: try world.executor())
        try course.start()
        while course.openStreams.isEmpty { _ = try course.advance() }
        let task = course.openStreams[0]
        let width = calm.transfers.first { $0.content == "features" }!.payloadBytes
        let whole = Int(width) * 2
        for count in [0, 1, whole - 1, whole + 1, whole / 2, 100_000] {
            let error = try #require(throws: Rejection.self) {
                _ = try course.program.accept(
                    ObjectBytes([UInt8](repeating: 0, count: count)), item: 1, of: task, isLocal: false)
            }
            #expect(error.reason == .wrongShape)
        }
        if coding != .int8 {
            let error = try #require(throws: Rejection.self) {
                _ = try course.program.accept(
                    ObjectBytes([UInt8](repeating: 0xFF, count: whole)), item: 1, of: task, isLocal: false)
            }
            #expect(error.reason == .notFinite)
        }
        while try course.advance() {}
        #expect(course.rows == calm.rows && course.outcome == calm.outcome)
        // The stream is over.
        let answer = ObjectBytes([UInt8](repeating: 0, count: whole))
        #expect(try course.program.accept(answer, item: 1, of: task, isLocal: false).rows.isEmpty)
        #expect(course.program.lose([1], of: task).rows.isEmpty)
    }

    // MARK: - The worker's side

    @Test func descriptions() throws {
        let good = NetworkDescription(
            kind: .partitioned, trunks: ["small_cnn_0.125", "small_cnn_0.25"], parts: [[0, 2], [1]],
            students: 2)
        #expect(NetworkDescription(good.object) == good)
        #expect(good.greatest(1) == 1)
        var trained = good
        trained.greatestBits = [Float(2.5).bitPattern, Float(0.1).bitPattern]
        #expect(NetworkDescription(trained.object) == trained && trained.greatest(0) == 2.5)

        #expect(NetworkDescription(ObjectBytes([])) == nil)
        #expect(NetworkDescription(ObjectBytes(Array("{}".utf8))) == nil)
        #expect(NetworkDescription(ObjectBytes([0xFF, 0, 0x7B])) == nil)
        for (trunks, parts, students) in [
            ([], [[0]], 1), (["small_cnn_0.125"], [], 1), (["small_cnn_0.125"], [[0], [1]], 1),
            (["small_cnn_0.125"], [[0], [1]], 2), (["small_cnn_0.125"], [[]], 1),
            (["small_cnn_0.125"], [[0, 0]], 1), (["small_cnn_0.125"], [[-1]], 1),
            (["small_cnn_0.125", "small_cnn_0.125"], [[0, 1], [1]], 2), (["small_cnn_0.125"], [[0]], 0),
            (["small_cnn_0.125"], [[0]], -3),
        ] as [([String], [[Int]], Int)] {
            let bad = NetworkDescription(
                kind: .partitioned, trunks: trunks, parts: parts, students: students)
            #expect(NetworkDescription(bad.object) == nil, "\(bad)")
        }
        // Garbage in every place.
        var stream = RandomStream(RandomKey(seed: 6, purpose: .test))
        for _ in 0..<2000 {
            var bytes = trained.object.bytes
            for _ in 0...stream.index(below: 3) {
                bytes[stream.index(below: bytes.count)] = UInt8(stream.index(below: 256))
            }
            if let read = NetworkDescription(ObjectBytes(bytes)) {
                #expect(read.parts.joined().allSatisfy { $0 >= 0 } && read.students > 0)
            }
        }
    }

    /// Tasks with inputs of another size, networks that there are none of and samples beyond the last fail by
    /// themselves.
    @Test func impossibleTasks() throws {
        let world = InferenceWorld(baselines: [.singleStudent])
        let executor = try world.executor()
        let junk = ObjectBytes([UInt8](repeating: 0x41, count: 12))
        for kind in [TaskSpec.Kind.trainNetwork, .teacherOutputs, .evaluateTest] {
            for networks in kind == .trainNetwork ? [false, true] : [true] {
                let (course, task, _) = try course(
                    world, upTo: kind, networks: kind == .trainNetwork && networks)
                let inputs = try InferenceCourse.inputs(task, course.program)
                func fails(_ task: TaskSpec, _ inputs: [ObjectBytes], _ what: String) {
                    do {
                        let execution = try executor.begin(task, inputs: inputs)
                        while try execution.advance() == nil {}
                        Issue.record("\(kind), \(what): was computed")
                    } catch {}
                }
                fails(task, [], "no inputs")
                fails(task, inputs + [junk], "an input more")
                for place in inputs.indices {
                    var bad = inputs
                    bad[place] = junk
                    fails(task, bad, "input \(place) junk")
                    bad[place] = ObjectBytes([])
                    fails(task, bad, "input \(place) empty")
                }
                for (first, count) in [(0, 0), (0, 1_000_000), (150, 16), (Int.max - 20, 16)] {
                    var other = task
                    (other.first, other.count) = (first, count)
                    fails(other, inputs, "samples \(first), \(count)")
                }
                var other = task
                other.count = nil
                fails(other, inputs, "no number of samples")
                if kind != .evaluateTest {
                    other = task
                    other.participation = 99
                    fails(other, inputs, "participation 99")
                    other.participation = -1
                    fails(other, inputs, "participation -1")
                }
                other = task
                other.kind = .train
                fails(other, inputs, "a client's training")
            }
        }
    }

    @Test func impossibleServices() throws {
        let world = InferenceWorld()
        var course = InferenceCourse(program: try world.program(), executor: try world.executor())
        try course.start()
        while course.openStreams.isEmpty { _ = try course.advance() }
        let task = course.openStreams[1]
        let inputs = try InferenceCourse.inputs(task, course.program)
        let executor = course.executor
        let junk = ObjectBytes([1, 2, 3, 4])
        for bad in [[], [inputs[0]], [junk, inputs[1]], [inputs[0], junk], inputs + [junk]] {
            #expect(throws: TaskFailure.self) { _ = try executor.serve(task, inputs: bad) }
        }
        // Another student's weights, students that there are none of, and filters beyond the teacher's.
        var other = task
        for client in [2, 1000, -1] {
            other.client = client
            #expect(throws: TaskFailure.self) { _ = try executor.serve(other, inputs: inputs) }
        }
        other.client = nil
        #expect(throws: TaskFailure.self) { _ = try executor.serve(other, inputs: inputs) }
        for (trunk, filter) in [("small_cnn_0.125", 32), ("no_such_model", 1), ("logistic", 1)] {
            let description = NetworkDescription(
                kind: .partitioned, trunks: [trunk], parts: [[filter]], students: 1)
            #expect(throws: TaskFailure.self) {
                _ = try executor.serve(task, inputs: [inputs[0], description.object])
            }
        }
        let execution = try executor.serve(task, inputs: inputs)
        for (item, bytes) in [
            (1, 0), (1, 127), (1, 129), (21, 128), (22, 128), (0, 128), (-1, 128), (.max, 128),
        ] {
            #expect(throws: TaskFailure.self) {
                _ = try execution.answer(ObjectBytes([UInt8](repeating: 0, count: bytes)), item: item)
            }
        }
        // 41 images in messages of two: the last has one.
        let last = try execution.answer(ObjectBytes([UInt8](repeating: 0, count: 64)), item: 21)
        let first = try execution.answer(ObjectBytes([UInt8](repeating: 0, count: 128)), item: 1)
        #expect(first.count == 2 * last.count)
        // Equal images, equal features.
        #expect(first.part(0..<last.count).bytes == last.bytes)
    }
}

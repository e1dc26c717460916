import Datasets
import Methods
import Networks
import TensorMath
import Testing

/// Distributed inference from the teacher's first epoch to the last contender.
@Suite struct InferenceProgramTests {
    /// Everything at once: two and three students and all that they are compared with.
    static var whole: InferenceWorld {
        var world = InferenceWorld(students: [2, 3], baselines: InferenceBaseline.allCases)
        world.configuration.deployment.lost = LossSpec(probability: 0.2, slowdown: 0.5)
        return world
    }

    /// 2 epochs of the teacher, 1 of its answers, 2 of distillation, then the teacher and 9 contenders for each number.
    @Test func everyContenderHasItsRound() throws {
        let course = try Self.whole.run()
        #expect(course.failure == nil)
        let outcome = try #require(course.outcome)
        #expect(outcome.rounds == 2 + 1 + 2 + 1 + 2 * 9)
        #expect(course.finished.map(\.round) == Array(1...outcome.rounds))
        let names = ["activation_hub", "single_student", "attention_transfer", "channel_split", "split_kd"]
        let others = ["co_activation", "equal", "random", "eigenvector"]
        var due = ["teacher"]
        for count in [2, 3] { due += (names + others).map { "\($0)_\(count)" } }
        #expect(course.contenders.map(\.contender) == due)
        #expect(outcome.modelDigest == course.contenders[1].digest)
        // What cuts a network by channels is as good as that network.
        for n in [2, 3] {
            let rows = Dictionary(uniqueKeysWithValues: course.contenders.map { ($0.contender, $0) })
            let (single, split) = (rows["single_student_\(n)"]!, rows["channel_split_\(n)"]!)
            #expect(single.accuracy == split.accuracy && single.digest == split.digest)
            #expect(split.devices == n && single.devices == 1)
            #expect(single.parameters <= rows["activation_hub_\(n)"]!.parameters)
        }
        // Two epochs of the teacher, two of each network that learns from it.
        #expect(course.epochs.count == 2 + 2 * 2 * 8)
        #expect(course.epochs.allSatisfy { $0.samples == 120 && $0.validationAccuracy != nil })
    }

    @Test func arrivalOrderDoesNotMatter() throws {
        let world = Self.whole
        let calm = try world.run()
        for seed in 0..<6 as Range<UInt64> {
            var course = InferenceCourse(
                program: try world.program(), executor: try world.executor(), order: seed)
            try course.run()
            #expect(course.rows == calm.rows)
            #expect(course.outcome == calm.outcome)
            #expect(course.snapshots.map(\.snapshot.round) == calm.snapshots.map(\.snapshot.round))
            for (a, b) in zip(course.snapshots, calm.snapshots) {
                #expect(a.snapshot.model.bytes == b.snapshot.model.bytes)
                #expect(a.snapshot.memory.map(\.values.bytes) == b.snapshot.memory.map(\.values.bytes))
            }
        }
    }

    /// From the teacher, its answers, distillation and every contest.
    @Test func everySnapshotGivesTheRest() throws {
        let world = Self.whole
        let calm = try world.run()
        #expect(calm.snapshots.count > 15)
        for (snapshot, rows) in calm.snapshots where !snapshot.final {
            var course = InferenceCourse(
                program: try world.program(resuming: snapshot), executor: try world.executor(),
                order: UInt64(snapshot.round))
            try course.run()
            #expect(course.rows == Array(calm.rows[rows...]), "after round \(snapshot.round)")
            #expect(course.outcome == calm.outcome, "after round \(snapshot.round)")
            let (last, due) = (course.snapshots.last!.snapshot, calm.snapshots.last!.snapshot)
            #expect(last.final && last.memory.map(\.values.bytes) == due.memory.map(\.values.bytes))
        }
    }

    /// Optimisers that keep nothing, and two vectors.
    @Test(arguments: [OptimizerSpec.sgd(SGD(learningRate: 0.1)), .adam(Adam(learningRate: 0.01))])
    func otherOptimizers(optimizer: OptimizerSpec) throws {
        var world = InferenceWorld(baselines: [.singleStudent])
        world.configuration.teacher.training.optimizer = optimizer
        world.configuration.distillation.training.optimizer = optimizer
        let calm = try world.run()
        for (snapshot, rows) in calm.snapshots where !snapshot.final {
            var course = InferenceCourse(
                program: try world.program(resuming: snapshot), executor: try world.executor())
            try course.run()
            #expect(course.rows == Array(calm.rows[rows...]), "after round \(snapshot.round)")
        }
    }

    /// A teacher that is loaded teaches what it taught when it was trained.
    @Test func loadedTeacher() throws {
        let world = InferenceWorld(baselines: [.singleStudent, .equal])
        let trained = try world.run()
        var loading = world
        loading.configuration.teacher.weights = "teacher.safetensors"
        loading.loaded = trained.snapshots.last!.snapshot.model
        let course = try loading.run()
        #expect(course.outcome?.rounds == trained.outcome!.rounds - 2)
        #expect(course.outcome?.modelDigest == trained.outcome?.modelDigest)
        #expect(course.contenders.map(\.digest) == trained.contenders.map(\.digest))
        #expect(course.contenders.map(\.accuracy) == trained.contenders.map(\.accuracy))
        #expect(course.subsets.map(\.accuracy) == trained.subsets.map(\.accuracy))
        #expect(course.epochs.allSatisfy { $0.network != "teacher" })
        let last = course.snapshots.last!.snapshot
        #expect(last.model.bytes == loading.loaded!.bytes)
    }

    /// One student that learns all filters: distillation and feature transfer as they are, step by step.
    @Test func oneStudentIsPlainDistillation() throws {
        var world = InferenceWorld(students: [1], rule: .equal)
        world.configuration.distillation.loss.temperature = 3
        let course = try world.run()
        #expect(course.contenders[1].filters == 32 && course.contenders[1].parts == 1)
        #expect(course.subsets.isEmpty)

        // The teacher's answers to the samples that networks learn from, in batches of 50.
        let teacher = try world.teacher
        let held = HeldOut(count: 150, fraction: 0.2, seed: 17)
        let stage = try FeatureStage(teacher)
        let network = Network(
            plan: teacher, batch: 50, mode: .evaluation, taps: [teacher.blocks[stage.block].name])
        #expect(course.snapshots.last!.snapshot.model.copy(into: network.parameters))
        var features: [Float] = []
        var logits: [Float] = []
        var labels: [UInt8] = []
        for first in stride(from: 0, to: 120, by: 50) {
            let range = first..<min(first + 50, 120)
            InferenceWorld.dataset.train.fillBatch(held.train, range, into: network.input, labels: &labels)
            network.forward(samples: range.count)
            let pooled = FloatBuffer(count: range.count * 32).view
            stage.pool(network, samples: range.count, into: pooled)
            features += pooled.array
            logits += network.logits.slice(0, range.count * 3).array
        }
        let model = try NetworkPlan.zoo("small_cnn_0.125", input: InferenceWorld.input, classes: 3)
        let plan = EnsemblePlan(students: [try .student(of: model, filters: 32)], classes: 3)
        let training = world.configuration.distillation.training
        let plain = JointDistillation(
            plan: plan, settings: world.configuration.distillation.loss, optimizer: training.optimizer,
            batch: 16, seed: 17, filters: [Array(0..<32)])
        plan.initialParameters(.he, seed: 17, participation: 1, into: plain.ensemble.parameters)
        for epoch in 1...2 {
            var order = (0..<UInt32(120)).map { $0 }
            var shuffle = RandomStream(
                RandomKey(seed: 17, purpose: .shuffle, client: 1, participation: UInt32(epoch)))
            shuffle.shuffle(&order)
            for first in stride(from: 0, to: 120, by: 16) {
                let places = order[first..<min(first + 16, 120)].map { Int($0) }
                InferenceWorld.dataset.train.fillBatch(
                    places.map { held.train[$0] }, 0..<places.count, into: plain.ensemble.input,
                    labels: &labels)
                let outputs = TeacherOutputs(
                    logits: DistillationLossTests.view(places.flatMap { logits[3 * $0..<3 * $0 + 3] }),
                    features: DistillationLossTests.view(places.flatMap { features[32 * $0..<32 * $0 + 32] })
                )
                _ = plain.step(labels: labels.span, teacher: outputs, samples: places.count)
            }
        }
        let own = course.snapshots.last!.snapshot.memory.first { $0.name == "network_1" }!
        let trained = own.values.part(0..<(4 * plan.layout.count))
        #expect(TinyFederation.values(trained) == plain.ensemble.parameters.array)
    }

    @Test func everyRule() throws {
        for rule in PartitionRule.allCases {
            let course = try InferenceWorld(students: [3], rule: rule).run()
            #expect(course.failure == nil && course.outcome != nil, "\(rule)")
            let parts = Dictionary(grouping: course.filters.filter { $0.part != nil }) { $0.part! }
            #expect(course.filters.map(\.filter) == Array(0..<32))
            #expect(parts.keys.sorted() == [1, 2, 3], "\(rule)")
            let row = course.contenders[1]
            #expect(row.filters == parts.values.reduce(0) { $0 + $1.count })
            #expect(row.rule == rule.rawValue && row.parts == 3)
            let services = course.transfers.filter { $0.content == "features" }
            #expect(services.map(\.payloadBytes) == (1...3).map { UInt64(4 * parts[$0]!.count) }, "\(rule)")
        }
    }

    /// Without the students of a subset, for every subset and both fills; the hub with these columns of its layer at
    /// zero gives the same bits.
    @Test func lostStudentsAreZeroColumns() throws {
        let world = InferenceWorld(students: [3])
        let course = try world.run()
        let subsets = course.subsets
        #expect(subsets.count == 2 * (8 - 2))
        #expect(Set(subsets.map { "\($0.fill) \($0.students)" }).count == 12)
        let students = ["1", "2", "1 2", "3", "1 3", "2 3"]
        #expect(subsets.map(\.students) == students.flatMap { [$0, $0] })

        let (ensemble, means) = try Self.ensemble(of: course, world, batch: InferenceWorld.testCount)
        let plan = ensemble.plan
        var labels: [UInt8] = []
        InferenceWorld.dataset.test.fillBatch(
            0..<InferenceWorld.testCount, into: ensemble.input, labels: &labels)
        ensemble.forward(samples: labels.count)
        let features = ensemble.head.input.array
        let weights = ensemble.head.parameters.array
        for row in subsets {
            let lost = Set(row.students.split(separator: " ").map { Int($0)! - 1 })
            ensemble.head.parameters.copy(from: weights)
            ensemble.classify(samples: labels.count, lost: lost, fill: row.fill == "mean" ? means : nil)
            let correct = ensemble.head.lossAndCorrect(labels: labels.span, samples: labels.count).correct
            #expect(Double(correct) / Double(labels.count) == row.accuracy, "\(row)")
            guard row.fill == "zero" else { continue }
            let lossy = ensemble.logits.array
            ensemble.head.input.copy(from: features)
            for index in lost {
                for column in plan.columns[index] {
                    for label in 0..<3 { ensemble.head.parameters[label * plan.features + column] = 0 }
                }
            }
            ensemble.head.forward(samples: labels.count)
            #expect(ensemble.logits.array.map(\.bitPattern) == lossy.map(\.bitPattern), "\(row)")
        }
        #expect(course.contenders[1].accuracy == Self.accuracy(ensemble, weights, features, labels))
    }

    private static func accuracy(
        _ ensemble: StudentEnsemble, _ weights: [Float], _ features: [Float], _ labels: [UInt8]
    ) -> Double {
        ensemble.head.parameters.copy(from: weights)
        ensemble.head.input.copy(from: features)
        ensemble.head.forward(samples: labels.count)
        let correct = ensemble.head.lossAndCorrect(labels: labels.span, samples: labels.count).correct
        return Double(correct) / Double(labels.count)
    }

    /// The students that a run ended with, and the means of their features over the validation samples.
    static func ensemble(
        of course: InferenceCourse, _ world: InferenceWorld, batch: Int
    ) throws -> (StudentEnsemble, FloatView) {
        let widths = course.transfers.filter { $0.content == "features" }.map { Int($0.payloadBytes) / 4 }
        let model = try NetworkPlan.zoo("small_cnn_0.125", input: InferenceWorld.input, classes: 3)
        let plan = EnsemblePlan(
            students: try widths.map { try NetworkPlan.student(of: model, filters: $0) },
            parts: course.contenders[1].parts, classes: 3)
        let ensemble = StudentEnsemble(plan: plan, batch: batch, mode: .evaluation)
        let vector = course.snapshots.last!.snapshot.memory.first { $0.name == "network_1" }!
        let values = TinyFederation.values(vector.values)
        ensemble.parameters.copy(from: Array(values[..<plan.layout.count]))
        let means = values.suffix(plan.features + plan.students.count).prefix(plan.features)
        return (ensemble, DistillationLossTests.view(Array(means)))
    }

    /// Four students of two parts: the mean of those of a part that are there counts.
    @Test func twins() throws {
        var world = InferenceWorld(students: [4])
        world.configuration.redundancy = 2
        let course = try world.run()
        let row = course.contenders[1]
        #expect(row.parts == 2 && row.students == 4 && row.devices == 4)
        let features = course.transfers.filter { $0.content == "features" }.map(\.payloadBytes)
        #expect(features.count == 4 && features[0] == features[2] && features[1] == features[3])
        #expect(row.featureBytes == features.reduce(0, +))
        #expect(row.filters == Int(features[0] + features[1]) / 4)
        #expect(course.subsets.count == 2 * (16 - 2))
        let (ensemble, means) = try Self.ensemble(of: course, world, batch: InferenceWorld.testCount)
        var labels: [UInt8] = []
        InferenceWorld.dataset.test.fillBatch(
            0..<InferenceWorld.testCount, into: ensemble.input, labels: &labels)
        ensemble.forward(samples: labels.count)
        for subset in course.subsets {
            let lost = Set(subset.students.split(separator: " ").map { Int($0)! - 1 })
            ensemble.classify(samples: labels.count, lost: lost, fill: subset.fill == "mean" ? means : nil)
            let correct = ensemble.head.lossAndCorrect(labels: labels.span, samples: labels.count).correct
            #expect(Double(correct) / Double(labels.count) == subset.accuracy, "\(subset)")
        }
    }

    /// How images come to the students changes bytes and seconds, and no answer.
    @Test func sensedImagesGiveTheSameAnswers() throws {
        let world = InferenceWorld()
        let broadcast = try world.run()
        var sensing = world
        sensing.configuration.deployment.input = .local
        var unsigned = world
        unsigned.configuration.deployment.pixels = .float32
        var windowed = world
        windowed.configuration.deployment.window = 1
        for (other, bytes) in [(sensing, 0), (unsigned, 2 * 4 * 64), (windowed, 2 * 64)] {
            let course = try other.run()
            #expect(course.contenders[1].accuracy == broadcast.contenders[1].accuracy)
            #expect(course.contenders[1].inputBytes == UInt64(bytes))
            #expect(course.subsets == broadcast.subsets)
            #expect(course.outcome == broadcast.outcome)
        }
        let (near, far) = (try sensing.run().contenders[1], broadcast.contenders[1])
        #expect(near.dependentRounds == 1 && far.dependentRounds == 2)
        #expect(near.inputMessages == 0 && far.inputMessages == 2)
        #expect(near.latencySeconds < far.latencySeconds)
    }

    /// Rows of a message do not see each other.
    @Test(arguments: [1, 8, 41, 100]) func imagesInAMessage(batch: Int) throws {
        var world = InferenceWorld()
        let two = try world.run()
        world.configuration.deployment.batch = batch
        let course = try world.run()
        #expect(course.contenders[1].accuracy == two.contenders[1].accuracy)
        #expect(course.subsets.map(\.accuracy) == two.subsets.map(\.accuracy))
    }

    @Test func valuesOfFewerBytes() throws {
        var world = InferenceWorld()
        let full = try world.run()
        for (coding, bytes) in [(FeatureCoding.float16, 2), (.int8, 1)] {
            world.configuration.deployment.values = coding
            let course = try world.run()
            #expect(course.outcome == full.outcome)
            let (row, due) = (course.contenders[1], full.contenders[1])
            #expect(row.featureBytes * 4 == due.featureBytes * UInt64(bytes))
            #expect((row.accuracy - due.accuracy).magnitude < 0.06, "\(coding)")
        }
    }

    /// Only some of the test images are asked.
    @Test func fewImages() throws {
        var world = InferenceWorld(baselines: [.singleStudent])
        world.configuration.deployment.images = 10
        let course = try world.run()
        #expect(course.contenders.allSatisfy { $0.images == 10 })
        #expect(course.contenders.allSatisfy { $0.accuracy * 10 == ($0.accuracy * 10).rounded() })
    }

    /// Answers that are lost for good: the hub goes on without them, and says how many.
    @Test func lostAnswers() throws {
        let world = InferenceWorld(students: [3])
        let calm = try world.run()
        for seed in 1..<4 as Range<UInt64> {
            var course = InferenceCourse(
                program: try world.program(), executor: try world.executor(), order: seed)
            course.losses = 0.3
            try course.run()
            let (row, due) = (course.contenders[1], calm.contenders[1])
            #expect(course.lost > 0 && course.outcome != nil)
            // Two images in a message, one in the last.
            #expect(row.lostAnswers <= 2 * course.lost && row.lostAnswers >= 2 * course.lost - 3)
            #expect(row.digest == due.digest && row.featureBytes == due.featureBytes)
            #expect(row.lossyAccuracy == nil)
        }
        // A hub that hears of nobody says the same of every image.
        var deaf = InferenceCourse(program: try world.program(), executor: try world.executor(), order: 1)
        deaf.losses = 1
        try deaf.run()
        #expect(deaf.contenders[1].lostAnswers == 3 * 41)
        let labels = InferenceWorld.dataset.test.labels
        let shares = (0..<3).map { label in
            Double(labels.filter { $0 == label }.count) / Double(labels.count)
        }
        #expect(shares.contains(deaf.contenders[1].accuracy))
    }

    /// Pictures that are cropped and mirrored anew in every epoch: the teacher answers each batch itself.
    @Test func augmentedImages() throws {
        var world = InferenceWorld(baselines: [.singleStudent, .attentionTransfer])
        world.configuration.preprocessing.augmentation = .cropAndFlip
        let calm = try world.run()
        #expect(calm.outcome != nil)
        let (snapshot, rows) = calm.snapshots.first { $0.snapshot.round == 4 }!
        var course = InferenceCourse(
            program: try world.program(resuming: snapshot), executor: try world.executor(), order: 3)
        try course.run()
        #expect(course.rows == Array(calm.rows[rows...]))
    }

    /// Images that are made come from one round, whose result a resumed run takes from its snapshot.
    @Test(arguments: [DistillationSpec.Images.dream, .deepInversion])
    func madeImages(kind: DistillationSpec.Images) throws {
        var world = InferenceWorld(baselines: [.singleStudent, .attentionTransfer])
        world.configuration.distillation.images = kind
        world.configuration.distillation.count = 250
        world.configuration.distillation.steps = 2
        let calm = try world.run()
        #expect(calm.failure == nil && calm.outcome?.rounds == 2 + 1 + 1 + 2 + 4)
        #expect(calm.epochs.filter { $0.network != "teacher" }.allSatisfy { $0.samples == 400 })
        for (snapshot, rows) in calm.snapshots where !snapshot.final {
            var course = InferenceCourse(
                program: try world.program(resuming: snapshot), executor: try world.executor(),
                order: UInt64(snapshot.round))
            try course.run()
            #expect(course.rows == Array(calm.rows[rows...]), "after round \(snapshot.round)")
            #expect(course.outcome == calm.outcome)
        }
    }
}

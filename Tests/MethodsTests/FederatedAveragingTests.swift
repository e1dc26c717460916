import Datasets
import Foundation
import Methods
import Networks
import TensorMath
import Testing

/// What the paper claims of federated averaging, with real training on a few samples.
@Suite struct FederatedAveragingTests {
    static let features = 6
    static let classes = 3

    /// Logistic regression over clients of unequal size, all of whom take part.
    struct World {
        var configuration: FederatedConfiguration
        let dataset: Dataset
        let holdings: LocalSplit
        let plan: NetworkPlan

        init(
            sizes: [Int], rounds: Int = 1, epochs: Int = 1, batch: Int, schedule: Schedule = .constant,
            test: Int = 130
        ) throws {
            var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
            let shape = SampleShape(channels: features, height: 1, width: 1)
            func split(_ count: Int) -> Split {
                let labels = (0..<count).map { _ in UInt8(stream.index(below: classes)) }
                let values = labels.flatMap { label in
                    (0..<features).map { Float(stream.normal()) + ($0 == Int(label) ? 1 : 0) }
                }
                return Split(shape: shape, classes: classes, labels: labels, values: values)
            }
            var first: UInt32 = 0
            let owners = sizes.map { size in
                defer { first += UInt32(size) }
                return Array(first..<first + UInt32(size))
            }
            dataset = Dataset(
                name: "few", train: split(sizes.reduce(0, +)), test: split(test), natural: owners)
            configuration = FederatedConfiguration(
                seed: 5, dataset: DatasetSpec(name: .synthetic), partition: .natural, localTestFraction: 0,
                model: ModelSpec(name: "logistic", layers: [.flatten, .dense(units: classes)]),
                initialization: .uniformFanIn, method: .fedavg,
                training: TrainingSpec(
                    rounds: rounds, clientsPerRound: sizes.count, localEpochs: epochs, batchSize: batch,
                    optimizer: .sgd(SGD(learningRate: 0.5)), schedule: schedule),
                evaluation: EvaluationSpec(every: 1, on: [.globalTest]), stop: StopSpec())
            plan = try NetworkPlan(
                spec: configuration.model, input: Shape(channels: features), classes: classes)
            holdings = try dataset.labels.partition(.natural, seed: 5).localSplit(fraction: 0, seed: 5)
        }

        func executor() -> FederatedExecutor {
            FederatedExecutor(configuration: configuration, dataset: dataset, holdings: holdings, plan: plan)
        }

        /// Runs everything with the real executor; the model before the first round comes first.
        func run() throws -> (course: Course, initial: [Float]) {
            var program = FederatedProgram(
                configuration: configuration, population: holdings.population(testCount: dataset.test.count),
                plan: plan, overhead: TinyFederation.overhead)
            let executor = executor()
            var initial: [Float] = []
            var failure: (any Error)?
            let course = try Course(&program) { task, program in
                let input = program.object(task.inputs[0].id)
                if initial.isEmpty, let input { initial = TinyFederation.values(input) }
                do { return try Self.compute(task, [input].compactMap { $0 }, executor) } catch {
                    failure = error
                    return TaskOutput(objects: [], metrics: [], work: [])
                }
            }
            if let failure { throw failure }
            return (course, initial)
        }

        static func compute(
            _ task: TaskSpec, _ inputs: [ObjectBytes], _ executor: FederatedExecutor
        ) throws(TaskFailure) -> TaskOutput {
            let execution = try executor.begin(task, inputs: inputs)
            while true {
                if let output = try execution.advance() { return output }
            }
        }

        /// Mean loss over `indices` and its gradient, in double: weights [classes, features], biases.
        func loss(of model: [Double], on split: Split, _ indices: [Int]) -> (mean: Double, gradient: [Double])
        {
            var gradient = [Double](repeating: 0, count: model.count)
            var sum = 0.0
            let view = FloatBuffer(count: features).view
            for index in indices {
                split.copyFeatures(of: index, into: view, row: 0)
                let x = view.array.map(Double.init)
                let logits = (0..<classes).map { c in
                    (0..<features).reduce(model[classes * features + c]) {
                        $0 + model[c * features + $1] * x[$1]
                    }
                }
                let exponentials = logits.map { exp($0) }
                let total = exponentials.reduce(0, +)
                let label = Int(split.labels[index])
                sum += log(total) - logits[label]
                for c in 0..<classes {
                    let error = exponentials[c] / total - (c == label ? 1 : 0)
                    for f in 0..<features { gradient[c * features + f] += error * x[f] }
                    gradient[classes * features + c] += error
                }
            }
            let n = Double(indices.count)
            return (sum / n, gradient.map { $0 / n })
        }
    }

    static func step(_ model: [Float], _ gradient: [Double], rate: Double) -> [Float] {
        zip(model, gradient).map { Float(Double($0) - rate * $1) }
    }

    /// One epoch of one full batch at every client is one step of gradient descent on all samples together
    /// (section 2: FedSGD), because the weights are n_k / n.
    @Test func fullBatchesAreGradientDescentOnTheUnion() throws {
        let sizes = [1, 5, 12, 2, 30]
        let world = try World(sizes: sizes, rounds: 3, batch: 30)
        let (course, initial) = try world.run()
        var model = initial
        for round in 0..<3 {
            let union = Array(0..<50)
            let (loss, gradient) = world.loss(of: model.map(Double.init), on: world.dataset.train, union)
            let due = Self.step(model, gradient, rate: 0.5)
            let found = course.models[round]
            #expect(zip(found, due).allSatisfy { abs($0 - $1) < 1e-5 }, "round \(round + 1)")
            #expect(abs((course.rounds[round].trainLoss ?? 0) - loss) < 1e-5)
            model = found
        }
        #expect(course.clients.map(\.samples) == sizes + sizes + sizes)
        #expect(course.clients.allSatisfy { $0.steps == 1 })
    }

    /// The learning rate of round r is the schedule's.
    @Test func scheduleReachesTheClients() throws {
        let world = try World(sizes: [8, 4], rounds: 3, batch: 8, schedule: .exponential(factor: 0.25))
        let (course, initial) = try world.run()
        var model = initial
        for round in 0..<3 {
            let (_, gradient) = world.loss(of: model.map(Double.init), on: world.dataset.train, Array(0..<12))
            let rate = 0.5 * [1, 0.25, 0.0625][round]
            let due = Self.step(model, gradient, rate: rate)
            #expect(zip(course.models[round], due).allSatisfy { abs($0 - $1) < 1e-5 })
            model = course.models[round]
        }
    }

    /// A client alone that trains with batches is plain SGD over its shuffled samples, the last partial batch
    /// included.
    @Test func oneClientIsPlainSGD() throws {
        let world = try World(sizes: [11], epochs: 3, batch: 4)
        let (course, initial) = try world.run()
        var order = Array(UInt32(0)..<11)
        var shuffle = RandomStream(RandomKey(seed: 5, purpose: .shuffle, client: 0, participation: 0))
        var model = initial
        for _ in 0..<3 {
            shuffle.shuffle(&order)
            for batch in [order[0..<4], order[4..<8], order[8..<11]] {
                let (_, gradient) = world.loss(
                    of: model.map(Double.init), on: world.dataset.train, batch.map { Int($0) })
                model = Self.step(model, gradient, rate: 0.5)
            }
        }
        #expect(zip(course.models[0], model).allSatisfy { abs($0 - $1) < 1e-5 })
        let client = try #require(course.clients.first)
        #expect(client.steps == 9 && client.samples == 11)
        #expect(client.work.forwardSamples == 33 && client.work.backwardSamples == 33)
        #expect(client.work.totalMACs == 33 * 3 * UInt64(Self.features * Self.classes))
    }

    @Test func evaluationAgreesWithTheDefinition() throws {
        let world = try World(sizes: [10, 6], batch: 4)
        let (course, _) = try world.run()
        let (loss, _) = world.loss(
            of: course.models[0].map(Double.init), on: world.dataset.test, Array(0..<world.dataset.test.count)
        )
        let row = course.rounds[0]
        #expect(abs((row.globalTestLoss ?? 0) - loss) < 1e-5)
        let task = try #require(course.tasks.first { $0.kind == .evaluateTest })
        let model = course.snapshots[0].model
        let executor = world.executor()
        let whole = try World.compute(task, [model], executor)
        #expect(whole.metrics[2] == 130 && whole.objects.isEmpty)
        // In parts, of which some are no multiple of the executor's batch.
        var correct = 0.0
        for (first, count) in [(0, 1), (1, 49), (50, 77), (127, nil)] as [(Int, Int?)] {
            var part = task
            (part.first, part.count) = (first, count)
            correct += try World.compute(part, [model], executor).metrics[1]
        }
        #expect(correct == whole.metrics[1] && row.globalTestAccuracy == correct / 130)
    }

    /// An executor has no memory: the same task gives the same bits whatever it computed before.
    @Test func tasksAreFunctionsOfTheirInputs() throws {
        var world = try World(sizes: [10, 6, 3], rounds: 2, epochs: 2, batch: 4)
        world.configuration.training.optimizer = .sgd(SGD(learningRate: 0.5, momentum: 0.9))
        let (course, initial) = try world.run()
        let training = course.tasks.filter { $0.kind == .train && $0.round == 1 }
        let model = TinyFederation.model(initial)
        let shared = world.executor()
        let first = try training.map { try World.compute($0, [model], shared) }
        for (task, output) in zip(training, first).reversed() {
            let again = try World.compute(task, [model], shared)
            let fresh = try World.compute(task, [model], world.executor())
            #expect(again.objects[0].id == output.objects[0].id && again.metrics == output.metrics)
            #expect(fresh.objects[0].id == output.objects[0].id && fresh.metrics == output.metrics)
        }
        #expect(Set(first.map(\.objects[0].id)).count == 3)
    }

    @Test func impossibleTasksFail() throws {
        let world = try World(sizes: [10, 6], batch: 4)
        let executor = world.executor()
        let model = TinyFederation.model(.init(repeating: 0, count: world.plan.layout.count))
        let sound = TaskSpec(
            id: 1, kind: .train, round: 1, client: 1, layout: world.plan.layout.digest,
            inputs: [ObjectReference(model)])
        _ = try executor.begin(sound, inputs: [model])
        func fails(_ inputs: [ObjectBytes], _ spoil: (inout TaskSpec) -> Void = { _ in }) -> Bool {
            var task = sound
            spoil(&task)
            do {
                _ = try executor.begin(task, inputs: inputs)
                return false
            } catch { return !error.description.isEmpty }
        }
        #expect(fails([model]) { $0.layout[3] ^= 1 })
        #expect(fails([]))
        #expect(fails([model, model]))
        #expect(fails([TinyFederation.model([0, 0])]))
        #expect(fails([model]) { $0.client = 2 })
        #expect(fails([model]) { $0.client = nil })
        #expect(fails([model]) { $0.kind = .evaluateClient })
        for (first, count) in [(0, 131), (130, 1), (130, nil), (200, nil), (0, 0)] as [(Int, Int?)] {
            #expect(
                fails([model]) { ($0.kind, $0.first, $0.count) = (.evaluateTest, first, count) },
                "\(first) and \(count ?? -1)")
        }
    }
}

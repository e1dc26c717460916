import Datasets
import Methods
import Networks
import TensorMath
import Testing

/// What clients train and test on, where that is not simply their part of the training samples.
@Suite struct ClientDataTests {
    private static let shape = SampleShape(channels: 5, height: 1, width: 1)
    private static let seed: UInt64 = 9

    private static func split(_ values: [Float]) -> Split {
        let count = values.count / shape.count
        return Split(shape: shape, classes: 3, labels: (0..<count).map { UInt8($0 % 3) }, values: values)
    }

    private static func dataset(_ train: [Float]) -> Dataset {
        Dataset(name: "few", train: split(train), test: split(Array(train[..<(20 * shape.count)])))
    }

    private static let values: [Float] = {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        return (0..<60 * shape.count).map { _ in Float(stream.normal()) }
    }()

    private func executor(
        _ dataset: Dataset, _ holdings: LocalSplit, _ method: MethodSpec = .fedavg
    ) throws -> FederatedExecutor {
        let configuration = FederatedConfiguration(
            seed: Self.seed, dataset: DatasetSpec(name: .synthetic), partition: .natural,
            localTestFraction: 0.2,
            model: ModelSpec(name: "logistic", layers: [.flatten, .dense(units: 3)]),
            initialization: .uniformFanIn, method: method,
            training: TrainingSpec(
                rounds: 1, clientsPerRound: 1, localEpochs: 2, batchSize: 4,
                optimizer: .sgd(SGD(learningRate: 0.1))),
            evaluation: EvaluationSpec(), stop: StopSpec())
        let plan = try NetworkPlan(spec: configuration.model, input: Shape(channels: 5), classes: 3)
        return FederatedExecutor(
            configuration: configuration, dataset: dataset, holdings: holdings, plan: plan)
    }

    private func holdings(
        _ spec: PartitionSpec, _ dataset: Dataset, pooled: Bool = false
    ) throws -> LocalSplit {
        try dataset.labels.partition(spec, seed: Self.seed).localSplit(
            fraction: 0.2, seed: Self.seed, pooled: pooled)
    }

    private func compute(
        _ kind: TaskSpec.Kind, client: Int? = nil, count: Int? = nil, _ executor: FederatedExecutor
    ) throws -> TaskOutput {
        let model = ObjectBytes(FloatBuffer(count: 18).view)
        let plan = try NetworkPlan(
            spec: ModelSpec(name: "logistic", layers: [.flatten, .dense(units: 3)]),
            input: Shape(channels: 5),
            classes: 3)
        let task = TaskSpec(
            id: 1, kind: kind, round: 1, client: client, first: 0, count: count, layout: plan.layout.digest,
            inputs: [ObjectReference(model)])
        let execution = try executor.begin(task, inputs: [model])
        while true {
            if let output = try execution.advance() { return output }
        }
    }

    /// A client with noise computes what it would on stored samples that have the noise already.
    @Test func clientsTrainAndTestOnNoisySamples() throws {
        let clean = Self.dataset(Self.values)
        let noisy = try holdings(.featureNoise(clients: 3, level: 0.5), clean)
        let seen = FloatBuffer(count: Self.values.count)
        var labels: [UInt8] = []
        noisy.seenByClients(clean).train.fillBatch(0..<60, into: seen.view, labels: &labels)
        let stored = Dataset(name: "few", train: Self.split(seen.view.array), test: clean.test)
        let plain = try holdings(.iid(clients: 3), stored)
        let (first, second) = (try executor(clean, noisy), try executor(stored, plain))
        let without = try executor(clean, plain)
        for client in 0..<3 {
            for kind in [TaskSpec.Kind.train, .evaluateClient] {
                let output = try compute(kind, client: client, first)
                let expected = try compute(kind, client: client, second)
                #expect(output.metrics == expected.metrics)
                #expect(
                    output.objects.map(TinyFederation.values) == expected.objects.map(TinyFederation.values))
                guard kind == .train else { continue }
                let other = try compute(kind, client: client, without)
                #expect((output.metrics == other.metrics) == (client == 0))
            }
        }
        #expect(try compute(.evaluateTest, first).metrics == compute(.evaluateTest, without).metrics)
    }

    /// Samples in one place keep the noise of the clients that they come from.
    @Test func collectedSamplesKeepTheirNoise() throws {
        let clean = Self.dataset(Self.values)
        let noisy = try holdings(.featureNoise(clients: 3, level: 0.5), clean)
        let seen = FloatBuffer(count: Self.values.count)
        var labels: [UInt8] = []
        noisy.seenByClients(clean).train.fillBatch(0..<60, into: seen.view, labels: &labels)
        let stored = Dataset(name: "few", train: Self.split(seen.view.array), test: clean.test)
        let method = MethodSpec(Centralised())
        let first = try executor(clean, method.holdings(of: noisy), method)
        let second = try executor(stored, holdings(.iid(clients: 3), stored), method)
        let (output, expected) = (
            try compute(.train, client: 0, first), try compute(.train, client: 0, second)
        )
        #expect(output.metrics == expected.metrics && output.metrics[2] == 96)
        #expect(output.objects.map(TinyFederation.values) == expected.objects.map(TinyFederation.values))
    }

    /// With pooled data the global test set is the union of the local ones, without noise.
    @Test func theGlobalTestSetOfPooledData() throws {
        let pool = Dataset(name: "few", train: Self.split(Self.values), test: Self.split([]))
        let local = try holdings(.iid(clients: 4), pool, pooled: true)
        let executor = try executor(pool, local)
        let whole = try compute(.evaluateTest, executor)
        let parts = try (0..<4).map { try compute(.evaluateClient, client: $0, executor) }
        #expect(whole.metrics[2] == 12 && local.pooledTest?.count == 12)
        for metric in 0..<3 {
            let sum = parts.reduce(0) { $0 + $1.metrics[metric] }
            #expect(abs(whole.metrics[metric] - sum) < 1e-6)
        }
        #expect(try compute(.evaluateTest, count: 5, executor).metrics[2] == 5)
        #expect(throws: TaskFailure.self) { try compute(.evaluateTest, count: 13, executor) }
        let noisy = try holdings(.featureNoise(clients: 4, level: 3), pool, pooled: true)
        #expect(try compute(.evaluateTest, self.executor(pool, noisy)).metrics == whole.metrics)
    }
}

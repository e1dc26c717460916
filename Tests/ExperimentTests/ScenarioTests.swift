import Datasets
import Experiment
import Foundation
import Methods
import Networks
import TensorMath
import Testing

@Suite struct ScenarioTests {
    @Test func everyKeyIsRead() throws {
        let scenario = try Scenario.load(text: fullScenario)
        guard case .federated(let it) = scenario.kind else { return }
        #expect(scenario.name == "fedavg, two classes")
        #expect(it.seed == 7)
        #expect(it.dataset == DatasetSpec(name: .fashionMNIST, path: "/data/fashion", limit: 5000))
        #expect(it.partition == .shards(clients: 100, shardsPerClient: 3))
        #expect(it.localTestFraction == 0.2)
        #expect(
            it.model.layers == [
                .conv(channels: 8, kernel: 5, stride: 1, padding: .same), .relu,
                .maxPool(kernel: 2, stride: 2),
                .flatten, .dense(units: 10),
            ])
        #expect(it.initialization == .he)
        #expect(it.training.rounds == 200 && it.training.clientsPerRound == 12)
        #expect(it.training.localEpochs == 2 && it.training.batchSize == 20)
        #expect(
            it.training.optimizer
                == .sgd(SGD(learningRate: 0.001, momentum: 0.9, nesterov: true, weightDecay: 0.0001)))
        #expect(it.training.schedule == .exponential(factor: 0.996))
        #expect(it.evaluation == EvaluationSpec(every: 3, on: [.globalTest, .localTest]))
        #expect(it.stop.targetAccuracy == 0.85)
        #expect(
            it.compression
                == CompressionSpec(
                    uplink: [.topK(fraction: 0.01), .quantize(bits: 4, bucket: nil)],
                    downlink: [.quantize(bits: 8, bucket: 512)], errorFeedback: true))
        #expect(scenario.hosts == HostsSpec(minimum: 2, launch: [.local(workers: 2), .manual]))
        #expect(
            scenario.thresholds == [
                Threshold(metric: .finalAccuracy, comparison: .atLeast, bound: 0.8),
                Threshold(metric: .wallSeconds, comparison: .below, bound: 60),
            ])
    }

    /// Personal models that a method makes are measured without being asked for.
    @Test(
        arguments: [
            ("fedavg", nil, [EvaluationSpec.Target.globalTest]), ("moon", nil, [.globalTest]),
            ("fedavg", "0.2", [.globalTest]), ("ditto", nil, [.globalTest, .localTest]),
            ("apfl", nil, [.globalTest, .localTest]), ("pfedme", "0.1", [.globalTest, .localTest]),
            ("fedavg_finetune", nil, [.globalTest, .localTest]), ("ditto", "0", [.globalTest]),
            ("local_only", nil, [.localTest]), ("fedper", nil, [.localTest]),
        ] as [(String, String?, [EvaluationSpec.Target])])
    func whatIsMeasuredFollowsFromTheMethod(
        method: String, fraction: String?, targets: [EvaluationSpec.Target]
    ) throws {
        let overrides = fraction.map { ["dataset.local_test_fraction=\($0)"] } ?? []
        let scenario = try Scenario.load(
            text: minimalScenario, overrides: ["method.name=\(method)"] + overrides)
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.evaluation.on == targets)
        #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario)
    }

    @Test func theNameAloneIsEnough() throws {
        let scenario = try Scenario.load(text: minimalScenario)
        guard case .federated(let it) = scenario.kind else { return }
        #expect(scenario.name == "unnamed")
        #expect(it.seed == 1)
        #expect(it.method == .fedavg)
        #expect(it.model == ModelSpec.named("mlp", classes: 10))
        #expect(
            it.training
                == TrainingSpec(rounds: 10, clientsPerRound: 10, optimizer: .sgd(SGD(learningRate: 0.05))))
        #expect(it.evaluation == EvaluationSpec(every: 5, on: [.globalTest]))
        #expect(it.stop.targetAccuracy == nil)
        #expect(it.compression == .none)
        #expect(scenario.hosts == HostsSpec(minimum: 1, launch: [.local(workers: 2)]))
        #expect(scenario.thresholds.isEmpty)
    }

    @Test func theCohortIsNeverLargerThanThePopulation() throws {
        let scenario = try Scenario.load(text: minimalScenario, overrides: ["dataset.partition.clients=4"])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.training.clientsPerRound == 4)
    }

    @Test func theResolvedDocumentIsExact() throws {
        #expect(try Scenario.load(text: fullScenario).resolvedYAML == resolvedFullScenario)
    }

    @Test func classesFollowTheDataSet() throws {
        let text = """
            dataset: {name: emnist, path: /e, split: letters, partition: {kind: iid, clients: 20}}
            model: {layers: [flatten, {dense: classes}]}
            """
        guard case .federated(let it) = try Scenario.load(text: text).kind else { return }
        #expect(it.model.layers == [.flatten, .dense(units: 26)])
    }

    /// A kind alone has the values of its source.
    @Test(arguments: [
        ("iid", PartitionSpec.iid(clients: 20)),
        ("shards", .shards(clients: 20, shardsPerClient: 2)),
        ("classes_per_client", .classesPerClient(clients: 20, classes: 2, assignment: .cyclic)),
        ("dirichlet", .dirichlet(clients: 20, alpha: 0.5, minimum: 10)),
        ("dirichlet_balanced", .balancedDirichlet(clients: 20, alpha: 0.5)),
        ("quantity_skew", .quantitySkew(clients: 20, alpha: 0.5, minimum: 10)),
        ("feature_noise", .featureNoise(clients: 20, level: 0.1)),
    ])
    func partitionsHaveDefaults(kind: String, expected: PartitionSpec) throws {
        let scenario = try Scenario.load(
            text: minimalScenario, overrides: ["dataset.partition={kind: \(kind), clients: 20}"])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.partition == expected)
        #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario)
    }

    @Test func usersOfLEAF() throws {
        let text = """
            dataset: {name: leaf, path: /l, pool: true, local_test_fraction: 0.1, partition: {kind: natural}}
            model: {layers: [flatten, {dense: classes}]}
            """
        func load(_ overrides: String...) throws -> FederatedConfiguration {
            guard case .federated(let it) = try Scenario.load(text: text, overrides: overrides).kind else {
                preconditionFailure("another kind")
            }
            return it
        }
        let all = try load()
        #expect(all.dataset == DatasetSpec(name: .leaf, path: "/l", pool: true))
        #expect(all.model.layers.last == .dense(units: 62) && all.partition == .natural)
        // How many clients there are is not known before the files are read.
        #expect(all.training.clientsPerRound == 10)
        let few = try load("dataset.users=4", "dataset.shape=60", "dataset.classes=10")
        #expect(few.training.clientsPerRound == 4 && few.dataset.users == 4)
        #expect(few.dataset.shape == SampleShape(channels: 60, height: 1, width: 1))
        let groups = try load("dataset.partition={kind: natural_groups, clients: 3}")
        #expect(groups.partition == .naturalGroups(clients: 3) && groups.training.clientsPerRound == 3)
    }

    /// The same numbers in other spellings give the same value.
    @Test(arguments: ["0.05", "5e-2", "5E-2", ".05", "+0.05", "0.0500000000001"])
    func numbersHaveManySpellings(spelling: String) throws {
        let scenario = try Scenario.load(
            text: minimalScenario, overrides: ["training.optimizer.learning_rate=\(spelling)"])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.training.optimizer.learningRate == 0.05)
        #expect(scenario.resolvedYAML.contains("learning_rate: 0.05\n"))
    }

    @Test func wholeNumbersMayHaveAnExponent() throws {
        let scenario = try Scenario.load(
            text: minimalScenario, overrides: ["training.rounds=2e3", "dataset.limit=30e6", "seed=1e3"])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.training.rounds == 2000)
        #expect(it.dataset.limit == 30_000_000)
        #expect(it.seed == 1000)
    }

    @Test func seedsHaveAllOf64Bits() throws {
        let scenario = try Scenario.load(text: minimalScenario, overrides: ["seed=18446744073709551615"])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.seed == .max)
        #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario)
    }

    @Test func overridesMakeMappingsAndReachIntoLists() throws {
        let scenario = try Scenario.load(
            text: minimalScenario,
            overrides: [
                "stop.target_accuracy=0.5", "hosts.launch=[{kind: local}]", "hosts.launch.0.workers=5",
                "hosts.launch.1.kind=manual", "evaluation.on=[local_test]", "dataset.local_test_fraction=0.5",
            ])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.stop.targetAccuracy == 0.5)
        #expect(scenario.hosts.launch == [.local(workers: 5), .manual])
        #expect(it.evaluation.on == [.localTest])
    }

    @Test func anEmptyValueIsTheDefault() throws {
        let scenario = try Scenario.load(
            text: fullScenario, overrides: ["stop=", "training.rounds=~", "seed=null"])
        guard case .federated(let it) = scenario.kind else { return }
        #expect(it.stop.targetAccuracy == nil)
        #expect(it.training.rounds == 10)
        #expect(it.seed == 1)
    }

    @Test func thresholdsCompare() {
        func passes(_ comparison: Threshold.Comparison, _ value: Double?) -> Bool {
            Threshold(metric: .finalAccuracy, comparison: comparison, bound: 0.8).check(value)
        }
        #expect(passes(.atLeast, 0.8) && !passes(.atLeast, 0.79))
        #expect(passes(.atMost, 0.8) && !passes(.atMost, 0.81))
        #expect(passes(.above, 0.81) && !passes(.above, 0.8))
        #expect(passes(.below, 0.79) && !passes(.below, 0.8))
        #expect(!passes(.atLeast, nil) && !passes(.atMost, .nan))
    }

    @Test func theDigestIsOfWhatDecidesTheResult() throws {
        let scenario = try Scenario.load(text: fullScenario)
        let same = try Scenario.load(
            text: fullScenario,
            overrides: ["name=other", "hosts.launch.0.workers=7", "thresholds.rounds=>= 1"])
        #expect(scenario.digest == same.digest)
        for change in [
            "seed=8", "training.batch_size=21", "model.initialization=glorot", "stop.target_accuracy=~",
            "compression.downlink=[]", "compression.error_feedback=false",
        ] {
            #expect(try Scenario.load(text: fullScenario, overrides: [change]).digest != scenario.digest)
        }
    }

    /// JSON is YAML: what machines get is the same document.
    @Test func resolvedDocumentsAreJSON() throws {
        var stream = RandomStream(RandomKey(seed: 7, purpose: .test))
        for _ in 0..<200 {
            let scenario = randomScenario(&stream)
            let data = try JSONEncoder().encode(ResolvedScenario(scenario))
            #expect(try Scenario.load(text: String(decoding: data, as: UTF8.self)) == scenario)
        }
        let example = try Scenario.load(text: minimalScenario + "seed: 18446744073709551615\nname: \"5\"\n")
        let json = String(
            decoding: try JSONEncoder().encode(ResolvedScenario(example)), as: UTF8.self)
        #expect(json.contains("\"seed\":18446744073709551615") && json.contains("\"name\":\"5\""))
    }

    @Test func resolvedDocumentsLoadAsEqualScenarios() throws {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        for _ in 0..<500 {
            let scenario = randomScenario(&stream)
            let text = scenario.resolvedYAML
            let loaded = try Scenario.load(text: text)
            #expect(loaded == scenario, "\(text)")
            #expect(loaded.resolvedYAML == text)
            #expect(loaded.digest == scenario.digest)
        }
    }
}

private let resolvedFullScenario = """
    name: "fedavg, two classes"
    kind: federated
    seed: 7
    method:
      name: fedavg
    dataset:
      name: fashion_mnist
      path: "/data/fashion"
      limit: 5000
      pool: false
      partition:
        kind: shards
        clients: 100
        shards_per_client: 3
      local_test_fraction: 0.2
      normalize: false
      augmentation: none
    model:
      layers:
        - conv:
            channels: 8
            kernel: 5
            stride: 1
            padding: same
            groups: 1
            bias: true
        - relu
        - max_pool:
            kernel: 2
            stride: 2
            padding: 0
            ceiling: false
        - flatten
        - dense: 10
      initialization: he
    training:
      rounds: 200
      clients_per_round: 12
      selection: uniform
      local_epochs: 2
      batch_size: 20
      optimizer:
        name: sgd
        learning_rate: 0.001
        momentum: 0.9
        nesterov: true
        weight_decay: 0.0001
      schedule:
        kind: exponential
        factor: 0.996
    evaluation:
      every: 3
      on: [global_test, local_test]
    stop:
      target_accuracy: 0.85
    compression:
      uplink:
        - kind: top_k
          fraction: 0.01
        - kind: quantize
          bits: 4
          bucket: tensor
      downlink:
        - kind: quantize
          bits: 8
          bucket: 512
      error_feedback: true
    aggregation:
      rule: mean
    attack:
      kind: none
    hosts:
      minimum: 2
      launch:
        - kind: local
          workers: 2
        - kind: manual
    thresholds:
      final_accuracy: ">= 0.8"
      wall_seconds: "< 60"

    """

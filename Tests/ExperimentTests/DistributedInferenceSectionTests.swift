import Datasets
import Experiment
import Methods
import Networks
import Testing

/// `text` as an experiment in distributed inference.
private func inference(
    _ text: String = minimalInference, _ overrides: String...
) throws -> DistributedInferenceConfiguration {
    guard case .distributedInference(let it) = try Scenario.load(text: text, overrides: overrides).kind else {
        preconditionFailure("another kind")
    }
    return it
}

private func training(_ learningRate: Float, epochs: Int = 20) -> NetworkTrainingSpec {
    NetworkTrainingSpec(
        epochs: epochs, batchSize: 128,
        optimizer: .sgd(
            SGD(learningRate: learningRate, momentum: 0.9, nesterov: false, weightDecay: 5e-4)),
        schedule: .cosine(rounds: epochs + 1, minimum: 0))
}

@Suite struct DistributedInferenceSectionTests {
    @Test func aDataSetAndATeacherAreEnough() throws {
        let teacher = ModelSpec.named("small_cnn", classes: 10)!
        let plan = try NetworkPlan(
            spec: teacher, input: Shape(channels: 1, height: 28, width: 28), classes: 10)
        let expected = DistributedInferenceConfiguration(
            seed: 1, dataset: DatasetSpec(name: .fashionMNIST),
            teacher: TeacherSpec(model: teacher, training: training(0.1)),
            student: .family(
                .smallCNN, budget: StudentBudget(parameters: plan.parameterCount / 8), rank: .parameters),
            distillation: DistillationSpec(training: training(0.01)))
        #expect(plan.parameterCount / 8 == 94_186 / 8)
        #expect(try inference() == expected)
    }

    @Test func defaultsFollowFromOtherKeys() throws {
        let colour = try inference(minimalInference, "dataset.name=cifar10", "dataset.path=/d")
        #expect(colour.student.description.hasPrefix("wide_resnet"))
        let leaf = try inference(minimalInference, "dataset.name=leaf", "dataset.path=/d")
        #expect(leaf.deployment.pixels == .float32 && colour.deployment.pixels == .uint8)
        let short = try inference(
            minimalInference, "teacher.training.epochs=1", "distillation.epochs=30",
            "partition={students: [5, 2], redundancy: 2}")
        #expect(short.teacher.training == training(0.1, epochs: 1))
        #expect(short.distillation.training == training(0.01, epochs: 30))
        #expect(short.students == [5, 2] && short.partition.parts == 3)
        let limited = try inference(minimalInference, "student.budget.macs=30e6")
        #expect(limited.student.description == "small_cnn nil 30000000 nil parameters")
    }

    /// The example of the documentation's kind, with every key that it may have.
    @Test func everyKeyIsTaken() throws {
        let it = try inference(fullInference)
        #expect(it.seed == 7 && it.validationFraction == 0.2 && it.dataset.limit == 20_000)
        #expect(it.teacher.weights == "teacher.safetensors" && it.teacher.initialization == .glorot)
        #expect(it.students == [2, 4] && it.redundancy == 2)
        #expect(
            it.partition
                == KnowledgePartitionSpec(
                    rule: .coActivation, parts: 1, topFilters: 20, edgePercentile: 90, resolution: 1.5,
                    isolated: .cover, balance: .capacity, images: 500))
        #expect(it.student.description == "mobilenet_v2 200000 30000000 1000000 nn_mass")
        var loss = DistillationSettings()
        (loss.temperature, loss.alpha, loss.beta, loss.studentDropout) = (3, 0.5, 100, 0.25)
        (loss.normalization, loss.reduction) = (.perPart, .batchMean)
        let adam = NetworkTrainingSpec(
            epochs: 9, batchSize: 64, optimizer: .adam(Adam(learningRate: 0.002)), clipNorm: 5,
            schedule: .step(every: 3, factor: 0.2))
        #expect(
            it.distillation
                == DistillationSpec(training: adam, loss: loss, images: .deepInversion, count: 256, steps: 50)
        )
        #expect(
            it.deployment
                == DeploymentSpec(
                    devices: ["stm32u5", "raspberry_pi_3b_plus", "stm32u5"], hub: "jetson_nano", link: "lte",
                    input: .local, pixels: .float32, values: .int8, images: 1000, batch: 8, window: 4,
                    onDisconnect: .lose, lost: LossSpec(probability: 0.1, deadline: 0.5, slowdown: 0.25),
                    fill: .mean))
        #expect(it.baselines == [.teacher, .singleStudent, .channelSplit, .random])
        #expect(faults(of: fullInference) == "")
        let scenario = try Scenario.load(text: fullInference)
        #expect(try Scenario.load(text: scenario.resolvedYAML) == scenario)
    }

    @Test func everyChangeIsAnotherDigest() throws {
        let scenario = try Scenario.load(text: minimalInference)
        let same = [
            "name=a", "hosts.minimum=2", "thresholds.final_accuracy=>= 0.5", "partition.students=[2]",
        ]
        #expect(try Scenario.load(text: minimalInference, overrides: same).digest == scenario.digest)
        for change in [
            "seed=2", "dataset.validation_fraction=0.2", "partition.students=3", "deployment.values=int8",
            "student.model.name=small_cnn_0.25", "baselines=[]", "teacher.weights=a", "distillation.beta=0",
        ] {
            let changed = try Scenario.load(text: minimalInference, overrides: [change])
            #expect(changed.digest != scenario.digest, "\(change)")
        }
    }

    @Test(arguments: inferenceFaults)
    func faultsAreNamed(override: String, expected: String) {
        let text = faults(of: minimalInference, overrides: [override])
        #expect(text.contains(expected), "\(text)")
        #expect(text.split(separator: "\n").count == 1, "\(text)")
    }

    /// One mapping for another, where a key alone would make no document.
    @Test(arguments: wholeFaults)
    func faultsOfDocumentsAreNamed(text: String, expected: String) {
        #expect(faults(of: "kind: distributed_inference\n" + text) == expected)
    }

    @Test func everyFaultIsToldAtOnce() {
        let text = faults(
            of: minimalInference,
            overrides: [
                "partition.redundancy=3", "deployment.pixels=float64", "distillation.alpha=2",
                "method.name=fedavg",
                "thresholds.rounds=5",
            ])
        #expect(text.split(separator: "\n").count == 5, "\(text)")
    }
}

extension StudentSpec {
    fileprivate var description: String {
        switch self {
        case .model(let name): name
        case .family(let family, let budget, let rank):
            [
                family.rawValue, budget.parameters.map { "\($0)" } ?? "nil",
                budget.macs.map { "\($0)" } ?? "nil",
                budget.memoryBytes.map { "\($0)" } ?? "nil", rank.rawValue,
            ].joined(separator: " ")
        }
    }
}

private let fullInference = """
    name: everything
    kind: distributed_inference
    seed: 7
    dataset: {name: cifar10, path: /data/cifar10, limit: 20000, validation_fraction: 0.2, normalize: true,
              augmentation: crop_and_flip}
    teacher: {model: {name: wrn_16_1, initialization: glorot}, weights: teacher.safetensors}
    partition: {rule: co_activation, students: [2, 4], redundancy: 2, top_filters: 20, edge_percentile: 90,
                resolution: 1.5, isolated: cover, balance: capacity, images: 500}
    student: {budget: {parameters: 200000, macs: 30e6, memory_bytes: 1e6}, family: mobilenet_v2, rank: nn_mass}
    distillation: {epochs: 9, batch_size: 64, optimizer: {name: adam, learning_rate: 0.002}, clip_norm: 5,
                   schedule: {kind: step, every: 3, factor: 0.2}, temperature: 3, alpha: 0.5, beta: 100,
                   normalization: per_part, reduction: batch_mean, student_dropout: 0.25, images: deep_inversion,
                   count: 256, steps: 50}
    deployment: {devices: [stm32u5, raspberry_pi_3b_plus, stm32u5], hub: jetson_nano, link: lte, input: local,
                 pixels: float32, values: int8, images: 1000, batch: 8, window: 4, on_disconnect: lose,
                 lost: {probability: 0.1, deadline_seconds: 0.5, slowdown: 0.25}, fill: mean}
    baselines: [teacher, single_student, channel_split, random]
    hosts: {minimum: 1}
    thresholds: {final_accuracy: ">= 0.5", wire_bytes: "< 1e9"}

    """

private let counts = "give a whole number from 1 to 16, or a list such as [2, 4]"
private let bounded =
    "remove it; what can be bounded here is final_accuracy, rounds, wall_seconds, wire_bytes, "
    + "coordinator_peak_memory_bytes, worker_peak_memory_bytes"
/// `--set` arguments, and what the one fault says that each makes.
private let inferenceFaults: [(String, String)] = [
    (
        "dataset.name=synthetic",
        "dataset.name: synthetic has no images; write the name of a set of images, such as fashion_mnist"
    ),
    (
        "dataset.validation_fraction=0",
        "dataset.validation_fraction: 0 is not positive; give a number above 0 to below 1"
    ),
    (
        "dataset.pool=true",
        "dataset.pool: unknown key; remove it; the keys here are augmentation, limit, name, normalize, path, validation_fraction"
    ),
    (
        "teacher.model.name=mlp",
        "teacher.model.name: mlp has no convolution before its classifier, so there are no feature maps to divide; "
            + "use a network with some, such as small_cnn_1.0 or wrn_16_1"
    ),
    (
        "teacher.training.epochs=0",
        "teacher.training.epochs: 0 is not positive; give a whole number from 1 to 100000"
    ),
    (
        "teacher.training.optimizer={momentum: 0, nesterov: true}",
        "teacher.training.optimizer.nesterov: true needs momentum; "
            + "set teacher.training.optimizer.momentum above 0, such as 0.9"
    ),
    ("partition.students=0", "partition.students: 0 is not positive; \(counts)"),
    ("partition.students=17", "partition.students: 17 is above 16; \(counts)"),
    ("partition.students=[2, 2]", "partition.students: a list holds 2 twice; write it once"),
    ("partition.students=[]", "partition.students: a list has 0 entries; write 1 to 16"),
    (
        "partition.redundancy=3",
        "partition.redundancy: 3 is more than the 2 students; lower it"
    ),
    (
        "partition.rule=louvain",
        "partition.rule: louvain is unknown; write one of activation_hub, co_activation, random, equal, eigenvector"
    ),
    (
        "student.budget.parameters=100",
        "student.budget: is a budget of 100 parameters, and the smallest student, small_cnn_0.125, has 1550 parameters, "
            + "141904 MACs and 22112 bytes of weights and activations; raise it, or use a family with smaller ones"
    ),
    (
        "student.model.name=logistic",
        "student.model.name: logistic has no convolution before its classifier; "
            + "use a network with some, such as small_cnn_0.25 or wrn_10_0.5"
    ),
    (
        "student={model: {name: small_cnn}, rank: nn_mass}",
        "student.rank: is there beside a model; keep one of model and rank"
    ),
    (
        "distillation.images=dreams",
        "distillation.images: dreams is unknown; did you mean dream? write one of real, dream, deep_inversion"
    ),
    ("distillation.count=5", "distillation.count: unknown key; remove it; the keys here are alpha"),
    ("deployment.devices=[raspberry_pi_9]", "did you mean raspberry_pi_4?"),
    (
        "deployment.hub=5",
        "deployment.hub: 5 is no device profile; `tributary devices list` has all; a file of your own is named with its path"
    ),
    ("deployment.link=wify", "deployment.link: wify is no link profile; did you mean wifi?"),
    (
        "deployment.on_disconnect=abandon",
        "deployment.on_disconnect: abandon is unknown; write one of restart, lose"
    ),
    ("deployment.lost.probability=2", "deployment.lost.probability: 2 is above 1; give a number from 0 to 1"),
    ("baselines=[teachers]", "baselines: a list holds teachers, which is unknown; did you mean teacher?"),
    (
        "thresholds.best_accuracy=> 0.5",
        "thresholds.best_accuracy: is measured in federated learning only; \(bounded)"
    ),
    (
        "thresholds.federated_up_bytes=> 5",
        "thresholds.federated_up_bytes: is measured in federated learning only; \(bounded)"
    ),
    ("training.rounds=5", "training: unknown key"),
]

private let zoo = ModelSpec.names.joined(separator: ", ")
private let wholeFaults: [(String, String)] = [
    (
        "dataset: {name: fashion_mnist}",
        "scenario.yaml:1: teacher: is missing; give a mapping of keys and values"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {}",
        "scenario.yaml:3: teacher.model: is missing; give a mapping of keys and values"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {}}",
        "scenario.yaml:3: teacher.model.name: is missing; write one of \(zoo), or layers"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {name: small_cnn}, weights: a, training: {epochs: 5}}",
        "scenario.yaml:3: teacher.training: is there beside weights; keep one of weights and training"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {layers: [{conv: {channels: 3, kernel: 3}}, relu, "
            + "global_average_pool, {dense: classes}]}}\nstudent: {model: {name: small_cnn}}\n"
            + "partition: {students: [2, 4]}",
        "scenario.yaml:5: partition.students: 4 students need 4 parts, and the teacher has 3 filters; "
            + "use fewer students, or a teacher with more filters"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {name: cnn}}\ndistillation: {images: deep_inversion}",
        "scenario.yaml:4: distillation.images: deep_inversion needs batch norms in the teacher, and cnn has none; "
            + "use images: dream, or a teacher such as wrn_16_1"
    ),
    (
        "dataset: {name: leaf, path: /d}\nteacher: {model: {name: small_cnn}}\ndeployment: {pixels: uint8}",
        "scenario.yaml:4: deployment.pixels: uint8 cannot hold leaf's numbers, which are no bytes; write float32"
    ),
    (
        "dataset: {name: leaf, path: /d, shape: 60}\nteacher: {model: {name: logistic}}",
        "scenario.yaml:3: teacher.model.name: logistic has no convolution before its classifier, so there are no "
            + "feature maps to divide; use a network with some, such as small_cnn_1.0 or wrn_16_1"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {name: small_cnn}}\nstudent: {model: {name: cnn}}\n"
            + "baselines: [single_student]",
        "scenario.yaml:5: baselines: single_student needs networks of other sizes, which student.model has not; "
            + "name student.family, or a model of one: wide_resnet, mobilenet_v2, small_cnn"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {name: vgg11}}",
        "scenario.yaml:3: teacher.model.name: does not fit fashion_mnist: pool5: a kernel of 2 x 2 does not fit the "
            + "input [512, 1, 1], 1 x 1 with padding 0; use a smaller kernel, more padding or fewer pooling layers "
            + "before it; change the layers or the data set"
    ),
    (
        "dataset: {name: fashion_mnist}\nteacher: {model: {name: small_cnn}}\nstudent: {model: {name: vgg11}}",
        "scenario.yaml:4: student.model.name: vgg11 does not fit fashion_mnist: pool5: a kernel of 2 x 2 does not fit "
            + "the input [512, 1, 1], 1 x 1 with padding 0; use a smaller kernel, more padding or fewer pooling layers "
            + "before it; use other students or another data set"
    ),
]

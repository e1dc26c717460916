import Datasets
import Experiment
import Methods
import Networks
import TensorMath

/// A valid scenario with every choice drawn at random.
func randomScenario(_ stream: inout RandomStream) -> Scenario {
    let isFederated = stream.index(below: 3) > 0
    let kind: Scenario.Kind =
        isFederated
        ? .federated(randomConfiguration(&stream)) : .distributedInference(randomInference(&stream))
    let names = [
        "plain", "with spaces", "quote \" and \\", "true", "12", "a: b # c", "\u{1F600} ü\n\t\u{7}", "- x",
        "null",
    ]
    let federated: [Threshold.Metric] = [
        .bestAccuracy, .clientUpdatesPerSecond, .federatedUpBytes, .federatedDownBytes,
    ]
    let thresholds = Threshold.Metric.allCases.filter { metric in
        stream.index(below: 3) == 0 && (isFederated || !federated.contains(metric))
    }.map { metric in
        let isAccuracy = [.finalAccuracy, .bestAccuracy].contains(metric)
        let bound = isAccuracy ? stream.uniformDouble() : (stream.uniformDouble() - 0.5) * 1e6
        return Threshold(
            metric: metric, comparison: pick(Threshold.Comparison.allCases, &stream), bound: bound)
    }
    return Scenario(
        name: pick(names, &stream), kind: kind,
        hosts: HostsSpec(minimum: 1, launch: [.local(workers: 1 + stream.index(below: 1024)), .manual]),
        thresholds: thresholds)
}

private func randomConfiguration(_ stream: inout RandomStream) -> FederatedConfiguration {
    let dataset = randomDataset(&stream)
    let classes =
        switch dataset.name {
        case .cifar100: 100
        case .leaf: dataset.classes
        default: dataset.split == "letters" ? 26 : 10
        }
    let clients = 1 + stream.index(below: 40)
    let hasPlanes = dataset.name != .synthetic && (dataset.name != .leaf || dataset.shape.height > 1)
    let hasOwners = dataset.name == .synthetic || dataset.name == .leaf
    let partition = randomPartition(&stream, clients: clients, hasOwners: hasOwners)
    let population = partition == .natural ? dataset.users ?? dataset.clients : clients
    let fraction = stream.index(below: 2) == 0 && !dataset.pool ? 0 : stream.uniformDouble() / 2 + 0.1
    let targets: [EvaluationSpec.Target] = fraction > 0 ? [.localTest, .globalTest] : [.globalTest]
    var configuration = FederatedConfiguration(
        seed: stream.next(), dataset: dataset, partition: partition, localTestFraction: fraction,
        model: randomModel(&stream, classes: classes, planes: hasPlanes),
        initialization: pick(Initialization.allCases, &stream), method: .fedavg,
        training: randomTraining(&stream, population: population),
        evaluation: EvaluationSpec(every: 1 + stream.index(below: 100), on: targets),
        stop: StopSpec(targetAccuracy: stream.index(below: 2) == 0 ? nil : 1 - stream.uniformDouble()),
        compression: randomCompression(&stream))
    configuration.devices = randomDevices(&stream, configuration, population: population)
    return configuration
}

func pick<Element>(_ list: [Element], _ stream: inout RandomStream) -> Element {
    list[stream.index(below: list.count)]
}

private func randomPartition(
    _ stream: inout RandomStream, clients: Int, hasOwners: Bool
) -> PartitionSpec {
    let alpha = 0.001 + stream.uniformDouble() * 100
    return switch stream.index(below: hasOwners ? 9 : 7) {
    case 0: .iid(clients: clients)
    case 1: .shards(clients: clients, shardsPerClient: 1 + stream.index(below: 5))
    case 2:
        .classesPerClient(
            clients: clients, classes: 1 + stream.index(below: 10),
            assignment: pick(ClassAssignment.allCases, &stream))
    case 3: .dirichlet(clients: clients, alpha: alpha, minimum: 1 + stream.index(below: 20))
    case 4: .balancedDirichlet(clients: clients, alpha: alpha)
    case 5: .quantitySkew(clients: clients, alpha: alpha, minimum: 1 + stream.index(below: 20))
    case 6: .featureNoise(clients: clients, level: stream.uniformDouble())
    case 7: .natural
    default: .naturalGroups(clients: clients)
    }
}

func randomDataset(_ stream: inout RandomStream) -> DatasetSpec {
    var spec = DatasetSpec(
        name: pick(DatasetSpec.Name.allCases, &stream), pool: stream.index(below: 2) == 0)
    if spec.name == .synthetic {
        spec.alpha = stream.uniformDouble() * 1000
        spec.beta = stream.uniformDouble()
        spec.clients = 1 + stream.index(below: 50)
        return spec
    }
    spec.path = spec.name == .fashionMNIST ? nil : "/some where/\(stream.next())"
    if spec.name == .leaf {
        spec.users = stream.index(below: 2) == 0 ? nil : 50 + stream.index(below: 50)
        spec.classes = 2 + stream.index(below: 100)
        spec.shape = pick([DatasetSpec.leafShape, SampleShape(channels: 60, height: 1, width: 1)], &stream)
        return spec
    }
    if spec.name == .emnist { spec.split = pick(["letters", "digits", "mnist"], &stream) }
    if stream.index(below: 2) == 0 { spec.limit = 1000 + stream.index(below: 10_000) }
    return spec
}

private func randomModel(_ stream: inout RandomStream, classes: Int, planes: Bool) -> ModelSpec {
    let name =
        planes ? pick(["cnn", "mlp", "logistic", ""], &stream) : pick(["mlp", "logistic", ""], &stream)
    if let zoo = ModelSpec.named(name, classes: classes) { return zoo }
    var layers: [LayerSpec] = []
    if planes {
        let padding = pick([LayerSpec.Padding.same, .valid, .explicit(stream.index(below: 2))], &stream)
        layers = [
            .conv(
                channels: 9, kernel: 3 + stream.index(below: 3), stride: 1 + stream.index(below: 2),
                padding: padding),
            pick([.relu, .maxPool(kernel: 2, stride: 1), .averagePool(kernel: 3, stride: 2)], &stream),
            .transposedConv(channels: 5, kernel: 3, stride: 2, padding: 1, outputPadding: 1),
        ]
        layers += RandomLayers(channels: 5, depth: stream.index(below: 7), &stream).layers
        layers += pick(
            [[.globalAveragePool], [.adaptiveAveragePool(side: 3), .flatten], [.flatten]], &stream)
    }
    return ModelSpec(
        name: "custom", layers: layers + [.dense(units: 1 + stream.index(below: 99)), .dense(units: classes)])
}

private func randomTraining(_ stream: inout RandomStream, population: Int) -> TrainingSpec {
    let momentum = stream.index(below: 2) == 0 ? 0 : stream.uniform()
    return TrainingSpec(
        rounds: 1 + stream.index(below: 1_000_000), clientsPerRound: 1 + stream.index(below: population),
        localEpochs: 1 + stream.index(below: 10), batchSize: 1 + stream.index(below: 65_536),
        optimizer: .sgd(
            SGD(
                learningRate: Float(stream.uniformDouble()) * 1e-3 + 1e-30, momentum: momentum,
                nesterov: momentum > 0,
                weightDecay: stream.uniform() * 1e-6)),
        clipNorm: stream.index(below: 2) == 0 ? nil : stream.uniform() + 0.1,
        schedule: randomSchedule(&stream))
}

func randomSchedule(_ stream: inout RandomStream) -> Schedule {
    switch stream.index(below: 4) {
    case 0: .constant
    case 1: .exponential(factor: 1 - stream.uniformDouble() * 0.5)
    case 2: .step(every: 1 + stream.index(below: 100), factor: 1 - stream.uniformDouble() * 0.5)
    default: .cosine(rounds: 2 + stream.index(below: 1000), minimum: stream.uniformDouble())
    }
}

private func randomCompression(_ stream: inout RandomStream) -> CompressionSpec {
    func stages() -> [CompressionStage] {
        let fraction = 1 - stream.uniformDouble()
        let sparsifiers: [[CompressionStage]] = [
            [], [.topK(fraction: fraction)], [.randomK(fraction: fraction)],
        ]
        let bucket = stream.index(below: 2) == 0 ? nil : 1 + stream.index(below: 1_000_000_000)
        let coders: [[CompressionStage]] = [
            [], [.quantize(bits: pick([8, 4, 2], &stream), bucket: bucket)], [.float16], [.sign],
        ]
        return pick(sparsifiers, &stream) + pick(coders, &stream)
    }
    var spec = CompressionSpec(uplink: stages(), downlink: stages().filter(\.keepsEveryValue))
    if !spec.uplink.isEmpty || !spec.downlink.isEmpty { spec.errorFeedback = stream.index(below: 2) == 0 }
    return spec
}

private func randomDevices(
    _ stream: inout RandomStream, _ configuration: FederatedConfiguration, population: Int
) -> DevicesSpec? {
    guard stream.index(below: 3) > 0 else { return nil }
    let boards = ["raspberry_pi_4", "stm32u5", "edge_server", "./my board.yaml", "/some where/board"]
    let groups = (0...stream.index(below: 4)).map { _ in
        DeviceGroup(
            profile: pick(boards, &stream), link: pick(["wifi", "3g", "own.yaml"], &stream),
            share: stream.uniformDouble() * 10 + 1e-9)
    }
    guard stream.index(below: 5) > 0 else { return DevicesSpec(clock: .real, groups: groups) }
    let minimum = 1 + stream.index(below: configuration.training.clientsPerRound)
    // Clients that work on older models keep nothing, and receive models as they are.
    let overlaps = configuration.compression.downlink.isEmpty && !configuration.compression.errorFeedback
    let round: RoundPolicy =
        switch stream.index(below: overlaps ? 3 : 2) {
        case 0: .strict(minimum: minimum)
        case 1:
            .deadline(
                seconds: 1e6 * (1 - stream.uniformDouble()), overSelection: 1 + stream.uniformDouble() * 9,
                minimum: minimum)
        default:
            .async(
                buffer: 1 + stream.index(below: population), concurrency: 1 + stream.index(below: 1000),
                maximumStaleness: stream.index(below: 1001))
        }
    func seconds() -> Double { 1e5 * (1 - stream.uniformDouble()) }
    let kinds: [AvailabilitySpec.Kind] = [
        .always, .markov(on: seconds(), off: seconds()), .trace(file: "/some where/trace: 1.csv"),
    ]
    let dropout = stream.index(below: 2) == 0 ? 0 : stream.uniformDouble()
    return DevicesSpec(
        groups: groups, round: round,
        availability: AvailabilitySpec(dropout: dropout, kind: pick(kinds, &stream)))
}

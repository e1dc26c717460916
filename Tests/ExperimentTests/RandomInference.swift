import Datasets
import Experiment
import Methods
import Networks
import TensorMath

/// A valid experiment in distributed inference with every choice drawn at random.
func randomInference(_ stream: inout RandomStream) -> DistributedInferenceConfiguration {
    var dataset = randomDataset(&stream)
    while dataset.name == .synthetic || dataset.shape.height == 1 { dataset = randomDataset(&stream) }
    dataset.pool = false
    let students = pick([[1], [2], [4, 2], [16, 3, 8]], &stream)
    let redundancy = 1 + stream.index(below: students.min()!)
    let teacher = randomTeacher(&stream, classes: dataset.classCount)
    let student = randomStudent(&stream)
    return DistributedInferenceConfiguration(
        seed: stream.next(), dataset: dataset, validationFraction: 0.01 + 0.9 * stream.uniformDouble(),
        preprocessing: PreprocessingSpec(
            normalization: ChannelStatistics.named(dataset.name.rawValue),
            augmentation: pick(PreprocessingSpec.Augmentation.allCases, &stream)),
        teacher: teacher, students: students,
        partition: randomPartition(&stream, parts: (students[0] + redundancy - 1) / redundancy),
        redundancy: redundancy, student: student, distillation: randomDistillation(&stream, teacher),
        deployment: randomDeployment(&stream, dataset), baselines: randomBaselines(&stream, teacher, student))
}

private func randomTeacher(_ stream: inout RandomStream, classes: Int) -> TeacherSpec {
    let layers: [LayerSpec] = [
        .conv(channels: 16, kernel: 3), .relu, .globalAveragePool, .dense(units: classes),
    ]
    let names = ["small_cnn_1.0", "wrn_16_1", "cnn", "resnet20"]
    let models =
        names.map { ModelSpec.named($0, classes: classes)! } + [ModelSpec(name: "custom", layers: layers)]
    let isLoaded = stream.index(below: 3) == 0
    let standard = NetworkTrainingSpec(
        epochs: 20, optimizer: .sgd(SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4)),
        schedule: .cosine(rounds: 21, minimum: 0))
    return TeacherSpec(
        model: pick(models, &stream), initialization: pick(Initialization.allCases, &stream),
        weights: isLoaded ? "../some where/teacher: 1.safetensors" : nil,
        training: isLoaded ? standard : randomNetworkTraining(&stream))
}

private func randomNetworkTraining(_ stream: inout RandomStream) -> NetworkTrainingSpec {
    let optimizers: [OptimizerSpec] = [
        .sgd(
            SGD(learningRate: stream.uniform() + 1e-6, momentum: 0.5, nesterov: stream.index(below: 2) == 0)),
        .adam(Adam(learningRate: stream.uniform() + 1e-6, beta1: stream.uniform() * 0.9)),
    ]
    return NetworkTrainingSpec(
        epochs: 1 + stream.index(below: 100), batchSize: 1 + stream.index(below: 1000),
        optimizer: pick(optimizers, &stream),
        clipNorm: stream.index(below: 2) == 0 ? nil : stream.uniform() + 0.1,
        schedule: randomSchedule(&stream))
}

private func randomPartition(_ stream: inout RandomStream, parts: Int) -> KnowledgePartitionSpec {
    KnowledgePartitionSpec(
        rule: pick(PartitionRule.allCases, &stream), parts: parts, topFilters: 2 + stream.index(below: 100),
        edgePercentile: 100 * stream.uniformDouble(), resolution: 3 * (1 - stream.uniformDouble()),
        isolated: pick(IsolatedFilters.allCases, &stream), balance: pick(PartitionBalance.allCases, &stream),
        images: stream.index(below: 2) == 0 ? nil : 1 + stream.index(below: 5000))
}

private func randomStudent(_ stream: inout RandomStream) -> StudentSpec {
    guard stream.index(below: 3) > 0 else {
        return .model(pick(["small_cnn_0.25", "wrn_10_0.5", "resnet20"], &stream))
    }
    var budget = StudentBudget(parameters: 100_000 + stream.index(below: 1 << 30))
    if stream.index(below: 2) == 0 { budget.macs = 1 << 30 + stream.next() >> 16 }
    if stream.index(below: 2) == 0 { budget.memoryBytes = 1 << 30 + stream.next() >> 16 }
    return .family(
        pick(StudentFamily.allCases, &stream), budget: budget,
        rank: pick(StudentBudget.Rank.allCases, &stream))
}

private func randomDistillation(
    _ stream: inout RandomStream, _ teacher: TeacherSpec
) -> DistillationSpec {
    var loss = DistillationSettings()
    loss.temperature = 10 * (1 - stream.uniformDouble())
    loss.alpha = stream.uniformDouble()
    loss.beta = 1e6 * stream.uniformDouble()
    loss.normalization = pick(DistillationSettings.Normalization.allCases, &stream)
    loss.reduction = pick(DistillationSettings.Reduction.allCases, &stream)
    loss.studentDropout = stream.index(below: 2) == 0 ? 0 : 0.9 * stream.uniformDouble()
    let hasNorms = !["cnn", "custom"].contains(teacher.model.name)
    var images = pick(DistillationSpec.Images.allCases, &stream)
    if images == .deepInversion && !hasNorms { images = .dream }
    var spec = DistillationSpec(training: randomNetworkTraining(&stream), loss: loss, images: images)
    if images != .real { (spec.count, spec.steps) = (1 + stream.index(below: 9999), 7) }
    return spec
}

private func randomDeployment(_ stream: inout RandomStream, _ dataset: DatasetSpec) -> DeploymentSpec {
    let boards = ["raspberry_pi_3b_plus", "stm32u5", "./my board, of mine.yaml", "/some where/board"]
    return DeploymentSpec(
        devices: (0...stream.index(below: 16)).map { _ in pick(boards, &stream) }, hub: pick(boards, &stream),
        link: pick(["wifi", "3g", "own.yaml"], &stream),
        input: pick(DeploymentSpec.Input.allCases, &stream),
        pixels: dataset.name == .leaf ? .float32 : pick(DeploymentSpec.Pixels.allCases, &stream),
        values: pick(FeatureCoding.allCases, &stream),
        images: stream.index(below: 2) == 0 ? nil : 1 + stream.index(below: 5000),
        batch: 1 + stream.index(below: 50), window: 1 + stream.index(below: 1000),
        onDisconnect: pick([.restart, .lose], &stream),
        lost: LossSpec(
            probability: stream.uniformDouble(),
            deadline: stream.index(below: 2) == 0 ? nil : 1 - stream.uniformDouble(),
            slowdown: stream.uniformDouble()),
        fill: pick(DeploymentSpec.Fill.allCases, &stream))
}

/// Those that need other sizes only where the students are of a family, attention only within it.
private func randomBaselines(
    _ stream: inout RandomStream, _ teacher: TeacherSpec, _ student: StudentSpec
) -> [InferenceBaseline] {
    var possible: [InferenceBaseline] = [
        .teacher, .coActivation, .activationHub, .equal, .random, .eigenvector,
    ]
    if student != .model("resnet20") { possible += [.singleStudent, .channelSplit, .splitKD] }
    if case .family(.wideResNet, _, _) = student, teacher.model.name == "wrn_16_1" {
        possible.append(.attentionTransfer)
    }
    return possible.filter { _ in stream.index(below: 2) == 0 }
}

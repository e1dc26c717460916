import Datasets
import Devices
import Networks
import TensorMath

// Contenders answer the test images: students over the wire, each in a process that plays its device; networks that
// stand on one device in tasks of evaluation.
extension DistributedInferenceProgram {
    mutating func beginContest(_ index: Int) -> ProgramStep {
        var contest = Contest(index: index)
        var step = ProgramStep()
        step.phase = .evaluating(round: round + 1)
        let contender = contenders[index]
        if contender.isServed {
            step.tasks = serve(&contest)
        } else if contender.kind == .teacher {
            self.contest = contest
            return finishContest()
        } else {
            step.tasks = test(networks[network(of: contender) ?? index]!)
        }
        self.contest = contest
        waiting = Set(step.tasks.map(\.id))
        return step
    }

    private mutating func serve(_ contest: inout Contest) -> [TaskSpec] {
        let network = networks[contest.index]!
        let plan = network.plan
        let all = FloatBuffer(count: plan.layout.count).view
        let fits = network.parameters.copy(into: all)
        precondition(fits)
        let description = network.servedDescription.object
        objects = [description.id: description]
        let deployment = configuration.deployment
        contest.plan = plan
        contest.greatest = network.seen.greatest
        var tasks: [TaskSpec] = []
        for (student, own) in plan.students.enumerated() {
            let weights = ObjectBytes(plan.parameters(ofStudent: student, in: all))
            objects[weights.id] = weights
            contest.students.append(weights)
            contest.features.append(FloatBuffer(count: testCount * own.classes).view)
            contest.settled.append([])
            tasks.append(
                TaskSpec(
                    id: TaskSpec.id(.serveStudent, student, round: round + 1), kind: .serveStudent,
                    round: round + 1, client: student, participation: contest.index,
                    layout: own.layout.digest,
                    inputs: [ObjectReference(weights), ObjectReference(description)], isFederated: true,
                    stream: StreamSpec(
                        items: deployment.items(images: testCount), window: deployment.window,
                        onDisconnect: deployment.onDisconnect)))
        }
        return tasks
    }

    private mutating func test(_ network: StudentNetwork) -> [TaskSpec] {
        let (parameters, description) = (network.parameters, network.description.object)
        objects = [parameters.id: parameters, description.id: description]
        return stride(from: 0, to: testCount, by: Self.evaluationSlice).map { first in
            TaskSpec(
                id: TaskSpec.id(.evaluateTest, first / Self.evaluationSlice, round: round + 1),
                kind: .evaluateTest, round: round + 1, first: first,
                count: min(Self.evaluationSlice, testCount - first), layout: layoutDigest,
                inputs: [ObjectReference(parameters), ObjectReference(description)])
        }
    }

    // MARK: - Streams

    public func input(_ item: Int, of task: TaskSpec) -> StreamInput {
        guard let contest, item <= contest.settledPrefix + configuration.deployment.window else {
            return .later
        }
        let deployment = configuration.deployment
        guard deployment.input == .broadcast else { return .sensed }
        return .object(deployment.encode(data.test, deployment.range(item: item, images: testCount)))
    }

    public mutating func accept(
        _ answer: ObjectBytes, item: Int, of task: TaskSpec, isLocal: Bool
    ) throws(Rejection) -> ProgramStep {
        guard waiting.contains(task.id), let student = task.client, let plan = contest?.plan else {
            return ProgramStep()
        }
        let deployment = configuration.deployment
        let range = deployment.range(item: item, images: testCount)
        let width = plan.students[student].classes
        let target = contest!.features[student].slice(range.lowerBound * width, range.count * width)
        guard answer.count == target.count * deployment.values.bytes else {
            throw Rejection(
                .wrongShape,
                "\(answer.count) bytes of features of \(range.count) images, not \(target.count * deployment.values.bytes)"
            )
        }
        guard deployment.values.decode(answer, greatest: contest!.greatest[student], into: target) else {
            target.fill(0)
            throw Rejection(
                .notFinite, "student \(student + 1) answers message \(item) with no finite numbers",
                training: "distillation")
        }
        contest!.settle(item, student: student)
        return settled(task)
    }

    public mutating func lose(_ items: [Int], of task: TaskSpec) -> ProgramStep {
        guard waiting.contains(task.id), let student = task.client, contest?.plan != nil else {
            return ProgramStep()
        }
        for item in items {
            for image in configuration.deployment.range(item: item, images: testCount) {
                contest!.lost[image, default: []].insert(student)
            }
            contest!.settle(item, student: student)
        }
        return settled(task)
    }

    private mutating func settled(_ task: TaskSpec) -> ProgramStep {
        let isDone = contest!.settled[task.client!].count == configuration.deployment.items(images: testCount)
        return isDone && finish(task) ? finishContest() : ProgramStep()
    }

    // MARK: - Results

    mutating func finishContest() -> ProgramStep {
        let contest = contest!
        let contender = contenders[contest.index]
        let cost = cost(of: contest)
        let timing = InferenceTiming(
            cost, losses: losses(of: contender), images: testCount,
            seed: configuration.seed)
        let accuracy = accuracy(contest, timing)
        rows = [
            .contender(contenderRow(contest, cost, timing, accuracy: accuracy, digest: digest(contest)))
        ]
        rows += nodeRows(cost, timing, contender)
        rows += transferRows(cost, contest)
        self.contest = nil
        let subsets = accuracy.subsets
        rows += subsets.map { .subset($0) }
        return closeRound(accuracy: accuracy.whole)
    }

    /// Devices are slowed down whatever they compute; only answers that travel are lost.
    private func losses(of contender: Contender) -> LossSpec {
        let losses = configuration.deployment.lost
        return contender.isServed ? losses : LossSpec(slowdown: losses.slowdown)
    }

    private func cost(of contest: Contest) -> InferenceCost {
        let contender = contenders[contest.index]
        let index = network(of: contender) ?? contest.index
        return pricing.cost(of: contender, teacher: teacherPlan, plan: networks[index]?.plan)
    }

    /// The contender whose network another divides; nil for those that have one of their own.
    private func network(of contender: Contender) -> Int? {
        configuration.single(dividedBy: contender)
    }

    private struct Accuracy {
        var whole: Double
        var lossy: Double?
        var lostAnswers = 0
        var subsets: [SubsetRow] = []
    }

    private func accuracy(_ contest: Contest, _ timing: InferenceTiming) -> Accuracy {
        let contender = contenders[contest.index]
        switch contender.kind {
        case .teacher: return Accuracy(whole: answers!.testAccuracy)
        case .single, .channelSplit: return Accuracy(whole: sums[0]!.accuracy)
        case .partitioned, .splitKD: break
        }
        let network = networks[contest.index]!
        let hub = HubClassifier(
            plan: network.plan, parameters: network.parameters, features: contest.features,
            labels: Array(data.test.labels[..<testCount]))
        let fill = configuration.deployment.fill == .mean ? network.seen.means : nil
        var accuracy = Accuracy(whole: hub.accuracy(without: contest.lost, fill: fill))
        let lost = timing.lost.merging(contest.lost) { $0.union($1) }
        accuracy.lostAnswers = lost.reduce(0) { $0 + $1.value.count }
        if !timing.lost.isEmpty { accuracy.lossy = hub.accuracy(without: lost, fill: fill) }
        accuracy.subsets = subsets(hub, network, contender, lost: contest.lost)
        return accuracy
    }

    /// Most students of which every subset is tried; of more, those without one or two.
    private static let exhaustiveStudents = 8

    /// `missing`: students whose answers really were lost, by image; they are lost in every subset.
    private func subsets(
        _ hub: HubClassifier, _ network: StudentNetwork, _ contender: Contender, lost missing: [Int: Set<Int>]
    ) -> [SubsetRow] {
        let count = network.plan.students.count
        var rows: [SubsetRow] = []
        for mask in 1..<(1 << count) - 1 {
            let lost = (0..<count).filter { mask >> $0 & 1 == 1 }
            guard count <= Self.exhaustiveStudents || lost.count <= 2 else { continue }
            for fill in DeploymentSpec.Fill.allCases {
                let values = fill == .mean ? network.seen.means : nil
                let accuracy =
                    missing.isEmpty
                    ? hub.accuracy(without: Set(lost), fill: values)
                    : hub.accuracy(
                        without: .init(
                            uniqueKeysWithValues: (0..<testCount).map {
                                ($0, missing[$0, default: []].union(lost))
                            }), fill: values)
                rows.append(
                    SubsetRow(
                        round: round + 1, contender: contender.name, fill: fill.rawValue, lost: lost.count,
                        students: lost.map { "\($0 + 1)" }.joined(separator: " "),
                        accuracy: accuracy))
            }
        }
        return rows
    }

    /// BLAKE2b-256 of a contender's parameters, hexadecimal.
    private func digest(_ contest: Contest) -> String {
        let contender = contenders[contest.index]
        let object =
            switch contender.kind {
            case .teacher: teacherParameters
            default: networks[network(of: contender) ?? contest.index]!.parameters
            }
        return hexadecimal(object.digest)
    }

    // MARK: - Rows

    private func contenderRow(
        _ contest: Contest, _ cost: InferenceCost, _ timing: InferenceTiming, accuracy: Accuracy,
        digest: String
    ) -> ContenderRow {
        let contender = contenders[contest.index]
        let exchanged: [InferenceCost.Flow.Content] = [.features, .activations]
        let flows = cost.transfers.filter { exchanged.contains($0.content) }
        let energies = cost.nodes.indices.map {
            timing.computeJoules[$0] + timing.radioJoules[$0] + timing.idleJoules[$0]
        }
        let (messages, inputs) = (flows.reduce(0) { $0 + $1.messages }, cost.messages(.input))
        return ContenderRow(
            round: round + 1, contender: contender.name, kind: contender.kind.word,
            rule: contender.kind.rule?.rawValue ?? "", students: contender.students,
            devices: contender.devices, parts: partitions[contest.index]?.parts.count ?? 0,
            filters: partitions[contest.index]?.parts.reduce(0) { $0 + $1.count } ?? 0,
            accuracy: accuracy.whole, lossyAccuracy: accuracy.lossy, lostAnswers: accuracy.lostAnswers,
            images: testCount, parameters: cost.nodes.reduce(cost.hubParameters) { $0 + $1.parameters },
            largestParameters: cost.nodes.map(\.parameters).max() ?? 0,
            macs: cost.nodes.reduce(cost.hubMACs) { $0 + $1.macs },
            largestMACs: cost.nodes.map(\.macs).max() ?? 0,
            weightBytes: cost.nodes.reduce(0) { $0 + $1.weightBytes },
            largestWeightBytes: cost.nodes.map(\.weightBytes).max() ?? 0,
            largestMemoryBytes: cost.nodes.map(\.memoryBytes).max() ?? 0,
            featureBytes: flows.reduce(0) { $0 + $1.payload },
            largestLinkBytes: flows.map(\.payload).max() ?? 0, inputBytes: cost.payload(.input),
            messages: messages, inputMessages: inputs, dependentRounds: cost.dependentRounds,
            headerBytes: headers.item * UInt64(messages + inputs), latencySeconds: timing.meanSeconds,
            latencyMedianSeconds: timing.quantile(0.5), latency95Seconds: timing.quantile(0.95),
            latency99Seconds: timing.quantile(0.99), sequentialSeconds: timing.sequentialSeconds,
            energyJoules: energies.reduce(0, +), largestEnergyJoules: energies.max() ?? 0, digest: digest)
    }

    private func nodeRows(
        _ cost: InferenceCost, _ timing: InferenceTiming, _ contender: Contender
    ) -> [Row] {
        cost.nodes.enumerated().map { index, node in
            .node(
                NodeRow(
                    round: round + 1, contender: contender.name, node: index + 1, device: node.device.name,
                    link: pricing.devices.link.name, network: node.network, filters: node.filters,
                    parameters: node.parameters, weightBytes: node.weightBytes,
                    memoryBytes: node.memoryBytes, fits: node.memoryBytes <= node.device.memory.bytes,
                    macs: node.macs, inputSeconds: node.input.seconds,
                    computeSeconds: timing.computeSeconds[index], uplinkSeconds: node.uplink.seconds,
                    waitingSeconds: timing.waitingSeconds[index], computeJoules: timing.computeJoules[index],
                    radioJoules: timing.radioJoules[index], idleJoules: timing.idleJoules[index]))
        }
    }

    private func transferRows(_ cost: InferenceCost, _ contest: Contest) -> [Row] {
        let name = contenders[contest.index].name
        let weights = contest.students.enumerated().map { index, object in
            Row.transfer(
                TransferRow(
                    round: round + 1, contender: name,
                    content: InferenceCost.Flow.Content.weights.rawValue, sender: 0, receiver: index + 1,
                    payloadBytes: UInt64(object.count), headerBytes: headers.weights(UInt64(object.count)),
                    messages: 1))
        }
        return weights
            + cost.transfers.map { flow in
                .transfer(
                    TransferRow(
                        round: round + 1, contender: name, content: flow.content.rawValue,
                        sender: flow.sender, receiver: flow.receiver, payloadBytes: flow.payload,
                        headerBytes: headers.item * UInt64(flow.messages), messages: flow.messages))
            }
    }
}

extension Contender.Kind {
    /// The word for it in tables.
    var word: String {
        switch self {
        case .teacher: "teacher"
        case .partitioned: "partitioned"
        case .splitKD: "split_kd"
        case .single(let attention): attention ? "attention_transfer" : "single_student"
        case .channelSplit: "channel_split"
        }
    }

    var rule: PartitionRule? { if case .partitioned(let rule) = self { rule } else { nil } }
}

import Datasets
import Devices
import Networks
import TensorMath

// Modes answer the test images: a device in a process of its own sends what the server, which is this, needs.
extension SplitComputingProgram {
    mutating func beginContest(_ index: Int) -> ProgramStep {
        let mode = modes[index]
        var step = ProgramStep()
        step.phase = .evaluating(round: round + 1)
        let all = parameters(of: mode)
        let network = mode.network.map { self.divided[$0] }
        let threshold = mode.filter.map(self.threshold(ofFilter:))
        contest = SplitContest(
            index: index,
            server: mode.isServed
                ? EdgeServer(
                    mode, divided: network, teacher: teacherPlan, parameters: all, shape: data.test.shape,
                    configuration: configuration) : nil, threshold: threshold, images: testCount)
        if mode.isServed { step.tasks.append(serve(index, all, threshold)) }
        // What the same network answers in one piece, with values as they are.
        if mode.isTestedWhole { step.tasks += test(index, all) }
        waiting = Set(step.tasks.map(\.id))
        return step
    }

    /// Of the mode's network as a whole.
    private func parameters(of mode: SplitMode) -> ObjectBytes {
        guard let network = mode.network else { return teacherParameters }
        let state = states[network]!
        return mode.isAfterStage1 ? state.afterStage1! : state.deployed
    }

    private func threshold(ofFilter index: Int) -> FilterThreshold {
        FilterThreshold(
            scores: states[index]!.validationScores, held: held, labels: data.labels, configuration.filter)
    }

    /// Hexadecimal.
    private func digest(of mode: SplitMode, _ threshold: FilterThreshold?) -> String {
        var parts = [parameters(of: mode)]
        if let filter = mode.filter, let threshold {
            parts += [
                divided[filter].parametersOfClassifier(states[filter]!.deployed), threshold.chosen.object,
            ]
        }
        return hexadecimal(ObjectBytes.joined(parts).digest)
    }

    /// As `ServedDevice` reads it; `all` are the parameters of the mode's network as a whole.
    private func shipped(_ index: Int, _ all: ObjectBytes, _ threshold: FilterThreshold?) -> ObjectBytes {
        let mode = modes[index]
        guard let network = mode.network else { return ObjectBytes([]) }
        var parts = [divided[network].parametersOfDevice(all)]
        if let filter = mode.filter, let threshold {
            parts.append(divided[filter].parametersOfClassifier(states[filter]!.deployed))
            parts.append(threshold.chosen.object)
        }
        let number = FloatBuffer(count: 1).view
        number[0] = Float(index)
        return .joined(parts + [ObjectBytes(number)])
    }

    private mutating func serve(
        _ index: Int, _ all: ObjectBytes, _ threshold: FilterThreshold?
    ) -> TaskSpec {
        let own = shipped(index, all, threshold)
        let whole = teacherParameters
        objects[own.id] = own
        objects[whole.id] = whole
        let deployment = configuration.deployment
        return TaskSpec(
            id: TaskSpec.id(.serveDevice, index, round: round + 1), kind: .serveDevice, round: round + 1,
            client: 0, participation: index, layout: layoutDigest,
            inputs: [ObjectReference(own), ObjectReference(whole)], isFederated: true,
            stream: StreamSpec(
                items: testCount, window: deployment.window, onDisconnect: deployment.onDisconnect))
    }

    private mutating func test(_ index: Int, _ parameters: ObjectBytes) -> [TaskSpec] {
        objects[parameters.id] = parameters
        return stride(from: 0, to: testCount, by: Self.evaluationSlice).map { first in
            TaskSpec(
                id: TaskSpec.id(.evaluateTest, first / Self.evaluationSlice, round: round + 1),
                kind: .evaluateTest, round: round + 1, client: index, first: first,
                count: min(Self.evaluationSlice, testCount - first), layout: layoutDigest,
                inputs: [ObjectReference(parameters)])
        }
    }

    // MARK: - Streams

    public func input(_ item: Int, of task: TaskSpec) -> StreamInput { .sensed }

    public mutating func accept(
        _ answer: ObjectBytes, item: Int, of task: TaskSpec, isLocal: Bool
    ) throws(Rejection) -> ProgramStep {
        guard waiting.contains(task.id), let server = contest?.server else { return ProgramStep() }
        guard let result = isLocal ? server.localAnswer(answer) : server.answer(answer) else {
            throw Rejection(
                .wrongShape,
                "\(answer.count) bytes for image \(item) that no device sends for \(modes[contest!.index].name)"
            )
        }
        let row = contest!.logits!.slice((item - 1) * server.classes, server.classes)
        if let logits = result.logits {
            row.copy(from: logits)
        } else if let own = result.label {
            row[own] = 1
        }
        let truth = data.test.labels[item - 1]
        if result.label.map({ $0 == Int(truth) }) ?? !configuration.filter.isOfInterest(truth) {
            contest!.correct += 1
        }
        if !isLocal, contest!.threshold != nil {
            contest!.filtered.add(
                isOfInterest: configuration.filter.isOfInterest(truth), isSent: !result.byDevice)
        }
        if isLocal {
            contest!.local += 1
        } else if result.byDevice {
            contest!.exits += 1
        } else {
            contest!.payloads[item - 1] = answer.count
            contest!.sent += 1
        }
        var step = settled(task)
        step.isSilent = result.byDevice
        return step
    }

    public mutating func lose(_ items: [Int], of task: TaskSpec) -> ProgramStep {
        guard waiting.contains(task.id), contest != nil else { return ProgramStep() }
        contest!.lost += items.count
        return settled(task)
    }

    private mutating func settled(_ task: TaskSpec) -> ProgramStep {
        contest!.settled == testCount && finish(task) ? finishContest() : ProgramStep()
    }

    // MARK: - Results

    mutating func finishContest() -> ProgramStep {
        let contest = contest!
        let mode = modes[contest.index]
        let whole = sums[0]?.accuracy
        let accuracy = mode.isServed ? Double(contest.correct) / Double(testCount) : whole!
        let deployed = pricing.deployed(mode, divided, contest.traffic)
        rows = [
            .mode(
                ModeRow(
                    round: round + 1, mode: mode, bits: configuration.bottleneck.format.bits,
                    accuracy: accuracy, wholeAccuracy: whole, contest: contest, deployed: deployed,
                    pricing: pricing, digest: digest(of: mode, contest.threshold)))
        ]
        rows += filterRows(contest).map { .neuralFilter($0) }
        self.contest = nil
        return closeRound(accuracy: accuracy)
    }

    /// The ROC, and what became of the test images; none without a filter.
    private func filterRows(_ contest: SplitContest) -> [NeuralFilterRow] {
        guard let threshold = contest.threshold else { return [] }
        let chosen = threshold.chosen
        func row(
            _ part: NeuralFilterRow.Part, _ place: Int, _ value: Float, _ counts: FilterCounts
        ) -> NeuralFilterRow {
            NeuralFilterRow(
                round: round + 1, mode: modes[contest.index].name, part: part, place: place,
                threshold: Double(value), isChosen: value == chosen.threshold, counts: counts)
        }
        let others = threshold.curve.filter { $0.threshold != chosen.threshold }
        let curve = (others + [chosen]).sorted { $0.threshold > $1.threshold }
        return curve.enumerated().map { row(.validation, $0 + 1, $1.threshold, $1.counts) }
            + [row(.test, 1, chosen.threshold, contest.filtered)]
    }
}

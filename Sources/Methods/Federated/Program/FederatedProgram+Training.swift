import Devices
import Networks
import TensorMath

extension FederatedProgram {
    mutating func beginRound() -> ProgramStep {
        round += 1
        let method = configuration.method.method
        do throws(QuorumMissed) { cohort = try drawCohort().map { member($0) } } catch {
            var step = ProgramStep()
            step.quorumMissed = error.text
            return step
        }
        let late = latecomers.map { member($0) }
        trained = []
        reports = []
        activations = [:]
        evaluation = nil
        if !cohort.isEmpty { server.begin(global: global.view, cohort: cohort) }
        do throws(CompressionError) { broadcast = try encodeBroadcast() } catch {
            var step = ProgramStep()
            step.failure =
                "the global model of round \(round) cannot be compressed: \(error); lower the learning rates"
            return step
        }
        var step = ProgramStep()
        step.phase = .training(round: round)
        step.tasks = (cohort + late).enumerated().map { position, member in
            // A client that lags behind works on the version that was newest at its start, with that round's
            // learning rate.
            let base = base(of: member.client)
            let payload = base == round - 1 ? broadcast : versions[base]!
            return TaskSpec(
                id: taskID(.train, position), kind: .train, round: base + 1, client: member.client,
                participation: participations[member.client], layout: layoutDigest,
                inputs: [ObjectReference(payload)] + [states[member.client]].compactMap(\.self),
                outputs: outputSizes, isFederated: method.isFederated && position < cohort.count)
        }
        waiting = Set(step.tasks.map(\.id))
        return waiting.isEmpty ? finishTraining() : step
    }

    private func member(_ client: Int) -> CohortMember {
        let samples = population.trainCounts[client]
        return CohortMember(
            client: client, samples: samples,
            steps: configuration.training.steps(
                samples: samples, epochs: configuration.method.method.epochs(configuration.training)),
            round: round)
    }

    private func encodeBroadcast() throws(CompressionError) -> ObjectBytes {
        guard coding.downlink != nil else { return globalObject }
        return try coding.broadcast(
            global.view, round: round, residual: downlinkResidual?.view, received: received.view)
    }

    private var updateBytes: UInt64? {
        configuration.method.method.communicates ? UInt64(coding.upBytes) : nil
    }

    private var stateBytes: UInt64? {
        exchange.state.count > 0 ? UInt64(exchange.state.count * 4) : nil
    }

    private var probeBytes: UInt64? {
        guard configuration.measuresDivergence(round: round) else { return nil }
        return UInt64(plan.blocks[plan.blocks.count - 2].output.count * 4)
    }

    /// Update, state, activations, as far as they are due.
    private var outputSizes: [UInt64] { [updateBytes, stateBytes, probeBytes].compactMap(\.self) }

    mutating func acceptUpdate(
        _ output: TaskOutput, of task: TaskSpec, _ step: inout ProgramStep
    ) throws(Rejection) {
        guard let client = task.client else { throw Rejection(.wrongMetrics, "a task without a client") }
        let isCounted = cohort.contains { $0.client == client }
        let member = member(client)
        let work = configuration.method.method.work(
            samples: member.samples, training: configuration.training, plan: plan)
        let metrics = try TrainingMetrics(output, of: member, work: work, configuration)
        guard output.objects.map({ UInt64($0.count) }) == task.outputs else {
            let sizes = output.objects.map { "\($0.count)" }.joined(separator: ", ")
            let due = task.outputs.map { "\($0)" }.joined(separator: ", ")
            throw Rejection(.wrongShape, "objects of [\(sizes)] bytes; [\(due)] were due")
        }
        var objects = output.objects.makeIterator()
        let update = updateBytes == nil ? nil : objects.next()
        let state = stateBytes == nil ? nil : objects.next()
        let activations = probeBytes == nil ? nil : objects.next()
        if let state { try check(state, of: member) }
        let mean = try activations.map { object throws(Rejection) in try values(object, of: member) }
        if let update, isCounted {
            do throws(CompressionError) {
                try coding.accept(
                    update, global: global.view, received: received.view, client: member.client,
                    participation: task.participation, into: staging.view)
            } catch { throw Rejection(.wrongShape, "\(member.place): \(error)") }
            if overlaps { refresh(client) }
            try server.accept(staging.view, of: member)
        }
        if isCounted { self.activations[member.client] = mean }
        if let state {
            let kept = ClientState(client: member.client, round: round, object: state)
            newStates[member.client] = ObjectReference(state)
            step.states = [kept]
        }
        record(member, metrics, work, update: update, state: state, isCounted: isCounted)
    }

    /// A state that is not finite would spoil all later rounds of its client.
    private func check(_ values: ObjectBytes, of member: CohortMember) throws(Rejection) {
        guard values.maximumMagnitude.isFinite else {
            throw Rejection(.notFinite, "\(member.place): a value of its state or activations is not finite")
        }
    }

    private func values(_ object: ObjectBytes, of member: CohortMember) throws(Rejection) -> [Float] {
        try check(object, of: member)
        let buffer = FloatBuffer(count: object.count / 4)
        let fits = object.copy(into: buffer.view)
        precondition(fits, "activations of \(object.count) bytes")
        return buffer.view.array
    }

    private mutating func record(
        _ member: CohortMember, _ metrics: TrainingMetrics, _ work: Work, update: ObjectBytes?,
        state: ObjectBytes?, isCounted: Bool
    ) {
        if isCounted {
            reports.append(
                ClientReport(
                    client: member.client, samples: member.samples,
                    meanLoss: metrics.lossSum / Double(metrics.seen),
                    rootMeanSquareLoss: (metrics.lossSquares / Double(metrics.seen)).squareRoot()))
        }
        let travels = configuration.method.isFederated
        trained.append(
            ClientRow(
                round: round, client: member.client, samples: member.samples, steps: metrics.steps,
                trainLossSum: metrics.lossSum, trainCorrect: metrics.correct,
                updateDigest: update.map { "\($0.id)" } ?? "", stateDigest: state.map { "\($0.id)" } ?? "",
                downPayloadBytes: travels ? UInt64(broadcast.count) : 0,
                downOverheadBytes: travels ? overhead.down : 0,
                upPayloadBytes: travels ? UInt64(update?.count ?? 0) : 0,
                upOverheadBytes: travels ? overhead.up : 0, work: work))
    }

    mutating func finishTraining() -> ProgramStep {
        // A round without updates leaves the model as it is.
        if configuration.method.method.communicates, !cohort.isEmpty { server.finish(into: global.view) }
        guard global.view.maximumMagnitude.isFinite else {
            var step = ProgramStep()
            step.failure =
                "the global model is not finite after round \(round); lower the server's or the clients' learning rate"
            return step
        }
        globalObject = ObjectBytes(global.view)
        broadcast = globalObject
        keepVersion()
        let finished = happening?.parts.filter(\.isFinished).map(\.client) ?? cohort.map(\.client)
        for client in finished {
            participations[client] += 1
            if participationValues.count > 0 {
                participationValues.view[client] = Float(participations[client])
            }
        }
        if let happening, let timeline { remember(timeline.changedWords(happening.parts.map(\.client))) }
        states.merge(newStates) { $1 }
        newStates = [:]
        reports.sort { $0.client < $1.client }
        selector.observe(reports, round: round)
        trained += idleRows()
        trained.sort { $0.client < $1.client }
        if happening != nil { for index in trained.indices { time(&trained[index]) } }
        appraise()
        let counted = trained.filter { $0.fate == .accepted }
        var row = RoundRow(
            round: round, clients: counted.count, samples: counted.reduce(0) { $0 + $1.samples },
            modelDigest: hexadecimal(globalObject.digest))
        let epochs = configuration.method.method.epochs(configuration.training)
        let seen = counted.reduce(0) { $0 + $1.samples * epochs }
        if seen > 0 { row.trainLoss = counted.reduce(0) { $0 + $1.trainLossSum } / Double(seen) }
        row.federatedUpBytes = trained.reduce(0) { $0 + $1.upPayloadBytes + $1.upOverheadBytes }
        row.federatedDownBytes = trained.reduce(0) { $0 + $1.downPayloadBytes + $1.downOverheadBytes }
        total(&row)
        if !activations.isEmpty {
            row.activationDivergence = ActivationProbe.divergence(
                activations.sorted { $0.key < $1.key }.map(\.value))
        }
        current = row
        rows = trained.map { .client($0) } + (traffic() + wastedTraffic()).map { .traffic($0) }
        guard configuration.evaluates(round: round) else { return closeRound() }
        return beginEvaluation()
    }

    /// Notes in the rows who attacked, and what the aggregation rule made of the updates.
    private mutating func appraise() {
        let factors = configuration.method.method.communicates ? server.factors : nil
        for index in trained.indices {
            let client = trained[index].client
            trained[index].attacks = attackers.contains(client)
            guard trained[index].fate == .accepted, let factors else { continue }
            trained[index].factor = factors[client] ?? 1
        }
    }

    /// Bytes by segment. Every client of the cohort exchanged the same segments.
    private func traffic() -> [TrafficRow] {
        guard configuration.method.isFederated else { return [] }
        let clients = cohort.count
        guard clients > 0 else { return [] }
        return [(TrafficRow.Direction.down, "model", overhead.down), (.up, "update", overhead.up)].flatMap {
            direction, kind, header in
            exchange.payload.segments.enumerated().map { index, segment in
                let bytes = coding.bytes(segment: index)
                return TrafficRow(
                    round: round, direction: direction, kind: kind, part: .payload, segment: segment.name,
                    clients: clients, bytes: UInt64(clients * (direction == .up ? bytes.up : bytes.down)))
            } + [
                TrafficRow(
                    round: round, direction: direction, kind: kind, part: .overhead, segment: "header",
                    clients: clients, bytes: UInt64(clients) * header)
            ]
        }
    }
}

/// What a client says of its training, checked against what the coordinator knows.
private struct TrainingMetrics {
    let lossSum: Double
    let correct: Int
    let seen: Int
    let steps: Int
    let lossSquares: Double

    init(
        _ output: TaskOutput, of member: CohortMember, work: Work, _ configuration: FederatedConfiguration
    ) throws(Rejection) {
        let epochs = configuration.method.method.epochs(configuration.training)
        seen = member.samples * epochs
        guard output.metrics.count == 5, let correct = Int(exactly: output.metrics[1]), correct >= 0,
            correct <= seen, output.metrics[2] == Double(seen), output.metrics[3] == Double(member.steps),
            output.work == [work.forwardSamples, work.backwardSamples]
        else {
            throw Rejection(
                .wrongMetrics,
                "metrics \(output.metrics), work \(output.work) for \(seen) samples in \(member.steps) steps")
        }
        guard output.metrics[0].isFinite, output.metrics[0] >= 0, output.metrics[4].isFinite,
            output.metrics[4] >= 0
        else {
            throw Rejection(.notFinite, "\(member.place): the training loss is \(output.metrics[0])")
        }
        lossSum = output.metrics[0]
        self.correct = correct
        steps = member.steps
        lossSquares = output.metrics[4]
    }
}

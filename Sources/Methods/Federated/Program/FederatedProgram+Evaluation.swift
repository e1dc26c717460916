import TensorMath

/// Sums of an evaluation, by slice and by client, so that they are reduced in a fixed order.
struct Evaluation {
    struct Sums { var loss: Double, correct: Int, samples: Int }

    var slices: [Int: Sums] = [:]
    var clients: [Int: Sums] = [:]
}

extension FederatedProgram {
    mutating func beginEvaluation() -> ProgramStep {
        evaluation = Evaluation()
        var step = ProgramStep()
        step.phase = .evaluating(round: round)
        let input = [ObjectReference(globalObject)]
        let method = configuration.method.method
        if configuration.evaluation.on.contains(.globalTest), method.hasGlobalModel {
            for first in stride(from: 0, to: population.testCount, by: Self.evaluationSlice) {
                step.tasks.append(
                    TaskSpec(
                        id: taskID(.evaluateTest, first / Self.evaluationSlice), kind: .evaluateTest,
                        round: round,
                        first: first, count: min(Self.evaluationSlice, population.testCount - first),
                        layout: layoutDigest, inputs: input))
            }
        }
        if configuration.evaluation.on.contains(.localTest) {
            for client in 0..<population.clients where population.localTestCounts[client] > 0 {
                step.tasks.append(
                    TaskSpec(
                        id: taskID(.evaluateClient, client), kind: .evaluateClient, round: round,
                        client: client, participation: participations[client], layout: layoutDigest,
                        inputs: input + (method.keepsModel ? [states[client]].compactMap(\.self) : [])))
            }
        }
        waiting = Set(step.tasks.map(\.id))
        return waiting.isEmpty ? closeRound() : step
    }

    mutating func acceptEvaluation(_ output: TaskOutput, of task: TaskSpec) throws(Rejection) {
        guard output.metrics.count == 3, output.objects.isEmpty,
            let correct = Int(exactly: output.metrics[1]),
            let samples = Int(exactly: output.metrics[2]), correct >= 0, samples > 0, correct <= samples
        else { throw Rejection(.wrongMetrics, "metrics \(output.metrics) of an evaluation") }
        let expected = task.client.map { population.localTestCounts[$0] } ?? task.count
        guard samples == expected else {
            throw Rejection(.wrongMetrics, "\(samples) samples were evaluated instead of \(expected ?? 0)")
        }
        let sums = Evaluation.Sums(loss: output.metrics[0], correct: correct, samples: samples)
        guard output.metrics[0].isFinite, output.metrics[0] >= 0 else {
            let place = task.client.map { "client \($0)'s samples" } ?? "test samples from \(task.first) on"
            throw Rejection(
                .notFinite, "round \(round), \(place): the loss of the evaluation is \(output.metrics[0])")
        }
        if let client = task.client {
            evaluation?.clients[client] = sums
        } else {
            evaluation?.slices[task.first] = sums
        }
    }

    mutating func finishRound() -> ProgramStep {
        let slices = evaluation!.slices.sorted { $0.key < $1.key }.map(\.value)
        if !slices.isEmpty {
            let samples = slices.reduce(0) { $0 + $1.samples }
            current!.globalTestAccuracy = Double(slices.reduce(0) { $0 + $1.correct }) / Double(samples)
            current!.globalTestLoss = slices.reduce(0) { $0 + $1.loss } / Double(samples)
        }
        let clients = evaluation!.clients.sorted { $0.key < $1.key }
        if !clients.isEmpty {
            let accuracy = clients.map { ($0.key, Double($0.value.correct) / Double($0.value.samples)) }
            let spread = AccuracySpread(accuracy.map(\.1))
            current!.localTestAccuracyMean = spread.mean
            current!.localTestAccuracyStd = spread.standardDeviation
            current!.localTestAccuracyWorstTenth = spread.worstTenth
            let members = Set(cohort.map(\.client))
            let part = accuracy.filter { members.contains($0.0) }
            if !part.isEmpty {
                current!.localTestAccuracyParticipants = part.reduce(0) { $0 + $1.1 } / Double(part.count)
            }
            rows += clients.map { client, sums in
                .localTest(
                    LocalTestRow(
                        round: round, client: client, samples: sums.samples, correct: sums.correct,
                        lossSum: sums.loss))
            }
        }
        return closeRound()
    }

    mutating func closeRound() -> ProgramStep {
        let row = current!
        let accuracy = row.globalTestAccuracy ?? row.localTestAccuracyMean
        let reached = configuration.stop.targetAccuracy.map { (accuracy ?? -1) >= $0 } ?? false
        let last = round == configuration.training.rounds || reached
        let snapshot = snapshot(final: last)
        let finished = [.round(row)] + rows
        rows = []
        var step = last ? ProgramStep() : beginRound()
        // A round without tasks is over before this step ends.
        step.rows = finished + step.rows
        step.finished.insert(FinishedRound(round: row.round, accuracy: accuracy), at: 0)
        step.snapshot = step.snapshot ?? snapshot
        if last {
            step.outcome = Outcome(rounds: row.round, finalAccuracy: accuracy, modelDigest: row.modelDigest)
        }
        return step
    }
}

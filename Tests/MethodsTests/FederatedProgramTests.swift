import Methods
import TensorMath
import Testing

@Suite struct FederatedProgramTests {
    /// McMahan et al. 2017, algorithm 1: w = sum of n_k / n times w_k.
    @Test func weightsAreSampleCounts() throws {
        let federation = TinyFederation(trainCounts: [1, 3])
        var program = federation.program()
        let updates: [[Float]] = [[1.5, -2, 0.25], [2.5, 6, 0.75]]
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, updates[task.client ?? 9])
                : federation.evaluation(task, correct: 30)
        }
        #expect(course.models == [[2.25, 4, 0.625]])
        #expect(course.outcome?.finalAccuracy == 0.75 && course.outcome?.rounds == 1)
        let row = try #require(course.rounds.first)
        #expect(row.clients == 2 && row.samples == 4 && row.trainLoss == 0.5)
        #expect(row.globalTestAccuracy == 0.75 && row.globalTestLoss == 2 / 40.0)
        #expect(row.modelDigest == hexadecimal(TinyFederation.model([2.25, 4, 0.625]).digest))
        #expect(row.modelDigest == course.outcome?.modelDigest)
        #expect(row.localTestAccuracyMean == nil && row.localTestAccuracyParticipants == nil)
    }

    /// Against the definition in double, for odd weights.
    @Test func weightsOfManyClients() throws {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        let counts = (0..<30).map { _ in 1 + stream.index(below: 5000) }
        let updates = counts.map { _ in (0..<3).map { _ in Float(stream.normal()) } }
        let federation = TinyFederation(trainCounts: counts, testCount: 5)
        var program = federation.program()
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, updates[task.client ?? 0]) : federation.evaluation(task, correct: 1)
        }
        let total = Double(counts.reduce(0, +))
        for i in 0..<3 {
            let due = zip(counts, updates).reduce(0) { $0 + Double($1.0) / total * Double($1.1[i]) }
            #expect(abs(Double(course.models[0][i]) - due) <= Double(Float(due).ulp) / 2 + 0x1p-35)
        }
    }

    @Test func orderOfResultsDoesNotMatter() throws {
        var federation = TinyFederation(
            trainCounts: [5, 1, 9, 30, 2, 7, 4, 8], localTestCounts: [1, 0, 2, 3, 1, 1, 4, 2],
            testCount: 3500,
            rounds: 4, clientsPerRound: 5, every: 2, on: [.globalTest, .localTest])
        federation.configuration.training.localEpochs = 2
        var program = federation.program()
        let first = try Course(&program, compute: federation.imagined)
        #expect(first.rounds.count == 4 && first.outcome != nil)
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        for _ in 0..<30 {
            var program = federation.program()
            let other = try Course(
                &program, next: { stream.index(below: $0) }, compute: federation.imagined)
            #expect(other.rows == first.rows && other.outcome == first.outcome)
            #expect(other.tasks == first.tasks)
            #expect(other.snapshots.map(\.model.id) == first.snapshots.map(\.model.id))
        }
    }

    /// The same task accepted again, with the same or another result, changes nothing.
    @Test func repeatedResultsAreIgnored() throws {
        let federation = TinyFederation(trainCounts: [1, 3], rounds: 2)
        var program = federation.program()
        let first = program.start().tasks
        let updates: [[Float]] = [[1.5, -2, 0.25], [2.5, 6, 0.75]]
        for (place, client) in [(0, first[0].client ?? 9), (0, first[0].client ?? 9)] {
            let step = try program.accept(federation.update(first[place], updates[client]), of: first[place])
            #expect(step.tasks.isEmpty && step.rows.isEmpty && step.snapshot == nil && step.outcome == nil)
        }
        let spoiled = try program.accept(federation.update(first[0], [.nan, 0, 0]), of: first[0])
        #expect(spoiled.tasks.isEmpty && spoiled.rows.isEmpty)
        let last = federation.update(first[1], updates[first[1].client ?? 9])
        let evaluation = try program.accept(last, of: first[1])
        #expect(evaluation.phase == .evaluating(round: 1) && evaluation.tasks.count == 1)
        // A late result of the training, in the evaluation and in the next round.
        #expect(try program.accept(last, of: first[1]).tasks.isEmpty)
        let end = try program.accept(
            federation.evaluation(evaluation.tasks[0], correct: 3), of: evaluation.tasks[0])
        #expect(end.snapshot.map { TinyFederation.values($0.model) } == [2.25, 4, 0.625])
        #expect(end.phase == .training(round: 2) && end.tasks.count == 2)
        for late in first { #expect(try program.accept(last, of: late).rows.isEmpty) }
        #expect(
            try program.accept(
                federation.evaluation(evaluation.tasks[0], correct: 9), of: evaluation.tasks[0]
            ).rows
                .isEmpty)
    }

    @Test func resumingGivesTheSameRounds() throws {
        let federation = TinyFederation(
            trainCounts: [5, 1, 9, 30, 2, 7], localTestCounts: [1, 0, 2, 3, 1, 1], rounds: 6,
            clientsPerRound: 3,
            every: 2, on: [.globalTest, .localTest])
        var program = federation.program()
        let whole = try Course(&program, compute: federation.imagined)
        #expect(whole.snapshots.map(\.round) == [1, 2, 3, 4, 5, 6])
        #expect(whole.snapshots.map(\.final) == [false, false, false, false, false, true])
        for snapshot in whole.snapshots.dropLast() {
            var resumed = federation.program(resuming: snapshot)
            let rest = try Course(&resumed, compute: federation.imagined)
            func isLater(_ row: Row) -> Bool {
                switch row {
                case .round(let row): row.round > snapshot.round
                case .client(let row): row.round > snapshot.round
                case .localTest(let row): row.round > snapshot.round
                case .traffic(let row): row.round > snapshot.round
                case .infrastructure: false
                case .epoch, .contender, .node, .transfer, .subset, .filter, .edge, .activity, .mode,
                    .neuralFilter:
                    preconditionFailure("not a row of a federated run")
                }
            }
            #expect(rest.rows == whole.rows.filter(isLater))
            #expect(rest.tasks == whole.tasks.filter { $0.round > snapshot.round })
            #expect(rest.outcome == whole.outcome)
        }
    }

    @Test func trafficIsCountedForADeployment() throws {
        let federation = TinyFederation(trainCounts: [1, 3, 5], rounds: 2, clientsPerRound: 2)
        var program = federation.program()
        let course = try Course(&program, compute: federation.imagined)
        for row in course.rounds {
            #expect(row.federatedDownBytes == 2 * (12 + 150) && row.federatedUpBytes == 2 * (12 + 120))
            let traffic = course.traffic.filter { $0.round == row.round }
            let down = traffic.filter { $0.direction == .down }
            #expect(down.reduce(0) { $0 + $1.bytes } == row.federatedDownBytes)
            #expect(
                traffic.filter { $0.direction == .up }.reduce(0) { $0 + $1.bytes } == row.federatedUpBytes)
            #expect(down.map(\.segment) == ["dense1.weight", "dense1.bias", "header"])
            #expect(down.map(\.bytes) == [16, 8, 300] && down.allSatisfy { $0.clients == 2 })
        }
        #expect(course.clients.count == 4)
        #expect(course.clients.allSatisfy { $0.upPayloadBytes == 12 && $0.downOverheadBytes == 150 })
    }

    @Test func onlyTheCurrentModelIsServed() throws {
        let federation = TinyFederation(trainCounts: [2])
        var program = federation.program()
        let task = try #require(program.start().tasks.first)
        #expect(program.object(task.inputs[0].id)?.count == 12)
        #expect(program.object(ObjectID(high: 1, low: 1)) == nil)
        let step = try program.accept(federation.update(task, [1, 2, 3]), of: task)
        #expect(program.object(task.inputs[0].id) == nil)
        #expect(program.object(step.tasks[0].inputs[0].id).map(TinyFederation.values) == [1, 2, 3])
    }
}

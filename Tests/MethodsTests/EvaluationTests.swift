import Methods
import TensorMath
import Testing

@Suite struct EvaluationTests {
    @Test(arguments: [1, 999, 1000, 1001, 2500, 10_000])
    func slicesCoverTheTestSplit(testCount: Int) throws {
        let federation = TinyFederation(trainCounts: [1], testCount: testCount)
        var program = federation.program()
        let course = try Course(&program, compute: federation.imagined)
        let slices = course.tasks.filter { $0.kind == .evaluateTest }.sorted { $0.first < $1.first }
        var next = 0
        for slice in slices {
            #expect(slice.first == next && slice.client == nil)
            let count = try #require(slice.count)
            #expect(count > 0 && count <= FederatedProgram.evaluationSlice)
            next += count
        }
        #expect(next == testCount && slices.count == (testCount + 999) / 1000)
        #expect(Set(course.tasks.map(\.id)).count == course.tasks.count)
    }

    /// Slices of unequal size count by samples, not by slices.
    @Test func slicesAreWeighedBySamples() throws {
        let federation = TinyFederation(trainCounts: [1], testCount: 1100)
        var program = federation.program()
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, [0, 0, 0])
                : federation.evaluation(
                    task, correct: task.first == 0 ? 1000 : 0, loss: task.first == 0 ? 10 : 12)
        }
        #expect(course.rounds[0].globalTestAccuracy == 1000.0 / 1100)
        #expect(course.rounds[0].globalTestLoss == 22.0 / 1100)
    }

    @Test func evaluatesEveryFewRoundsAndTheLast() throws {
        let federation = TinyFederation(trainCounts: [1, 2], rounds: 8, every: 3)
        var program = federation.program()
        let course = try Course(&program, compute: federation.imagined)
        let evaluated = course.rounds.filter { $0.globalTestAccuracy != nil }.map(\.round)
        #expect(evaluated == [3, 6, 8])
        #expect(course.rounds.map(\.round) == Array(1...8))
        #expect(course.outcome?.finalAccuracy == course.rounds.last?.globalTestAccuracy)
    }

    @Test func withoutEvaluationThereIsNoAccuracy() throws {
        let federation = TinyFederation(trainCounts: [1, 2], rounds: 2, on: [], targetAccuracy: 0)
        var program = federation.program()
        let course = try Course(&program, compute: federation.imagined)
        #expect(course.tasks.allSatisfy { $0.kind == .train })
        #expect(course.outcome != nil && course.outcome?.finalAccuracy == nil && course.rounds.count == 2)
    }

    /// Runs until the script of right answers out of 40 reaches the target.
    private func rounds(_ correct: [Int], target: Double, every: Int = 1) throws -> (Int, Double?, [Bool]) {
        let federation = TinyFederation(
            trainCounts: [1], rounds: correct.count, every: every, targetAccuracy: target)
        var program = federation.program()
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, [0, 0, 0])
                : federation.evaluation(task, correct: correct[task.round - 1])
        }
        return (course.outcome?.rounds ?? 0, course.outcome?.finalAccuracy, course.snapshots.map(\.final))
    }

    @Test func targetAccuracyStops() throws {
        let reached = try rounds([10, 29, 30, 40, 40], target: 0.75)
        #expect(reached == (3, 0.75, [false, false, true]))
        let missed = try rounds([10, 29, 29], target: 0.75)
        #expect(missed == (3, 0.725, [false, false, true]))
        // Seen at evaluated rounds only.
        let late = try rounds([40, 40, 10, 40, 40, 40], target: 0.75, every: 3)
        #expect(late == (6, 1, [false, false, false, false, false, true]))
    }

    /// Each client counts once, whatever it holds; those without test samples do not count.
    @Test func localTestMeans() throws {
        let federation = TinyFederation(
            trainCounts: [3, 3, 3, 3], localTestCounts: [2, 0, 4, 5], rounds: 1, clientsPerRound: 2,
            on: [.localTest])
        var program = federation.program()
        let correct = [1, 0, 4, 0]
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, [0, 0, 0])
                : federation.evaluation(task, correct: correct[task.client ?? 1])
        }
        let evaluated = course.tasks.filter { $0.kind == .evaluateClient }
        #expect(evaluated.map(\.client) == [0, 2, 3])
        let row = course.rounds[0]
        #expect(row.globalTestAccuracy == nil)
        #expect(row.localTestAccuracyMean == 1.5 / 3)
        #expect(course.outcome?.finalAccuracy == row.localTestAccuracyMean)
        let cohort = Set(course.clients.map(\.client))
        let part = [0: 0.5, 2: 1, 3: 0].filter { cohort.contains($0.key) }.map(\.value)
        #expect(row.localTestAccuracyParticipants == part.reduce(0, +) / Double(part.count))
        #expect(course.localTests.map(\.client) == [0, 2, 3])
        #expect(
            course.localTests.map(\.samples) == [2, 4, 5] && course.localTests.map(\.correct) == [1, 4, 0])
    }

    /// Of 20 samples each: the mean hides what the deviation and the worst tenth, rounded up to clients, show.
    @Test(arguments: [
        ([7], 0.35, 0, 0.35), ([2, 4, 4, 4, 5, 5, 7, 9], 0.25, 0.1, 0.1),
        ([20, 20, 20, 20, 20, 20, 20, 20, 20, 0], 0.9, 0.3, 0),
        ([20, 20, 20, 0, 20, 20, 20, 20, 20, 20, 9], 0.8590909090909091, 0.3139326663605819, 0.225),
    ])
    func spreadOverClients(correct: [Int], mean: Double, deviation: Double, worst: Double) throws {
        let federation = TinyFederation(
            trainCounts: correct.map { _ in 3 }, localTestCounts: correct.map { _ in 20 }, on: [.localTest])
        var program = federation.program()
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, [0, 0, 0])
                : federation.evaluation(task, correct: correct[task.client ?? 0])
        }
        let row = course.rounds[0]
        #expect(abs((row.localTestAccuracyMean ?? 9) - mean) < 1e-15)
        #expect(abs((row.localTestAccuracyStd ?? 9) - deviation) < 1e-7)
        #expect(row.localTestAccuracyWorstTenth == worst)
    }

    /// With both, the global accuracy is the final one.
    @Test func globalTestComesFirst() throws {
        let federation = TinyFederation(
            trainCounts: [3], localTestCounts: [2], on: [.localTest, .globalTest], targetAccuracy: 0.9)
        var program = federation.program()
        let course = try Course(&program) { task, _ in
            task.kind == .train
                ? federation.update(task, [0, 0, 0])
                : federation.evaluation(task, correct: task.kind == .evaluateTest ? 4 : 2)
        }
        #expect(course.outcome?.finalAccuracy == 0.1)
        #expect(
            course.rounds[0].localTestAccuracyMean == 1 && course.rounds[0].localTestAccuracyParticipants == 1
        )
    }
}

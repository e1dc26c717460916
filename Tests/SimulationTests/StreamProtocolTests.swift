import Methods
import Runtime
import TensorMath
import Testing
import Wire

/// Streams message by message, against a coordinator whose workers are played by hand.
@Suite struct StreamProtocolTests {
    private static func student(_ number: UInt64) -> UInt64 {
        UInt64(1) << 32 | UInt64(TaskSpec.Kind.serveStudent.rawValue) << 28 | number
    }

    /// Five students, two workers: three streams and two, opened in turn, at most `window` items of each under way.
    @Test func streamsAreSpread() {
        var run = HandPlayedRun(StreamExperiment(students: 5, items: 9, window: 2, ordinary: 0), workers: 2)
        run.join(1)
        #expect(run.work(1).tasks.isEmpty)
        run.join(2)
        let (first, second) = (run.work(1), run.work(2))
        #expect(first.tasks.map(\.task) == [0, 2, 4].map(Self.student))
        #expect(second.tasks.map(\.task) == [1, 3].map(Self.student))
        #expect(first.items.map(\.number) == [1, 2, 1, 2, 1, 2])
        #expect(second.items.map(\.task) == [1, 1, 3, 3].map(Self.student))
        // Students with odd numbers sense their inputs.
        #expect(first.items.allSatisfy(\.hasFrame) && !second.items.contains(where: \.hasFrame))
        // An answer makes room for the next item, whatever the order.
        run.answer(second.items[1], 2)
        #expect(run.items(2).map(\.number) == [3])
        run.answer(second.items[0], 2)
        #expect(run.items(2).map(\.number) == [4])
    }

    /// A stream does not take the place of a task, and a worker's streams share what it may hold at once.
    @Test func creditAndWindow() {
        var limits = Limits()
        limits.items = 12
        var run = HandPlayedRun(
            StreamExperiment(students: 4, items: 50, window: 100, ordinary: 2), limits: limits)
        run.join(1)
        let work = run.work(1)
        #expect(work.tasks.count == 6)
        #expect(work.items.map(\.number) == (0..<4).flatMap { _ in [1, 2, 3] })
        limits.items = 2
        run = HandPlayedRun(
            StreamExperiment(students: 4, items: 50, window: 100, ordinary: 0), limits: limits)
        run.join(1)
        #expect(run.items(1).map(\.number) == [1, 1, 1, 1])
    }

    /// Item 2 of either student goes out when both have answered item 1.
    @Test func laterIsAskedAgainAfterEveryAnswer() {
        let experiment = StreamExperiment(students: 2, items: 3, window: 3, isGated: true, ordinary: 0)
        var run = HandPlayedRun(experiment, workers: 2)
        run.join(1)
        run.join(2)
        let (first, second) = (run.items(1), run.items(2))
        #expect(first.map(\.number) == [1] && second.map(\.number) == [1])
        run.answer(first[0], 1)
        #expect(run.items(1).isEmpty && run.items(2).isEmpty)
        run.answer(second[0], 2)
        #expect(run.items(1).map(\.number) == [2] && run.items(2).map(\.number) == [2])
    }

    /// What a deployment would send, to the byte: inputs of 500 bytes to the student that does not sense, answers of 8 of
    /// both, each with a header of 82; weights and their TASK of 158 to each; nothing else, and nothing twice.
    @Test func bytesOfItems() {
        var run = HandPlayedRun(StreamExperiment(students: 2, items: 7, window: 3, ordinary: 0))
        run.join(1)
        var waiting = run.items(1)
        var isFirst = true
        while !waiting.isEmpty {
            let item = waiting.removeFirst()
            run.answer(item, 1)
            run.answer(item, 1)
            waiting += run.items(1)
            guard isFirst else { continue }
            // After some seconds without an answer what is under way is sent again.
            isFirst = false
            run.wait(run.limits.retransmit + 1)
            #expect(run.items(1).map(\.number) == [2, 3, 4, 1, 2, 3])
        }
        #expect(run.end == nil)
        let meter = run.coordinator.meter
        #expect(Item.headerBytes == 82)
        #expect(meter.sent.items == 7 && meter.sent.itemPayload == 7 * 500)
        #expect(meter.sent.itemOverhead == 7 * 82)
        #expect(meter.received.items == 14 && meter.received.itemPayload == 14 * 8)
        #expect(meter.received.itemOverhead == 14 * 82)
        let weights = UInt64(2 * StreamProgram.weightBytes)
        #expect(meter.sent.federatedPayload == 7 * 500 + weights)
        #expect(meter.sent.federatedOverhead == 7 * 82 + 2 * 158)
        #expect(meter.received.federated == 14 * (8 + 82))
        run.say(.bye(code: 0, text: "", memoryBytes: 0), 1)
        #expect(
            run.end == .completed(Outcome(rounds: 1, finalAccuracy: nil, modelDigest: "\(run.program.sum)")))
        #expect(run.program.sum == run.program.experiment.sum)
    }

    /// A worker that came back asks from the first chunk that it lacks: those count once, wherever they begin.
    @Test func bytesOfAFetchThatGoesOn() {
        var limits = Limits()
        limits.chunkBytes = 1024
        var run = HandPlayedRun(
            StreamExperiment(students: 1, items: 7, window: 3, ordinary: 0), limits: limits)
        run.join(1)
        let weights = run.work(1).tasks[0].inputs[0]
        let before = run.coordinator.meter.sent.federatedPayload
        #expect(weights.bytes == 3000)
        for _ in 0..<2 {
            run.say(.fetch(id: weights.id, first: 2, count: 8), 1)
            #expect(run.coordinator.meter.sent.federatedPayload == before + 952)
        }
        run.say(.fetch(id: weights.id, first: 0, count: 2), 1)
        #expect(run.coordinator.meter.sent.federatedPayload == before + 952)
        #expect(run.inbox(1).count == 4)
    }

    /// Answers that are not due change nothing, not even for their sender.
    @Test func answersThatAreNotDueAreIgnored() {
        var run = HandPlayedRun(StreamExperiment(students: 2, items: 9, window: 2, ordinary: 1), workers: 2)
        run.join(1)
        run.join(2)
        let (first, second) = (run.work(1), run.work(2))
        let item = first.items[0]
        var wrong: [Item] = []
        for task in [1, .max, first.tasks.map(\.task).max()! + 1, second.items[0].task] {
            wrong.append(Item(task: task, number: 1, attempt: 1, hasFrame: true))
        }
        for number in [3, 9, 10, 1000, .max] {
            wrong.append(Item(task: item.task, number: number, attempt: 1, hasFrame: true))
        }
        for attempt in [2, UInt32.max] {
            wrong.append(Item(task: item.task, number: 1, attempt: attempt, hasFrame: true))
        }
        for order in first.tasks + second.tasks where order.kind == TaskSpec.Kind.trainNetwork.rawValue {
            wrong.append(Item(task: order.task, number: 1, attempt: 1, hasFrame: true))
        }
        for item in wrong {
            run.say(.item(item), frame: ObjectBytes(.init(repeating: 1, count: 8)), 1)
            run.say(.item(item), frame: nil, 1)
        }
        #expect(run.program.answered == 0 && run.inbox(1).isEmpty && run.coordinator.retries == 0)
        run.answer(item, 1)
        run.answer(item, 1)
        #expect(run.program.answered == 1 && run.items(1).map(\.number) == [3])
    }

    /// Answers without a frame, too large or of the wrong size: their sender is sent away, another worker goes on.
    @Test(arguments: [nil, 0, 7, 9, 1 << 20 + 1])
    func wrongAnswersCostTheSession(bytes: Int?) {
        var run = HandPlayedRun(StreamExperiment(students: 1, items: 4, window: 2, ordinary: 0))
        run.join(1)
        let items = run.items(1)
        run.answer(items[1], 1)
        let wrong = Item(task: items[0].task, number: 1, attempt: 1, hasFrame: bytes != nil)
        run.say(.item(wrong), frame: bytes.map { ObjectBytes(.init(repeating: 1, count: $0)) }, 1)
        #expect(
            run.inbox(1).contains {
                if case .reject(let reject) = $0.message { reject.code == .revoked } else { false }
            })
        #expect(run.program.answered == 1)
        run.join(2)
        #expect(run.items(2).map(\.number) == [1, 3])
    }

    /// A value that is no number counts against the stream; the next worker gets what is missing with the next attempt.
    @Test func valuesThatAreNoNumbersAreRefused() {
        var run = HandPlayedRun(StreamExperiment(students: 1, items: 4, window: 2, ordinary: 0))
        run.join(1)
        let items = run.items(1)
        run.join(2)
        run.answer(items[1], 1)
        _ = run.inbox(1)
        run.say(
            .item(Item(task: items[0].task, number: 1, attempt: 1, hasFrame: true)),
            frame: ObjectBytes(.init(repeating: 255, count: 8)), 1)
        let codes = run.inbox(1).compactMap {
            if case .result(_, let code, _) = $0.message { code } else { nil }
        }
        #expect(codes == [.badNaN])
        let again = run.items(2)
        #expect(again.map(\.number) == [1, 3] && again.allSatisfy { $0.attempt == 2 })
        // The first worker did not hear of it and goes on: ignored, and told again at its next PING.
        run.answer(items[0], 1)
        #expect(run.program.answered == 1)
        run.ping(1, held: [items[0].task])
        #expect(run.inbox(1).contains { $0.message == .result(task: items[0].task, code: .stale, text: "") })
        run.ping(2, held: [items[0].task])
        #expect(!run.inbox(2).contains { if case .result = $0.message { true } else { false } })
    }

    /// A worker that says it is busy and answers nothing loses its streams after a minute.
    @Test(arguments: [StreamSpec.Disconnection.restart, .lose, .continue])
    func aStuckStreamIsTakenAway(onDisconnect: StreamSpec.Disconnection) {
        var run = HandPlayedRun(
            StreamExperiment(students: 1, items: 6, window: 2, onDisconnect: onDisconnect, ordinary: 0))
        run.join(1)
        let items = run.items(1)
        run.answer(items[0], 1)
        run.idle(1, seconds: 55, held: [items[0].task])
        #expect(run.coordinator.retries == 0)
        // Items 2 and 3, once every three seconds.
        let repeated = run.items(1).dropFirst()
        #expect(repeated.count >= 24 && repeated.allSatisfy { 2...3 ~= $0.number })
        run.idle(1, seconds: 10, held: [items[0].task])
        #expect(run.coordinator.retries == 1)
        run.join(2)
        switch onDisconnect {
        case .restart, .continue:
            #expect(run.items(2).map(\.number) == [2, 3] && run.program.lost == 0)
        case .lose: #expect(run.items(2).map(\.number) == [4, 5] && run.program.lost == 2)
        }
    }

    /// A stream whose items are not due stands still without being stuck.
    @Test func aStreamThatWaitsIsNotStuck() {
        let experiment = StreamExperiment(students: 2, items: 3, window: 3, isGated: true, ordinary: 0)
        var run = HandPlayedRun(experiment, workers: 2)
        run.join(1)
        run.join(2)
        let (first, second) = (run.items(1), run.items(2))
        run.answer(first[0], 1)
        for round in 0..<58 {
            run.wait(1_000_000_000)
            run.ping(1, held: [first[0].task])
            run.ping(2, held: [second[0].task], progress: UInt64(round))
        }
        #expect(run.coordinator.retries == 0)
        for _ in 0..<5 {
            run.wait(1_000_000_000)
            run.ping(1, held: [first[0].task])
        }
        #expect(run.coordinator.retries == 1)
        #expect(run.notes.filter { $0.contains("no answer for 60 s") }.count == 1)
        // The one that waited got the other's stream.
        #expect(run.work(1).tasks.map(\.task) == [second[0].task])
    }

    /// With what was under way lost, nothing may be left: the stream is then done.
    @Test func losingTheLastItemsEndsTheStream() {
        var run = HandPlayedRun(
            StreamExperiment(students: 1, items: 3, window: 3, onDisconnect: .lose, ordinary: 0))
        run.join(1)
        let items = run.items(1)
        run.answer(items[1], 1)
        run.join(2)
        run.step(.unreachable(PeerID([1])))
        #expect(run.program.answered == 1 && run.program.lost == 2)
        // The one that comes back is told that it is over, and its answers count no more.
        run.ping(2, held: [items[0].task])
        run.answer(items[0], 2)
        #expect(run.program.answered == 1)
        run.say(.bye(code: 0, text: "", memoryBytes: 0), 2)
        #expect(run.end != nil)
    }

    /// A worker that cannot serve a stream says so as of any task; a result in the place of answers is a violation.
    @Test func offersOfStreams() {
        var run = HandPlayedRun(StreamExperiment(students: 1, items: 3, window: 3, ordinary: 0), workers: 2)
        run.join(1)
        run.join(2)
        // Both refuse it, then the first once more.
        for (attempt, worker) in [(1, 1), (2, 2), (3, 1)] as [(UInt32, UInt8)] {
            let orders = run.work(worker).tasks
            #expect(orders.map(\.attempt) == [attempt])
            guard let order = orders.first else { return }
            run.say(
                .offer(
                    Offer(
                        task: order.task, attempt: order.attempt, outputs: [], metrics: [], work: [],
                        inline: 0,
                        failure: "no memory")), worker)
        }
        for worker in [1, 2] as [UInt8] { run.say(.bye(code: 0, text: "", memoryBytes: 0), worker) }
        guard case .taskFailed(let text) = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
        #expect(text.contains("serving student 0") && text.contains("no memory"))
        var other = HandPlayedRun(StreamExperiment(students: 1, items: 3, window: 3, ordinary: 0))
        other.join(1)
        let order = other.work(1).tasks[0]
        other.say(
            .offer(
                Offer(
                    task: order.task, attempt: 1, outputs: [], metrics: [], work: [], inline: 0, failure: nil)
            ), 1)
        #expect(
            other.inbox(1).contains {
                if case .reject(let reject) = $0.message { reject.code == .revoked } else { false }
            })
    }

    /// An input that no message can hold is the experiment's fault, and named.
    @Test func anInputBeyondAMessageEndsTheRun() {
        let experiment = StreamExperiment(
            students: 1, items: 3, window: 3, ordinary: 0, inputBytes: 1 << 20 + 1)
        var run = HandPlayedRun(experiment)
        run.join(1)
        #expect(run.items(1).isEmpty)
        run.say(.bye(code: 0, text: "", memoryBytes: 0), 1)
        guard case .taskFailed(let text) = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
        #expect(text.contains("item 1") && text.contains("1048577 bytes") && text.contains("holds 1048576"))
    }
}

import Methods
import Runtime
import TensorMath
import Testing
import Wire

/// Streams that go on without the link, message by message, from either side.
@Suite struct LinkCutProtocolTests {
    // MARK: - The worker

    /// Items 1 to 4, one every 100 ms, and a window of 2: from the fifth second of silence on the device answers 3 and 4,
    /// whose answers may be lost, and what follows them, one every 100 ms; then nothing of that is computed again.
    private static func cutOff(items: Int = 100) -> HandPlayedWorker {
        var run = HandPlayedWorker(
            StreamExperiment(students: 2, items: items, window: 2, onDisconnect: .continue))
        run.wait(milliseconds: 50)
        run.welcome()
        run.order()
        for item in 1...4 {
            run.ask(item)
            run.wait(milliseconds: 100)
        }
        #expect(run.answers() == [1, 2, 3, 4])
        // 100 ms of silence are over.
        run.wait(milliseconds: 3900)
        return run
    }

    @Test func aShortCut() {
        var run = Self.cutOff()
        run.ask(4)
        #expect(run.answers() == [4])
        run.wait(milliseconds: 4000)
        #expect(run.worker.isConnected)
        // Alone at 4.05, 4.15 and 4.25 s.
        run.wait(milliseconds: 250)
        #expect(run.answers() == [])
        for item in [4, 3, 2, 5, 6, 7] { run.ask(item) }
        #expect(run.answers() == [-4, -3, 2, -5, 6, 7])
        #expect(run.reconnects == 0)
    }

    @Test func aLongCut() {
        var run = Self.cutOff()
        // Silent for 10 s: another session, the same stream.
        run.wait(milliseconds: 8000)
        #expect(run.reconnects == 1 && !run.worker.isConnected)
        run.welcome()
        #expect(run.held == [HandPlayedWorker.task + 1])
        // From 4.05 s to 12 s after the last word, 80 answers: items 3 to 82.
        for item in [3, 4, 82, 83, 84] { run.ask(item) }
        #expect(run.answers() == [-3, -4, -82, 83, 84])
    }

    /// An object that was half here is not fetched from its beginning, unless its chunks have another size now.
    @Test(arguments: [(1024, 2), (2048, 0)]) func aFetchGoesOn(chunkBytes: Int, from first: UInt32) {
        var run = HandPlayedWorker(
            StreamExperiment(students: 2, items: 10, window: 2, onDisconnect: .continue))
        run.wait(milliseconds: 50)
        run.welcome(chunkBytes: 1024)
        run.order(inline: false)
        #expect(run.fetches() == [0])
        run.chunks(0..<2, chunkBytes: 1024)
        run.wait(milliseconds: 11_000)
        #expect(run.reconnects == 1)
        run.welcome(chunkBytes: UInt32(chunkBytes))
        _ = run.fetches()
        run.order(attempt: 2, inline: false)
        #expect(run.fetches() == [first])
        let chunks = (StreamProgram.weightBytes + chunkBytes - 1) / chunkBytes
        run.chunks(first..<UInt32(chunks), chunkBytes: chunkBytes)
        run.ask(1, attempt: 2)
        #expect(run.answers() == [1])
    }

    /// It answers all that is left, once, and waits.
    @Test func nothingIsLeft() {
        var run = Self.cutOff(items: 20)
        run.wait(milliseconds: 30_000)
        #expect(!run.worker.hasWork)
        run.welcome()
        for item in 3...20 { run.ask(item) }
        #expect(run.answers() == (3...20).map { -$0 })
        run.say(.result(task: HandPlayedWorker.task + 1, code: .accepted, text: ""))
        run.wait(milliseconds: 2000)
        #expect(run.held == [])
    }

    /// Nothing was asked for yet: the device begins with the first item.
    @Test func aCutRightAtTheStart() {
        var run = HandPlayedWorker(
            StreamExperiment(students: 2, items: 9, window: 2, onDisconnect: .continue))
        run.wait(milliseconds: 50)
        run.welcome()
        run.order()
        // No pace is known: one every 2 s, from 4.05 s on.
        run.wait(milliseconds: 9000)
        run.ask(1)
        #expect(run.answers() == [-1])
        run.ask(3)
        run.ask(4)
        #expect(run.answers() == [-3, 4])
    }

    /// A coordinator that was started again knows nothing of the stream; nor does another attempt.
    @Test func anotherEpochOrAttempt() {
        var run = Self.cutOff()
        run.wait(milliseconds: 8000)
        run.welcome(epoch: 2)
        #expect(run.held == [])
        run.order()
        run.ask(3)
        #expect(run.answers() == [3])
        run = Self.cutOff()
        run.wait(milliseconds: 8000)
        run.welcome()
        run.order(attempt: 2)
        run.say(.item(Item(task: HandPlayedWorker.task + 1, number: 3, attempt: 2, hasFrame: false)))
        #expect(run.answers() == [3])
        // The third attempt's order was lost: an item of it ends the second, and an item of the first nothing.
        run.say(.item(Item(task: HandPlayedWorker.task + 1, number: 4, attempt: 1, hasFrame: false)))
        run.wait(milliseconds: 2000)
        #expect(run.held == [HandPlayedWorker.task + 1])
        run.say(.item(Item(task: HandPlayedWorker.task + 1, number: 4, attempt: 3, hasFrame: false)))
        run.wait(milliseconds: 2000)
        #expect(run.held == [] && run.answers() == [])
    }

    /// Without leave to continue nothing is answered, and the stream ends with the connection.
    @Test(arguments: [StreamSpec.Disconnection.restart, .lose])
    func othersDoNotContinue(onDisconnect: StreamSpec.Disconnection) {
        var run = HandPlayedWorker(
            StreamExperiment(students: 2, items: 9, window: 2, onDisconnect: onDisconnect))
        run.wait(milliseconds: 50)
        run.welcome()
        run.order()
        run.ask(1)
        run.wait(milliseconds: 12_000)
        #expect(run.answers() == [1])
        run.welcome()
        #expect(run.held == [])
    }

    // MARK: - The coordinator

    private static func stream() -> (run: HandPlayedRun<StreamExperiment>, items: [Item]) {
        var run = HandPlayedRun(
            StreamExperiment(students: 1, items: 6, window: 2, onDisconnect: .continue, ordinary: 0))
        run.join(1, slot: 0)
        let items = run.items(1)
        #expect(items.map(\.number) == [1, 2])
        run.join(2, slot: 1)
        return (run, items)
    }

    private static func own(_ item: Item) -> (Item, ObjectBytes) {
        var own = item
        own.isLocal = true
        return (own, ObjectBytes(HandPlayedRun<StreamExperiment>.honest(item).bytes.map { ~$0 }))
    }

    /// The worker that comes back with the stream goes on with it, in the same attempt; nobody else gets it meanwhile.
    @Test func aWorkerComesBack() {
        var (run, items) = Self.stream()
        run.answer(items[1], 1)
        run.step(.unreachable(PeerID([1])))
        run.idle(2, seconds: 59, held: [])
        #expect(run.work(2).tasks.isEmpty)
        run.join(1, slot: 0, held: [items[0].task])
        let work = run.work(1)
        #expect(work.tasks.isEmpty && work.items.map(\.number) == [1, 3])
        #expect(work.items.allSatisfy { $0.attempt == 1 })
        // An answer of its own, twice, and one over the link: the device's is no traffic of a deployment.
        let (own, answer) = Self.own(work.items[0])
        for _ in 0..<2 { run.say(.item(own), frame: answer, 1) }
        run.answer(work.items[1], 1)
        #expect(run.program.items(.local, of: 0) == [1] && run.program.items(.answered, of: 0) == [2, 3])
        #expect(run.coordinator.meter.received.items == 2)
        #expect(run.coordinator.meter.received.federated == 2 * (8 + 82))
    }

    /// One that comes back without it has forgotten it: another goes on at once.
    @Test func aWorkerForgets() {
        var run = Self.stream().run
        run.step(.unreachable(PeerID([1])))
        run.ping(2)
        #expect(run.work(2).tasks.isEmpty)
        run.join(1, slot: 0)
        let orders = run.work(1).tasks + run.work(2).tasks
        #expect(orders.map(\.attempt) == [2])
    }

    /// Its process ended, nobody came, or it had been sent away: another goes on.
    @Test func aWorkerDoesNotComeBack() {
        var (run, items) = Self.stream()
        run.step(.unreachable(PeerID([1])))
        run.step(.workerExited(slot: 0, reason: "signal 9"))
        #expect(run.items(2).map(\.number) == [1, 2])
        (run, items) = Self.stream()
        run.step(.unreachable(PeerID([1])))
        run.idle(2, seconds: 60, held: [])
        #expect(run.items(2).map(\.attempt) == [2, 2])
        // Too late: it is told that its stream is another's.
        run.join(1, slot: 0, held: [items[0].task])
        #expect(run.inbox(1).contains { $0.message == .result(task: items[0].task, code: .stale, text: "") })
        (run, items) = Self.stream()
        run.say(.bye(code: 0, text: "", memoryBytes: 0), 1)
        #expect(run.items(2).map(\.attempt) == [2, 2])
    }

    /// A stream that stands still although its worker is heard goes to another worker.
    @Test func aWorkerThatIsHeardAndAnswersNothing() {
        var (run, items) = Self.stream()
        for second in 0..<61 {
            run.wait(1_000_000_000)
            run.ping(1, held: [items[0].task], progress: UInt64(second))
            run.ping(2)
        }
        #expect(run.notes.contains { $0.contains("no answer for 60 s") })
        #expect(run.items(2).map(\.attempt) == [2, 2])
    }

    /// A link that comes and goes and carries no answer ends the run.
    @Test func aLinkThatCarriesNothing() {
        var (run, items) = Self.stream()
        for _ in 0..<run.limits.leases {
            #expect(run.end == nil)
            run.step(.unreachable(PeerID([1])))
            if run.coordinator.retries < run.limits.leases { run.join(1, slot: 0, held: [items[0].task]) }
        }
        run.say(.bye(code: 0, text: "", memoryBytes: 0), 2)
        guard case .taskFailed(let text) = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
        #expect(text.contains("lost with its worker 20 times without an answer"))
    }

    /// Where the experiment does not allow it, an answer of the device's own breaks the protocol.
    @Test(arguments: [StreamSpec.Disconnection.restart, .lose])
    func anOwnAnswerThatIsNotAllowed(onDisconnect: StreamSpec.Disconnection) {
        var run = HandPlayedRun(
            StreamExperiment(students: 1, items: 4, window: 2, onDisconnect: onDisconnect, ordinary: 0))
        run.join(1)
        let (own, answer) = Self.own(run.items(1)[0])
        run.say(.item(own), frame: answer, 1)
        #expect(
            run.inbox(1).contains {
                if case .reject(let reject) = $0.message { reject.code == .revoked } else { false }
            })
        #expect(run.program.answered == 0)
    }
}

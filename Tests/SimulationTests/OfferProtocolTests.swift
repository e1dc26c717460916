import Methods
import Runtime
import TensorMath
import Testing
import Wire

/// Offers, results and downloads message by message, against a coordinator whose workers are played by hand.
@Suite struct OfferProtocolTests {
    private typealias Run = HandPlayedRun<TinyMethod>

    /// Workers that are ready and hold two of the first round's four tasks each, or all that a single one may.
    private static func begun(
        workers: Int, adjust: (inout Limits) -> Void = { _ in }
    ) -> (run: Run, orders: [[TaskOrder]]) {
        var limits = Limits()
        adjust(&limits)
        var run = Run(TinyMethod(), workers: workers, limits: limits)
        for worker in 1...workers { run.join(UInt8(worker)) }
        let orders = (1...workers).map { run.work(UInt8($0)).tasks }
        #expect(orders.allSatisfy { $0.count == 2 })
        return (run, orders)
    }

    // MARK: - What counts

    @Test func aResultCountsOnce() {
        var (run, orders) = Self.begun(workers: 2)
        let order = orders[0][0]
        run.offer(order, 1)
        #expect(run.codes(1) == [.accepted])
        for worker in [1, 2] as [UInt8] {
            run.offer(order, worker)
            run.offer(order, inline: false, worker)
            #expect(run.codes(worker) == [.duplicate, .duplicate])
        }
        #expect(run.coordinator.retries == 0 && run.notes.isEmpty)
        // Once, with the header that a deployment would send.
        let received = run.coordinator.meter.received
        #expect(received.federatedPayload == TinyExperiment.modelBytes && received.federatedOverhead == 159)
    }

    /// Another output, other metrics or a failure, where a result was accepted: somebody computes differently.
    @Test func aDifferentResultIsAConflict() {
        var (run, orders) = Self.begun(workers: 2)
        let order = orders[0][0]
        run.offer(order, 1)
        _ = run.codes(1)
        var wrong = run.honest(order)
        wrong.metrics[1] += 1
        run.offer(order, giving: wrong, 2)
        run.offer(order, giving: Self.notFinite(run.honest(order)), 2)
        run.offer(order, failure: "no memory", 2)
        #expect(run.codes(2) == [.conflict, .conflict, .conflict])
        #expect(run.notes.contains { $0.contains("CONFLICT") && $0.contains("\(order.task)") })
        run.offer(order, 2)
        #expect(run.codes(2) == [.duplicate])
        #expect(run.coordinator.retries == 0)
    }

    /// Remembered are the results of the step at hand and of the one before.
    @Test func anOldResultIsStale() {
        var (run, orders) = Self.begun(workers: 1)
        let first = orders[0][0]
        let result = run.honest(first)
        run.finish(orders[0], 1)
        run.finish(run.work(1).tasks, 1)
        let second = run.work(1).tasks
        #expect(second.allSatisfy { $0.round == 2 })
        run.offer(first, giving: result, 1)
        #expect(run.codes(1) == [.duplicate])
        run.finish(second, 1)
        run.finish(run.work(1).tasks, 1)
        #expect(run.work(1).tasks.allSatisfy { $0.kind != TaskSpec.Kind.train.rawValue })
        run.offer(first, giving: result, 1)
        #expect(run.codes(1) == [.stale])
    }

    // MARK: - Two offers of one task

    private static func notFinite(_ output: TaskOutput) -> TaskOutput {
        let bytes = output.objects[0].count
        return TaskOutput(
            objects: [ObjectBytes(.init(repeating: 255, count: bytes))], metrics: output.metrics,
            work: output.work)
    }

    /// The second offer is refused while the first one's output is on its way: what arrives then is nobody's.
    @Test(arguments: [true, false]) func anOfferIsRefusedUnderWay(fails: Bool) {
        var (run, orders) = Self.begun(workers: 2)
        let (order, other) = (orders[0][0], orders[1])
        run.offer(order, inline: false, 1)
        if fails {
            run.offer(order, failure: "no memory", 1)
        } else {
            run.offer(order, giving: Self.notFinite(run.honest(order)), 1)
        }
        #expect(run.codes(1) == [fails ? .failed : .badNaN])
        // It waits for the other worker, which has no room.
        run.sendChunk(0, of: order, 1)
        run.wait(1_000_000_000)
        #expect(run.codes(1).isEmpty)
        run.offer(other[0], 2)
        let again = run.inbox(2).compactMap { if case .task(let order) = $0.message { order } else { nil } }
        #expect(again.map(\.task) == [order.task] && again.map(\.attempt) == [2])
        // Now it is the other's.
        run.sendChunk(0, of: order, 1)
        #expect(run.codes(1).isEmpty)
        for order in [order, other[1]] { run.offer(order, 2) }
        #expect(run.codes(2) == [.accepted, .accepted])
        run.offer(orders[0][1], 1)
        let next = run.work(1).tasks + run.work(2).tasks
        #expect(next.count == 4 && next.allSatisfy { $0.round == 2 })
        #expect(run.coordinator.retries == 1)
        #expect(run.coordinator.meter.received.federatedPayload == 4 * TinyExperiment.modelBytes)
    }

    /// An offer with its output overtakes the download of the same: nothing is left of that.
    @Test func anOfferIsAcceptedUnderWay() {
        var (run, orders) = Self.begun(workers: 2) { $0.receiveBudget = 4000 }
        run.offer(orders[0][0], inline: false, 1)
        #expect(run.fetches(1) == [0])
        run.offer(orders[0][0], 1)
        #expect(run.codes(1) == [.accepted])
        run.offer(orders[1][0], inline: false, 2)
        #expect(run.fetches(2) == [0])
        run.sendChunk(0, of: orders[0][0], 1)
        run.wait(run.limits.retransmit + 1)
        #expect(run.inbox(1).isEmpty)
    }

    // MARK: - Workers that hold a task and do not get on with it

    /// A task that is sent again and again because nobody says that it is held.
    @Test func aWorkerForgetsItsTasks() {
        var run = Self.begun(workers: 1).run
        for _ in 0..<62 {
            run.wait(1_000_000_000)
            run.ping(1)
        }
        #expect(run.work(1).tasks.count >= 2 * 12)
        #expect(run.notes.contains { $0.contains("no progress for 60 s") })
        #expect(run.coordinator.retries == 2)
    }

    /// What was offered is not there: with nobody else to compute the task, the run ends as with any other failure.
    @Test func anOutputIsNotThere() {
        var (run, orders) = Self.begun(workers: 1)
        var order = orders[0][0]
        for attempt in 1...3 as ClosedRange<UInt32> {
            #expect(order.attempt == attempt)
            run.denyOutput(of: order, 1)
            guard let again = run.work(1).tasks.first else { break }
            #expect(again.task == order.task)
            order = again
        }
        run.say(.bye(code: 0, text: "", memoryBytes: 0), 1)
        guard case .taskFailed(let text) = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
        #expect(text.contains("refused 3 times") && text.contains("is not there"))
    }

    /// With another worker there, that one gets the task.
    @Test func anotherWorkerGetsIt() {
        var (run, orders) = Self.begun(workers: 2)
        run.denyOutput(of: orders[0][0], 1)
        #expect(run.codes(1) == [.failed])
        run.ping(1)
        #expect(run.work(1).tasks.isEmpty)
        run.offer(orders[1][0], 2)
        #expect(run.work(2).tasks.map(\.task) == [orders[0][0].task])
    }

    /// Connections that break in the middle of an honest download count as no failure.
    @Test func aDownloadThatIsInterrupted() {
        var (run, orders) = Self.begun(workers: 1) { $0.chunkBytes = 1024 }
        let order = orders[0][0]
        for _ in 0..<6 {
            run.offer(order, inline: false, 1)
            #expect(run.fetches(1) == [0])
            run.sendChunk(0, of: order, 1)
            run.step(.unreachable(PeerID([1])))
            run.join(1, held: [order.task])
        }
        run.offer(order, inline: false, 1)
        for index in 0..<4 as Range<UInt32> { run.sendChunk(index, of: order, 1) }
        #expect(run.codes(1) == [.accepted])
        #expect(run.end == nil)
    }

    /// Offering the same again is not getting on with it, whatever the worker says of its progress.
    @Test func anOfferThatNeverArrives() {
        var (run, orders) = Self.begun(workers: 1) { $0.deadline = 100_000_000_000 }
        for second in 0..<102 {
            if second % 3 == 0 { run.offer(orders[0][0], inline: false, 1) }
            run.wait(1_000_000_000)
            run.ping(1, held: orders[0].map(\.task), progress: UInt64(second))
        }
        #expect(run.notes.contains { $0.contains("a task took more than 100 s") })
    }

    /// Nor are chunks that are not what was asked for.
    @Test func chunksOfTheWrongLength() {
        var (run, orders) = Self.begun(workers: 1)
        let order = orders[0][0]
        run.offer(order, inline: false, 1)
        let id = run.honest(order).objects[0].id
        for _ in 0..<62 {
            run.say(.chunk(id: id, index: 0, length: 1), frame: ObjectBytes([1]), 1)
            run.wait(1_000_000_000)
            run.ping(1, held: orders[0].map(\.task))
        }
        #expect(run.notes.contains { $0.contains("no progress for 60 s") })
    }

    // MARK: - The receive budget

    /// A worker whose output does not fit waits for the other's, however slowly that one arrives.
    @Test func anOfferThatDoesNotFitYet() {
        var (run, orders) = Self.begun(workers: 2) {
            $0.chunkBytes = 1024
            $0.receiveBudget = 3000
        }
        run.offer(orders[0][0], inline: false, 1)
        #expect(run.fetches(1) == [0])
        for second in 0..<130 {
            if second % 3 == 0 { run.offer(orders[1][0], inline: false, 2) }
            if second % 30 == 29 { run.sendChunk(UInt32(second / 30), of: orders[0][0], 1) }
            if second < 119 { #expect(run.fetches(2) == []) }
            run.wait(1_000_000_000)
            for worker in [1, 2] { run.ping(UInt8(worker), held: orders[worker - 1].map(\.task)) }
        }
        #expect(run.notes.isEmpty)
        #expect(run.codes(1) == [.accepted] && run.fetches(2).first == 0)
    }
}

extension HandPlayedRun where Subject == TinyMethod {
    /// What an honest worker makes of a task of the step at hand.
    func honest(_ order: TaskOrder) -> TaskOutput {
        let spec = TaskSpec(
            id: order.task, kind: TaskSpec.Kind(rawValue: order.kind)!, round: Int(order.round),
            client: order.client, participation: order.participation, first: order.first, count: order.count,
            layout: order.layout, inputs: order.inputs)
        let model = program.object(order.inputs[0].id)!
        do {
            let execution = try TinyExperiment.executor().begin(spec, inputs: [model])
            while true { if let output = try execution.advance() { return output } }
        } catch { preconditionFailure("\(error)") }
    }

    /// Offers a result, an honest one unless another is given.
    mutating func offer(
        _ order: TaskOrder, giving output: TaskOutput? = nil, inline: Bool = true, failure: String? = nil,
        _ worker: UInt8
    ) {
        let output = failure == nil ? output ?? honest(order) : nil
        let objects = output?.objects ?? []
        let mask = inline ? InlineObjects.mask(objects, chunkBytes: limits.chunkBytes) : 0
        say(
            .offer(
                Offer(
                    task: order.task, attempt: order.attempt, outputs: objects.map { ObjectReference($0) },
                    metrics: output?.metrics ?? [], work: output?.work ?? [], inline: mask, failure: failure)),
            frame: InlineObjects.frame(objects, mask: mask), worker)
    }

    mutating func finish(_ orders: [TaskOrder], _ worker: UInt8) {
        for order in orders { offer(order, worker) }
    }

    mutating func sendChunk(_ index: UInt32, of order: TaskOrder, _ worker: UInt8) {
        let update = honest(order).objects[0]
        let range = ObjectTransfer.range(
            of: index, objectBytes: update.count, chunkBytes: limits.chunkBytes)!
        say(
            .chunk(id: update.id, index: index, length: UInt32(range.count)), frame: update.part(range),
            worker)
    }

    /// Offers a result and has not got it when it is asked for.
    mutating func denyOutput(of order: TaskOrder, _ worker: UInt8) {
        offer(order, inline: false, worker)
        say(.error(code: .unknownObject, text: "", object: honest(order).objects[0].id), worker)
    }

    /// What became of offers since the last look.
    mutating func codes(_ worker: UInt8) -> [ResultCode] {
        inbox(worker).compactMap { if case .result(_, let code, _) = $0.message { code } else { nil } }
    }

    /// The first chunks that a worker was asked for since the last look.
    mutating func fetches(_ worker: UInt8) -> [UInt32] {
        inbox(worker).compactMap { if case .fetch(_, let first, _) = $0.message { first } else { nil } }
    }
}

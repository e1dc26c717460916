import Methods
import Runtime
import TensorMath
import Wire

/// A worker whose coordinator is played by hand.
struct HandPlayedWorker {
    private(set) var worker: Worker
    private(set) var now: Instant = 1_000_000_000
    private var sequence: UInt64 = 1
    private var session: UInt64 = 500
    private var epoch: UInt64 = 1
    /// What it said since the last look.
    private var outbox: [(message: Message, frame: ObjectBytes?)] = []
    private(set) var reconnects = 0

    static let task = UInt64(1) << 32 | UInt64(TaskSpec.Kind.serveStudent.rawValue) << 28

    init(_ experiment: StreamExperiment) {
        let settings = WorkerSettings(
            version: "test", kernelFamily: "any", slot: nil, process: 1, nonce: 7)
        worker = Worker(settings: settings, now: now) { _ in
            WorkerEngine(executor: experiment.executor(), fingerprint: TinyExperiment.fingerprint)
        }
    }

    /// Answers HELLO; PING every 2 s, dead after 10.
    mutating func welcome(epoch: UInt64 = 1, chunkBytes: UInt32 = 1 << 20) {
        session += 1
        sequence = 0
        self.epoch = epoch
        say(
            .welcome(
                Welcome(
                    session: session, epoch: epoch, run: 99, chunkBytes: chunkBytes, pingMilliseconds: 2000,
                    deadMilliseconds: 10_000)), frame: ObjectBytes([1]))
    }

    /// Opens the stream of student 1, which senses its inputs; its weights come along or are to be fetched.
    mutating func order(attempt: UInt32 = 1, inline: Bool = true) {
        let weights = StreamProgram.weights(of: 1)
        say(
            .task(
                TaskOrder(
                    task: Self.task + 1, attempt: attempt, kind: TaskSpec.Kind.serveStudent.rawValue,
                    round: 1, client: 1, participation: 0, first: 0, count: nil,
                    layout: .init(repeating: 1, count: 32), inputs: [ObjectReference(weights)],
                    inline: inline ? 1 : 0)), frame: inline ? weights : nil)
    }

    mutating func ask(_ item: Int, attempt: UInt32 = 1) {
        say(.item(Item(task: Self.task + 1, number: item, attempt: attempt, hasFrame: false)))
    }

    mutating func say(_ message: Message, frame: ObjectBytes? = nil) {
        sequence += 1
        let envelope = Envelope(
            run: 99, epoch: epoch, session: session, sequence: sequence, message: message)
        take(worker.step(.received(header: envelope.encoded(), frame: frame, surplus: false), at: now))
        compute()
    }

    /// Time passes, in ticks of 50 ms.
    mutating func wait(milliseconds: Int) {
        for _ in 0..<milliseconds / 50 {
            now += 50_000_000
            take(worker.step(.tick, at: now))
            compute()
        }
    }

    private mutating func compute() {
        while worker.hasWork { take(worker.compute(at: now)) }
    }

    private mutating func take(_ actions: [WorkerAction]) {
        for action in actions {
            switch action {
            case .send(let header, let frame, _):
                outbox.append(((try? Envelope(decoding: header))!.message, frame))
            case .reconnect: reconnects += 1
            case .exit: preconditionFailure("it is not to end")
            }
        }
    }

    /// The answers that it sent since the last look; negative where they are its own.
    mutating func answers() -> [Int] {
        defer { outbox = [] }
        return outbox.compactMap { sent -> Int? in
            guard case .item(let item) = sent.message, let frame = sent.frame else { return nil }
            let weights = StreamProgram.weights(of: 1)
            let value = StreamProgram.answer(
                weights, StreamProgram.input(of: item.number), item: item.number)
            let due = item.isLocal ? ~value : value
            precondition(frame.bytes == (0..<8).map { UInt8(truncatingIfNeeded: due >> (8 * $0)) })
            return item.isLocal ? -item.number : item.number
        }
    }

    /// The first chunks that it asked for since the last look.
    mutating func fetches() -> [UInt32] {
        defer { outbox = [] }
        return outbox.compactMap { if case .fetch(_, let first, _) = $0.message { first } else { nil } }
    }

    /// Sends chunks of student 1's weights.
    mutating func chunks(_ indices: Range<UInt32>, chunkBytes: Int) {
        let weights = StreamProgram.weights(of: 1)
        for index in indices {
            let range = ObjectTransfer.range(of: index, objectBytes: weights.count, chunkBytes: chunkBytes)!
            say(
                .chunk(id: weights.id, index: index, length: UInt32(range.count)),
                frame: weights.part(range))
        }
    }

    /// The tasks of its last PING.
    var held: [UInt64]? {
        outbox.compactMap { sent -> [UInt64]? in
            if case .ping(let ping) = sent.message { ping.held } else { nil }
        }.last
    }
}

import Methods
import Runtime
import TensorMath
import Wire

/// A coordinator whose workers are played by hand: every message is chosen, every moment too.
struct HandPlayedRun<Subject: SimulatedExperiment> {
    private struct Player {
        var session: UInt64 = 0
        var sequence: UInt64 = 0
        var inbox: [(message: Message, frame: ObjectBytes?)] = []
    }

    private(set) var coordinator: Coordinator<Subject.Experiment>
    var now: Instant = 1_000_000_000
    private var players: [UInt8: Player] = [:]
    private(set) var end: RunEnd?
    private(set) var notes: [String] = []

    var limits: Limits { coordinator.settings.limits }
    var program: Subject.Experiment { coordinator.program }

    init(_ experiment: Subject, workers: Int = 1, limits: Limits = Limits()) {
        coordinator = Coordinator(
            settings: CoordinatorSettings(
                run: 99, epoch: 1, version: "test", kernelFamily: "any", scenario: ObjectBytes([1, 2, 3]),
                limits: limits, minimumWorkers: workers, launchesWorkers: false, slots: nil),
            program: experiment.program(resuming: nil), states: ClientStateStore(medium: MemoryMedium()))
    }

    /// A worker that is ready for tasks.
    mutating func join(_ worker: UInt8, slot: Int? = nil, held: [UInt64] = []) {
        greet(worker, slot: slot)
        ping(worker, held: held)
    }

    /// A worker that has still to read its data set, if it is welcome.
    mutating func greet(
        _ worker: UInt8, slot: Int? = nil, version: String = "test", kernelFamily: String = "any",
        nonce: UInt64? = nil
    ) {
        players[worker] = Player()
        let hello = Hello(
            version: version, kernelFamily: kernelFamily, slot: slot, process: 1, memoryBytes: 1)
        let envelope = Envelope(
            run: .max, epoch: .max, session: nonce ?? UInt64(worker), sequence: 1, message: .hello(hello))
        say(header: envelope.encoded(), worker)
        for case (.welcome(let welcome), _) in players[worker]!.inbox {
            players[worker]!.session = welcome.session
        }
        players[worker]!.inbox.removeAll {
            if case .welcome = $0.message { true } else { false }
        }
    }

    mutating func ping(_ worker: UInt8, held: [UInt64] = [], progress: UInt64 = 0) {
        let fingerprint = TinyExperiment.fingerprint
        say(
            .ping(Ping(progress: progress, memoryBytes: 1, held: held, fingerprint: fingerprint)), worker)
    }

    /// What a worker has been sent since the last look.
    mutating func inbox(_ worker: UInt8) -> [(message: Message, frame: ObjectBytes?)] {
        defer { players[worker]?.inbox = [] }
        return players[worker]?.inbox ?? []
    }

    /// The items among it, with the bytes of their inputs.
    mutating func items(_ worker: UInt8) -> [Item] {
        inbox(worker).compactMap { if case .item(let item) = $0.message { item } else { nil } }
    }

    /// Tasks and items that a worker has been sent since the last look.
    mutating func work(_ worker: UInt8) -> (tasks: [TaskOrder], items: [Item]) {
        let inbox = inbox(worker)
        return (
            inbox.compactMap { if case .task(let order) = $0.message { order } else { nil } },
            inbox.compactMap { if case .item(let item) = $0.message { item } else { nil } }
        )
    }

    mutating func say(_ message: Message, frame: ObjectBytes? = nil, _ worker: UInt8) {
        players[worker]!.sequence += 1
        let player = players[worker]!
        let envelope = Envelope(
            run: 99, epoch: 1, session: player.session, sequence: player.sequence, message: message)
        say(header: envelope.encoded(), frame: frame, worker)
    }

    /// Says anything at all.
    mutating func say(header: [UInt8], frame: ObjectBytes? = nil, _ worker: UInt8) {
        step(.received(PeerID([worker]), header: header, frame: frame, surplus: false))
    }

    mutating func step(_ event: CoordinatorEvent) {
        for action in coordinator.step(event, at: now) {
            switch action {
            case .send(let peer, let header, let frame, _):
                let message = (try? Envelope(decoding: header))!.message
                players[peer.bytes[0]]!.inbox.append((message, frame))
            case .finished(let end): self.end = end
            case .persist(let request): step(.persisted(round: request.snapshot.round))
            case .note(let note): notes.append(note.text)
            case .reply(let peer, let header):
                let message = (try? Envelope(decoding: header))!.message
                players[peer.bytes[0], default: Player()].inbox.append((message, nil))
            case .forget, .progress: break
            }
        }
    }

    mutating func wait(_ nanoseconds: UInt64) {
        now += nanoseconds
        step(.tick)
    }

    /// Seconds of a worker that computes nothing and says that it is there.
    mutating func idle(_ worker: UInt8, seconds: Int, held: [UInt64]) {
        for second in 0..<seconds {
            wait(1_000_000_000)
            ping(worker, held: held, progress: UInt64(second))
        }
    }
}

extension HandPlayedRun where Subject == StreamExperiment {
    /// The answer that an honest worker gives.
    mutating func answer(_ item: Item, _ worker: UInt8) {
        say(
            .item(Item(task: item.task, number: item.number, attempt: item.attempt, hasFrame: true)),
            frame: Self.honest(item), worker)
    }

    static func honest(_ item: Item) -> ObjectBytes {
        let weights = StreamProgram.weights(of: Int(item.task & 0xFFFF))
        let value = StreamProgram.answer(
            weights, StreamProgram.input(of: item.number), item: item.number)
        return ObjectBytes((0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }
}

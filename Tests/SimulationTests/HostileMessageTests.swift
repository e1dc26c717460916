import Methods
import Runtime
import TensorMath
import Testing
import Wire

/// Messages that decode and make no sense: every number a peer may choose, against both state machines.
@Suite struct HostileMessageTests {
    private var random = RandomStream(RandomKey(seed: 77, purpose: .test))

    private mutating func number() -> UInt64 {
        switch random.index(below: 4) {
        case 0: UInt64(random.index(below: 10))
        case 1: .max - UInt64(random.index(below: 3))
        case 2: UInt64(UInt32.max) - 2 + UInt64(random.index(below: 5))
        default: random.next()
        }
    }

    private mutating func small() -> UInt32 { UInt32(truncatingIfNeeded: number()) & (.max - 1) }

    private mutating func object(_ known: ObjectID) -> ObjectID {
        random.index(below: 2) == 0 ? known : ObjectID(high: number() | 1, low: number() | 1)
    }

    private mutating func message(_ known: ObjectID, task: UInt64) -> Message {
        let id = random.index(below: 2) == 0 ? task : number() | 1
        let reference = ObjectReference(id: object(known), bytes: min(number(), Limits.objectBytes))
        switch random.index(below: 11) {
        case 0:
            return .ping(
                Ping(
                    progress: number() & (.max - 1), memoryBytes: 1, held: [id],
                    fingerprint: TinyExperiment.fingerprint))
        case 1: return .fetch(id: object(known), first: small(), count: max(1, small()))
        case 2: return .chunk(id: object(known), index: small(), length: max(1, small()))
        case 3:
            return .offer(
                Offer(
                    task: id, attempt: 1, outputs: [reference], metrics: [.nan, -1, 1e300, .infinity],
                    work: [number(), number()], inline: UInt32(random.index(below: 4)), failure: nil))
        case 4:
            return .offer(
                Offer(task: id, attempt: 1, outputs: [], metrics: [], work: [], inline: 0, failure: "no"))
        case 5: return .error(code: .unknownObject, text: "", object: object(known))
        case 6: return .result(task: id, code: .accepted, text: "")
        case 7:
            let kind = 1 + small() % 6
            let isStream = kind == TaskSpec.Kind.serveStudent.rawValue
            return .task(
                TaskOrder(
                    task: id, attempt: 1 + small() % 2, kind: kind, round: 1, client: Int(small()),
                    participation: Int(small()), first: Int(small()), count: Int(max(1, small())),
                    layout: TinyExperiment.plan.layout.digest,
                    inputs: isStream && random.index(below: 2) == 0 ? [] : [reference], inline: 0))
        case 8, 9:
            return .item(
                Item(
                    task: id, number: max(1, Int(truncatingIfNeeded: number() >> 1)),
                    attempt: 1 + small() % 3, hasFrame: random.index(below: 4) > 0,
                    isLocal: random.index(below: 4) == 0))
        default: return .pong(committed: number() & (.max - 1))
        }
    }

    @Test mutating func aCoordinatorSurvivesThem() {
        let world = SimulatedWorld(seed: 1, workers: 0, faults: .none, subject: TinyMethod())
        disturb(world.fresh(), model: TinyExperiment.modelName, kind: .train)
    }

    @Test(arguments: [StreamSpec.Disconnection.restart, .lose, .continue])
    mutating func aCoordinatorWithStreamsSurvivesThem(onDisconnect: StreamSpec.Disconnection) {
        let experiment = StreamExperiment(students: 5, items: 40, onDisconnect: onDisconnect)
        let world = SimulatedWorld(seed: 1, workers: 0, faults: .none, subject: experiment)
        disturb(world.fresh(), model: StreamProgram.weights(of: 0).id, kind: .serveStudent)
    }

    private mutating func disturb<Experiment>(
        _ coordinator: Coordinator<Experiment>, model: ObjectID, kind: TaskSpec.Kind
    ) {
        var coordinator = coordinator
        var peer: UInt8 = 0
        var session: UInt64 = 0
        var sequence: UInt64 = 0
        for i in 0..<30_000 {
            let now = UInt64(i) * 1_000_000
            if sequence == 0 {
                peer &+= 1
                sequence = 1
                let hello = Hello(version: "test", kernelFamily: "any", slot: 0, process: 1, memoryBytes: 1)
                for action in coordinator.step(
                    .received(
                        PeerID([peer]),
                        header: Envelope(
                            run: .max, epoch: .max, session: UInt64(peer) + 1, sequence: 1,
                            message: .hello(hello)
                        ).encoded(),
                        frame: nil, surplus: false), at: now)
                {
                    if case .send(_, let header, _, _) = action,
                        let envelope = try? Envelope(decoding: header),
                        case .welcome(let welcome) = envelope.message
                    {
                        session = welcome.session
                    }
                }
            }
            let envelope = Envelope(
                run: 99, epoch: 1, session: session, sequence: sequence,
                message: message(
                    model, task: 1 << 32 | UInt64(kind.rawValue) << 28 | UInt64(random.index(below: 5))))
            sequence += 1
            let frame = random.index(below: 2) == 0 ? nil : ObjectBytes([1, 2, 3, 4])
            let actions = coordinator.step(
                .received(PeerID([peer]), header: envelope.encoded(), frame: frame, surplus: false), at: now)
            if actions.contains(where: { if case .forget = $0 { true } else { false } }) { sequence = 0 }
        }
    }

    @Test mutating func aWorkerSurvivesThem() {
        disturbWorker(TinyExperiment.executor())
    }

    /// Some of its streams need no input, so that they are open.
    @Test mutating func aWorkerWithStreamsSurvivesThem() {
        disturbWorker(StreamExperiment(students: 5).executor())
    }

    private mutating func disturbWorker(_ executor: any TaskExecutor) {
        var worker = Worker(
            settings: WorkerSettings(version: "test", kernelFamily: "any", slot: 0, process: 1, nonce: 5),
            now: 0
        ) { _ in WorkerEngine(executor: executor, fingerprint: TinyExperiment.fingerprint) }
        let welcome = Envelope(
            run: 99, epoch: 1, session: 7, sequence: 1,
            message: .welcome(
                Welcome(
                    session: 7, epoch: 1, run: 99, chunkBytes: 1 << 20, pingMilliseconds: 2000,
                    deadMilliseconds: 10_000)))
        var sequence: UInt64 = 1
        for i in 0..<30_000 {
            let now = UInt64(i) * 1_000_000
            if !worker.isConnected {
                sequence = 1
                _ = worker.step(
                    .received(header: welcome.encoded(), frame: ObjectBytes([1]), surplus: false), at: now)
            }
            sequence += 1
            let envelope = Envelope(
                run: 99, epoch: 1, session: 7, sequence: sequence,
                message: message(ObjectID(high: 3, low: 3), task: UInt64(1 + random.index(below: 5))))
            let frame = random.index(below: 2) == 0 ? nil : ObjectBytes([1, 2, 3, 4])
            _ = worker.step(.received(header: envelope.encoded(), frame: frame, surplus: false), at: now)
            if worker.hasWork { _ = worker.compute(at: now) }
        }
    }
}

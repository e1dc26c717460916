import Foundation
import Methods
import Runtime
import Synchronization
import TensorMath
import Testing
import Wire

/// Streams over real sockets, and peers that send items which nobody asked for.
@Suite(.serialized) struct StreamSocketTests {
    private typealias Result = (end: RunEnd, program: StreamProgram, meter: TrafficMeter)

    /// What the coordinator's thread tells the test.
    private final class Board: Sendable {
        private let endpoint = Mutex<String?>(nil)
        private let result = Mutex<Result?>(nil)

        func bound(_ endpoint: String) { self.endpoint.withLock { $0 = endpoint } }
        func ended(_ result: Result) { self.result.withLock { $0 = result } }

        /// Looks until `found` gives something, for at most `seconds`.
        private static func await<Value>(seconds: Int, _ found: () -> Value?) -> Value? {
            for _ in 0..<seconds * 100 {
                if let value = found() { return value }
                Thread.sleep(forTimeInterval: 0.01)
            }
            return nil
        }

        var awaitedEndpoint: String? { Self.await(seconds: 20) { endpoint.withLock { $0 } } }
        var awaitedResult: Result? { Self.await(seconds: 60) { result.withLock { $0 } } }
    }

    private static func startCoordinator(
        _ experiment: StreamExperiment, _ context: ZeroMQContext, workers: Int
    ) -> Board {
        let board = Board()
        Thread.detachNewThread {
            guard let mailbox = try? CoordinatorDriver<StreamProgram>.Mailbox(),
                let socket = try? ZeroMQSocket(
                    .router, context: context, endpoint: "tcp://127.0.0.1:0", limits: Limits())
            else { return }
            board.bound(socket.boundEndpoint)
            let settings = CoordinatorSettings(
                run: 99, epoch: 1, version: "test", kernelFamily: "any", scenario: ObjectBytes([1, 2, 3]),
                limits: Limits(), minimumWorkers: workers, launchesWorkers: false, slots: nil)
            let driver = CoordinatorDriver(
                coordinator: Coordinator(
                    settings: settings, program: experiment.program(resuming: nil),
                    states: ClientStateStore(medium: MemoryMedium())),
                mailbox: mailbox, launcher: nil,
                persist: { mailbox.post(.persisted(round: $0.snapshot.round)) }, observe: { _ in })
            let end = driver.run(socket: socket)
            board.ended((end, driver.coordinator.program, driver.coordinator.meter))
        }
        return board
    }

    private static func startWorker(
        _ experiment: StreamExperiment, _ context: ZeroMQContext, _ endpoint: String, nonce: UInt64
    ) {
        Thread.detachNewThread {
            let settings = WorkerSettings(
                version: "test", kernelFamily: "any", slot: nil, process: UInt32(nonce), nonce: nonce)
            let worker = Worker(settings: settings, now: MonotonicClock.now()) { _ in
                WorkerEngine(executor: experiment.executor(), fingerprint: TinyExperiment.fingerprint)
            }
            _ = try? WorkerDriver.run(
                worker, endpoint: endpoint, context: context, limits: Limits(), parent: nil)
        }
    }

    /// Windows beyond what a socket queues, more streams than workers, tasks beside them: all answered, each counted once.
    @Test(arguments: [1, 2]) func streamsOverSockets(workers: Int) throws {
        let experiment = StreamExperiment(students: 3, items: 700, window: 1000, ordinary: 3)
        let context = ZeroMQContext()
        let board = Self.startCoordinator(experiment, context, workers: workers)
        let endpoint = try #require(board.awaitedEndpoint)
        for worker in 1...workers {
            Self.startWorker(experiment, context, endpoint, nonce: UInt64(worker))
        }
        let (end, program, meter) = try #require(board.awaitedResult)
        #expect(end == .completed(Outcome(rounds: 1, finalAccuracy: nil, modelDigest: "\(experiment.sum)")))
        #expect(program.answered == 2100 && program.ordinary == 3)
        #expect(meter.sent.items == 1400 && meter.sent.itemPayload == 1400 * 500)
        #expect(meter.received.items == 2100 && meter.received.itemPayload == 2100 * 8)
        #expect(meter.received.federated == 2100 * (8 + 82))
    }

    /// A peer without a session, and one that serves streams and answers what is not asked: the sum is the same.
    @Test func hostileItems() throws {
        let experiment = StreamExperiment(students: 2, items: 200, window: 8, ordinary: 1)
        let context = ZeroMQContext()
        let board = Self.startCoordinator(experiment, context, workers: 1)
        let endpoint = try #require(board.awaitedEndpoint)
        let liar = try HostilePeer(endpoint, context)
        #expect(liar.join())
        let item = try #require(liar.item())
        let value = ObjectBytes(.init(repeating: 1, count: 8))
        for task in [1, item.task + 100, .max] {
            liar.send(.item(Item(task: task, number: 1, attempt: 1, hasFrame: true)), frame: value)
        }
        for number in [100, 201, Int.max] {
            liar.send(.item(Item(task: item.task, number: number, attempt: 1, hasFrame: true)), frame: value)
        }
        liar.send(.item(Item(task: item.task, number: 1, attempt: 9, hasFrame: true)), frame: value)
        // Item 0 is no item: that is the first of these which costs the session.
        liar.send(.item(Item(task: item.task, number: 0, attempt: 1, hasFrame: true)), frame: value)
        #expect(liar.error() == .malformed)
        for frame in [nil, ObjectBytes([]), ObjectBytes(.init(repeating: 1, count: 4096))] {
            let other = try HostilePeer(endpoint, context)
            #expect(other.join())
            let item = try #require(other.item())
            let answer = Item(
                task: item.task, number: item.number, attempt: item.attempt, hasFrame: frame != nil)
            other.send(.item(answer), frame: frame)
            #expect(other.rejection() == .revoked)
        }
        let stranger = try HostilePeer(endpoint, context)
        stranger.send(.item(item), frame: value)
        #expect(stranger.rejection() == .staleSession)
        Self.startWorker(experiment, context, endpoint, nonce: 77)
        let (end, program, _) = try #require(board.awaitedResult)
        #expect(end == .completed(Outcome(rounds: 1, finalAccuracy: nil, modelDigest: "\(experiment.sum)")))
        #expect(program.answered == 400)
    }
}

/// A connection that speaks the protocol by hand.
private final class HostilePeer {
    private let socket: ZeroMQSocket
    private var (run, epoch, session) = (Envelope.unknown, Envelope.unknown, UInt64(4242))
    private var sequence: UInt64 = 0

    init(_ endpoint: String, _ context: ZeroMQContext) throws {
        socket = try ZeroMQSocket(.dealer, context: context, endpoint: endpoint, limits: Limits())
    }

    func send(_ message: Message, frame: ObjectBytes? = nil) {
        sequence += 1
        let envelope = Envelope(
            run: run, epoch: epoch, session: session, sequence: sequence, message: message)
        let header = envelope.encoded()
        for _ in 0..<1000 {
            if socket.send(peer: nil, header: header, frame: frame) == .sent { return }
            socket.wait(milliseconds: 10)
        }
    }

    func item() -> Item? { next { if case .item(let item) = $0 { item } else { nil } } }
    func error() -> ErrorCode? { next { if case .error(let code, _, _) = $0 { code } else { nil } } }
    func rejection() -> Reject.Code? {
        next { if case .reject(let reject) = $0 { reject.code } else { nil } }
    }

    /// The next message that `wanted` makes something of.
    private func next<Result>(_ wanted: (Message) -> Result?) -> Result? {
        for _ in 0..<500 {
            while let message = socket.receive(kind: .dealer) {
                guard let envelope = try? Envelope(decoding: message.header) else { continue }
                if let result = wanted(envelope.message) { return result }
            }
            socket.wait(milliseconds: 20)
        }
        return nil
    }

    /// Takes part, ready for tasks.
    func join() -> Bool {
        send(
            .hello(Hello(version: "test", kernelFamily: "any", slot: nil, process: 1, memoryBytes: 1)))
        guard let welcome = next({ if case .welcome(let welcome) = $0 { welcome } else { nil } }) else {
            return false
        }
        (run, epoch, session, sequence) = (welcome.run, welcome.epoch, welcome.session, 0)
        send(.ping(Ping(progress: 0, memoryBytes: 1, held: [], fingerprint: TinyExperiment.fingerprint)))
        return true
    }
}

import Datasets
import Foundation
import Runtime
import TensorMath
import Testing
import Wire

/// Peers that are wrong, by accident or on purpose: each is refused by name, and the run's bits are those of a run
/// without them.
@Suite(.serialized) struct HostilePeerTests {
    let laboratory: Laboratory

    init() throws { laboratory = try Laboratory() }

    /// A connection that speaks the protocol by hand.
    final class FakeWorker {
        let socket: ZeroMQSocket
        var run = Envelope.unknown
        var epoch = Envelope.unknown
        var session: UInt64 = 4242
        var sequence: UInt64 = 0

        init(_ endpoint: String, _ context: ZeroMQContext) throws {
            socket = try ZeroMQSocket(.dealer, context: context, endpoint: endpoint, limits: Limits())
        }

        func send(_ message: Message, frame: ObjectBytes? = nil) {
            sequence += 1
            let envelope = Envelope(
                run: run, epoch: epoch, session: session, sequence: sequence, message: message)
            let header = envelope.encoded()
            _ = eventually(seconds: 10) { socket.send(peer: nil, header: header, frame: frame) == .sent }
        }

        func receive(seconds: Double = 10) -> Envelope? {
            let deadline = Date().addingTimeInterval(seconds)
            while Date() < deadline {
                if let message = socket.receive(kind: .dealer) {
                    return try? Envelope(decoding: message.header)
                }
                socket.wait(milliseconds: 20)
            }
            return nil
        }

        /// The next message that `wanted` makes something of.
        func next<Result>(seconds: Double = 10, _ wanted: (Message) -> Result?) -> Result? {
            let deadline = Date().addingTimeInterval(seconds)
            while Date() < deadline, let envelope = receive(seconds: seconds) {
                if let result = wanted(envelope.message) { return result }
            }
            return nil
        }

        func hello(version: String = "0.1.0", family: String = KernelFamily.supported.rawValue) {
            send(.hello(Hello(version: version, kernelFamily: family, slot: nil, process: 1, memoryBytes: 1)))
        }

        /// Takes part, and says that it holds the data set `fingerprint`.
        func join(_ fingerprint: ObjectID) -> Bool {
            hello()
            guard let welcome = next({ if case .welcome(let welcome) = $0 { welcome } else { nil } }) else {
                return false
            }
            (run, epoch, session, sequence) = (welcome.run, welcome.epoch, welcome.session, 0)
            send(.ping(Ping(progress: 0, memoryBytes: 1, held: [], fingerprint: fingerprint)))
            return true
        }

        func rejection() -> Reject.Code? {
            next { if case .reject(let reject) = $0 { reject.code } else { nil } }
        }

        func task() -> TaskOrder? { next { if case .task(let order) = $0 { order } else { nil } } }

        /// Offers a result and returns what became of it.
        func offer(_ order: TaskOrder, _ object: ObjectBytes, claim: ObjectReference? = nil) -> ResultCode? {
            send(
                .offer(
                    Offer(
                        task: order.task, attempt: order.attempt, outputs: [claim ?? ObjectReference(object)],
                        metrics: [1, 1, 40, 5, 1], work: [40, 40], inline: 1, failure: nil)), frame: object)
            return next { if case .result(order.task, let code, _) = $0 { code } else { nil } }
        }
    }

    /// A coordinator whose scenario has a model that fits one chunk.
    func startCoordinator(_ name: String, workers: Int = 0) throws -> (RunningProgram, endpoint: String) {
        let scenario = try laboratory.scenario(rounds: 3)
        let run = try RunningProgram([
            "coordinator", scenario, "--bind", "tcp://127.0.0.1:0", "--out", laboratory.file(name), "--quiet",
            "--json", "--workers", "\(workers)", "--set", "model={name: logistic}", "--set",
            "hosts.launch=[{kind: manual}]",
        ])
        #expect(eventually { laboratory.endpoint(name) != nil })
        return (run, try #require(laboratory.endpoint(name)))
    }

    func fingerprint() throws -> ObjectID {
        try Dataset.load(DatasetSpec(name: .mnist, path: laboratory.path), seed: 3).fingerprint
    }

    /// The run's end with an honest worker, and its files against those of a calm run.
    func finish(_ run: RunningProgram, _ endpoint: String, _ name: String) throws -> String {
        let worker = try RunningProgram(["worker", "--connect", endpoint])
        let outcome = try run.wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try worker.wait(seconds: 20).code == 0)
        let (calm, calmEndpoint) = try startCoordinator(name + "-calm")
        let other = try RunningProgram(["worker", "--connect", calmEndpoint])
        #expect(try calm.wait().code == 0)
        #expect(try other.wait(seconds: 20).code == 0)
        #expect(laboratory.differences(name + "-calm", name) == [])
        return String(decoding: laboratory.bytes("\(name)/log.jsonl") ?? Data(), as: UTF8.self)
    }

    @Test func strangers() throws {
        let (run, endpoint) = try startCoordinator("strangers")
        let context = ZeroMQContext()
        // Another version, other kernels: refused for good, with both named.
        for (version, family, word) in [
            ("9.9.9", KernelFamily.supported.rawValue, "9.9.9"), ("0.1.0", "sse", "sse"),
        ] {
            let stranger = try FakeWorker(endpoint, context)
            stranger.hello(version: version, family: family)
            let reject = stranger.next { if case .reject(let reject) = $0 { reject } else { nil } }
            #expect(reject?.text.contains(word) == true && reject?.retryMilliseconds == nil)
        }
        // Garbage within ZeroMQ's framing, and without.
        let garbage = try FakeWorker(endpoint, context)
        var random = RandomStream(RandomKey(seed: 9, purpose: .test))
        for length in 0..<60 {
            let bytes = (0..<length * 37).map { _ in UInt8(truncatingIfNeeded: random.nextUInt32()) }
            _ = eventually(seconds: 5) { garbage.socket.send(peer: nil, header: bytes, frame: nil) == .sent }
        }
        let port = try #require(endpoint.split(separator: ":").last.flatMap { Int($0) })
        for length in [1, 10, 64, 5000] {
            let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #expect(CountingProxy.connectLoopback(handle, port))
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.nextUInt32()) }
            _ = send(handle, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            close(handle)
        }
        // A message of a session that does not exist.
        let lost = try FakeWorker(endpoint, context)
        (lost.run, lost.epoch) = (7, 7)
        lost.send(.ping(Ping(progress: 0, memoryBytes: 1, held: [], fingerprint: nil)))
        #expect(lost.rejection() == .staleSession)
        let log = try finish(run, endpoint, "strangers")
        #expect(log.contains("version 9.9.9") && log.contains("not a header"))
    }

    static func model(_ value: Float, count: Int) -> ObjectBytes {
        let buffer = FloatBuffer(count: count)
        buffer.view.fill(value)
        return ObjectBytes(buffer.view)
    }

    /// Whoever breaks the protocol is sent away, however often he comes back; values that cannot be used count against
    /// the task only when nobody else is left to try.
    @Test func poisonedUpdates() throws {
        let (run, endpoint) = try startCoordinator("poison")
        let context = ZeroMQContext()
        let fingerprint = try fingerprint()
        let count = Laboratory.side * Laboratory.side * 10 + 10
        let good = Self.model(0, count: count)
        let named = ObjectReference(id: ObjectID(high: 1, low: 2), bytes: UInt64(good.count))
        let lies: [(ResultCode, ObjectBytes, ObjectReference?)] = [
            (.badSize, Self.model(0, count: count - 1), nil),
            (.badSize, Self.model(0, count: count + 1), nil),
            (.badDigest, good, named), (.badSize, ObjectBytes([]), nil),
            (.badSize, Self.model(0, count: 9999), nil),
            (.badNaN, Self.model(.infinity, count: count), nil),
            (.badRange, Self.model(1e9, count: count), nil),
        ]
        for (code, object, claim) in lies {
            let liar = try FakeWorker(endpoint, context)
            #expect(liar.join(fingerprint))
            let order = try #require(liar.task())
            // A task that is still in the queue (a worker holds at most eight of the ten), and one that never was.
            for task in [order.task + 9, UInt64(77)] {
                var wrong = order
                wrong.task = task
                #expect(liar.offer(wrong, good) == .stale)
            }
            #expect(liar.offer(order, object, claim: claim) == code)
            if [.badShape, .badSize, .badDigest].contains(code) {
                #expect(liar.rejection() == .revoked)
            } else {
                liar.send(.bye(code: 1, text: "", memoryBytes: 0))
            }
        }
        let log = try finish(run, endpoint, "poison")
        for name in ["BAD_NAN", "BAD_RANGE", "BAD_SIZE", "BAD_DIGEST"] {
            #expect(log.contains(name))
        }
    }

    @Test func anotherDataSet() throws {
        let (run, endpoint) = try startCoordinator("data")
        let context = ZeroMQContext()
        let first = try FakeWorker(endpoint, context)
        #expect(first.join(try fingerprint()))
        #expect(first.task() != nil)
        let second = try FakeWorker(endpoint, context)
        second.sequence = 0
        #expect(second.join(ObjectID(high: 3, low: 4)))
        #expect(second.rejection() == .dataset)
        first.send(.bye(code: 0, text: "", memoryBytes: 0))
        _ = try finish(run, endpoint, "data")
    }
}

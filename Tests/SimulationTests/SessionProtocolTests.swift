import Methods
import Runtime
import TensorMath
import Testing
import Wire

/// Handshakes, farewells and strangers, message by message, from either side.
@Suite struct SessionProtocolTests {
    private static func seconds(_ count: UInt64) -> UInt64 { count * 1_000_000_000 }

    // MARK: - Company

    /// A worker that reads its data set for longer than a worker is waited for is waited for all the same.
    @Test func aWorkerReadsForLong() {
        var run = HandPlayedRun(TinyMethod())
        run.greet(1)
        for _ in 0..<100 { run.wait(Self.seconds(1)) }
        #expect(run.end == nil)
        run.ping(1)
        #expect(run.rejections(1) == [.staleSession])
        run.join(1)
        #expect(run.work(1).tasks.count == 2)
        run.wait(Self.seconds(1))
        // It dies: now there is nobody.
        run.step(.unreachable(PeerID([1])))
        for _ in 0..<62 { run.wait(Self.seconds(1)) }
        #expect(run.end == .noWorkers("0 of 1 workers were ready after 61 s"))
    }

    /// One that begins to read again and again is not waited for for ever.
    @Test func aWorkerNeverGetsReady() {
        var limits = Limits()
        limits.deadline = Self.seconds(300)
        var run = HandPlayedRun(TinyMethod(), limits: limits)
        for second in 0..<365 as Range<UInt64> {
            if second % 50 == 0 { run.greet(1, nonce: 1 + second) }
            if second < 350 { #expect(run.end == nil) }
            run.wait(Self.seconds(1))
        }
        #expect(run.end == .noWorkers("0 of 1 workers were ready after 361 s"))
    }

    /// One that can say that it still reads is not even voided.
    @Test func aWorkerReadsAndSaysSo() {
        var run = HandPlayedRun(TinyMethod())
        run.greet(1)
        for _ in 0..<200 {
            run.wait(Self.seconds(1))
            run.say(.ping(Ping(progress: 0, memoryBytes: 1, held: [], fingerprint: nil)), 1)
        }
        run.ping(1)
        #expect(run.work(1).tasks.count == 2 && run.notes.isEmpty)
    }

    // MARK: - The log

    /// What any peer may do a thousand times, and what it needs for that.
    enum Nuisance: CaseIterable {
        case version, kernelFamily, garbage, garbageInSession, dataset, leaving, returning, error, conflict
    }

    /// None fills the log.
    @Test(arguments: Nuisance.allCases) func aThousandTimes(nuisance: Nuisance) {
        var run = HandPlayedRun(TinyMethod())
        run.join(1)
        let order = run.work(1).tasks[0]
        run.offer(order, 1)
        run.join(2)
        #expect(run.notes.isEmpty)
        for time in 0..<1000 as Range<UInt64> { Self.disturb(&run, nuisance, time) }
        #expect(1...10 ~= run.notes.count, "\(run.notes)")
        #expect(run.notes.last?.contains("(512 of this kind so far)") == true)
    }

    private static func disturb(_ run: inout HandPlayedRun<TinyMethod>, _ nuisance: Nuisance, _ time: UInt64)
    {
        switch nuisance {
        case .version: run.greet(3, version: "9.9.9")
        case .kernelFamily: run.greet(3, kernelFamily: "abacus")
        case .garbage: run.say(header: [1, 2, 3], 3)
        case .garbageInSession:
            run.greet(3)
            run.say(header: [1, 2, 3], 3)
        case .dataset:
            run.greet(3)
            let other = ObjectID(high: 1, low: 1)
            run.say(.ping(Ping(progress: 0, memoryBytes: 1, held: [], fingerprint: other)), 3)
        case .leaving:
            run.greet(3)
            run.say(.bye(code: 66, text: "no data", memoryBytes: 1), 3)
        case .returning: run.greet(2, nonce: 1000 + time)
        case .error: run.say(.error(code: .unexpected, text: "hm", object: nil), 2)
        case .conflict: run.say(.offer(Self.failure), 2)
        }
    }

    private static let failure = Offer(
        task: UInt64(1) << 32 | UInt64(TaskSpec.Kind.train.rawValue) << 28, attempt: 1, outputs: [],
        metrics: [], work: [], inline: 0, failure: "no")

    // MARK: - Another version of the protocol

    /// As another major version writes it: the first field is the major.
    private static func otherMajor(_ envelope: Envelope) -> [UInt8] {
        var header = envelope.encoded()
        precondition(header[0] == 1 << 3 | 5 && header[1] == UInt8(ProtocolVersion.major))
        header[1] = 2
        return header
    }

    @Test func aWorkerOfAnotherMajorVersion() {
        var run = HandPlayedRun(TinyMethod())
        let hello = Hello(version: "test", kernelFamily: "any", slot: nil, process: 1, memoryBytes: 1)
        let envelope = Envelope(run: .max, epoch: .max, session: 3, sequence: 1, message: .hello(hello))
        run.say(header: Self.otherMajor(envelope), 3)
        guard case .reject(let reject) = run.inbox(3).first?.message else {
            Issue.record("no answer")
            return
        }
        #expect(reject.code == .version && reject.retryMilliseconds == nil)
        #expect(reject.text.contains("protocol version 2; this is 1"))
        // In a session it is as any other message that cannot be read.
        run.join(1)
        _ = run.inbox(1)
        run.say(header: Self.otherMajor(envelope), 1)
        guard case .error(.malformed, _, nil) = run.inbox(1).first?.message else {
            Issue.record("no error")
            return
        }
    }

    private static func worker() -> Worker {
        let settings = WorkerSettings(
            version: "test", kernelFamily: "any", slot: nil, process: 1, nonce: 7,
            patience: seconds(60))
        return Worker(settings: settings, now: 0) { _ in preconditionFailure("there is no WELCOME") }
    }

    private static func reject(_ code: Reject.Code, retry: UInt32?) -> Envelope {
        let reject = Reject(code: code, text: "", retryMilliseconds: retry)
        return Envelope(run: 9, epoch: 1, session: Envelope.unknown, sequence: 1, message: .reject(reject))
    }

    @Test func aCoordinatorOfAnotherMajorVersion() {
        var worker = Self.worker()
        _ = worker.step(.tick, at: 1)
        let header = Self.otherMajor(Self.reject(.version, retry: nil))
        let actions = worker.step(.received(header: header, frame: nil, surplus: false), at: 2)
        guard case .exit(.rejected(let reject)) = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(reject.code == .version && reject.text.contains("protocol version 2; this is 1"))
    }

    static let noWelcomes: [[UInt8]] = [[1, 2, 3], reject(.full, retry: 5000).encoded()]

    /// Answers that are no WELCOME do not try a worker's patience anew.
    @Test(arguments: SessionProtocolTests.noWelcomes)
    func aWorkerThatIsNeverWelcome(answer: [UInt8]) {
        var worker = Self.worker()
        var exits: [WorkerExit] = []
        var reconnects = 0
        for tick in 0..<1250 as Range<UInt64> where exits.isEmpty {
            let now = tick * 50_000_000
            var actions = worker.step(.tick, at: now)
            if tick % 100 == 50 {
                actions += worker.step(.received(header: answer, frame: nil, surplus: false), at: now)
            }
            for action in actions {
                switch action {
                case .exit(let exit): exits.append(exit)
                case .reconnect: reconnects += 1
                case .send: break
                }
            }
        }
        #expect(exits == [.noCoordinator] && reconnects >= 10)
    }
}

extension HandPlayedRun {
    /// Why a worker was turned away since the last look.
    mutating func rejections(_ worker: UInt8) -> [Reject.Code] {
        inbox(worker).compactMap { if case .reject(let reject) = $0.message { reject.code } else { nil } }
    }
}

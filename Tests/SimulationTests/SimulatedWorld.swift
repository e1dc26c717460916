import Methods
import Runtime
import TensorMath
import Wire

/// How often what goes wrong, until the world heals.
struct Faults {
    var drop = 0.0
    var duplicate = 0.0
    /// Nanoseconds, at most; messages overtake each other.
    var delay: UInt64 = 1_000_000
    /// Per tick of a worker or the coordinator.
    var workerCrash = 0.0
    var workerStall = 0.0
    var coordinatorCrash = 0.0
    var diskFault = 0.0
    /// Chance that the frame of a message arrives with a flipped bit.
    var corrupt = 0.0
    /// Links that are down, and processes that are killed, at chosen moments, healed or not.
    var cuts: [Cut] = []
    var kills: [Kill] = []
    static let none = Faults()

    /// Nothing arrives in either direction.
    struct Cut {
        var time: Range<Instant>
        /// nil: the links of all workers.
        var worker: Int?
    }

    struct Kill {
        var time: Instant
        var worker: Int
        /// Whether a launcher sees it.
        var isSeen = true
    }
}

/// What is computed in a simulated world.
protocol SimulatedExperiment {
    associatedtype Experiment: Program
    func program(resuming snapshot: Snapshot?) -> Experiment
    func executor() -> any TaskExecutor
    /// Bytes of what a client keeps.
    var stateBytes: Int { get }
    /// What the ledger says of a finished run.
    func outcome(of disk: [DurabilityRequest]) -> Outcome
}

extension SimulatedExperiment {
    func outcome(of disk: [DurabilityRequest]) -> Outcome { TinyExperiment.outcome(of: disk) }
}

/// Coordinator, workers, network and disk in one thread under a virtual clock: the code that runs in production,
/// with every fault drawn from one seed.
final class SimulatedWorld<Subject: SimulatedExperiment> {
    private enum Event {
        case toCoordinator(PeerID, [UInt8], ObjectBytes?)
        case toWorker(Int, connection: Int, [UInt8], ObjectBytes?)
        case workerTick(Int)
        case workerReturns(Int)
        case kill(Int, isSeen: Bool)
        case coordinatorTick
        case persisted(epoch: UInt64, DurabilityRequest, fails: Bool)
    }

    private struct Scheduled: Comparable {
        let time: Instant
        let order: Int
        let event: Event
        static func < (a: Scheduled, b: Scheduled) -> Bool { (a.time, a.order) < (b.time, b.order) }
        static func == (a: Scheduled, b: Scheduled) -> Bool { a.order == b.order }
    }

    private struct Node {
        var worker: Worker?
        var connection = 0
        var stalledUntil: Instant = 0
        var computing = false
        /// Not before; 0 for any moment.
        var computesAt: Instant = 0
    }

    let faults: Faults
    let healsAt: Instant
    var random: RandomStream
    private var queue: [Scheduled] = []
    private var order = 0
    private(set) var now: Instant = 0
    private(set) var coordinator: Coordinator<Subject.Experiment>
    private var nodes: [Node]
    private var epoch: UInt64 = 1
    private var limits: Limits
    private let shuffled: Bool
    /// Nanoseconds that a worker computes at once, at most; nil for about 3 ms, and less where messages come often.
    private let slice: UInt64?
    let subject: Subject
    /// Clients' states: the file survives the process.
    private let medium = MemoryMedium()
    /// The disk: rows and snapshot of every durable point, in order.
    private(set) var disk: [DurabilityRequest] = []
    private var inFlight: DurabilityRequest?
    private(set) var end: RunEnd?
    private(set) var crashes = 0
    private(set) var notes: [String] = []

    init(
        seed: UInt64, workers: Int, faults: Faults, chunkBytes: Int = 1 << 20, slots: Int? = nil,
        slice: UInt64? = nil, minimumWorkers: Int = 1, subject: Subject
    ) {
        self.slice = slice
        self.subject = subject
        self.faults = faults
        healsAt = 20_000_000_000
        random = RandomStream(RandomKey(seed: seed, purpose: .fault))
        limits = Limits()
        limits.chunkBytes = chunkBytes
        limits.ping = 400_000_000
        limits.dead = 2_000_000_000
        limits.retransmit = 600_000_000
        limits.noProgress = 5_000_000_000
        limits.lonely = 120_000_000_000
        shuffled = true
        coordinator = Self.coordinator(
            epoch: 1, limits: limits, slots: slots, minimumWorkers: minimumWorkers, subject: subject,
            resuming: nil,
            states: ClientStateStore(medium: medium))
        nodes = .init(repeating: Node(), count: workers)
        for i in 0..<workers { start(i) }
        for kill in faults.kills { schedule(.kill(kill.worker, isSeen: kill.isSeen), after: kill.time) }
        schedule(.coordinatorTick, after: 0)
    }

    private static func coordinator(
        epoch: UInt64, limits: Limits, slots: Int?, minimumWorkers: Int = 1, subject: Subject,
        resuming snapshot: Snapshot?,
        states: ClientStateStore
    ) -> Coordinator<Subject.Experiment> {
        Coordinator(
            settings: CoordinatorSettings(
                run: 99, epoch: epoch, version: "test", kernelFamily: "any",
                scenario: ObjectBytes([1, 2, 3]),
                limits: limits, minimumWorkers: minimumWorkers, launchesWorkers: true, slots: slots,
                durabilityInterval: 30_000_000, committedRound: snapshot?.round ?? 0),
            program: subject.program(resuming: snapshot), states: states)
    }

    /// A coordinator of a fresh run.
    func fresh() -> Coordinator<Subject.Experiment> {
        Self.coordinator(
            epoch: 1, limits: limits, slots: nil, subject: subject, resuming: nil,
            states: ClientStateStore(medium: medium))
    }

    private func start(_ i: Int) {
        let settings = WorkerSettings(
            version: "test", kernelFamily: "any", slot: i, process: UInt32(i + 1), nonce: random.next() | 1,
            patience: 100_000_000_000, limits: limits)
        let subject = subject
        nodes[i].worker = Worker(settings: settings, now: now) { _ in
            WorkerEngine(executor: subject.executor(), fingerprint: TinyExperiment.fingerprint)
        }
        nodes[i].connection += 1
        schedule(.workerTick(i), after: 0)
    }

    private func chance(_ p: Double) -> Bool { now < healsAt && p > 0 && random.uniformDouble() < p }

    private func schedule(_ event: Event, after delay: UInt64) {
        order += 1
        let item = Scheduled(time: now + delay, order: order, event: event)
        // A sorted array with its next event last.
        var low = 0
        var high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if item < queue[middle] { low = middle + 1 } else { high = middle }
        }
        queue.insert(item, at: low)
    }

    // MARK: - The network

    private func peer(_ i: Int) -> PeerID {
        PeerID([UInt8(i), UInt8(truncatingIfNeeded: nodes[i].connection), 1])
    }

    private func isCut(_ i: Int) -> Bool {
        faults.cuts.contains { $0.time.contains(now) && $0.worker ?? i == i }
    }

    /// Delivers what goes to worker `i`, or comes from it.
    private func deliver(_ i: Int, frame: ObjectBytes?, _ event: (ObjectBytes?) -> Event) {
        if isCut(i) { return }
        if chance(faults.drop) { return }
        for _ in 0..<(chance(faults.duplicate) ? 2 : 1) {
            var frame = frame
            if let whole = frame, chance(faults.corrupt), whole.count > 0 {
                var bytes = whole.bytes
                bytes[random.index(below: bytes.count)] ^= 1 << UInt8(random.index(below: 8))
                frame = ObjectBytes(bytes)
            }
            let delay = 1 + (shuffled ? UInt64(random.uniformDouble() * Double(faults.delay)) : 0)
            schedule(event(frame), after: delay)
        }
    }

    private static func cut(_ frame: ObjectBytes?, _ range: Range<Int>?) -> ObjectBytes? {
        guard let frame, let range, range != 0..<frame.count else { return frame }
        return ObjectBytes(Array(frame.bytes[range]))
    }

    private func perform(_ actions: [WorkerAction], of i: Int) {
        for action in actions {
            switch action {
            case .send(let header, let frame, let range):
                let peer = peer(i)
                deliver(i, frame: Self.cut(frame, range)) { .toCoordinator(peer, header, $0) }
            case .reconnect(let after):
                nodes[i].connection += 1
                nodes[i].stalledUntil = now + after
            case .exit:
                // Whoever resumes the run starts its workers again.
                nodes[i] = Node(worker: nil, connection: nodes[i].connection)
                schedule(.workerReturns(i), after: 500_000_000)
            }
        }
    }

    private func perform(_ actions: [CoordinatorAction]) {
        for action in actions {
            switch action {
            case .send(let peer, let header, let frame, let range):
                let i = Int(peer.bytes[0])
                let connection = Int(peer.bytes[1])
                deliver(i, frame: Self.cut(frame, range)) {
                    .toWorker(i, connection: connection, header, $0)
                }
            case .persist(let request):
                let fails = chance(faults.diskFault)
                inFlight = fails ? nil : request
                schedule(.persisted(epoch: epoch, request, fails: fails), after: 5_000_000)
            case .finished(let end): finish(end)
            case .note(let note): notes.append(note.text)
            case .reply(let peer, let header):
                let i = Int(peer.bytes[0])
                let connection = Int(peer.bytes[1])
                deliver(i, frame: nil) { .toWorker(i, connection: connection, header, $0) }
            case .forget, .progress: break
            }
        }
    }

    private func finish(_ end: RunEnd) {
        switch end {
        case .cannotWrite: restartCoordinator()
        default: self.end = end
        }
    }

    /// kill -9 and --resume: what is on the disk, and nothing else.
    private func restartCoordinator() {
        crashes += 1
        epoch += 1
        // A write that was under way is on the disk as a whole or not at all.
        if let request = inFlight, random.index(below: 2) == 0 { disk.append(request) }
        inFlight = nil
        if let last = disk.last, last.snapshot.final {
            // Resuming a finished run prints its result again.
            end = .completed(subject.outcome(of: disk))
            return
        }
        let resumption = resumption()
        coordinator = Self.coordinator(
            epoch: epoch, limits: limits, slots: coordinator.settings.slots, subject: subject,
            resuming: resumption.snapshot, states: resumption.states)
    }

    /// The last snapshot on the disk, with the states that its rows name.
    private func resumption() -> (snapshot: Snapshot?, states: ClientStateStore) {
        var newest: [Int: (round: Int, id: ObjectID)] = [:]
        for case .client(let row) in disk.flatMap(\.rows) {
            if let id = ObjectID(row.stateDigest) { newest[row.client] = (row.round, id) }
        }
        var snapshot = disk.last?.snapshot
        let bytes = UInt64(subject.stateBytes)
        for (client, state) in newest {
            snapshot?.states[client] = ObjectReference(id: state.id, bytes: bytes)
        }
        let kept = newest.map { (client: $0.key, round: $0.value.round, id: $0.value.id) }
        do {
            return (snapshot, try ClientStateStore(medium: medium, resuming: kept))
        } catch { preconditionFailure("seeded run lost a state: \(error)") }
    }

    // MARK: - Time

    /// Runs until the experiment ends or `limit` of virtual time has passed.
    func run(limit: Instant = 400_000_000_000) {
        while end == nil, let next = queue.popLast() {
            now = next.time
            if now > limit { return }
            take(next.event)
        }
    }

    private func take(_ event: Event) {
        switch event {
        case .toCoordinator(let peer, let header, let frame):
            perform(coordinator.step(.received(peer, header: header, frame: frame, surplus: false), at: now))
        case .toWorker(let i, let connection, let header, let frame):
            guard nodes[i].worker != nil, UInt8(truncatingIfNeeded: nodes[i].connection) == UInt8(connection),
                now >= nodes[i].stalledUntil
            else { return }
            perform(
                nodes[i].worker!.step(.received(header: header, frame: frame, surplus: false), at: now), of: i
            )
            wake(i)
        case .workerTick(let i): tick(worker: i)
        case .workerReturns(let i): if nodes[i].worker == nil { start(i) }
        case .kill(let i, let isSeen): kill(i, isSeen: isSeen)
        case .coordinatorTick:
            if chance(faults.coordinatorCrash) { restartCoordinator() }
            perform(coordinator.step(.tick, at: now))
            schedule(.coordinatorTick, after: 50_000_000)
        case .persisted(let epoch, let request, let fails):
            guard epoch == self.epoch else { return }
            inFlight = nil
            if fails {
                perform(coordinator.step(.persistFailed("simulated"), at: now))
            } else {
                disk.append(request)
                perform(coordinator.step(.persisted(round: request.snapshot.round), at: now))
            }
        }
    }

    /// A worker that has work computes at its own pace.
    private func wake(_ i: Int) {
        guard nodes[i].worker?.hasWork == true, !nodes[i].computing else { return }
        nodes[i].computing = true
        let delay = 200_000 + UInt64(random.index(below: Int(slice ?? 3_000_000)))
        if slice != nil { nodes[i].computesAt = now + delay }
        schedule(.workerTick(i), after: delay)
    }

    private func kill(_ i: Int, isSeen: Bool) {
        nodes[i] = Node(worker: nil, connection: nodes[i].connection)
        if isSeen { perform(coordinator.step(.workerExited(slot: i, reason: "signal 9"), at: now)) }
        schedule(.workerReturns(i), after: UInt64(random.index(below: 1_000_000_000)))
    }

    private func tick(worker i: Int) {
        guard nodes[i].worker != nil else { return }
        if chance(faults.workerCrash) {
            return kill(i, isSeen: random.index(below: 2) == 0)
        }
        if chance(faults.workerStall) { nodes[i].stalledUntil = now + 4_000_000_000 }
        if now >= nodes[i].stalledUntil {
            let computing = nodes[i].computing && now >= nodes[i].computesAt
            if computing {
                nodes[i].computing = false
                perform(nodes[i].worker!.compute(at: now), of: i)
            }
            if nodes[i].worker != nil { perform(nodes[i].worker!.step(.tick, at: now), of: i) }
        }
        guard nodes[i].worker != nil else { return }
        if nodes[i].worker!.hasWork && now >= nodes[i].stalledUntil {
            wake(i)
        } else {
            nodes[i].computing = false
            schedule(.workerTick(i), after: 50_000_000)
        }
    }
}

/// A tiny federated experiment with one of its methods.
struct TinyMethod: SimulatedExperiment {
    var name = "fedavg"
    var stateBytes: Int { TinyExperiment.stateBytes(name) }
    func program(resuming snapshot: Snapshot?) -> FederatedProgram {
        TinyExperiment.program(name, resuming: snapshot)
    }
    func executor() -> any TaskExecutor { TinyExperiment.executor(name) }
}

import Methods
import Synchronization
import TensorMath
import Wire

/// Drives a coordinator with a real socket and a real clock, on the calling thread, until the run ends.
public final class CoordinatorDriver<Experiment: Program> {
    /// What other threads may tell the run.
    public final class Mailbox: Sendable {
        private let events = Mutex<[CoordinatorEvent]>([])
        public let wakeUp: WakeUp

        public init() throws(LaunchError) { wakeUp = try WakeUp() }

        public func post(_ event: CoordinatorEvent) {
            events.withLock { $0.append(event) }
            wakeUp.signal()
        }

        func take() -> [CoordinatorEvent] {
            events.withLock { events in
                defer { events = [] }
                return events
            }
        }
    }

    /// Messages that may wait for a peer that does not read: more than credit and windows allow a well-behaved one.
    private static var queuedMessages: Int { 256 }

    private struct Outgoing {
        let header: [UInt8]
        let frame: ObjectBytes?
        let range: Range<Int>?
    }

    public private(set) var coordinator: Coordinator<Experiment>
    private let mailbox: Mailbox
    private let launcher: LocalLauncher?
    private let persist: (DurabilityRequest) -> Void
    private let observe: (CoordinatorAction) -> Void
    private var queues: [PeerID: [Outgoing]] = [:]
    private var end: RunEnd?

    /// `persist` hands a point to whoever writes it and returns at once; the answer comes through `mailbox`.
    /// `observe` sees notes and progress.
    public init(
        coordinator: Coordinator<Experiment>, mailbox: Mailbox, launcher: LocalLauncher?,
        persist: @escaping (DurabilityRequest) -> Void, observe: @escaping (CoordinatorAction) -> Void
    ) {
        self.coordinator = coordinator
        self.mailbox = mailbox
        self.launcher = launcher
        self.persist = persist
        self.observe = observe
    }

    /// Serves until the run ends. The socket belongs to this thread alone.
    public func run(socket: borrowing ZeroMQSocket) -> RunEnd {
        var nextTick = MonotonicClock.now()
        while end == nil {
            var busy = 0
            while busy < 256, end == nil, let message = socket.receive(kind: .router) {
                busy += 1
                let peer = PeerID(message.peer)
                step(
                    .received(peer, header: message.header, frame: message.frame, surplus: message.surplus),
                    socket)
                if queues[peer] != nil { flush(peer, socket) }
            }
            for event in mailbox.take() { step(event, socket) }
            let now = MonotonicClock.now()
            if now >= nextTick {
                nextTick = now + 50_000_000
                watchChildren(socket)
                step(.tick, socket)
                for peer in queues.keys { flush(peer, socket) }
            }
            if busy == 0 && end == nil {
                let milliseconds = max(1, Int((nextTick - min(nextTick, MonotonicClock.now())) / 1_000_000))
                socket.wait(milliseconds: milliseconds, descriptor: mailbox.wakeUp.descriptor)
                mailbox.wakeUp.clear()
            }
        }
        return end!
    }

    private func step(_ event: CoordinatorEvent, _ socket: borrowing ZeroMQSocket) {
        guard end == nil else { return }
        var lost: [PeerID] = []
        for action in coordinator.step(event, at: MonotonicClock.now()) {
            switch action {
            case .send(let peer, let header, let frame, let range):
                let message = Outgoing(header: header, frame: frame, range: range)
                if !send(message, to: peer, socket) { lost.append(peer) }
            case .reply(let peer, let header): _ = socket.send(peer: peer.bytes, header: header, frame: nil)
            case .forget(let peer): queues[peer] = nil
            case .persist(let request): persist(request)
            case .note, .progress: observe(action)
            case .finished(let end): self.end = end
            }
        }
        for peer in lost { step(.unreachable(peer), socket) }
    }

    /// False when the peer is gone. What libzmq refuses for now waits here, in order.
    private func send(_ message: Outgoing, to peer: PeerID, _ socket: borrowing ZeroMQSocket) -> Bool {
        if queues[peer] != nil {
            queues[peer]!.append(message)
            return queues[peer]!.count <= Self.queuedMessages
        }
        switch socket.send(
            peer: peer.bytes, header: message.header, frame: message.frame, range: message.range)
        {
        case .sent: return true
        case .refused:
            queues[peer] = [message]
            return true
        case .unreachable: return false
        }
    }

    private func flush(_ peer: PeerID, _ socket: borrowing ZeroMQSocket) {
        guard let waiting = queues.removeValue(forKey: peer) else { return }
        for (place, message) in waiting.enumerated() {
            switch socket.send(
                peer: peer.bytes, header: message.header, frame: message.frame, range: message.range)
            {
            case .sent: continue
            case .refused:
                queues[peer] = Array(waiting[place...])
                return
            case .unreachable:
                step(.unreachable(peer), socket)
                return
            }
        }
    }

    private func watchChildren(_ socket: borrowing ZeroMQSocket) {
        guard let launcher else { return }
        for ending in launcher.poll() {
            step(.workerExited(slot: ending.slot, reason: ending.reason), socket)
            if launcher.isEmpty {
                step(.workersExhausted("every worker process ended; the last with \(ending.reason)"), socket)
            }
        }
    }
}

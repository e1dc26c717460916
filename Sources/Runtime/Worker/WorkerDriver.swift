import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// Drives a worker with a real socket and a real clock, on the calling thread, until it is to exit.
public enum WorkerDriver {
    /// `parent`: a descriptor that closes when the launcher ends; the worker then exits at once.
    public static func run(
        _ worker: Worker, endpoint: String, context: ZeroMQContext, limits: Limits, parent: Int32?
    ) throws(SocketError) -> WorkerExit {
        var worker = worker
        var pause: UInt64 = 0
        while true {
            let resume = MonotonicClock.now() + pause
            while MonotonicClock.now() < resume {
                MonotonicClock.sleep(nanoseconds: 20_000_000)
                if let parent, isClosed(parent) { return .runOver }
            }
            let socket = try ZeroMQSocket(.dealer, context: context, endpoint: endpoint, limits: limits)
            switch serve(&worker, socket, parent: parent) {
            case .exit(let exit): return exit
            case .reconnect(let after): pause = after
            case .send: preconditionFailure("not an end")
            }
        }
    }

    /// Serves on one connection until it is to be closed.
    private static func serve(
        _ worker: inout Worker, _ socket: borrowing ZeroMQSocket, parent: Int32?
    ) -> WorkerAction {
        var nextTick: Instant = 0
        var outbox = Outbox()
        while true {
            var events: [WorkerAction] = []
            var received = 0
            while received < 64, let message = socket.receive(kind: .dealer) {
                received += 1
                events += worker.step(
                    .received(header: message.header, frame: message.frame, surplus: message.surplus),
                    at: MonotonicClock.now())
            }
            if worker.hasWork { events += worker.compute(at: MonotonicClock.now()) }
            let now = MonotonicClock.now()
            if now >= nextTick {
                nextTick = now + 50_000_000
                worker.report(memoryBytes: peakMemoryBytes())
                events += worker.step(.tick, at: now)
                if let parent, isClosed(parent) { return .exit(.runOver) }
            }
            for event in events {
                guard case .send = event else {
                    outbox.flush(socket)
                    return event
                }
                // Until somebody answers, only the newest HELLO is worth sending.
                if !worker.isConnected { outbox.clear() }
                outbox.append(event)
            }
            outbox.flush(socket)
            if received == 0 && !worker.hasWork {
                socket.wait(milliseconds: outbox.isEmpty ? 50 : 5, descriptor: parent)
            }
        }
    }

    /// Whether the other end of a pipe that carries nothing was closed.
    private static func isClosed(_ descriptor: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, 0) > 0 else { return false }
        if item.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { return true }
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 0
    }
}

/// Messages that libzmq would not take yet, in order.
private struct Outbox {
    private var waiting: [WorkerAction] = []
    var isEmpty: Bool { waiting.isEmpty }

    /// More than a window of chunks and every offer: what does not fit is said again by the worker's own timers.
    private static let limit = 64

    mutating func clear() { waiting.removeAll() }

    mutating func append(_ message: WorkerAction) {
        if waiting.count < Self.limit { waiting.append(message) }
    }

    mutating func flush(_ socket: borrowing ZeroMQSocket) {
        var sent = 0
        for case .send(let header, let frame, let range) in waiting {
            guard socket.send(peer: nil, header: header, frame: frame, range: range) == .sent else { break }
            sent += 1
        }
        waiting.removeFirst(sent)
    }
}

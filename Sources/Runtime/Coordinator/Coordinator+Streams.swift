import Methods
import TensorMath
import Wire

// Streams: tasks that are answered item by item.
extension Coordinator {
    /// Opens every stream that waits with the ready worker that has the fewest, more than one with a worker where there
    /// are fewer workers than streams, and then sends what is due: the streams of a worker share what it may hold.
    mutating func openStreams() {
        guard board.waitingStreams > 0 else { return }
        var opened = false
        while openStream() { opened = true }
        if opened { pushItems() }
    }

    private mutating func openStream() -> Bool {
        let ready = sessions.values.filter(\.ready)
            .sorted { ($0.streams.count, $0.id) < ($1.streams.count, $1.id) }
        for session in ready {
            guard let entry = leaseStream(to: session), let stream = entry.spec.stream else { continue }
            let task = entry.spec.id
            items[task] = items[task] ?? ItemBoard(stream)
            sessions[session.peer]!.streams[task] = now
            sendTask(task, to: session.peer, again: entry.leases > 1)
            return true
        }
        return false
    }

    /// Sends every item that is due, in ascending order, as far as windows allow.
    mutating func pushItems() {
        guard !items.isEmpty else { return }
        for session in sessions.values.sorted(by: { $0.id < $1.id }) {
            for task in session.streams.keys.sorted() { pushItems(of: task, to: session) }
        }
    }

    private mutating func pushItems(of task: UInt64, to session: Session) {
        guard let stream = items[task]?.stream else { return }
        let window = max(1, min(stream.window, limits.items / session.streams.count))
        while let item = items[task]?.next(window: window) {
            guard sendItem(item, of: task, to: session.peer) else { return }
        }
    }

    /// Sends an item, or sends it again; false when it is not due yet.
    private mutating func sendItem(_ item: Int, of task: UInt64, to peer: PeerID) -> Bool {
        guard ending == nil, let entry = board.entries[task] else { return false }
        var frame: ObjectBytes?
        switch program.input(item, of: entry.spec) {
        case .later: return false
        case .sensed: break
        case .object(let input): frame = input
        }
        if let bytes = frame?.count, bytes > limits.chunkBytes {
            let name = "item \(item) of \(describe(entry.spec)) has \(bytes) bytes"
            end(.taskFailed("\(name), and one message holds \(limits.chunkBytes); lower deployment.batch"))
            return false
        }
        let isFirst = items[task]!.send(item, at: now)
        // A deployed device senses for itself: only the simulation tells it when.
        let federated = isFirst && entry.spec.isFederated && frame != nil
        let message = Item(
            task: task, number: item, attempt: UInt32(entry.leases), hasFrame: frame != nil)
        send(.item(message), to: peer, frame: frame, share: federated ? .item : .simulation)
        return true
    }

    /// Takes the answer to an item that is under way with this worker; any other changes nothing.
    mutating func takeAnswer(_ item: Item, frame: ObjectBytes?, from peer: PeerID) {
        guard let session = sessions[peer], session.streams[item.task] != nil,
            let entry = board.entries[item.task], item.attempt == UInt32(entry.leases),
            items[item.task]?.isUnderWay(item.number) == true
        else { return }
        guard item.hasFrame, let answer = frame, answer.count <= limits.chunkBytes else {
            let bytes = frame.map { "\($0.count) bytes" } ?? "no frame"
            refuse(item.task, .badSize, "\(bytes) as the answer to item \(item.number)", peer)
            return
        }
        guard !item.isLocal || entry.spec.stream?.onDisconnect == .continue else {
            let text = "item \(item.number) answered without the link, which this stream does not allow"
            refuse(item.task, .badShape, text, peer)
            return
        }
        let next: ProgramStep
        do throws(Rejection) {
            next = try program.accept(answer, item: item.number, of: entry.spec, isLocal: item.isLocal)
        } catch {
            refuse(item.task, ResultCode(error.reason), "item \(item.number): \(error.text)", peer)
            return
        }
        sessions[peer]!.progressAt = now
        items[item.task]!.answer(item.number, at: now)
        // What a device answered alone would not have been sent by a deployment.
        if entry.spec.isFederated && !item.isLocal && !next.isSilent {
            meter.claimAnswer(payload: UInt64(answer.count))
        }
        closeIfDone(item.task, with: peer)
        apply(next)
    }

    /// A stream whose items were all answered or lost is done.
    private mutating func closeIfDone(_ task: UInt64, with peer: PeerID) {
        guard items[task]?.open == 0 else { return }
        items[task] = nil
        board.close(task)
        sessions[peer]?.streams[task] = nil
        send(.result(task: task, code: .accepted, text: ""), to: peer)
        reportProgress()
    }

    /// A worker is gone that served a stream: another one goes on, or it does itself, where it is expected back.
    mutating func loseStream(_ task: UInt64, of session: Session, isExpected: Bool) {
        guard let entry = board.entries[task], let stream = entry.spec.stream else { return }
        retries += 1
        var lost: [Int] = []
        switch stream.onDisconnect {
        case .restart, .continue: break
        case .lose: lost = items[task]!.lose()
        }
        items[task]!.interrupt()
        let losses = items[task]!.vainLeases
        guard losses < limits.leases else {
            end(
                .taskFailed(
                    "\(describe(entry.spec)) was lost with its worker \(losses) times without an answer"))
            return
        }
        board.requeue(task)
        if stream.onDisconnect == .continue && isExpected {
            let until = now + limits.noProgress
            board.keep(task, for: .init(nonce: session.nonce, slot: session.slot, until: until))
        }
        closeIfDone(task, with: session.peer)
        if !lost.isEmpty { apply(program.lose(lost, of: entry.spec)) }
    }

    /// A worker is back: what it went on with by itself is its own again, what it forgot is anybody's.
    mutating func resumeStreams(_ held: Set<UInt64>, of peer: PeerID) {
        guard let session = sessions[peer], session.ready else { return }
        for task in board.streams(awaiting: { $0.nonce == session.nonce }) {
            guard held.contains(task) else {
                board.release(task)
                continue
            }
            board.resume(task, in: session.id)
            sessions[peer]!.streams[task] = now
        }
        pushItems()
    }

    /// The process in a slot ended: it will not come back for its streams.
    mutating func releaseStreams(ofSlot slot: Int) {
        for task in board.streams(awaiting: { $0.slot == slot }) { board.release(task) }
    }

    /// Items without an answer are sent again.
    mutating func repeatItems(to peer: PeerID) {
        guard let session = sessions[peer] else { return }
        for task in session.streams.keys.sorted() {
            for item in items[task]!.unanswered(now: now, limit: limits.retransmit) {
                _ = sendItem(item, of: task, to: peer)
            }
        }
    }

    /// Whether a stream that this worker serves stands still.
    func hasStuckStream(_ session: Session) -> Bool {
        session.streams.keys.contains { items[$0]?.isStuck(now: now, limit: limits.noProgress) == true }
    }

    /// A worker holds streams that it no longer serves, because the word of it was lost: it may forget them.
    mutating func closeForgotten(_ held: Set<UInt64>, of peer: PeerID) {
        for task in held.sorted() where board.isStream(task) && sessions[peer]?.streams[task] == nil {
            let code: ResultCode = board.entries[task] == nil ? .accepted : .stale
            send(.result(task: task, code: code, text: ""), to: peer)
        }
    }
}

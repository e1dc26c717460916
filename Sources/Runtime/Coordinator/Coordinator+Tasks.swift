import Methods
import TensorMath
import Wire

// Leasing tasks, and what becomes of their results.
extension Coordinator {
    /// Hands out tasks by pull: whoever has room gets the next one, so a slow worker holds up nobody.
    mutating func dispatch() {
        if !started {
            let ready = sessions.values.count { $0.ready }
            guard ready >= settings.minimumWorkers else { return }
            started = true
            startedAt = now
            apply(program.start())
        }
        openStreams()
        guard board.waiting > 0 else { return }
        let workers = sessions.values.count { $0.ready }
        while board.waiting > 0 {
            let free = sessions.values.filter {
                $0.ready && $0.leased.count < credit(of: $0, workers: workers)
            }
            .sorted { ($0.leased.count, $0.id) < ($1.leased.count, $1.id) }
            var leased = false
            for session in free {
                if let entry = lease(to: session) {
                    sessions[session.peer]!.leased[entry.spec.id] = Session.Lease(at: now)
                    sendTask(entry.spec.id, to: session.peer, again: entry.leases > 1)
                    leased = true
                    break
                }
            }
            guard leased else { return }
        }
    }

    /// One running and one queued task; more only while tasks are shorter than a round trip, and never so many that
    /// another worker would stand idle at the end.
    private func credit(of session: Session, workers: Int) -> Int {
        let short = (session.taskDuration ?? .infinity) < 2_000_000
        let wanted = short ? limits.credit : 2
        return max(1, min(wanted, (board.openTasks + workers - 1) / workers))
    }

    private mutating func lease(to session: Session) -> TaskBoard.Entry? {
        let isWanted = wanted(by: session)
        return board.lease(to: session.id, where: isWanted)
    }

    mutating func leaseStream(to session: Session) -> TaskBoard.Entry? {
        let isWanted = wanted(by: session)
        return board.leaseStream(to: session.id, where: isWanted)
    }

    /// Which tasks may go to a session now.
    private func wanted(by session: Session) -> (TaskBoard.Entry) -> Bool {
        let others = sessions.values.filter { $0.ready && $0.id != session.id }
        let absent = settings.slots.map { absentHomes($0) } ?? []
        let slots = settings.slots
        return { [now] entry in
            if let absent = entry.absent, now < absent.until { return false }
            guard Self.mayCompute(entry.spec, session, slots, absent) else { return false }
            // A worker whose result was refused gets the task again only when everybody's was who could compute it.
            return !entry.refused.contains(session.id)
                || others.allSatisfy {
                    entry.refused.contains($0.id) || !Self.mayCompute(entry.spec, $0, slots, absent)
                }
        }
    }

    /// Whether a task may go to a session: where every client has a worker of its own, only that one computes for it as
    /// long as it is there.
    private static func mayCompute(
        _ task: TaskSpec, _ session: Session, _ slots: Int?, _ absentHomes: Set<Int>
    ) -> Bool {
        guard let slots, let client = task.client else { return true }
        let home = client % slots
        return session.slot == home || absentHomes.contains(home)
    }

    /// Slots whose worker has been gone for so long that others compute for its clients.
    private func absentHomes(_ slots: Int) -> Set<Int> {
        let present = Set(sessions.values.filter(\.ready).compactMap(\.slot))
        return Set(
            (0..<slots).filter { !present.contains($0) && now - (slotLost[$0] ?? startedAt) > limits.dead })
    }

    mutating func sendTask(_ id: UInt64, to peer: PeerID, again: Bool) {
        guard let entry = board.entries[id], let session = sessions[peer] else { return }
        let spec = entry.spec
        let federated = spec.isFederated && !again
        var objects = spec.inputs.map { input -> ObjectBytes? in
            input.bytes <= UInt64(limits.chunkBytes) ? object(input.id) : nil
        }
        let place = spec.inputs.first.flatMap { session.holding($0.id) }
        if place != nil { objects[0] = nil }
        let mask = InlineObjects.mask(objects, chunkBytes: limits.chunkBytes)
        let frame = InlineObjects.frame(objects, mask: mask)
        var share = TrafficMeter.Share(header: federated, payload: federated && mask & 1 == 1)
        if share.payload { share.simulatedPayload = frame!.count - objects[0]!.count }
        if let place {
            claim(place, of: peer, for: federated)
        } else if let input = spec.inputs.first {
            var holding = Session.Holding(id: input.id, federated: federated)
            if mask & 1 == 1 {
                holding.nextChunk = 1
                if !federated { holding.payload = input.bytes }
            }
            sessions[peer]!.hold(holding)
        }
        let order = TaskOrder(
            task: spec.id, attempt: UInt32(entry.leases), kind: spec.kind.rawValue, round: UInt32(spec.round),
            client: spec.client, participation: spec.participation, first: spec.first, count: spec.count,
            layout: spec.layout, inputs: spec.inputs, inline: mask)
        share.simulatedHeader = order.furtherInputBytes
        if spec.stream == nil {
            sessions[peer]!.leased[id]?.sent = now
        } else {
            sessions[peer]!.streams[id] = now
        }
        send(.task(order), to: peer, frame: frame, share: share)
    }

    /// A model that a worker got for an evaluation now serves a client: those bytes are federated after all.
    private mutating func claim(_ place: Int, of peer: PeerID, for federated: Bool) {
        guard federated, let holding = sessions[peer]?.holdings[place], !holding.federated else { return }
        meter.claim(payload: holding.payload, overhead: holding.overhead)
        sessions[peer]!.holdings[place].federated = true
    }

    // MARK: - Results

    mutating func consider(_ offer: Offer, frame: ObjectBytes?, from peer: PeerID) {
        if let accepted = board.accepted(offer.task) {
            let same =
                accepted.outputs == offer.outputs && accepted.metrics == offer.metrics
                && accepted.work == offer.work && offer.failure == nil
            if !same {
                let text = "CONFLICT: worker \(describe(peer)) computed task \(offer.task) differently"
                complain(.conflict, as: .error, text)
            }
            send(.result(task: offer.task, code: same ? .duplicate : .conflict, text: ""), to: peer)
            return
        }
        leaseFinished(offer, to: peer)
        guard let session = sessions[peer],
            session.leased[offer.task] != nil || session.streams[offer.task] != nil,
            let entry = board.entries[offer.task], entry.session == session.id
        else {
            send(.result(task: offer.task, code: .stale, text: "not leased to this session"), to: peer)
            return
        }
        if let failure = offer.failure {
            refuse(offer.task, .failed, failure, peer)
        } else if entry.spec.stream != nil {
            refuse(offer.task, .badShape, "a result where answers to items were due", peer)
        } else if offer.outputs.map(\.bytes) != entry.spec.outputs {
            let sizes = offer.outputs.map { "\($0.bytes)" }.joined(separator: ", ")
            let due = entry.spec.outputs.map { "\($0)" }.joined(separator: ", ")
            refuse(offer.task, .badSize, "outputs of [\(sizes)] bytes; [\(due)] were due", peer)
        } else if let carried = InlineObjects.split(
            frame, references: offer.outputs, mask: offer.inline, chunkBytes: limits.chunkBytes)
        {
            var rest = carried.makeIterator()
            let objects = offer.outputs.indices.map { index in
                offer.inline >> UInt32(index) & 1 == 1 ? rest.next() : nil
            }
            receiveOutputs(of: offer, having: objects, from: peer)
        } else {
            refuse(offer.task, .badDigest, "the frame is not what the header names", peer)
        }
    }

    /// A worker that comes back with a result that is still wanted may give it: it had the task before.
    private mutating func leaseFinished(_ offer: Offer, to peer: PeerID) {
        guard let session = sessions[peer], session.ready, session.leased[offer.task] == nil,
            let entry = board.entries[offer.task], entry.leases > 0, settings.slots == nil,
            !entry.refused.contains(session.id), board.lease(offer.task, to: session.id)
        else { return }
        sessions[peer]!.leased[offer.task] = Session.Lease(at: now)
    }

    /// A result is here as a whole: the program decides.
    mutating func complete(_ offer: Offer, _ objects: [ObjectBytes], from peer: PeerID) {
        guard let session = sessions[peer], let entry = board.entries[offer.task],
            entry.session == session.id
        else { return }
        let output = TaskOutput(objects: objects, metrics: offer.metrics, work: offer.work)
        let next: ProgramStep
        do throws(Rejection) {
            next = try program.accept(output, of: entry.spec)
        } catch {
            refuse(offer.task, ResultCode(error.reason), error.text, peer)
            return
        }
        board.accept(offer)
        if entry.spec.isFederated, let update = offer.outputs.first {
            meter.claimReceived(payload: update.bytes, overhead: offer.deployedOverhead)
        }
        settle(offer.task, peer)
        send(.result(task: offer.task, code: .accepted, text: ""), to: peer)
        if next.phase == nil && next.rows.isEmpty && next.outcome == nil { reportProgress() }
        apply(next)
    }

    /// Refuses a result. A worker that breaks the protocol is sent away, and its answer proves nothing about the
    /// task; a result that the program cannot use counts against the task, which is given up when every worker that is
    /// here has failed it.
    mutating func refuse(_ task: UInt64, _ code: ResultCode, _ text: String, _ peer: PeerID) {
        guard let session = sessions[peer], let entry = board.entries[task] else { return }
        note(.warning, "\(code.name): worker \(describe(peer)), \(describe(entry.spec)): \(text)")
        send(.result(task: task, code: code, text: text), to: peer)
        retries += 1
        switch code {
        case .badShape, .badDigest, .badSize:
            refusal = CannotServe("a worker was sent away: \(code.name), \(text)", isMissingInput: false)
            reject(peer, .revoked, "\(code.name): \(text)", retry: nil)
            voidSession(peer, why: "it was sent away")
        default:
            settle(task, peer)
            if sessions[peer]!.streams.removeValue(forKey: task) != nil { items[task]!.interrupt() }
            let refusals = board.refuse(task, session: session.id)
            let refused = board.entries[task]!.refused
            let absent = settings.slots.map { absentHomes($0) } ?? []
            let untried = sessions.values.contains {
                $0.ready && !refused.contains($0.id)
                    && Self.mayCompute(entry.spec, $0, settings.slots, absent)
            }
            if refusals >= limits.attempts && !untried {
                let times = "\(describe(entry.spec)) was refused \(refusals) times"
                return end(.taskFailed("\(times), last with \(code.name): \(text)"))
            }
            board.requeue(task)
        }
    }

    /// A result was accepted or refused: its session has nothing to do with the task any more.
    private mutating func settle(_ task: UInt64, _ peer: PeerID) {
        closeDownloads(of: task, peer)
        guard let lease = sessions[peer]?.leased.removeValue(forKey: task) else { return }
        let took = Double(now - max(lease.sent, sessions[peer]!.lastResult))
        sessions[peer]!.taskDuration = sessions[peer]!.taskDuration.map { 0.7 * $0 + 0.3 * took } ?? took
        sessions[peer]!.lastResult = now
    }
}

extension ResultCode {
    /// What a worker hears of it.
    init(_ reason: Rejection.Reason) {
        self =
            switch reason {
            case .notFinite: .badNaN
            case .outOfRange: .badRange
            case .wrongShape, .wrongMetrics: .badShape
            }
    }
}

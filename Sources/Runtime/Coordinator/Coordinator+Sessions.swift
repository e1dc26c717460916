import Methods
import TensorMath
import Wire

// Handshake, liveness and the reading of headers.
extension Coordinator {
    mutating func receive(from peer: PeerID, header: [UInt8], frame: ObjectBytes?, surplus: Bool) {
        let envelope: Envelope
        do throws(WireError) {
            guard !surplus else { throw WireError("more frames than a header and one object") }
            envelope = try Envelope(decoding: header)
        } catch {
            meter.receive(header: header.count, frame: frame?.count)
            if error.isOtherMajor && sessions[peer] == nil {
                reject(peer, .version, "\(error): use one version", retry: nil)
            }
            refuseMalformed(peer, error)
            return
        }
        if case .hello(let hello) = envelope.message {
            meter.receive(header: header.count, frame: frame?.count)
            greet(peer, envelope, hello)
            return
        }
        guard var session = sessions[peer], envelope.session == session.id, envelope.run == settings.run,
            envelope.epoch == settings.epoch
        else {
            meter.receive(header: header.count, frame: frame?.count)
            reject(peer, .staleSession, "this session is over; say HELLO again", retry: 0)
            return
        }
        session.lastHeard = now
        let isLate = envelope.message.isOrdered && envelope.sequence <= session.receivedSequence
        if envelope.message.isOrdered {
            session.receivedSequence = max(session.receivedSequence, envelope.sequence)
        }
        sessions[peer] = session
        // Updates are claimed for their clients when they are accepted.
        meter.receive(header: header.count, frame: frame?.count)
        if isLate { return }
        handle(envelope.message, frame: frame, from: peer)
    }

    private mutating func handle(_ message: Message, frame: ObjectBytes?, from peer: PeerID) {
        switch message {
        case .ping(let ping): answer(ping, from: peer)
        case .fetch(let id, let first, let count): serve(id, first: first, count: count, to: peer)
        case .chunk(let id, let index, let length):
            takeChunk(id, index: index, length: length, frame, from: peer)
        case .offer(let offer): consider(offer, frame: frame, from: peer)
        case .item(let item): takeAnswer(item, frame: frame, from: peer)
        case .bye(let code, let text, let memory):
            workerMemory = max(workerMemory, memory)
            if code != 0 {
                complain(.leaving, as: .error, "worker \(describe(peer)) cannot take part: \(text)")
                refusal = CannotServe(text, isMissingInput: code == 66)
            }
            voidSession(peer, why: nil)
        case .error(let code, let text, let object):
            if code == .unknownObject, let object { abandonDownload(object, from: peer) }
            complain(.error, "worker \(describe(peer)): \(text)")
        case .hello, .welcome, .reject, .pong, .task, .result:
            refuseMalformed(peer, WireError("\(message.name) is not for a coordinator"))
        }
    }

    /// Garbage costs its sender the session, and nobody else anything.
    private mutating func refuseMalformed(_ peer: PeerID, _ error: WireError) {
        guard let session = sessions[peer] else {
            complain(.malformed, "peer \(describe(peer)): \(error)")
            return
        }
        complain(.malformed, "worker \(session.process) is gone: it sent \(error)")
        send(.error(code: .malformed, text: error.description, object: nil), to: peer)
        voidSession(peer, why: nil)
    }

    // MARK: - Handshake

    private mutating func greet(_ peer: PeerID, _ envelope: Envelope, _ hello: Hello) {
        guard hello.version == settings.version else {
            reject(
                peer, .version,
                "coordinator is \(settings.version), worker is \(hello.version): use one version",
                retry: nil)
            complain(.version, "worker \(hello.process) refused: version \(hello.version)")
            return
        }
        guard hello.kernelFamily == settings.kernelFamily else {
            reject(
                peer, .kernelFamily,
                "this run computes with \(settings.kernelFamily) kernels, the worker with \(hello.kernelFamily): "
                    + "set TRIBUTARY_KERNELS=\(settings.kernelFamily) there, or start the run with the other",
                retry: nil)
            complain(.kernelFamily, "worker \(hello.process) refused: kernel family \(hello.kernelFamily)")
            return
        }
        if let session = sessions[peer], session.nonce == envelope.session {
            // The same HELLO again: a reconnect would come from another peer.
            welcome(peer)
            return
        }
        for old in sessions.values where old.nonce == envelope.session || old.peer == peer {
            complain(.returning, "worker \(old.process) is gone: the worker came back")
            voidSession(old.peer, why: nil, isExpected: true)
        }
        guard sessions.count < limits.sessions else {
            reject(peer, .full, "\(limits.sessions) workers are connected", retry: 5000)
            return
        }
        lastSession += 1
        sessions[peer] = Session(
            peer: peer, id: settings.epoch << 32 | lastSession, nonce: envelope.session, slot: hello.slot,
            process: hello.process, lastHeard: now, receivedSequence: 0,
            progressAt: now)
        welcome(peer)
    }

    private mutating func welcome(_ peer: PeerID) {
        send(
            .welcome(
                Welcome(
                    session: sessions[peer]!.id, epoch: settings.epoch, run: settings.run,
                    chunkBytes: UInt32(limits.chunkBytes), pingMilliseconds: UInt32(limits.ping / 1_000_000),
                    deadMilliseconds: UInt32(limits.dead / 1_000_000))), to: peer, frame: settings.scenario)
    }

    mutating func reject(_ peer: PeerID, _ code: Reject.Code, _ text: String, retry: UInt32?) {
        let envelope = Envelope(
            run: settings.run, epoch: settings.epoch, session: Envelope.unknown, sequence: 1,
            message: .reject(Reject(code: code, text: text, retryMilliseconds: retry)))
        let header = envelope.encoded()
        meter.send(header: header.count, frame: nil, share: .simulation)
        actions.append(.reply(peer, header: header))
    }

    // MARK: - Liveness

    private mutating func answer(_ ping: Ping, from peer: PeerID) {
        guard var session = sessions[peer] else { return }
        workerMemory = max(workerMemory, ping.memoryBytes)
        if ping.progress != session.progress {
            session.progress = ping.progress
            session.progressAt = now
        }
        if let held = ping.fingerprint {
            guard held == fingerprint ?? held else {
                let text =
                    "this worker's data set is not the one that the run began with; give it the same files"
                reject(peer, .dataset, text, retry: nil)
                complain(.dataset, as: .error, "worker \(describe(peer)) refused: \(text)")
                refusal = CannotServe(text, isMissingInput: false)
                voidSession(peer, why: nil)
                return
            }
            session.isReading = false
            // Where this host starts workers, one of those says which data set it is.
            if fingerprint != nil || !settings.launchesWorkers || session.slot != nil {
                fingerprint = held
                session.ready = true
            }
        }
        // A TASK that was lost on the way: the worker should have it by now and does not say so.
        let held = Set(ping.held)
        let lost = session.leased.mapValues(\.sent).merging(session.streams) { $1 }
            .filter { !held.contains($0.key) && now - $0.value > limits.retransmit }
        sessions[peer] = session
        resumeStreams(held, of: peer)
        send(.pong(committed: UInt64(durability.committed)), to: peer)
        for task in lost.keys.sorted() { sendTask(task, to: peer, again: true) }
        closeForgotten(held, of: peer)
    }

    /// Silence, standstill and loneliness.
    mutating func checkTime() {
        for session in sessions.values.sorted(by: { $0.id < $1.id }) {
            // A worker that still reads its data set says nothing meanwhile.
            if now - session.lastHeard > (session.ready ? limits.dead : limits.noProgress) {
                let seconds = (now - session.lastHeard) / 1_000_000_000
                voidSession(session.peer, why: "silent for \(seconds) s", isExpected: true)
            } else if let oldest = session.oldestLease, now - oldest > limits.noProgress,
                now - session.progressAt > limits.noProgress
            {
                voidSession(session.peer, why: "no progress for \(limits.noProgress / 1_000_000_000) s")
            } else if let oldest = session.oldestLease,
                now - max(oldest, session.lastResult) > limits.deadline
            {
                voidSession(session.peer, why: "a task took more than \(limits.deadline / 1_000_000_000) s")
            } else if hasStuckStream(session) {
                voidSession(session.peer, why: "no answer for \(limits.noProgress / 1_000_000_000) s")
            } else {
                retryDownloads(of: session.peer)
                repeatItems(to: session.peer)
            }
        }
        checkCompany()
    }

    /// Never waits for ever: enough workers must be ready before the first round, and one at any time after it. One that
    /// reads its data set is waited for, too, but not longer than for a task.
    private mutating func checkCompany() {
        if board.open == 0 && started { return }
        let ready = sessions.values.count { $0.ready }
        let needed = started ? 1 : settings.minimumWorkers
        guard ready < needed else {
            lonelySince = nil
            return
        }
        let since = lonelySince ?? now
        lonelySince = since
        if sessions.values.contains(where: \.isReading) { lastReading = now }
        let alone = max(since, min(lastReading, since + limits.deadline))
        if sessions.isEmpty, let exhausted {
            end(refusal.map { .workersCannotServe($0) } ?? .noWorkers(exhausted))
        } else if now - alone > limits.lonely {
            let seconds = (now - since) / 1_000_000_000
            end(.noWorkers("\(ready) of \(needed) workers were ready after \(seconds) s"))
        }
    }

    /// Ends a session: what it had goes back to the queue, or waits where the worker continues it and is expected back.
    mutating func voidSession(_ peer: PeerID, why: String?, isExpected: Bool = false) {
        guard let session = sessions.removeValue(forKey: peer) else { return }
        actions.append(.forget(peer))
        for download in session.downloads.values { receiving -= download.transfer.reference.bytes }
        if let why { note(.warning, "worker \(session.process) is gone: \(why)") }
        if let slot = session.slot, slot < settings.slots ?? 0 { slotLost[slot] = now }
        for task in session.leased.keys.sorted(by: >) { loseLease(task) }
        for task in session.streams.keys.sorted(by: >) {
            loseStream(task, of: session, isExpected: isExpected)
        }
    }

    private mutating func loseLease(_ task: UInt64) {
        guard let entry = board.entries[task] else { return }
        retries += 1
        guard entry.leases < limits.leases else {
            end(.taskFailed("\(describe(entry.spec)) was lost with its worker \(entry.leases) times"))
            return
        }
        board.requeue(task)
    }

    // MARK: - Sending

    mutating func send(
        _ message: Message, to peer: PeerID, frame: ObjectBytes? = nil, range: Range<Int>? = nil,
        share: TrafficMeter.Share = .simulation
    ) {
        guard sessions[peer] != nil else { return }
        sessions[peer]!.sentSequence += 1
        let envelope = Envelope(
            run: settings.run, epoch: settings.epoch, session: sessions[peer]!.id,
            sequence: sessions[peer]!.sentSequence, message: message)
        let header = envelope.encoded()
        meter.send(header: header.count, frame: range?.count ?? frame?.count, share: share)
        actions.append(.send(peer, header: header, frame: frame, range: range))
    }

    func describe(_ peer: PeerID) -> String {
        guard let session = sessions[peer] else { return hexadecimal(peer.bytes) }
        return session.slot.map { "\($0) (process \(session.process))" } ?? "process \(session.process)"
    }

    func describe(_ task: TaskSpec) -> String {
        switch task.kind {
        case .train: "training client \(task.client ?? -1) in round \(task.round)"
        case .evaluateTest: "evaluating samples from \(task.first) after round \(task.round)"
        case .evaluateClient: "evaluating client \(task.client ?? -1) after round \(task.round)"
        case .trainNetwork: "training network \(task.client ?? -1) in round \(task.round)"
        case .teacherOutputs: "the teacher's outputs from sample \(task.first)"
        case .makeImages: "making images from \(task.first)"
        case .serveStudent: "serving student \(task.client ?? -1) in round \(task.round)"
        case .serveDevice: "playing the device in round \(task.round)"
        }
    }
}

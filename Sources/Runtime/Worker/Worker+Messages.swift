import Methods
import TensorMath
import Wire

// What the coordinator says.
extension Worker {
    mutating func receive(header: [UInt8], frame: ObjectBytes?, surplus: Bool) {
        guard !surplus else { return reconnect() }
        let envelope: Envelope
        do throws(WireError) { envelope = try Envelope(decoding: header) } catch {
            return error.isOtherMajor && link.session == nil ? exit(otherVersion: error) : reconnect()
        }
        if case .reject(let reject) = envelope.message { return take(reject) }
        if case .welcome(let welcome) = envelope.message, let frame { return take(welcome, scenario: frame) }
        guard let session = link.session, envelope.session == session, envelope.run == run,
            envelope.epoch == epoch
        else { return }
        link.lastHeard = now
        if envelope.message.isOrdered {
            guard envelope.sequence > link.receivedSequence else { return }
            link.receivedSequence = envelope.sequence
        }
        handle(envelope.message, frame: frame)
    }

    private mutating func handle(_ message: Message, frame: ObjectBytes?) {
        switch message {
        case .task(let order): take(order, frame: frame)
        case .chunk(let id, let index, _): takeChunk(id, index: index, frame)
        case .fetch(let id, let first, let count): serve(id, first: first, count: count)
        case .item(let item): take(item, frame: frame)
        case .result(let task, _, _):
            tasks.removeAll { $0.order.task == task && ($0.offer != nil || $0.stream != nil) }
        case .error(_, _, let object):
            // The object is gone because its tasks are: forget them. The coordinator asks again for what it still wants.
            guard let object else { return reconnect() }
            fetching[object] = nil
            tasks.removeAll { task in
                task.offer == nil && task.order.task != running && task.stream?.execution == nil
                    && task.order.inputs.contains { $0.id == object }
            }
        case .bye:
            send(.bye(code: 0, text: "", memoryBytes: memoryBytes))
            actions.append(.exit(.runOver))
        case .pong: break
        case .hello, .welcome, .reject, .ping, .offer: break
        }
    }

    /// Whatever a coordinator of another major version said, it was no WELCOME.
    private mutating func exit(otherVersion error: WireError) {
        let text = "\(error): use one version"
        actions.append(.exit(.rejected(Reject(code: .version, text: text, retryMilliseconds: nil))))
    }

    private mutating func take(_ reject: Reject) {
        if let retry = reject.retryMilliseconds {
            // An old session's farewell must not end a new one that is being asked for.
            guard link.session != nil || retry > 0 else { return }
            reconnect()
            if retry > 0, let last = actions.indices.last {
                actions[last] = .reconnect(after: UInt64(retry) * 1_000_000)
            }
        } else {
            actions.append(.exit(.rejected(reject)))
        }
    }

    private mutating func take(_ welcome: Welcome, scenario frame: ObjectBytes) {
        guard link.session == nil else { return }
        if run != welcome.run { (tasks, interrupted) = ([], [:]) }
        // Another incarnation of the coordinator knows nothing of the answers that the one before it took.
        if epoch != welcome.epoch { tasks.removeAll { $0.stream != nil } }
        run = welcome.run
        epoch = welcome.epoch
        link.session = welcome.session
        link.sequence = 0
        link.receivedSequence = 1
        // Reading the data set takes a while: silence counts from the next look at the clock.
        link.lastHeard = nil
        link.chunkBytes = Int(welcome.chunkBytes)
        link.ping = UInt64(welcome.pingMilliseconds) * 1_000_000
        link.dead = UInt64(welcome.deadMilliseconds) * 1_000_000
        if engine == nil || scenario != frame.id {
            do throws(CannotServe) { engine = try makeEngine(frame) } catch {
                send(.bye(code: error.code, text: error.description, memoryBytes: memoryBytes))
                actions.append(.exit(.cannotServe(error)))
                return
            }
            scenario = frame.id
        }
        sendPing()
        for place in tasks.indices { sendOffer(place) }
    }

    // MARK: - Tasks

    private mutating func take(_ order: TaskOrder, frame: ObjectBytes?) {
        if let held = tasks.firstIndex(where: { $0.order.task == order.task }) {
            let isStream = tasks[held].stream != nil
            if tasks[held].offer != nil { sendOffer(held) }
            guard isStream && tasks[held].order.attempt != order.attempt else { return }
            // It was taken away and given back, and the word of the first was lost.
            tasks.remove(at: held)
        }
        var task = HeldTask(order: order)
        if let spec = try? TaskSpec(order), engine?.executor.isStream(spec) == true {
            task.stream = HeldStream()
        }
        tasks.append(task)
        let carried = InlineObjects.split(
            frame, references: order.inputs, mask: order.inline, chunkBytes: link.chunkBytes)
        for object in carried ?? [] { keep(object) }
        let held = tasks[tasks.count - 1]
        for input in order.inputs where object(input.id, of: held) == nil && fetching[input.id] == nil {
            fetch(input)
        }
    }

    private mutating func fetch(_ reference: ObjectReference) {
        guard reference.bytes > 0 else { return keep(ObjectBytes([])) }
        var transfer =
            interrupted.removeValue(forKey: reference.id).flatMap {
                $0.serves(reference, chunkBytes: link.chunkBytes) ? $0 : nil
            } ?? ObjectTransfer(reference, chunkBytes: link.chunkBytes, window: settings.limits.window)
        let step = transfer.request()
        fetching[reference.id] = Fetching(transfer: transfer, lastChunk: now)
        if case .fetch(let first, let count) = step {
            send(.fetch(id: reference.id, first: first, count: count))
        }
    }

    private mutating func takeChunk(_ id: ObjectID, index: UInt32, _ frame: ObjectBytes?) {
        guard let frame, var fetching = fetching[id] else { return }
        fetching.lastChunk = now
        let step = fetching.transfer.take(index: index, frame: frame)
        self.fetching[id] = fetching
        switch step {
        case .wait: return
        case .fetch(let first, let count): send(.fetch(id: id, first: first, count: count))
        case .complete(let object):
            self.fetching[id] = nil
            keep(object)
        case .corrupt:
            self.fetching[id] = nil
            fetch(fetching.transfer.reference)
        }
    }

    func object(_ id: ObjectID, of task: HeldTask) -> ObjectBytes? {
        task.own.first { $0.id == id } ?? cache.first { $0.id == id }
    }

    /// Whether a task that is no stream waits to be computed and can be.
    func isComputable(_ task: HeldTask) -> Bool {
        task.offer == nil && task.stream == nil && isComplete(task)
    }

    func isComplete(_ task: HeldTask) -> Bool {
        task.order.inputs.allSatisfy { object($0.id, of: task) != nil }
    }

    /// Gives an object to the tasks that it belongs to. First inputs are shared: of those the newest are kept, and
    /// older ones only while a task still needs them.
    private mutating func keep(_ object: ObjectBytes) {
        var isShared = false
        for place in tasks.indices
        where tasks[place].offer == nil && tasks[place].stream?.execution == nil {
            let inputs = tasks[place].order.inputs
            isShared = isShared || inputs.first?.id == object.id
            if inputs.dropFirst().contains(where: { $0.id == object.id }) { tasks[place].own.append(object) }
        }
        guard isShared, !cache.contains(where: { $0.id == object.id }) else { return }
        cache.append(object)
        while cache.count > WorkerCache.objects {
            let needed = Set(
                tasks.lazy.filter { $0.stream?.execution == nil }.compactMap { $0.order.inputs.first?.id })
            guard let place = cache.dropLast().firstIndex(where: { !needed.contains($0.id) }) else { return }
            cache.remove(at: place)
        }
    }

    // MARK: - Computing

    /// Answers an item, with the link or without it, or goes on with the task that was begun, or begins the first that
    /// has its inputs.
    mutating func advance() {
        if let place = nextAlone { return advanceAlone(place) }
        guard link.session != nil, let engine else { return }
        if let place = nextStream { return advanceStream(place, engine) }
        guard
            let place = tasks.firstIndex(where: { $0.order.task == running })
                ?? tasks.firstIndex(where: { isComputable($0) })
        else { return }
        let order = tasks[place].order
        do throws(TaskFailure) {
            if tasks[place].execution == nil {
                let inputs = order.inputs.map { object($0.id, of: tasks[place])! }
                tasks[place].execution = try engine.executor.begin(try TaskSpec(order), inputs: inputs)
                running = order.task
            }
            progress += 1
            guard let output = try tasks[place].execution!.advance() else { return }
            finish(place, output)
        } catch {
            running = nil
            fail(place, error)
        }
    }

    /// A task that cannot be computed here: the coordinator hears of it until it answers.
    mutating func fail(_ place: Int, _ failure: TaskFailure) {
        let order = tasks[place].order
        let offer = Offer(
            task: order.task, attempt: order.attempt, outputs: [], metrics: [], work: [], inline: 0,
            failure: failure.description)
        interrupted = [:]
        tasks[place].execution = nil
        tasks[place].stream = nil
        tasks[place].offer = (offer, [], now)
        sendOffer(place)
    }

    private mutating func finish(_ place: Int, _ output: TaskOutput) {
        let order = tasks[place].order
        running = nil
        interrupted = [:]
        let offer = Offer(
            task: order.task, attempt: order.attempt, outputs: output.objects.map { ObjectReference($0) },
            metrics: output.metrics, work: output.work, inline: 0, failure: nil)
        tasks[place].execution = nil
        tasks[place].own = []
        tasks[place].offer = (offer, output.objects, now)
        sendOffer(place)
    }

    /// Nothing while there is no session: WELCOME makes up for it, and says anew what a chunk is.
    mutating func sendOffer(_ place: Int) {
        guard link.session != nil, let held = tasks[place].offer else { return }
        tasks[place].offer!.sent = now
        let outputs = held.objects.map(Optional.some)
        var offer = held.message
        offer.inline = InlineObjects.mask(outputs, chunkBytes: link.chunkBytes)
        send(.offer(offer), frame: InlineObjects.frame(outputs, mask: offer.inline))
    }

    private func offered(_ id: ObjectID) -> ObjectBytes? {
        for case let offer? in tasks.lazy.map(\.offer) {
            if let object = offer.objects.first(where: { $0.id == id }) { return object }
        }
        return nil
    }

    /// Sends the chunks of an output that the coordinator asked for.
    private mutating func serve(_ id: ObjectID, first: UInt32, count: UInt32) {
        guard let object = offered(id) else {
            send(.error(code: .unknownObject, text: "object \(id) is not here", object: id))
            return
        }
        for place in tasks.indices where tasks[place].offer != nil { tasks[place].offer!.sent = now }
        let wanted = ObjectTransfer.indices(
            first: first, count: count, window: settings.limits.window, objectBytes: object.count,
            chunkBytes: link.chunkBytes)
        for index in wanted {
            guard
                let range = ObjectTransfer.range(
                    of: index, objectBytes: object.count, chunkBytes: link.chunkBytes)
            else { return }
            send(.chunk(id: id, index: index, length: UInt32(range.count)), frame: object, range: range)
        }
    }
}

extension TaskSpec {
    /// A task as it came over the wire.
    init(_ order: TaskOrder) throws(TaskFailure) {
        guard let kind = TaskSpec.Kind(rawValue: order.kind) else {
            throw TaskFailure("task kind \(order.kind) is unknown to this version")
        }
        self.init(
            id: order.task, kind: kind, round: Int(order.round), client: order.client,
            participation: order.participation, first: order.first, count: order.count, layout: order.layout,
            inputs: order.inputs)
    }
}

import Methods
import TensorMath
import Wire

/// A stream as its worker holds it.
struct HeldStream {
    /// An item whose turn has not come; no input where the worker has the item's data itself.
    struct Waiting {
        let item: Int
        let input: ObjectBytes?
    }

    /// nil until the inputs of the task are here.
    var execution: (any StreamExecution)?
    /// In the order in which they came.
    var waiting: [Waiting] = []
    /// The newest answer: it may be asked for again while it is on its way.
    var newest: (item: Int, answer: ObjectBytes)?
    /// Set while it is open, where the device goes on by itself when the link is down.
    var local: LocalAnswers?

    mutating func open(_ execution: any StreamExecution, firstInterval: UInt64) {
        self.execution = execution
        guard execution.continues else { return }
        local = LocalAnswers(
            items: execution.items, window: execution.window, firstInterval: firstInterval)
        for next in waiting { local!.ask(next.item) }
    }

    /// The session is over: whatever is still wanted will be asked for again.
    mutating func disconnect() {
        waiting = []
        newest = nil
    }
}

// Streams: tasks that are answered item by item.
extension Worker {
    /// Takes an item; of a stream that is not here (any more), or is answered already, nothing is to be computed.
    mutating func take(_ item: Item, frame: ObjectBytes?) {
        guard item.hasFrame == (frame != nil) else { return reconnect() }
        guard let place = tasks.firstIndex(where: { $0.order.task == item.task }),
            let stream = tasks[place].stream
        else { return }
        guard item.attempt == tasks[place].order.attempt else {
            // It was taken away and given back, and the word of both was lost: without it the order comes again.
            if item.attempt > tasks[place].order.attempt { tasks.remove(at: place) }
            return
        }
        if let newest = stream.newest, newest.item == item.number {
            return sendAnswer(newest.answer, to: newest.item, of: tasks[place])
        }
        guard !stream.waiting.contains(where: { $0.item == item.number }) else { return }
        guard tasks.reduce(0, { $0 + ($1.stream?.waiting.count ?? 0) }) < Limits.waitingItems else {
            return reconnect()
        }
        tasks[place].stream!.waiting.append(HeldStream.Waiting(item: item.number, input: frame))
        tasks[place].stream!.local?.ask(item.number)
    }

    /// A stream that has its inputs and something to compute for the coordinator: itself, or an answer.
    var nextStream: Int? {
        let isAlone = isAlone
        return tasks.firstIndex { task in
            guard let stream = task.stream else { return false }
            if stream.execution == nil { return isComplete(task) }
            return !stream.waiting.isEmpty && !(isAlone && stream.local != nil)
        }
    }

    /// Whether the link is down, as far as this side can see: a coordinator that is there answers every PING.
    private var isAlone: Bool {
        guard link.session != nil else { return true }
        return now - (link.lastHeard ?? now) > max(link.dead / 4, 2 * link.ping)
    }

    /// A stream of which the device is to answer an item by itself now.
    var nextAlone: Int? {
        guard isAlone else { return nil }
        return tasks.firstIndex { $0.stream?.local?.isDue(at: now) == true }
    }

    /// Answers one item without the link; the other streams come first then.
    mutating func advanceAlone(_ place: Int) {
        guard let stream = tasks[place].stream, let execution = stream.execution,
            let item = stream.local?.next
        else { return }
        progress += 1
        do throws(TaskFailure) {
            let answer = try execution.answerLocally(item: item)
            tasks[place].stream!.local!.keep(answer, of: item, at: now)
            // What was said over the link before may be lost: from now on this is the answer.
            if stream.newest?.item == item { tasks[place].stream!.newest = nil }
        } catch {
            fail(place, error)
        }
        tasks.append(tasks.remove(at: place))
    }

    /// Opens a stream or answers one item of it; the other streams come first then.
    mutating func advanceStream(_ place: Int, _ engine: WorkerEngine) {
        let order = tasks[place].order
        progress += 1
        do throws(TaskFailure) {
            if let execution = tasks[place].stream!.execution {
                let next = tasks[place].stream!.waiting.removeFirst()
                let own = tasks[place].stream!.local?.answers[next.item]
                let answer = if let own { own } else { try execution.answer(next.input, item: next.item) }
                guard answer.count <= link.chunkBytes else {
                    throw TaskFailure(
                        "an answer of \(answer.count) bytes; one message holds \(link.chunkBytes)")
                }
                tasks[place].stream!.newest = (next.item, answer)
                if own == nil { tasks[place].stream!.local?.answer(at: now) }
                sendAnswer(answer, to: next.item, of: tasks[place])
            } else {
                let inputs = order.inputs.map { object($0.id, of: tasks[place])! }
                let execution = try engine.executor.serve(try TaskSpec(order), inputs: inputs)
                tasks[place].stream!.open(execution, firstInterval: settings.limits.ping)
                tasks[place].own = []
                interrupted = [:]
            }
        } catch {
            fail(place, error)
        }
        tasks.append(tasks.remove(at: place))
    }

    private mutating func sendAnswer(_ answer: ObjectBytes, to item: Int, of task: HeldTask) {
        let message = Item(
            task: task.order.task, number: item, attempt: task.order.attempt, hasFrame: true,
            isLocal: task.stream?.local?.answers[item] != nil)
        send(.item(message), frame: answer)
    }
}

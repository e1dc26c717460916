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
}

// Streams: tasks that are answered item by item.
extension Worker {
    /// Takes an item; of a stream that is not here (any more), or is answered already, nothing is to be computed.
    mutating func take(_ item: Item, frame: ObjectBytes?) {
        guard item.hasFrame == (frame != nil) else { return reconnect() }
        guard
            let place = tasks.firstIndex(where: {
                $0.order.task == item.task && $0.order.attempt == item.attempt
            }), let stream = tasks[place].stream
        else { return }
        if let newest = stream.newest, newest.item == item.number {
            return sendAnswer(newest.answer, to: newest.item, of: tasks[place].order)
        }
        guard !stream.waiting.contains(where: { $0.item == item.number }) else { return }
        guard tasks.reduce(0, { $0 + ($1.stream?.waiting.count ?? 0) }) < Limits.waitingItems else {
            return reconnect()
        }
        tasks[place].stream!.waiting.append(HeldStream.Waiting(item: item.number, input: frame))
    }

    /// A stream that has its inputs and something to compute: itself, or an answer.
    var nextStream: Int? {
        tasks.firstIndex { task in
            guard let stream = task.stream else { return false }
            return stream.execution == nil ? isComplete(task) : !stream.waiting.isEmpty
        }
    }

    /// Opens a stream or answers one item of it; the other streams come first then.
    mutating func advanceStream(_ place: Int, _ engine: WorkerEngine) {
        let order = tasks[place].order
        progress += 1
        do throws(TaskFailure) {
            if let execution = tasks[place].stream!.execution {
                let next = tasks[place].stream!.waiting.removeFirst()
                let answer = try execution.answer(next.input, item: next.item)
                guard answer.count <= link.chunkBytes else {
                    throw TaskFailure(
                        "an answer of \(answer.count) bytes; one message holds \(link.chunkBytes)")
                }
                tasks[place].stream!.newest = (next.item, answer)
                sendAnswer(answer, to: next.item, of: order)
            } else {
                let inputs = order.inputs.map { object($0.id, of: tasks[place])! }
                let execution = try engine.executor.serve(try TaskSpec(order), inputs: inputs)
                tasks[place].stream!.execution = execution
                tasks[place].own = []
            }
        } catch {
            fail(place, error)
        }
        tasks.append(tasks.remove(at: place))
    }

    private mutating func sendAnswer(_ answer: ObjectBytes, to item: Int, of order: TaskOrder) {
        let message = Item(task: order.task, number: item, attempt: order.attempt, hasFrame: true)
        send(.item(message), frame: answer)
    }
}

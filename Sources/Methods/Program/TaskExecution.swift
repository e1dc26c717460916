import TensorMath

/// The worker's side of a program: computes tasks, one at a time.
public protocol TaskExecutor: AnyObject {
    /// Starts a task. `inputs` are the objects that it names, in order.
    func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution

    /// Whether a task is answered item by item.
    func isStream(_ task: TaskSpec) -> Bool

    /// Starts to serve a stream. Several may be open at once, beside a running task.
    func serve(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any StreamExecution
}

/// Executors without streams.
extension TaskExecutor {
    public func isStream(_ task: TaskSpec) -> Bool { false }

    public func serve(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any StreamExecution {
        throw TaskFailure("this worker serves no streams")
    }
}

/// A task that answers items. Its memory is its own.
public protocol StreamExecution: AnyObject {
    /// Computes the answer to item `item`, from 1, in some tens of milliseconds at most. `input` is nil where the
    /// worker has the item's data itself. The answer depends on the item alone.
    func answer(_ input: ObjectBytes?, item: Int) throws(TaskFailure) -> ObjectBytes

    /// Whether the device goes on by itself while the link is down: where the task's `StreamSpec` says so.
    var continues: Bool { get }
    /// As in that `StreamSpec`; only asked for where the stream continues.
    var items: Int { get }
    var window: Int { get }

    /// Computes an answer without the link, from data that the device has itself, in some tens of milliseconds at most.
    func answerLocally(item: Int) throws(TaskFailure) -> ObjectBytes
}

/// Streams that end with the link.
extension StreamExecution {
    public var continues: Bool { false }
    public var items: Int { preconditionFailure("this stream does not continue without the link") }
    public var window: Int { preconditionFailure("this stream does not continue without the link") }

    public func answerLocally(item: Int) throws(TaskFailure) -> ObjectBytes {
        preconditionFailure("this stream does not continue without the link")
    }
}

/// A running task. It yields every few milliseconds of work, so that its worker stays responsive without threads.
public protocol TaskExecution: AnyObject {
    /// Computes on; nil while there is more to do. The result does not depend on how often it is called.
    func advance() throws(TaskFailure) -> TaskOutput?
}

/// A task that this worker cannot compute.
public struct TaskFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

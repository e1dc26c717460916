import TensorMath

/// The worker's side of a program: computes tasks, one at a time.
public protocol TaskExecutor: AnyObject {
    /// Starts a task. `inputs` are the objects that it names, in order.
    func begin(_ task: TaskSpec, inputs: [ObjectBytes]) throws(TaskFailure) -> any TaskExecution
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

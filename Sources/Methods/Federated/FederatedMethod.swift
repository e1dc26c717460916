import TensorMath

/// The server's half of a federated method: what becomes of the updates of one round.
///
/// A method lives in a folder of its own, both halves beside each other, and is known to the rest by its case of
/// `MethodSpec` alone. Calls come in the order begin, accept..., finish; accepts in any order give the same model.
protocol FederatedServer {
    /// Starts a round around the model that was sent out; the cohort's weights total `weight`.
    mutating func begin(model: FloatView, weight: UInt64)

    /// Takes one client's update. Throws, and changes nothing, when it cannot be used; `place` names round and client.
    mutating func accept(_ update: [ObjectBytes], weight: UInt64, place: String) throws(Rejection)

    /// Puts the next model in place of the last.
    mutating func finish(into model: FloatView)
}

extension MethodSpec {
    func server(layout: ParameterLayout) -> any FederatedServer {
        switch self {
        case .fedavg: FedAvgServer(layout: layout)
        }
    }

    /// The client's half: begins the training of `client` on the executor's networks, whose parameters are the model
    /// that the task brought.
    func train(_ client: Int, task: TaskSpec, on executor: FederatedExecutor) -> any TaskExecution {
        switch self {
        case .fedavg: FedAvgTraining(executor, task: task, client: client)
        }
    }
}

import Networks
import TensorMath

/// A client's part in a round: its training, then what it sends and what it keeps.
final class ClientRound: TaskExecution {
    private let executor: FederatedExecutor
    private let training: LocalTraining
    private let work: [UInt64]
    private let probes: Bool
    private var attackStream: RandomStream

    init(_ executor: FederatedExecutor, task: TaskSpec, client: Int) {
        self.executor = executor
        let configuration = executor.configuration
        let method = configuration.method.method
        training = LocalTraining(
            executor, client: client, participation: UInt32(task.participation),
            epochs: method.epochs(configuration.training))
        let work = method.work(
            samples: executor.holdings.train[client].count, training: configuration.training,
            plan: executor.client.plan)
        self.work = [work.forwardSamples, work.backwardSamples]
        attackStream = RandomStream(
            RandomKey(
                seed: configuration.seed, purpose: .attack, client: UInt32(client) + 1,
                participation: UInt32(task.participation)))
        probes = configuration.measuresDivergence(round: task.round)
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        guard training.advance(budget: FederatedExecutor.slice) else { return nil }
        executor.training.finish()
        let client = executor.client
        // Before an attack, which may distort the very parameters that were trained.
        let activations = probes ? ObjectBytes(executor.meanActivations()) : nil
        if let attack = executor.configuration.attack, executor.attackers.contains(client.id) {
            attack.distort(
                client.update, received: client.received, runs: client.exchange.payload.trainableRuns,
                stream: &attackStream)
        }
        let sums = training.sums
        return TaskOutput(
            objects: try objects(activations),
            metrics: [
                sums.lossSum, Double(sums.correct), Double(training.seen), Double(training.steps),
                sums.lossSquares,
            ], work: work)
    }

    /// The update, the state and the mean activations, as far as they are due, in this order.
    private func objects(_ activations: ObjectBytes?) throws(TaskFailure) -> [ObjectBytes] {
        let client = executor.client
        let keeps = client.exchange.state.count > 0
        var objects: [ObjectBytes] = []
        if !executor.configuration.method.method.communicates {
            if keeps { objects.append(ObjectBytes(client.state)) }
        } else if keeps && client.coding.uplink == nil {
            // One behind the other, as they travel.
            objects = ObjectBytes.parts([client.update, client.state])
        } else {
            do throws(CompressionError) { objects.append(try client.encodeUpdate()) } catch {
                throw TaskFailure("client \(client.id)'s update cannot be compressed: \(error)")
            }
            if keeps { objects.append(ObjectBytes(client.state)) }
        }
        if let activations { objects.append(activations) }
        return objects
    }
}

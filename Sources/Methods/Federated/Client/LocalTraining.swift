import Networks
import TensorMath

/// One client's passes over its samples with a method's steps, a few milliseconds at a time.
final class LocalTraining {
    private let executor: FederatedExecutor
    private let epochs: Int
    private var shuffle: RandomStream
    private var augmentation: RandomStream
    private var order: [UInt32]
    private var epoch = 0
    private var position = 0
    private(set) var steps = 0
    private(set) var sums = StepSums()

    /// For `client`, whose model and state stand in the executor's `LocalClient`. `participation` numbers the streams
    /// of random numbers.
    init(_ executor: FederatedExecutor, client: Int, participation: UInt32, epochs: Int) {
        self.executor = executor
        self.epochs = epochs
        order = executor.holdings.train[client]
        let seed = executor.configuration.seed
        func stream(_ purpose: RandomKey.Purpose) -> RandomStream {
            RandomStream(
                RandomKey(
                    seed: seed, purpose: purpose, client: UInt32(client), participation: participation))
        }
        shuffle = stream(.shuffle)
        augmentation = stream(.augmentation)
        executor.client.network.dropoutStream = stream(.dropout)
        shuffle.shuffle(&order)
        executor.client.plannedSteps = executor.configuration.training.steps(
            samples: order.count, epochs: epochs)
        executor.training.begin()
    }

    /// Samples that were trained on, once for every pass.
    var seen: Int { order.count * epochs }

    /// Computes until `budget` multiply-accumulates are spent; true when all is done.
    func advance(budget: UInt64) -> Bool {
        let client = executor.client
        var budget = budget
        while epoch < epochs {
            let end = min(position + executor.configuration.training.batchSize, order.count)
            client.samples = end - position
            client.endsPass = end == order.count
            executor.fill(order, position..<end, augmentation: &augmentation)
            sums += executor.training.step()
            steps += 1
            let cost = 3 * executor.macsPerSample * UInt64(client.samples)
            position = end
            if position == order.count {
                epoch += 1
                executor.training.finishEpoch(epoch)
                position = 0
                if epoch < epochs { shuffle.shuffle(&order) }
            }
            if budget <= cost { return epoch == epochs }
            budget -= cost
        }
        return true
    }
}

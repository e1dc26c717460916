import Datasets
import TensorMath

/// A part of an epoch of a network's training, and after the last part a look at the validation samples.
final class EpochSlice: TaskExecution {
    private let images: ImageSet
    private let network: any TrainedNetwork
    private let lesson: any TrainingImages
    private let batch: Int
    /// Positions among the images, in this epoch's order.
    private let order: [UInt32]
    private let end: Int
    private let macs: UInt64
    private var position: Int
    private var augmentation: RandomStream?
    private var labels: [UInt8] = []
    private var sums = (loss: 0.0, correct: 0, samples: 0)
    private var validation = (loss: 0.0, correct: 0, seen: 0)

    /// - Parameters:
    ///   - before: epochs that the network learnt by something else; the task's `participation`, from 1, counts on.
    ///   - macs: of a sample, forward and back.
    init(
        _ images: ImageSet, task: TaskSpec, network: any TrainedNetwork, lesson: any TrainingImages,
        state: ObjectBytes, training: NetworkTrainingSpec, before: Int = 0, macs: UInt64
    ) throws(TaskFailure) {
        let epoch = task.participation
        let samples = lesson.count
        guard before + 1...before + training.epochs ~= epoch, let count = task.count, count > 0,
            count <= samples,
            0...(samples - count) ~= task.first, task.first % training.batchSize == 0
        else { throw TaskFailure("samples from \(task.first) of epoch \(epoch)") }
        guard StateObject.restore(state, into: network.state) else {
            throw TaskFailure("\(state.count) bytes of a training's state")
        }
        self.images = images
        self.network = network
        self.lesson = lesson
        self.macs = macs
        batch = training.batchSize
        position = task.first
        end = task.first + count
        var order = (0..<UInt32(samples)).map { $0 }
        let network = UInt32(task.client ?? 0)
        let seed = images.seed
        var shuffle = RandomStream(
            RandomKey(seed: seed, purpose: .shuffle, client: network, participation: UInt32(epoch)))
        shuffle.shuffle(&order)
        self.order = order
        let stepsAnEpoch = (samples + batch - 1) / batch
        let all = (epoch - 1) * stepsAnEpoch + task.first / batch
        // Every part has random numbers of its own: parts are computed by different workers.
        augmentation = RandomStream(
            RandomKey(seed: seed, purpose: .augmentation, client: network, participation: UInt32(all)))
        self.network.resume(after: all - before * stepsAnEpoch)
        self.network.learningRate = training.schedule.learningRate(
            training.optimizer.learningRate, round: epoch - before)
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        var budget = Int64(ImageSet.slice)
        while budget > 0 {
            let samples = position < end ? train() : validate()
            guard samples > 0 else { return output }
            budget -= Int64(macs) * Int64(samples)
        }
        return nil
    }

    private func train() -> Int {
        let range = position..<min(position + batch, end)
        lesson.fill(
            network.input, positions: order[range], labels: &labels, augmentation: &augmentation)
        let result = network.step(labels: labels, order: order, range: range)
        sums.loss += result.lossSum
        sums.correct += result.correct
        sums.samples += range.count
        position = range.upperBound
        return range.count
    }

    /// 0 when there is nothing left to look at.
    private func validate() -> Int {
        let held = images.held.validation
        guard end == order.count, validation.seen < held.count else { return 0 }
        let range = validation.seen..<min(validation.seen + ImageSet.evaluationBatch, held.count)
        var none: RandomStream?
        images.fill(
            network.validationInput, images.dataset.train, Array(held[range]), labels: &labels,
            augmentation: &none)
        let result = network.validate(labels: labels, first: validation.seen)
        validation.loss += result.lossSum
        validation.correct += result.correct
        validation.seen = range.upperBound
        return range.count
    }

    private var output: TaskOutput {
        TaskOutput(
            objects: [StateObject.make(network.state)],
            metrics: [
                sums.loss, Double(sums.correct), Double(sums.samples), validation.loss,
                Double(validation.correct), Double(validation.seen),
            ], work: [UInt64(sums.samples + validation.seen), UInt64(sums.samples)])
    }
}

import Datasets
import TensorMath

/// A network that is tested on images.
protocol TestedNetwork: AnyObject {
    /// [batch, C, H, W], with room for `ImageSet.evaluationBatch`.
    var input: FloatView { get }
    /// Multiply-accumulates of one image.
    var macs: UInt64 { get }
    /// Cross-entropy and right answers of the first of `input`, one a label.
    func test(labels: [UInt8]) -> (lossSum: Double, correct: Int)
}

/// How good a network that stands in one place is on consecutive samples of the test split.
final class TestPass: TaskExecution {
    private let images: ImageSet
    private let network: any TestedNetwork
    private let range: Range<Int>
    private let macs: UInt64
    private var position: Int
    private var labels: [UInt8] = []
    private var loss = 0.0
    private var correct = 0

    init(_ images: ImageSet, network: any TestedNetwork, range: Range<Int>) {
        self.images = images
        self.network = network
        self.range = range
        position = range.lowerBound
        macs = network.macs
    }

    func advance() throws(TaskFailure) -> TaskOutput? {
        var budget = Int64(ImageSet.slice)
        while budget > 0 {
            guard position < range.upperBound else {
                return TaskOutput(
                    objects: [], metrics: [loss, Double(correct), Double(range.count)],
                    work: [UInt64(range.count), 0])
            }
            let end = min(position + ImageSet.evaluationBatch, range.upperBound)
            var none: RandomStream?
            images.fill(
                network.input, images.dataset.test, (position..<end).map { UInt32($0) }, labels: &labels,
                augmentation: &none)
            let result = network.test(labels: labels)
            loss += result.lossSum
            correct += result.correct
            budget -= Int64(macs) * Int64(end - position)
            position = end
        }
        return nil
    }
}

import Datasets
import Networks
import TensorMath

/// What networks learn from, counted from 0.
protocol TrainingImages: AnyObject {
    var count: Int { get }

    /// Fills a batch with the images at `positions`, as networks see them; `augmentation` changes them where the scenario
    /// asks for it.
    func fill(
        _ input: FloatView, positions: ArraySlice<UInt32>, labels: inout [UInt8],
        augmentation: inout RandomStream?)
}

/// The training samples that are not held out.
final class RealImages: TrainingImages {
    private let images: ImageSet

    init(_ images: ImageSet) { self.images = images }

    var count: Int { images.held.train.count }

    func fill(
        _ input: FloatView, positions: ArraySlice<UInt32>, labels: inout [UInt8],
        augmentation: inout RandomStream?
    ) {
        let samples = positions.map { images.held.train[Int($0)] }
        images.fill(input, images.dataset.train, samples, labels: &labels, augmentation: &augmentation)
    }
}

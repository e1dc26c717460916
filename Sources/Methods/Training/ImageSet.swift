import Datasets
import Networks
import TensorMath

/// The images that networks which are trained in one place learn from, are watched on and are tested with, as the networks
/// see them.
package struct ImageSet: Sendable {
    /// Images of one evaluation batch.
    static let evaluationBatch = 50
    /// Multiply-accumulates between two looks at the socket: some ten milliseconds.
    static let slice: UInt64 = 500_000_000

    let dataset: Dataset
    let held: HeldOut
    /// Of one image.
    let shape: Shape
    let preprocessing: PreprocessingSpec
    let seed: UInt64

    package init(
        _ dataset: Dataset, shape: Shape, validationFraction: Double, preprocessing: PreprocessingSpec,
        seed: UInt64
    ) {
        self.dataset = dataset
        self.shape = shape
        self.preprocessing = preprocessing
        self.seed = seed
        held = HeldOut(count: dataset.train.count, fraction: validationFraction, seed: seed)
    }

    func samples(of part: SplitPart) -> (split: Split, samples: [UInt32]) {
        switch part {
        case .train: (dataset.train, held.train)
        case .validation: (dataset.train, held.validation)
        case .test: (dataset.test, Array(0..<UInt32(dataset.test.count)))
        }
    }

    /// Fills `input`, [batch, C, H, W], with samples of a split; `augmentation` is nil for those that are looked at.
    func fill(
        _ input: FloatView, _ split: Split, _ samples: [UInt32], labels: inout [UInt8],
        augmentation: inout RandomStream?
    ) {
        split.fillBatch(samples, 0..<samples.count, into: input, labels: &labels)
        let images = ImageBatch(input, shape: shape)
        if augmentation != nil, preprocessing.augmentation == .cropAndFlip {
            images.cropAndFlip(samples: samples.count, stream: &augmentation!)
        }
        if let statistics = preprocessing.normalization {
            images.normalize(samples: samples.count, by: statistics)
        }
    }
}

/// A part of the data set, as `TaskSpec.participation` names it.
package enum SplitPart: Int, Sendable {
    case train, validation, test
}

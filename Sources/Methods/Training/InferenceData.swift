import Datasets
import Networks
import TensorMath

/// What a coordinator of distributed inference knows of the data.
public struct InferenceData: Sendable {
    /// Number of training samples, those held out included.
    public let trainCount: Int
    /// Label of each training sample.
    public let labels: [UInt8]
    public let test: Split

    public init(_ dataset: Dataset) {
        trainCount = dataset.train.count
        labels = dataset.train.labels
        test = dataset.test
    }
}

/// Why training images cannot be made without the data.
package enum ImageSynthesisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A teacher without the statistics that DeepInversion matches.
    case noBatchNorm(model: String)
    /// A teacher whose classifier reads nothing that was computed.
    case noFeatures(model: String)
    /// Too few images of a class for a cluster that says nothing of a single one.
    case fewImages(label: Int, images: Int, least: Int)
    /// Metadata of another size.
    case metadataSize(values: Int, expected: Int)
    /// A value of the metadata that nobody can have measured; `segment` and index within it.
    case metadataValue(segment: String, index: Int, value: Float)

    package var description: String {
        switch self {
        case .noBatchNorm(let model):
            """
            \(model): it has no batch norm, whose running statistics deep_inversion matches; use a teacher with \
            batch norm, such as resnet8 or wrn_16_1, or images: dream
            """
        case .noFeatures(let model):
            """
            \(model): no layer stands before its classifier, so there are no features to dream of; use a teacher \
            with a hidden layer
            """
        case .fewImages(let label, let images, let least):
            """
            class \(label): metadata of \(images) images, but a centroid of fewer than \(least) would nearly be an \
            activation; use a larger fraction of the images or fewer clusters
            """
        case .metadataSize(let values, let expected):
            """
            metadata: \(values) values where \(expected) were due; measure them again with this teacher and these \
            settings
            """
        case .metadataValue(let segment, let index, let value):
            "metadata: value \(index) of \(segment) is \(value); measure them again"
        }
    }
}

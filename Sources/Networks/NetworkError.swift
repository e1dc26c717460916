/// Why a model cannot be built; each names the block, the shapes and a remedy.
public enum NetworkError: Error, Equatable, CustomStringConvertible {
    /// A layer's own numbers make no sense.
    case invalidLayer(block: String, reason: String)
    /// A kernel is larger than what it is applied to.
    case kernelTooLarge(block: String, kernel: Int, input: Shape, padding: Int)
    /// Branches that are to be added or laid side by side do not fit each other.
    case branchMismatch(block: String, outputs: [Shape])
    /// The last block's outputs are not the classes of the data.
    case outputMismatch(block: String, output: Shape, classes: Int)
    /// The input has no values, or there are no layers or classes.
    case emptyModel(name: String, reason: String)

    /// The block that it names; nil when it is about the whole model.
    public var block: String? {
        switch self {
        case .invalidLayer(let block, _), .kernelTooLarge(let block, _, _, _), .branchMismatch(let block, _),
            .outputMismatch(let block, _, _):
            block
        case .emptyModel: nil
        }
    }

    public var description: String {
        switch self {
        case .invalidLayer(let block, let reason):
            return "\(block): \(reason)"
        case .kernelTooLarge(let block, let kernel, let input, let padding):
            let padded = "\(input.height + 2 * padding) x \(input.width + 2 * padding)"
            return """
                \(block): a kernel of \(kernel) x \(kernel) does not fit the input \(input), \(padded) with padding \
                \(padding); use a smaller kernel, more padding or fewer pooling layers before it
                """
        case .branchMismatch(let block, let outputs):
            let shapes = outputs.map(\.description).joined(separator: " and ")
            return """
                \(block): its branches give \(shapes); sums need equal shapes and concatenations equal heights and \
                widths: change strides, padding or channels of a branch
                """
        case .outputMismatch(let block, let output, let classes):
            return """
                \(block): the last block gives \(output) for each sample, but there are \(classes) classes; end the \
                model with dense: classes
                """
        case .emptyModel(let name, let reason):
            return "\(name): \(reason)"
        }
    }
}

import Networks

/// Why a network cannot be divided; each names the model, the value and a remedy.
public enum SplitError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Its layers are not those of a family that is known to be divided.
    case unsplittable(model: String, reason: String)
    /// A part cannot be built.
    case unbuildable(model: String, NetworkError)
    /// A decoder cannot give what the teacher's own layers give for images of shape `input`.
    case decoderMismatch(model: String, decoder: Shape, target: Shape, input: Shape)

    public var description: String {
        switch self {
        case .unsplittable(let model, let reason):
            return """
                \(model) cannot be divided: \(reason); use a ResNet (resnet8 to resnet152, wrn_D_K), densenet169, \
                densenet201, mobilenet_v1 or mobilenet_v1_W, or layers of such a structure
                """
        case .unbuildable(let model, let error):
            return "\(model): \(error)"
        case .decoderMismatch(let model, let decoder, let target, let input):
            return """
                \(model): for images of \(input) the decoder gives \(decoder), but the teacher's layers \(target); \
                use images whose sides are multiples of 16, which suit every version
                """
        }
    }
}

import TensorMath

/// How weights begin. fan_in and fan_out are the products that one output and one input take part in. Norms
/// begin with scale 1, shift 0, running mean 0 and running variance 1.
public enum Initialization: String, Sendable, CaseIterable, Codable {
    /// Weights and biases uniform in +-1 / sqrt(fan_in): PyTorch's default, which takes a transposed
    /// convolution's fan_out for its fan_in.
    case uniformFanIn = "uniform_fan_in"
    /// Weights normal with deviation sqrt(2 / fan_in), biases 0 (He et al. 2015).
    case he
    /// Weights uniform in +-sqrt(6 / (fan_in + fan_out)), biases 0 (Glorot and Bengio 2010).
    case glorot
}

extension NetworkPlan {
    /// Draws all parameters in layout order into `parameters` (layout.count values).
    public func initialParameters(
        _ initialization: Initialization, stream: inout RandomStream, into parameters: FloatView
    ) {
        precondition(
            parameters.count == layout.count, "\(parameters.count) values for \(layout.count) parameters")
        func part(_ segment: Segment?) -> FloatView? {
            segment.map { parameters.slice($0.offset, $0.count) }
        }
        for block in blocks {
            guard let segment = block.weight, let weights = part(segment) else { continue }
            let biases = part(block.bias)
            biases?.fill(0)
            part(block.runningMean)?.fill(0)
            part(block.runningVariance)?.fill(1)
            if segment.shape.count == 1 {
                weights.fill(1)
                continue
            }
            let fanIn = segment.count / segment.shape[0]
            let area = segment.shape.dropFirst(2).reduce(1, *)
            let groups = if case .conv(_, _, _, _, let groups, _) = block.spec { groups } else { 1 }
            switch initialization {
            case .uniformFanIn:
                let bound = 1 / Float(fanIn).squareRoot()
                weights.fill(uniformWithin: bound, stream: &stream)
                biases?.fill(uniformWithin: bound, stream: &stream)
            case .he:
                let deviation = (2 / Double(fanIn)).squareRoot()
                for i in 0..<weights.count { weights[i] = Float(stream.normal() * deviation) }
            case .glorot:
                let bound = (6 / Float(fanIn + segment.shape[0] / groups * area)).squareRoot()
                weights.fill(uniformWithin: bound, stream: &stream)
            }
        }
    }
}

extension FloatView {
    fileprivate func fill(uniformWithin bound: Float, stream: inout RandomStream) {
        for i in 0..<count { self[i] = (2 * stream.uniform() - 1) * bound }
    }
}

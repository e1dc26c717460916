import TensorMath

/// How weights begin. fan_in and fan_out are the products that one output and one input take part in.
public enum Initialization: String, Sendable, CaseIterable, Codable {
    /// Weights and biases uniform in +-1 / sqrt(fan_in): PyTorch's default.
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
        for block in blocks {
            guard let weight = block.weight, let bias = block.bias else { continue }
            let outputs = weight.shape[0]
            let fanIn = weight.count / outputs
            let area = weight.shape.dropFirst(2).reduce(1, *)
            let weights = parameters.slice(weight.offset, weight.count)
            let biases = parameters.slice(bias.offset, bias.count)
            biases.fill(0)
            switch initialization {
            case .uniformFanIn:
                let bound = 1 / Float(fanIn).squareRoot()
                weights.fill(uniformWithin: bound, stream: &stream)
                biases.fill(uniformWithin: bound, stream: &stream)
            case .he:
                let deviation = (2 / Double(fanIn)).squareRoot()
                for i in 0..<weights.count { weights[i] = Float(stream.normal() * deviation) }
            case .glorot:
                let bound = (6 / Float(fanIn + outputs * area)).squareRoot()
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

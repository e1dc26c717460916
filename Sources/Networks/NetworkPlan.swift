import Devices
import TensorMath

/// A model whose shapes are known: what its blocks are called, give and cost, and where its parameters stand.
public struct NetworkPlan: Sendable, Equatable {
    /// A layer in its place.
    public struct Block: Sendable, Equatable {
        /// Family and number within the family, from 1: `conv1`, `relu1`, `pool1`, `dense1`.
        public let name: String
        public let spec: LayerSpec
        public let input: Shape
        public let output: Shape
        /// Convolutions [outputs, inputs, kernel rows, kernel columns], dense [outputs, inputs].
        public let weight: Segment?
        /// [outputs].
        public let bias: Segment?
        /// One sample's forward pass.
        public let cost: LayerCost

        public var parameterCount: Int { (weight?.count ?? 0) + (bias?.count ?? 0) }
    }

    public let spec: ModelSpec
    public let input: Shape
    public let classes: Int
    public let blocks: [Block]
    public let layout: ParameterLayout

    /// Infers all shapes. `input` is one sample.
    public init(spec: ModelSpec, input: Shape, classes: Int) throws(NetworkError) {
        guard input.channels > 0, input.height > 0, input.width > 0 else {
            throw .emptyModel(
                name: spec.name, reason: "the input \(input) has no values; give positive sizes")
        }
        guard classes > 0, !spec.layers.isEmpty else {
            throw .emptyModel(name: spec.name, reason: "a model needs at least one layer and one class")
        }
        var layout = ParameterLayout()
        var blocks: [Block] = []
        var numbers: [String: Int] = [:]
        var shape = input
        for (index, layer) in spec.layers.enumerated() {
            let number = numbers[layer.family, default: 0] + 1
            numbers[layer.family] = number
            let name = "\(layer.family)\(number)"
            let output = try layer.outputShape(of: shape, block: name)
            var weight: Segment?
            var bias: Segment?
            if let weightShape = layer.weightShape(input: shape) {
                weight = layout.append(
                    name: "\(name).weight", shape: weightShape, role: .trainable, layer: index)
                bias = layout.append(
                    name: "\(name).bias", shape: [weightShape[0]], role: .trainable, layer: index)
            }
            let cost = layer.cost(
                input: shape, output: output, weights: (weight?.count ?? 0) + (bias?.count ?? 0))
            blocks.append(
                Block(
                    name: name, spec: layer, input: shape, output: output, weight: weight, bias: bias,
                    cost: cost))
            shape = output
        }
        guard shape.count == classes else {
            throw .outputMismatch(block: blocks[blocks.count - 1].name, output: shape, classes: classes)
        }
        self.spec = spec
        self.input = input
        self.classes = classes
        self.blocks = blocks
        self.layout = layout
    }

    /// Index of the block named `name`; nil when there is none.
    public func index(of name: String) -> Int? { blocks.firstIndex { $0.name == name } }

    /// Multiply-accumulates of one sample's forward pass.
    public var macs: UInt64 { blocks.reduce(0) { $0 + $1.cost.macs } }
}

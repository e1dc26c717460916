import Devices
import TensorMath

/// A model whose shapes are known: what its blocks are called, give and cost, and where its parameters stand.
public struct NetworkPlan: Sendable, Equatable {
    /// A layer in its place, or the place where the branches of a composite block meet.
    public struct Block: Sendable, Equatable {
        /// Family and number within the family, from 1: `conv1`, `relu1`, `pool1`, `dense1`, and `block1` for
        /// composite blocks, which the names of what they hold begin with: `block1.conv2`,
        /// `block1.shortcut.conv1`, `block1.branch2.conv1`, `block1.node1`, `block1.edge1_3.conv1` (from node
        /// 1 to node 3). The composite itself stands behind all of these; its input is theirs, its output
        /// what they give together.
        public let name: String
        public let spec: LayerSpec
        /// How it computes its output from `sources`.
        let role: Role
        /// Blocks that it reads, -1 for the network's input.
        package let sources: [Int]
        public let input: Shape
        public let output: Shape
        /// Convolutions [outputs, inputs of a group, kernel rows, kernel columns], transposed ones [inputs,
        /// outputs, kernel rows, kernel columns], dense [outputs, inputs], norms [channels].
        public let weight: Segment?
        /// [outputs].
        public let bias: Segment?
        /// [channels], buffers of batch norm.
        public let runningMean: Segment?
        /// [channels]; unbiased.
        public let runningVariance: Segment?
        /// One sample's forward pass; of a composite block the sum or concatenation only.
        public let cost: LayerCost

        /// Trainable values of its own.
        public var parameterCount: Int { (weight?.count ?? 0) + (bias?.count ?? 0) }
    }

    enum Role: Sendable, Equatable {
        case layer
        /// The end of a sequence: its only source.
        case alias
        /// Of any number of sources, of none zero.
        case sum
        case concatenation
    }

    public let spec: ModelSpec
    public let input: Shape
    public let classes: Int
    /// In an order in which they can be computed.
    public let blocks: [Block]
    /// Of a segment `layer` is the index into `spec.layers`, also within composite blocks.
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
        var builder = PlanBuilder()
        let end = try builder.append(spec.layers, path: "", from: PlanBuilder.Place(block: -1, shape: input))
        guard end.shape.count == classes else {
            throw .outputMismatch(
                block: builder.blocks[builder.blocks.count - 1].name, output: end.shape, classes: classes)
        }
        self.spec = spec
        self.input = input
        self.classes = classes
        blocks = builder.blocks
        layout = builder.layout
    }

    /// Index of the block named `name`; nil when there is none.
    public func index(of name: String) -> Int? { blocks.firstIndex { $0.name == name } }

    /// Multiply-accumulates of one sample's forward pass.
    public var macs: UInt64 { blocks.reduce(0) { $0 + $1.cost.macs } }

    /// Trainable values: what papers count. `layout.count` has the running statistics, too.
    public var parameterCount: Int { blocks.reduce(0) { $0 + $1.parameterCount } }
}

/// What a forward pass is made of: a model of its time is a price for each of some terms.
public enum CostTerm: Sendable, Hashable {
    /// Floating point operations of products with kernels and matrices, 2 x MACs, of all kinds of layers.
    case products
    /// The same of one kind.
    case productsOf(LayerKind)
    /// Other operations: of pools, and of norms that are layers of their own.
    case operations
    /// Bytes of values that go into and out of layers.
    case activationBytes
    /// Bytes of weights, read once a pass whatever the batch.
    case weightBytes
    /// Those of convolutions alone, and those of dense layers.
    case kernelBytes
    case matrixBytes
    /// Layers, once a pass.
    case layers
    /// The pass itself.
    case passes

    /// How much of it is in a forward pass of `batch` samples.
    public func amount(in layers: [LayerCost], batch: Int = 1) -> Double {
        precondition(batch > 0, "a batch of \(batch)")
        let samples = Double(batch)
        func sum(_ value: (LayerCost) -> UInt64) -> Double { Double(layers.reduce(0) { $0 + value($1) }) }
        switch self {
        case .products: return samples * sum { 2 * $0.macs }
        case .productsOf(let kind): return samples * sum { $0.kind == kind ? 2 * $0.macs : 0 }
        case .operations: return samples * sum(\.operations)
        case .activationBytes: return samples * sum(\.activationBytes)
        case .weightBytes: return sum(\.weightBytes)
        case .kernelBytes: return sum { $0.kind.isConvolution ? $0.weightBytes : 0 }
        case .matrixBytes: return sum { $0.kind.isConvolution ? 0 : $0.weightBytes }
        case .layers: return Double(layers.count)
        case .passes: return 1
        }
    }

    /// The name that reports use.
    public var name: String {
        switch self {
        case .products: "products"
        case .productsOf(let kind): "\(kind.rawValue)_products"
        case .operations: "operations"
        case .activationBytes: "activation_bytes"
        case .weightBytes: "weight_bytes"
        case .kernelBytes: "kernel_bytes"
        case .matrixBytes: "matrix_bytes"
        case .layers: "layers"
        case .passes: "passes"
        }
    }

    /// Sets of terms from few to many, among which cross-validation chooses. Time is a sum of terms, not the greater
    /// of computation and memory traffic: on measured boards the greater predicts networks worse.
    public static let candidates: [[CostTerm]] = [
        [.products, .activationBytes, .weightBytes],
        [.products, .activationBytes, .weightBytes, .layers],
        [.products, .activationBytes, .weightBytes, .passes],
        [.products, .operations, .activationBytes, .weightBytes, .layers, .passes],
        LayerKind.allCases.filter { $0 != .elementwise }.map { .productsOf($0) } + [
            .operations, .activationBytes, .weightBytes, .layers, .passes,
        ],
    ]

    /// For a device of which many networks can be measured. Runtimes that train rearrange kernels in every pass, which
    /// costs more than reading them.
    public static let detailed: [CostTerm] =
        LayerKind.allCases.filter { $0 != .elementwise }.map { .productsOf($0) } + [
            .operations, .activationBytes, .kernelBytes, .matrixBytes, .layers, .passes,
        ]

    /// What most papers compare with: so much a pass and so much an operation.
    public static let operationsOnly: [CostTerm] = [.products, .passes]
}

extension LayerKind {
    /// Whether its weights are kernels.
    var isConvolution: Bool {
        switch self {
        case .conv3x3, .convolution, .pointwise, .depthwise: true
        case .dense, .elementwise: false
        }
    }
}

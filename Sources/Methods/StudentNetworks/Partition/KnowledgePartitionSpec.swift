/// How a teacher's filters are divided over students.
public enum PartitionRule: String, CaseIterable, Sendable {
    /// Communities of the filter activation network with weights by `EdgeWeight.activationHub`.
    case activationHub = "activation_hub"
    /// The same with `EdgeWeight.coActivation`.
    case coActivation = "co_activation"
    /// All filters, drawn without regard to what they answer.
    case random
    /// All filters, in slices of their order (Teacher-Class Network, Malik et al. 2020).
    case equal
    /// Balanced cuts of the co-activation network by its eigenvectors; see `SpectralCut.swift`. All edges count.
    case eigenvector

    /// Whether it divides a graph.
    public var hasGraph: Bool { self != .random && self != .equal }

    /// Whether it looks for communities.
    public var hasCommunities: Bool { self == .activationHub || self == .coActivation }
}

/// What becomes of filters without an edge; only rules with a graph have such.
public enum IsolatedFilters: String, CaseIterable, Sendable {
    /// No student learns them.
    case drop
    /// The rule of the NoNN paper's program: all that are alone make one group, and the largest group is dropped,
    /// whatever it is. The rule `eigenvector` has no groups to compare and drops isolated ones.
    case dropLargest = "drop_largest"
    /// They are dealt to the parts that have the fewest filters.
    case cover
}

/// What makes parts even.
public enum PartitionBalance: String, CaseIterable, Sendable {
    /// Numbers of filters.
    case greedy
    /// Numbers of filters in proportion to capacities, such as the devices' budgets of parameters.
    case capacity
}

/// How a `KnowledgePartition` is made.
public struct KnowledgePartitionSpec: Sendable, Equatable {
    public var rule: PartitionRule
    /// Number of parts. Where several students learn the same part, it is smaller than the number of students.
    public var parts: Int
    /// Filters of each image that count, the strongest.
    public var topFilters: Int
    /// Edges below this percentile of all are removed, 0 to 100. Of n filters that all answer together, 99 leaves
    /// n(n-1)/200 edges: networks with few filters want less.
    public var edgePercentile: Double
    /// Of modularity, where it multiplies the null model: greater values make smaller communities.
    public var resolution: Double
    public var isolated: IsolatedFilters
    public var balance: PartitionBalance
    /// Of the parts, in any unit; nil where all are equal. Ignored unless `balance` is `capacity`.
    public var capacities: [Double]?
    /// Looks at so many of the images, from the first; nil for all.
    public var images: Int?

    public init(
        rule: PartitionRule = .activationHub, parts: Int, topFilters: Int = 50, edgePercentile: Double = 99,
        resolution: Double = 1.43, isolated: IsolatedFilters = .drop, balance: PartitionBalance = .greedy,
        capacities: [Double]? = nil, images: Int? = nil
    ) {
        self.rule = rule
        self.parts = parts
        self.topFilters = topFilters
        self.edgePercentile = edgePercentile
        self.resolution = resolution
        self.isolated = isolated
        self.balance = balance
        self.capacities = capacities
        self.images = images
    }

    /// Throws for settings that fit no activity.
    public func validate() throws(PartitionFault) {
        for (key, value, least) in [
            ("parts", parts, 1), ("top_filters", topFilters, 2), ("images", images ?? 1, 1),
        ] {
            guard value >= least else { throw .tooSmall(key: key, value: value, least: least) }
        }
        guard (0...100).contains(edgePercentile) else { throw .badPercentile(edgePercentile) }
        guard resolution > 0 && resolution.isFinite else { throw .badResolution(resolution) }
        guard balance == .capacity else { return }
        guard let capacities, capacities.count == parts else {
            throw .wrongCapacities(count: capacities?.count ?? 0, parts: parts)
        }
        if let part = capacities.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
            throw .badCapacity(part: part, value: capacities[part])
        }
    }

    /// [parts]: relative room.
    var room: [Double] {
        balance == .capacity ? capacities ?? [] : [Double](repeating: 1, count: parts)
    }
}

import TensorMath

/// Which of a teacher's filters each student learns.
public struct KnowledgePartition: Sendable, Equatable {
    /// Number of the teacher's filters.
    public let filters: Int
    /// Filters of each part: disjoint, never empty, each sorted. With the balance `capacity`, part i is made for the
    /// capacity i; otherwise the order says nothing.
    public let parts: [[Int]]
    /// Filters in no part, sorted.
    public let dropped: [Int]
    /// What parts were made of, before communities were merged or halved: each sorted, larger ones first, without
    /// isolated filters. Empty for rules without communities.
    public let communities: [[Int]]
    /// The network whose communities these are, or that was cut; nil for rules without one.
    public let graph: FilterGraph?
    /// Of the communities in the graph, at the specification's resolution; nil without communities.
    public let modularity: Double?

    /// Takes what is given; groups must be disjoint and in range.
    public init(
        filters: Int, parts: [[Int]], communities: [[Int]] = [], graph: FilterGraph? = nil,
        modularity: Double? = nil
    ) {
        self.filters = filters
        self.parts = parts
        self.communities = communities
        self.graph = graph
        self.modularity = modularity
        let part = Self.membership(parts, filters: filters)
        precondition(parts.allSatisfy { !$0.isEmpty && $0 == $0.sorted() }, "a part is empty or not sorted")
        dropped = part.indices.filter { part[$0] == nil }
    }

    /// [filters]: number of the group that a filter is in; nil for none.
    static func membership(_ groups: [[Int]], filters: Int) -> [Int?] {
        var membership = [Int?](repeating: nil, count: filters)
        for (index, group) in groups.enumerated() {
            for filter in group {
                precondition(0 <= filter && filter < filters, "filter \(filter) of \(filters)")
                precondition(membership[filter] == nil, "filter \(filter) is in two groups")
                membership[filter] = index
            }
        }
        return membership
    }

    /// Divides a teacher's filters.
    /// - Parameters:
    ///   - activity: what they answer on images that the teacher was not trained with.
    ///   - seed: of the experiment. Rules with communities draw (seed, communities), `random` draws (seed, filters).
    /// - Throws: `PartitionFault` where the specification cannot be fulfilled.
    public static func make(
        _ spec: KnowledgePartitionSpec, activity: FilterActivity, seed: UInt64
    ) throws(PartitionFault) -> KnowledgePartition {
        try spec.validate()
        let filters = activity.filters
        guard spec.parts <= filters else { throw .moreParts(parts: spec.parts, filters: filters) }
        guard spec.rule.hasGraph else {
            var order = Array(0..<filters)
            if spec.rule == .random {
                var stream = RandomStream(RandomKey(seed: seed, purpose: .filters))
                stream.shuffle(&order)
            }
            return KnowledgePartition(filters: filters, parts: slices(of: order, room: spec.room))
        }

        let seen = activity.first(spec.images ?? activity.images)
        try seen.requireFinite()
        let active = seen.activeFilters.count
        guard active >= 2 else { throw .tooFewActive(active: active, filters: filters) }
        let weight: EdgeWeight = spec.rule == .activationHub ? .activationHub : .coActivation
        let graph = FilterGraph(seen, weight: weight, topFilters: spec.topFilters)
        guard !graph.edges.isEmpty else { throw .noEdges(rule: spec.rule) }
        return spec.rule.hasCommunities
            ? try merged(spec, graph.thresholded(percentile: spec.edgePercentile), seed: seed)
            : try cut(spec, graph.thresholded(percentile: 0))
    }

    private static func merged(
        _ spec: KnowledgePartitionSpec, _ graph: FilterGraph, seed: UInt64
    ) throws(PartitionFault) -> KnowledgePartition {
        let found = Louvain.communities(of: graph, resolution: spec.resolution, seed: seed)
        let isolated = graph.isolated
        let communities = found.filter { $0.count > 1 || !isolated.contains($0[0]) }
        var groups = communities
        if spec.isolated == .dropLargest {
            let alone = found.filter { $0.count == 1 }.flatMap { $0 }
            groups = (found.filter { $0.count > 1 } + (alone.isEmpty ? [] : [alone])).sorted(by: largerFirst)
            groups.removeFirst()
        }
        try requireEnough(groups, spec, graph)
        let merge = CommunityMerge(graph: graph, room: spec.room)
        return KnowledgePartition(
            filters: graph.filters,
            parts: merge.parts(of: groups, dealing: spec.isolated == .cover ? isolated : []),
            communities: communities, graph: graph,
            modularity: graph.modularity(of: communities, resolution: spec.resolution))
    }

    private static func cut(
        _ spec: KnowledgePartitionSpec, _ graph: FilterGraph
    ) throws(PartitionFault) -> KnowledgePartition {
        let connected = graph.connected
        try requireEnough([connected], spec, graph)
        let merge = CommunityMerge(graph: graph, room: spec.room)
        let parts =
            connected.count >= spec.parts
            ? SpectralCut.groups(
                of: connected, in: graph, sizes: sizes(of: connected.count, room: spec.room))
            : connected.map { [$0] } + Array(repeating: [], count: spec.parts - connected.count)
        let dealt = spec.isolated == .cover ? merge.dealt(graph.isolated, to: parts) : parts
        return KnowledgePartition(filters: graph.filters, parts: dealt, graph: graph)
    }

    private static func requireEnough(
        _ groups: [[Int]], _ spec: KnowledgePartitionSpec, _ graph: FilterGraph
    ) throws(PartitionFault) {
        let kept = groups.reduce(0) { $0 + $1.count }
        guard kept >= spec.parts || spec.isolated == .cover else {
            throw .tooFewKept(
                kept: kept, parts: spec.parts, filters: graph.filters, isolated: spec.isolated)
        }
    }

    private static func slices(of order: [Int], room: [Double]) -> [[Int]] {
        var start = 0
        return sizes(of: order.count, room: room).map { size in
            defer { start += size }
            return order[start..<start + size].sorted()
        }
    }

    /// How many of `count` filters come to each part: one each, and of the rest one after the other to the part that is
    /// then the least full for its room. Equal room makes sizes that differ by one at most, the first ones larger.
    static func sizes(of count: Int, room: [Double]) -> [Int] {
        var sizes = [Int](repeating: 1, count: room.count)
        for _ in room.count..<count {
            let part = room.indices.min {
                Double(sizes[$0] + 1) / room[$0] < Double(sizes[$1] + 1) / room[$1]
            }
            sizes[part!] += 1
        }
        return sizes
    }
}

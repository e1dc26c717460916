/// Which filters of a teacher answer together: an undirected weighted graph without loops.
public struct FilterGraph: Sendable, Equatable {
    public struct Edge: Sendable, Equatable {
        /// The smaller number.
        public let first: Int
        /// The greater number.
        public let second: Int
        /// Above zero.
        public let weight: Double

        public init(_ first: Int, _ second: Int, weight: Double) {
            precondition(0 <= first && first < second, "edge \(first), \(second)")
            precondition(weight > 0 && weight.isFinite, "edge \(first), \(second) of weight \(weight)")
            self.first = first
            self.second = second
            self.weight = weight
        }
    }

    /// Number of filters, with or without edges.
    public let filters: Int
    /// Each pair at most once, by `first`, then by `second`.
    public let edges: [Edge]

    public init(filters: Int, edges: [Edge]) {
        let sorted = edges.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
        precondition(sorted.allSatisfy { $0.second < filters }, "an edge beyond \(filters) filters")
        precondition(
            zip(sorted, sorted.dropFirst()).allSatisfy { ($0.first, $0.second) != ($1.first, $1.second) },
            "two edges between the same filters")
        self.filters = filters
        self.edges = sorted
    }

    /// [filters]: number of edges.
    public var degrees: [Int] {
        var degrees = [Int](repeating: 0, count: filters)
        for edge in edges {
            degrees[edge.first] += 1
            degrees[edge.second] += 1
        }
        return degrees
    }

    /// [filters]: sum of the edges' weights.
    public var strengths: [Double] {
        var strengths = [Double](repeating: 0, count: filters)
        for edge in edges {
            strengths[edge.first] += edge.weight
            strengths[edge.second] += edge.weight
        }
        return strengths
    }

    /// Filters without an edge.
    public var isolated: [Int] {
        let degrees = degrees
        return degrees.indices.filter { degrees[$0] == 0 }
    }

    /// Filters with an edge.
    public var connected: [Int] {
        let degrees = degrees
        return degrees.indices.filter { degrees[$0] > 0 }
    }

    /// Modularity of a division into groups (Newman and Girvan 2004, with the resolution of Reichardt and Bornholdt
    /// 2006): `Q = sum over groups of L/m - resolution * (D / 2m)^2`, where L is the weight inside the group, D its
    /// strength and m all weight. The resolution multiplies the null model; networkx has the same convention.
    /// Filters in no group count as groups of their own. 0 for a graph without edges.
    public func modularity(of groups: [[Int]], resolution: Double = 1) -> Double {
        var group = [Int](repeating: -1, count: filters)
        for (index, members) in groups.enumerated() {
            for filter in members {
                precondition(group[filter] == -1, "filter \(filter) is in two groups")
                group[filter] = index
            }
        }
        var count = groups.count
        for filter in group.indices where group[filter] == -1 {
            group[filter] = count
            count += 1
        }
        var inside = [Double](repeating: 0, count: count)
        var strength = inside
        for edge in edges {
            let (first, second) = (group[edge.first], group[edge.second])
            if first == second { inside[first] += edge.weight }
            strength[first] += edge.weight
            strength[second] += edge.weight
        }
        let total = edges.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return 0 }
        return zip(inside, strength).reduce(0) { sum, group in
            let share = group.1 / (2 * total)
            return sum + group.0 / total - resolution * share * share
        }
    }

    /// The edges among `members`, of which the i-th becomes filter i.
    func induced(on members: [Int]) -> FilterGraph {
        var place = [Int](repeating: -1, count: filters)
        for (index, filter) in members.enumerated() { place[filter] = index }
        let kept = edges.compactMap { edge -> Edge? in
            let (first, second) = (place[edge.first], place[edge.second])
            guard first >= 0 && second >= 0 else { return nil }
            return Edge(min(first, second), max(first, second), weight: edge.weight)
        }
        return FilterGraph(filters: members.count, edges: kept)
    }

    /// Filters that edges lead to from each other: greatest component first, equal ones by their smallest member.
    var components: [[Int]] {
        var root = Array(0..<filters)
        func find(_ filter: Int) -> Int {
            var top = filter
            while root[top] != top { top = root[top] }
            root[filter] = top
            return top
        }
        for edge in edges {
            let (first, second) = (find(edge.first), find(edge.second))
            root[max(first, second)] = min(first, second)
        }
        let members = Dictionary(grouping: 0..<filters, by: find)
        return members.values.sorted(by: largerFirst)
    }
}

/// The order of groups: larger ones first, equal ones by their smallest filter. Groups are sorted and not empty.
func largerFirst(_ a: [Int], _ b: [Int]) -> Bool { (b.count, a[0]) < (a.count, b[0]) }

import TensorMath

/// Communities of a graph by the method of Louvain (Blondel, Guillaume, Lambiotte and Lefebvre, J. Stat. Mech. 2008):
/// nodes move to the neighbouring community where modularity gains most until none gains, then communities become nodes
/// of a smaller graph, and so on until nothing moves.
///
/// Nodes are visited in an order drawn from the seed, once for each level. Of equal gains the community with the
/// smallest number wins.
///
/// The resolution multiplies the null model, as in networkx. The NoNN paper's program calls python-louvain with 0.7,
/// whose version 0.16 multiplies the null model by it where nodes move, and the edges where it decides to stop. No
/// resolution here is the same; 1 / 0.7 = 1.43 makes about as many communities.
public enum Louvain {
    /// Gains below this share of all weight are rounding.
    private static let leastGain = 1e-12

    /// Divides all filters of the graph; those without edges are alone. The same on every machine.
    /// - Parameter runs: how often to do it, each time in another order of visits, which decides between divisions that
    ///   are about as good. The most modular one counts, the first of equal ones.
    /// - Returns: sorted communities; larger ones come first, equal ones by their smallest filter.
    public static func communities(
        of graph: FilterGraph, resolution: Double = 1, seed: UInt64, runs: Int = 10
    ) -> [[Int]] {
        precondition(resolution > 0 && resolution.isFinite, "resolution \(resolution)")
        precondition(runs >= 1, "\(runs) runs")
        var stream = RandomStream(RandomKey(seed: seed, purpose: .communities))
        var best = run(graph, resolution: resolution, &stream)
        var greatest = graph.modularity(of: best, resolution: resolution)
        for _ in 1..<runs {
            let found = run(graph, resolution: resolution, &stream)
            let modularity = graph.modularity(of: found, resolution: resolution)
            if modularity > greatest + leastGain { (best, greatest) = (found, modularity) }
        }
        return best
    }

    private static func run(
        _ graph: FilterGraph, resolution: Double, _ stream: inout RandomStream
    ) -> [[Int]] {
        var level = Level(graph)
        var communities = (0..<graph.filters).map { [$0] }
        while let (community, count) = level.move(resolution: resolution, &stream) {
            var merged = [[Int]](repeating: [], count: count)
            for (node, filters) in communities.enumerated() { merged[community[node]] += filters }
            communities = merged
            level = level.aggregated(community, count: count)
        }
        return communities.map { $0.sorted() }.sorted(by: largerFirst)
    }

    /// A graph whose nodes are communities of the level below.
    private struct Level {
        /// Neighbours of node n and their weights are at `starts[n]..<starts[n + 1]`.
        let starts: [Int]
        let neighbours: [Int]
        let weights: [Double]
        /// Sum of a node's weights, twice those within it.
        let strengths: [Double]

        init(_ graph: FilterGraph) {
            let edges = graph.edges.map { (pair: [$0.first, $0.second], weight: $0.weight) }
            self.init(edges: edges, strengths: graph.strengths)
        }

        /// Edges between different nodes, in both directions.
        private init(edges: [(pair: [Int], weight: Double)], strengths: [Double]) {
            var starts = [Int](repeating: 0, count: strengths.count + 1)
            for (pair, _) in edges { for node in pair { starts[node + 1] += 1 } }
            for node in strengths.indices { starts[node + 1] += starts[node] }
            var free = starts
            var neighbours = [Int](repeating: 0, count: 2 * edges.count)
            var weights = [Double](repeating: 0, count: 2 * edges.count)
            for (pair, weight) in edges {
                for (node, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                    neighbours[free[node]] = other
                    weights[free[node]] = weight
                    free[node] += 1
                }
            }
            self.starts = starts
            self.neighbours = neighbours
            self.weights = weights
            self.strengths = strengths
        }

        /// Moves nodes, each of which starts alone, until none gains.
        /// - Returns: the community of each node, numbered by first appearance, and their number; nil if none moved.
        func move(
            resolution: Double, _ stream: inout RandomStream
        ) -> (community: [Int], count: Int)? {
            let double = strengths.reduce(0, +)
            var community = Array(strengths.indices)
            var totals = strengths
            var links = [Double](repeating: 0, count: strengths.count)
            var order = community
            stream.shuffle(&order)
            var hasMovedEver = false
            var hasMoved = true
            while hasMoved {
                hasMoved = false
                for node in order {
                    let edges = starts[node]..<starts[node + 1]
                    for edge in edges { links[community[neighbours[edge]]] += weights[edge] }
                    let own = community[node]
                    totals[own] -= strengths[node]
                    func gain(_ community: Int) -> Double {
                        links[community] - resolution * strengths[node] * totals[community] / double
                    }
                    var best = own
                    var bestGain = gain(own) + Louvain.leastGain * double
                    for edge in edges {
                        let other = community[neighbours[edge]]
                        let otherGain = gain(other)
                        if otherGain > bestGain || otherGain == bestGain && best != own && other < best {
                            (best, bestGain) = (other, otherGain)
                        }
                    }
                    for edge in edges { links[community[neighbours[edge]]] = 0 }
                    totals[best] += strengths[node]
                    community[node] = best
                    if best != own { hasMoved = true }
                }
                hasMovedEver = hasMovedEver || hasMoved
            }
            return hasMovedEver ? Self.renumbered(community) : nil
        }

        private static func renumbered(_ community: [Int]) -> (community: [Int], count: Int) {
            var number = [Int](repeating: -1, count: community.count)
            var count = 0
            for own in community where number[own] == -1 {
                number[own] = count
                count += 1
            }
            return (community.map { number[$0] }, count)
        }

        /// The graph of the communities.
        func aggregated(_ community: [Int], count: Int) -> Level {
            var strengths = [Double](repeating: 0, count: count)
            for (node, own) in community.enumerated() { strengths[own] += self.strengths[node] }
            var weights: [SIMD2<Int>: Double] = [:]
            for node in community.indices {
                for edge in starts[node]..<starts[node + 1] {
                    let (own, other) = (community[node], community[neighbours[edge]])
                    if own < other { weights[SIMD2(own, other), default: 0] += self.weights[edge] }
                }
            }
            let edges = weights.map { (pair: [$0.key[0], $0.key[1]], weight: $0.value) }
            return Level(
                edges: edges.sorted { $0.pair.lexicographicallyPrecedes($1.pair) }, strengths: strengths)
        }
    }
}

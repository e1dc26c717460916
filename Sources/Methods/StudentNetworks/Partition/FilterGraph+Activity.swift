/// What two filters that answer the same image add to the weight between them. Their activities a and b are between 0
/// and 1. Formulas of the NoNN paper's program (Bhardwaj et al., IoT Journal 2019, arXiv 1907.11804).
public enum EdgeWeight: Sendable, Equatable {
    /// `a * b * |a - b|`: between strong filters and weaker ones that answer with them. Strong filters, which are
    /// hubs, so come into different communities.
    case activationHub
    /// `a * b / (|a - b| + 1)`: between filters that answer alike.
    case coActivation

    func callAsFunction(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .activationHub: a * b * abs(a - b)
        case .coActivation: a * b / (abs(a - b) + 1)
        }
    }
}

extension FilterGraph {
    /// The filter activation network: weights summed over the images, among the `topFilters` strongest filters of each.
    /// Pairs without weight have no edge. O(images * (filters * log(filters) + topFilters^2)).
    public init(_ activity: FilterActivity, weight: EdgeWeight, topFilters: Int) {
        let filters = activity.filters
        var sums = [Double](repeating: 0, count: filters * filters)
        for image in 0..<activity.images {
            let row = activity.normalized(image)
            let top = FilterActivity.top(topFilters, of: row).sorted()
            for (place, first) in top.enumerated() {
                for second in top[(place + 1)...] {
                    sums[first * filters + second] += weight(row[first], row[second])
                }
            }
        }
        let edges = sums.indices.filter { sums[$0] > 0 }.map { index in
            Edge(index / filters, index % filters, weight: sums[index])
        }
        self.init(filters: filters, edges: edges)
    }

    /// Weights divided by the greatest, and only the edges that are at least the percentile of all of them.
    ///
    /// The percentile is over the non-zero entries of the symmetric matrix, in which each edge stands twice, as
    /// `numpy.percentile` computes it: linear between the two nearest.
    /// - Parameter percentile: 0 (all edges stay) to 100 (only the greatest).
    public func thresholded(percentile: Double) -> FilterGraph {
        guard let greatest = edges.map(\.weight).max() else { return self }
        let scaled = edges.map { $0.weight / greatest }
        let threshold = Self.percentile(percentile, ofEachTwice: scaled)
        let kept = zip(edges, scaled).filter { $0.1 >= threshold }
        return FilterGraph(
            filters: filters, edges: kept.map { Edge($0.0.first, $0.0.second, weight: $0.1) })
    }

    /// `numpy.percentile` of a list in which each value stands twice. It is rounded as there, by interpolating from the
    /// nearer end, so that it never exceeds the greatest value.
    package static func percentile(_ percentile: Double, ofEachTwice values: [Double]) -> Double {
        precondition(!values.isEmpty && (0...100).contains(percentile), "percentile \(percentile)")
        let sorted = values.sorted()
        let position = Double(2 * sorted.count - 1) * (percentile / 100)
        let below = Int(position)
        let (low, high) = (sorted[below / 2], sorted[min(below + 1, 2 * sorted.count - 1) / 2])
        let part = position - Double(below)
        return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part)
    }
}

import TensorMath

/// k-means (Lloyd 1982) from seeds of k-means++ (Arthur and Vassilvitskii 2007), in double.
package enum KMeans {
    /// Rounds after which it stops, even if points still change sides.
    private static let rounds = 100

    /// Indices into `points`, [n][D], of at most `count` clusters, the largest first; each has at least `least`
    /// points unless there are fewer in all. A cluster that would be smaller gives its points to those next to
    /// them.
    package static func clusters(
        of points: [[Double]], count: Int, least: Int = 1, stream: inout RandomStream
    ) -> [[Int]] {
        precondition(count > 0 && least > 0, "\(count) clusters of \(least) points or more")
        guard !points.isEmpty else { return [] }
        var centres = seeds(points, count: count, stream: &stream)
        while true {
            let members = converge(points, &centres)
            let smallest = members.indices.min { members[$0].count < members[$1].count } ?? 0
            if members.count == 1 || members[smallest].count >= least {
                return members.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
            }
            centres.remove(at: smallest)
        }
    }

    /// Mean of the points with these indices, [D].
    package static func mean(of points: [[Double]], _ members: [Int]) -> [Double] {
        var sum = [Double](repeating: 0, count: points[members[0]].count)
        for member in members {
            for feature in sum.indices { sum[feature] += points[member][feature] }
        }
        return sum.map { $0 / Double(members.count) }
    }

    /// The first at random, every other with a probability that grows with its squared distance to the nearest.
    private static func seeds(_ points: [[Double]], count: Int, stream: inout RandomStream) -> [[Double]] {
        var centres = [points[stream.index(below: points.count)]]
        var distances = points.map { distance($0, centres[0]) }
        while centres.count < count {
            let total = distances.reduce(0, +)
            guard total > 0 else { break }
            var rest = stream.uniformDouble() * total
            var chosen = distances.lastIndex { $0 > 0 } ?? 0
            for (index, distance) in distances.enumerated() {
                rest -= distance
                if rest < 0 {
                    chosen = index
                    break
                }
            }
            centres.append(points[chosen])
            for index in points.indices {
                distances[index] = min(distances[index], distance(points[index], points[chosen]))
            }
        }
        return centres
    }

    /// Moves the centres until no point changes sides; those that lose all points vanish.
    private static func converge(_ points: [[Double]], _ centres: inout [[Double]]) -> [[Int]] {
        var members: [[Int]] = []
        for _ in 0..<rounds {
            var found = [[Int]](repeating: [], count: centres.count)
            for (index, point) in points.enumerated() { found[nearest(point, centres)].append(index) }
            found.removeAll { $0.isEmpty }
            if found == members { break }
            members = found
            centres = members.map { mean(of: points, $0) }
        }
        return members
    }

    /// The first of several that are as near.
    private static func nearest(_ point: [Double], _ centres: [[Double]]) -> Int {
        var best = (index: 0, distance: Double.infinity)
        for (index, centre) in centres.enumerated() {
            let distance = distance(point, centre)
            if distance < best.distance { best = (index, distance) }
        }
        return best.index
    }

    private static func distance(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += (a[index] - b[index]) * (a[index] - b[index]) }
        return sum
    }
}

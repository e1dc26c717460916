import TensorMath

/// The directions in which points vary most: power iteration on their covariance, which is never formed, each direction
/// at right angles to those before it.
///
/// Where two variances nearly agree, any directions of their plane may come out: the sum of the variances is still right.
package enum PrincipalDirections {
    /// Iterations for one direction.
    private static let iterations = 300

    /// At most `count` unit vectors [D], whose greatest component is positive, with the variances along them (unbiased),
    /// the greatest first; fewer where the points vary in no more. `points`: [n][D].
    package static func of(
        _ points: [[Double]], count: Int, stream: inout RandomStream
    ) -> [(variance: Double, direction: [Double])] {
        guard points.count > 1 else { return [] }
        let mean = KMeans.mean(of: points, Array(points.indices))
        let rows = points.map { point in zip(point, mean).map { $0 - $1 } }
        let total = rows.reduce(0.0) { $0 + inner($1, $1) } / Double(rows.count - 1)
        var found: [(variance: Double, direction: [Double])] = []
        while found.count < min(count, rows.count - 1, mean.count) {
            let next = next(rows, besides: found.map(\.direction), stream: &stream)
            // What is left of the variance is rounding.
            guard let next, next.variance > 1e-12 * total else { break }
            found.append(next)
        }
        return found.sorted { $0.variance > $1.variance }
    }

    private static func next(
        _ rows: [[Double]], besides found: [[Double]], stream: inout RandomStream
    ) -> (variance: Double, direction: [Double])? {
        let start = rows[0].map { _ in stream.normal() }
        guard var direction = unit(start, besides: found) else { return nil }
        for _ in 0..<iterations {
            guard let moved = unit(product(rows, direction), besides: found) else { return nil }
            let change = zip(moved, direction).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            direction = moved
            if change < 1e-20 { break }
        }
        let variance = inner(product(rows, direction), direction)
        let greatest = direction.max { $0.magnitude < $1.magnitude } ?? 1
        return (variance, greatest < 0 ? direction.map { -$0 } : direction)
    }

    /// The covariance of centred `rows` times `vector`.
    private static func product(_ rows: [[Double]], _ vector: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: vector.count)
        for row in rows {
            let share = inner(row, vector) / Double(rows.count - 1)
            for index in result.indices { result[index] += share * row[index] }
        }
        return result
    }

    /// `vector` of length 1 without what lies along `found`; nil where nothing is left.
    private static func unit(_ vector: [Double], besides found: [[Double]]) -> [Double]? {
        var vector = vector
        let before = inner(vector, vector).squareRoot()
        for direction in found {
            let share = inner(vector, direction)
            for index in vector.indices { vector[index] -= share * direction[index] }
        }
        let length = inner(vector, vector).squareRoot()
        return length > 1e-12 * before ? vector.map { $0 / length } : nil
    }

    private static func inner(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }
}

/// The x >= 0 that minimises |A x - b| (Lawson and Hanson 1974, Solving Least Squares Problems, chapter 23), by the
/// normal equations of columns scaled to length 1. For few columns: a column that others make up to 1e-10 is left at
/// zero.
///
/// - Parameters:
///   - rows: A, row by row, at least one and all of one length.
///   - values: b, one for each row.
public func nonNegativeLeastSquares(_ rows: [[Double]], _ values: [Double]) -> [Double] {
    precondition(!rows.isEmpty && rows.count == values.count, "\(rows.count) rows for \(values.count) values")
    let count = rows[0].count
    precondition(rows.allSatisfy { $0.count == count }, "rows differ in length")
    let scales = (0..<count).map { column in
        rows.reduce(0) { $0 + $1[column] * $1[column] }.squareRoot()
    }
    let used = scales.indices.filter { scales[$0] > 0 }
    let scaled = rows.map { row in used.map { row[$0] / scales[$0] } }
    var problem = NormalEquations(scaled, values)
    var x = Array(repeating: 0.0, count: count)
    for (column, value) in zip(used, problem.nonNegativeSolution()) { x[column] = value / scales[column] }
    return x
}

/// G x = c with G = A'A and c = A'b, for columns of length 1.
private struct NormalEquations {
    private let gram: [[Double]]
    private let right: [Double]
    /// A gradient below this is none.
    private let tolerance: Double

    init(_ rows: [[Double]], _ values: [Double]) {
        let columns = rows[0].indices
        gram = columns.map { i in columns.map { j in rows.reduce(0) { $0 + $1[i] * $1[j] } } }
        right = columns.map { i in zip(rows, values).reduce(0) { $0 + $1.0[i] * $1.1 } }
        tolerance = 1e-11 * (right.map(\.magnitude).max() ?? 0)
    }

    mutating func nonNegativeSolution() -> [Double] {
        var x = Array(repeating: 0.0, count: right.count)
        var free: [Int] = []
        /// Columns that others make up.
        var refused: Set<Int> = []
        while let next = steepest(x, besides: Set(free).union(refused)) {
            guard solution(free + [next]) != nil else {
                refused.insert(next)
                continue
            }
            free.append(next)
            while let trial = solution(free) {
                if trial.allSatisfy({ $0 > 0 }) {
                    for (column, value) in zip(free, trial) { x[column] = value }
                    break
                }
                // As far towards the trial as all stay non-negative; who reaches zero leaves.
                var step = 1.0
                var leaving = free[0]
                for (column, value) in zip(free, trial) where value <= 0 {
                    let share = x[column] / (x[column] - value)
                    if share <= step { (step, leaving) = (share, column) }
                }
                for (column, value) in zip(free, trial) { x[column] += step * (value - x[column]) }
                free.removeAll { $0 == leaving || x[$0] <= 0 }
                for column in x.indices where !free.contains(column) { x[column] = 0 }
                if leaving == next { refused.insert(next) }
            }
            if free.contains(next) { refused.removeAll() }
        }
        return x
    }

    /// The column outside of `besides` along which the error falls fastest; nil when it falls along none.
    private func steepest(_ x: [Double], besides: Set<Int>) -> Int? {
        var best: (column: Int, gradient: Double)?
        for column in x.indices where !besides.contains(column) {
            let gradient = right[column] - zip(gram[column], x).reduce(0) { $0 + $1.0 * $1.1 }
            if gradient > max(tolerance, best?.gradient ?? 0) { best = (column, gradient) }
        }
        return best?.column
    }

    /// The least squares of some columns alone, by Cholesky's factors; nil where they depend on each other.
    private func solution(_ columns: [Int]) -> [Double]? {
        let n = columns.count
        var factor = Array(repeating: Array(repeating: 0.0, count: n), count: n)
        for i in 0..<n {
            for j in 0...i {
                var sum = gram[columns[i]][columns[j]]
                for k in 0..<j { sum -= factor[i][k] * factor[j][k] }
                if i == j {
                    guard sum > 1e-10 else { return nil }
                    factor[i][i] = sum.squareRoot()
                } else {
                    factor[i][j] = sum / factor[j][j]
                }
            }
        }
        var y = columns.map { right[$0] }
        for i in 0..<n {
            for k in 0..<i { y[i] -= factor[i][k] * y[k] }
            y[i] /= factor[i][i]
        }
        for i in (0..<n).reversed() {
            for k in i + 1..<n { y[i] -= factor[k][i] * y[k] }
            y[i] /= factor[i][i]
        }
        return y
    }
}

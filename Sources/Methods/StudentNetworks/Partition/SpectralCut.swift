/// Cuts of a graph into groups of given sizes, by eigenvectors: recursive spectral bisection (Pothen, Simon and Liou
/// 1990) with the eigenvector of the normalised cut (Shi and Malik 2000). It is the rule `eigenvector`, after Jeong,
/// Park and Yang (Electronics 2021), and halves communities where there are fewer than parts.
enum SpectralCut {
    /// Cuts `members` into one group of each size. O(members^3 + members^2 * iterations).
    /// - Parameter sizes: at least one, none of them 0; together the number of members.
    /// - Returns: groups in the order of `sizes`, each sorted.
    static func groups(of members: [Int], in graph: FilterGraph, sizes: [Int]) -> [[Int]] {
        precondition(sizes.reduce(0, +) == members.count && sizes.allSatisfy { $0 > 0 }, "sizes \(sizes)")
        guard sizes.count > 1 else { return [members.sorted()] }
        let half = (sizes.count + 1) / 2
        let ordered = order(graph.induced(on: members)).map { members[$0] }
        let place = sizes[..<half].reduce(0, +)
        return groups(of: ordered[..<place].sorted(), in: graph, sizes: Array(sizes[..<half]))
            + groups(of: ordered[place...].sorted(), in: graph, sizes: Array(sizes[half...]))
    }

    /// All filters, so that strongly linked ones are near one another: component after component, the largest first,
    /// each by its second eigenvector. The smaller end begins with the smallest filter, equal ones go by their numbers.
    static func order(_ graph: FilterGraph) -> [Int] {
        graph.components.flatMap { component in
            guard component.count > 2 else { return component }
            let vector = secondEigenvector(graph.induced(on: component))
            let sign: Double = vector[0] > 0 ? -1 : 1
            let order = vector.indices.sorted { (sign * vector[$0], $0) < (sign * vector[$1], $1) }
            return order.map { component[$0] }
        }
    }

    /// The vector y of `L y = lambda D y` with the smallest lambda above zero, for a connected graph with weights W,
    /// strengths D and L = D - W.
    ///
    /// `I - D^-1/2 W D^-1/2` has the eigenvalue 0 with the unit vector u along D^1/2 1; adding 2 u u^T makes it 2, and
    /// leaves the one that is looked for, which is at most n/(n-1), as the smallest of a positive definite matrix. Its
    /// vector comes by inverse iteration with a Cholesky factorisation. Where the next eigenvalue is close, what comes
    /// is a mixture of both vectors, whose cut is about as good.
    private static func secondEigenvector(_ graph: FilterGraph) -> [Double] {
        // Moves all eigenvalues away from zero, further than rounding does, and leaves the vectors.
        let shift = 1e-12
        let count = graph.filters
        let roots = graph.strengths.map { $0.squareRoot() }
        let square = roots.reduce(0) { $0 + $1 * $1 }
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in row..<count {
                matrix[row * count + column] = 2 * roots[row] * roots[column] / square
            }
            matrix[row * count + row] += 1 + shift
        }
        for edge in graph.edges {
            matrix[edge.first * count + edge.second] -= edge.weight / (roots[edge.first] * roots[edge.second])
        }
        factorize(&matrix, count)
        // Any start will do that is not orthogonal to the vector, and does not favour one of several by its symmetry.
        var vector = (0..<count).map { index in 1 / Double(index + 1) - 0.5 }
        for _ in 0..<1000 {
            var next = solve(matrix, vector)
            let norm = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for index in next.indices { next[index] /= norm }
            let change = zip(next, vector).reduce(0) { max($0, abs($1.0 - $1.1)) }
            vector = next
            if change < 1e-9 { break }
        }
        return zip(vector, roots).map { $0 / $1 }
    }

    /// Cholesky: the upper triangle of a positive definite matrix becomes U with U^T U = A.
    private static func factorize(_ matrix: inout [Double], _ count: Int) {
        matrix.withUnsafeMutableBufferPointer { matrix in
            for pivot in 0..<count {
                let root = matrix[pivot * count + pivot].squareRoot()
                for column in pivot..<count { matrix[pivot * count + column] /= root }
                for row in pivot + 1..<count {
                    let factor = matrix[pivot * count + row]
                    if factor == 0 { continue }
                    for column in row..<count {
                        matrix[row * count + column] -= factor * matrix[pivot * count + column]
                    }
                }
            }
        }
    }

    /// x of U^T U x = b.
    private static func solve(_ upper: [Double], _ right: [Double]) -> [Double] {
        let count = right.count
        var x = right
        for row in 0..<count {
            x[row] /= upper[row * count + row]
            for column in row + 1..<count { x[column] -= upper[row * count + column] * x[row] }
        }
        for row in (0..<count).reversed() {
            var sum = x[row]
            for column in row + 1..<count { sum -= upper[row * count + column] * x[column] }
            x[row] = sum / upper[row * count + row]
        }
        return x
    }
}

import CKernels
import Networks
import TensorMath

/// Blanchard et al., Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent, NeurIPS 2017, sections 4
/// and 5: an update's score is the sum of its squared distances to the n - f - 2 nearest others; the one with the least
/// score wins, or the mean of the `selected` best (Multi-Krum), unweighted. Equal scores go by the order of clients.
/// Distances are between what training moves: running statistics, which the paper's networks do not have, would drown it.
struct Krum: Aggregator {
    private let byzantine: Int
    private let selected: Int
    private let runs: [Range<Int>]
    private var updates = KeptUpdates()
    private(set) var factors: [Int: Double]? = [:]

    init(_ layout: ParameterLayout, byzantine: Int, selected: Int) {
        self.byzantine = byzantine
        self.selected = selected
        runs = layout.trainableRuns
    }

    mutating func begin(reference: FloatView, cohort: [CohortMember]) {
        updates.removeAll()
        factors = [:]
    }

    mutating func add(_ values: FloatView, of member: CohortMember) throws(Rejection) {
        try updates.keep(values, of: member)
    }

    mutating func finish(into values: FloatView) {
        let updates = updates.inOrder
        let scores = scores(updates)
        let best = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(selected).sorted()
        for index in 0..<values.count {
            let sum = best.reduce(0.0) { $0 + Double(updates[$1].pointer[index]) }
            values.pointer[index] = Float(sum / Double(best.count))
        }
        for (place, client) in self.updates.clients.enumerated() where !best.contains(place) {
            factors?[client] = 0
        }
        self.updates.removeAll()
    }

    private func scores(_ updates: [FloatView]) -> [Double] {
        let count = updates.count
        var distances = [[Double]](repeating: .init(repeating: 0, count: count), count: count)
        for i in 0..<count {
            for j in 0..<i {
                let square = updates[i].squaredDistance(to: updates[j], within: runs)
                distances[i][j] = square
                distances[j][i] = square
            }
        }
        let near = max(1, count - byzantine - 2)
        return (0..<count).map { i in
            (0..<count).filter { $0 != i }.map { distances[i][$0] }.sorted().prefix(near).reduce(0, +)
        }
    }
}

extension FloatView {
    /// The square of the Euclidean distance between the values of both that lie within `runs`.
    func squaredDistance(to other: FloatView, within runs: [Range<Int>]) -> Double {
        runs.reduce(0) { $0 + ck_squares(pointer + $1.lowerBound, other.pointer + $1.lowerBound, $1.count) }
    }
}

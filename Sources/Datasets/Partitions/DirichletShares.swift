import CKernels
import TensorMath

/// Shares of a Dirichlet distribution with the same parameter for every entry, as logarithms of numbers that are
/// proportional to them: they stay apart where the shares themselves would all be 0 but one.
struct DirichletShares {
    /// What `alpha` may be. Below, one share takes everything; above, all are equal.
    static let alphaRange = 0.001...1_000_000

    private let logarithms: [Double]

    /// - Precondition: alpha lies in `alphaRange`.
    init(alpha: Double, count: Int, _ stream: inout RandomStream) {
        logarithms = (0..<count).map { _ in stream.gammaLogarithm(shape: alpha) }
    }

    /// The shares of the entries that `isIncluded` names, up to a common factor: the greatest is 1, others are 0.
    func weights(where isIncluded: (Int) -> Bool) -> [Double] {
        let greatest = logarithms.indices.filter(isIncluded).map { logarithms[$0] }.max() ?? 0
        return logarithms.indices.map { isIncluded($0) ? ck_exp(logarithms[$0] - greatest) : 0 }
    }

    /// Cuts `total` things in proportion to `weights`, of which one is above 0: the cuts lie at the cumulative
    /// shares, rounded down, and an entry of weight 0 gets nothing.
    static func cut(_ total: Int, by weights: [Double]) -> [Int] {
        let sum = weights.reduce(0, +)
        let last = weights.lastIndex { $0 > 0 } ?? weights.count - 1
        var (reached, taken) = (0.0, 0)
        return weights.indices.map { entry in
            guard weights[entry] > 0 else { return 0 }
            reached += weights[entry]
            let end = entry == last ? total : min(Int(reached / sum * Double(total)), total)
            defer { taken = end }
            return end - taken
        }
    }

    /// Throws unless a rule can try to give each of `clients` at least `minimum` of `samples`.
    static func check(
        alpha: Double, clients: Int, minimum: Int, samples: Int
    ) throws(PartitionError) {
        guard clients >= 1 else { throw .notPositive(key: "clients", value: clients) }
        guard minimum >= 1 else { throw .notPositive(key: "minimum", value: minimum) }
        guard alphaRange.contains(alpha) else { throw .badAlpha(alpha) }
        let (needed, overflow) = clients.multipliedReportingOverflow(by: minimum)
        guard !overflow, needed <= samples else {
            throw .minimumTooLarge(clients: clients, minimum: minimum, samples: samples)
        }
    }
}

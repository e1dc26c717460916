import CKernels

/// A partition in figures.
public struct PartitionSummary: Sendable, Equatable {
    /// Least, mean and greatest of one figure over the clients.
    public struct Range: Sendable, Equatable {
        public let minimum: Double
        public let mean: Double
        public let maximum: Double
    }

    /// Number of clients.
    public let clients: Int
    /// Number of training samples, dealt or dropped.
    public let samples: Int
    /// Number of samples that belong to nobody.
    public let dropped: Int
    /// Samples of a client.
    public let sizes: Range
    /// Samples of each class, dealt or dropped.
    public let labelHistogram: [Int]
    /// Samples of each class (inner) at each client (outer).
    public let clientHistograms: [[Int]]
    /// Classes of which a client has at least one sample.
    public let classesPerClient: Range
    /// Effective number of classes: how many equally frequent classes have the same entropy (e to the Shannon
    /// entropy in nats; Hill 1973, order 1), of all samples.
    public let effectiveClasses: Double
    /// As `effectiveClasses`, of each client's samples; clients without samples are left out.
    public let effectiveClassesPerClient: Range
    /// Jensen-Shannon divergence between each client's distribution of labels and that of all samples, in bits:
    /// 0 for equal ones, 1 for disjoint ones. Nil for a client without samples.
    public let divergences: [Double?]
    /// Mean of `divergences` over the clients that have samples; every client counts the same.
    public let meanDivergence: Double
    /// Mean of `divergences` in which a client counts as much as it has samples.
    public let weightedMeanDivergence: Double
    /// Greatest of `divergences`.
    public let maximumDivergence: Double
}

extension Partition {
    /// Sizes, labels and how far the clients are from the whole. O(samples + clients * classes).
    public func summary() -> PartitionSummary {
        let all = histogram(of: Array(0..<UInt32(labels.count)))
        let histograms = clients.indices.map { labelHistogram($0) }
        let divergences = histograms.map { own in
            own.allSatisfy { $0 == 0 } ? nil : jensenShannonDivergence(own, all)
        }
        let known = divergences.compactMap { $0 }
        let dealt = clients.reduce(0) { $0 + $1.count }
        let weighted = zip(divergences, clients).reduce(0) { $0 + ($1.0 ?? 0) * Double($1.1.count) }
        return PartitionSummary(
            clients: clients.count, samples: labels.count, dropped: dropped.count,
            sizes: .init(clients.map(\.count)), labelHistogram: all, clientHistograms: histograms,
            classesPerClient: .init(histograms.map { $0.count { $0 > 0 } }),
            effectiveClasses: effectiveNumber(of: all),
            effectiveClassesPerClient: .init(
                histograms.filter { $0.contains { $0 > 0 } }.map { effectiveNumber(of: $0) }),
            divergences: divergences,
            meanDivergence: known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count),
            weightedMeanDivergence: dealt == 0 ? 0 : weighted / Double(dealt),
            maximumDivergence: known.max() ?? 0)
    }
}

extension PartitionSummary.Range {
    fileprivate init(_ figures: [Double]) {
        minimum = figures.min() ?? 0
        mean = figures.isEmpty ? 0 : figures.reduce(0, +) / Double(figures.count)
        maximum = figures.max() ?? 0
    }

    fileprivate init(_ figures: [Int]) { self.init(figures.map { Double($0) }) }
}

/// e to the Shannon entropy of a histogram: 1 where one class has everything, the number of classes where all have the
/// same; 0 for an empty one.
public func effectiveNumber(of histogram: [Int]) -> Double {
    let total = Double(histogram.reduce(0, +))
    guard total > 0 else { return 0 }
    let entropy = histogram.filter { $0 > 0 }.reduce(0.0) { sum, count in
        let share = Double(count) / total
        return sum - share * ck_log(share)
    }
    return ck_exp(entropy)
}

/// Jensen-Shannon divergence in bits (logarithms to base 2) of two histograms over the same classes, each with at
/// least one entry: the mean relative entropy of either distribution to their mean (Lin 1991); 0 to 1.
public func jensenShannonDivergence(_ first: [Int], _ second: [Int]) -> Double {
    precondition(first.count == second.count, "\(first.count) and \(second.count) classes")
    let totals = (Double(first.reduce(0, +)), Double(second.reduce(0, +)))
    precondition(totals.0 > 0 && totals.1 > 0, "an empty histogram has no distribution")
    var sum = 0.0
    for (a, b) in zip(first, second) {
        let p = Double(a) / totals.0
        let q = Double(b) / totals.1
        let middle = (p + q) / 2
        if p > 0 { sum += p * ck_log(p / middle) }
        if q > 0 { sum += q * ck_log(q / middle) }
    }
    return min(max(sum / (2 * ck_log(2)), 0), 1)
}

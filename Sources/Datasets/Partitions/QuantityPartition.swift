import TensorMath

/// `iid-diff-quantity` of NIID-Bench (Li et al., ICDE 2022): a random permutation of all samples is cut by shares
/// drawn from Dir(alpha) over the clients, which are drawn again until every client has `minimum` samples. Clients
/// differ in size alone.
///
/// Deviations: the number of draws is bounded, and `minimum` counts samples after rounding, not shares of n.
func dealQuantities(
    _ samples: Int, clients: Int, alpha: Double, minimum: Int, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    try DirichletShares.check(alpha: alpha, clients: clients, minimum: minimum, samples: samples)
    let draws = RedrawLimit.draws(of: clients)
    var best = 0
    for _ in 0..<draws {
        let shares = DirichletShares(alpha: alpha, count: clients, &stream)
        let sizes = DirichletShares.cut(samples, by: shares.weights { _ in true })
        let smallest = sizes.min() ?? 0
        guard smallest >= minimum else {
            best = max(best, smallest)
            continue
        }
        var order = Array(0..<UInt32(samples))
        stream.shuffle(&order)
        var start = 0
        return DealtSamples(
            clients: sizes.map { size in
                defer { start += size }
                return Array(order[start..<start + size])
            })
    }
    throw .minimumNotReached(draws: draws, clients: clients, minimum: minimum, best: best, alpha: alpha)
}

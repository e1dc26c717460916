import TensorMath

/// `noniid-labeldir` of NIID-Bench (Li et al., ICDE 2022): for each class in turn, shares of all clients are drawn
/// from Dir(alpha), those of clients that already have n/N samples or more are set to 0, the rest is scaled to one,
/// and the shuffled class is cut by them. All is drawn again until every client has `minimum` samples. The cap keeps
/// sizes from drifting apart, but they still differ.
///
/// Deviations: the number of draws is bounded; classes are shuffled once, after the shares are accepted, and a client
/// at the cap gets nothing, where the original's rounding can give it a sample.
func dealDirichlet(
    _ labels: [UInt8], classes: Int, clients: Int, alpha: Double, minimum: Int, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    try DirichletShares.check(alpha: alpha, clients: clients, minimum: minimum, samples: labels.count)
    var ofClass = samplesOfClasses(labels, classes: classes).filter { !$0.isEmpty }
    let counts = ofClass.map(\.count)
    let draws = RedrawLimit.draws(of: clients * counts.count)
    var best = 0
    for _ in 0..<draws {
        let cuts = cutsOfClasses(counts, samples: labels.count, clients: clients, alpha: alpha, &stream)
        let smallest = (0..<clients).map { client in cuts.reduce(0) { $0 + $1[client] } }.min() ?? 0
        guard smallest >= minimum else {
            best = max(best, smallest)
            continue
        }
        var dealt = DealtSamples(clients: [[UInt32]](repeating: [], count: clients))
        for index in ofClass.indices {
            stream.shuffle(&ofClass[index])
            var start = 0
            for (client, count) in cuts[index].enumerated() {
                dealt.clients[client] += ofClass[index][start..<start + count]
                start += count
            }
        }
        return dealt
    }
    throw .minimumNotReached(draws: draws, clients: clients, minimum: minimum, best: best, alpha: alpha)
}

/// How many samples of each class (outer) each client (inner) gets in one draw.
private func cutsOfClasses(
    _ counts: [Int], samples: Int, clients: Int, alpha: Double, _ stream: inout RandomStream
) -> [[Int]] {
    var sizes = [Int](repeating: 0, count: clients)
    return counts.map { count in
        let shares = DirichletShares(alpha: alpha, count: clients, &stream)
        let cuts = DirichletShares.cut(count, by: shares.weights { sizes[$0] * clients < samples })
        for client in sizes.indices { sizes[client] += cuts[client] }
        return cuts
    }
}

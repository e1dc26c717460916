import TensorMath

/// Hsu, Qi and Brown, "Measuring the effects of non-identical data distribution for federated visual classification"
/// (2019): every client gets exactly floor(n / N) samples. Client by client, shares of the classes are drawn from
/// Dir(alpha), and samples one by one: a class by these shares, then a sample of it that nobody has. A class that
/// is used up gets the share 0 and the others are scaled to one. What is left at the end, n mod N, is dropped.
///
/// alpha is the parameter of each class, as in published implementations; the paper writes Dir(alpha p) with a
/// prior p. Later clients have fewer classes to choose from, so that they resemble each other more.
func dealBalancedDirichlet(
    _ labels: [UInt8], classes: Int, clients: Int, alpha: Double, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    try DirichletShares.check(alpha: alpha, clients: clients, minimum: 1, samples: labels.count)
    var left = samplesOfClasses(labels, classes: classes).filter { !$0.isEmpty }
    for index in left.indices { stream.shuffle(&left[index]) }
    let size = labels.count / clients
    var dealt = DealtSamples(clients: [])
    for _ in 0..<clients {
        let shares = DirichletShares(alpha: alpha, count: left.count, &stream)
        var weights = shares.weights { !left[$0].isEmpty }
        var own: [UInt32] = []
        own.reserveCapacity(size)
        for _ in 0..<size {
            let index = draw(weights, &stream)
            own.append(left[index].removeLast())
            if left[index].isEmpty { weights = shares.weights { !left[$0].isEmpty } }
        }
        dealt.clients.append(own)
    }
    dealt.dropped = left.flatMap { $0 }
    return dealt
}

/// A position, with probability in proportion to its weight; never one of weight 0.
private func draw(_ weights: [Double], _ stream: inout RandomStream) -> Int {
    let aim = stream.uniformDouble() * weights.reduce(0, +)
    var reached = 0.0
    var last = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
        reached += weight
        last = index
        if aim < reached { break }
    }
    return last
}

import TensorMath

/// Independent, identically distributed: a random permutation of all samples, cut in order into as many parts as
/// there are clients. Sizes differ by at most one and the larger parts come first, as numpy.array_split cuts.
/// Nothing is dropped.
func dealEqually(
    _ samples: Int, clients: Int, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    guard clients >= 1 else { throw .notPositive(key: "clients", value: clients) }
    guard clients <= samples else { throw .moreClientsThanSamples(clients: clients, samples: samples) }
    var order = Array(0..<UInt32(samples))
    stream.shuffle(&order)
    let (size, larger) = samples.quotientAndRemainder(dividingBy: clients)
    return DealtSamples(
        clients: (0..<clients).map { client in
            let start = client * size + min(client, larger)
            return Array(order[start..<start + size + (client < larger ? 1 : 0)])
        })
}

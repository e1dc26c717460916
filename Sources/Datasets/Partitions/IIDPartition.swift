import TensorMath

/// Independent, identically distributed: a random permutation of all samples, cut in order into as many parts as
/// there are clients. Sizes differ by at most one and the larger parts come first. Nothing is dropped.
func dealEqually(
    _ samples: Int, clients: Int, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    guard clients >= 1 else { throw .notPositive(key: "clients", value: clients) }
    guard clients <= samples else { throw .moreClientsThanSamples(clients: clients, samples: samples) }
    var order = Array(0..<UInt32(samples))
    stream.shuffle(&order)
    return DealtSamples(clients: cutEvenly(order, into: clients).map { Array($0) })
}

import TensorMath

/// Every client gets what the data set says is its own. Samples without an owner are dropped.
func dealToOwners(_ natural: [[UInt32]]?, samples: Int) throws(PartitionError) -> DealtSamples {
    guard let natural, !natural.isEmpty else { throw .noNaturalOwners }
    var isOwned = [Bool](repeating: false, count: samples)
    for (client, list) in natural.enumerated() {
        for sample in list {
            guard Int(sample) < samples else {
                throw .outOfRange(client: client, sample: sample, samples: samples)
            }
            isOwned[Int(sample)] = true
        }
    }
    let dropped = (0..<samples).filter { !isOwned[$0] }.map { UInt32($0) }
    return DealtSamples(clients: natural, dropped: dropped)
}

/// `real` of NIID-Bench (Li et al., ICDE 2022): the data set's own clients, in random order, are cut evenly into
/// `clients` groups, and a group is one client. Samples without an owner are dropped.
func dealGroups(
    _ natural: [[UInt32]]?, clients: Int, samples: Int, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    let owned = try dealToOwners(natural, samples: samples)
    guard clients >= 1 else { throw .notPositive(key: "clients", value: clients) }
    guard clients <= owned.clients.count else {
        throw .moreClientsThanOwners(clients: clients, owners: owned.clients.count)
    }
    var order = Array(owned.clients.indices)
    stream.shuffle(&order)
    return DealtSamples(
        clients: cutEvenly(order, into: clients).map { group in group.flatMap { owned.clients[$0] } },
        dropped: owned.dropped)
}

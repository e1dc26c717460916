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

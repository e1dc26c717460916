import TensorMath

/// McMahan et al., "Communication-efficient learning of deep networks from decentralized data" (AISTATS 2017):
/// samples in stable order of their labels are cut into S = clients * shardsPerClient shards of floor(n / S)
/// consecutive samples, the shards are permuted, and client k gets those at k * shardsPerClient and following.
///
/// The last n mod S samples of the sorted order, which carry the highest labels, belong to no shard and are
/// dropped. A shard may straddle two classes, and two shards of a client may be of the same class.
func dealShards(
    _ labels: [UInt8], classes: Int, clients: Int, shardsPerClient: Int, _ stream: inout RandomStream
) throws(PartitionError) -> DealtSamples {
    guard clients >= 1 else { throw .notPositive(key: "clients", value: clients) }
    guard shardsPerClient >= 1 else { throw .notPositive(key: "shards_per_client", value: shardsPerClient) }
    let (shards, overflow) = clients.multipliedReportingOverflow(by: shardsPerClient)
    guard !overflow, shards <= labels.count else {
        throw .moreShardsThanSamples(
            clients: clients, shardsPerClient: shardsPerClient, samples: labels.count)
    }
    let sorted = samplesOfClasses(labels, classes: classes).flatMap { $0 }
    let size = labels.count / shards
    var order = Array(0..<shards)
    stream.shuffle(&order)
    let dealt = (0..<clients).map { client in
        order[client * shardsPerClient..<(client + 1) * shardsPerClient].flatMap { shard in
            sorted[shard * size..<(shard + 1) * size]
        }
    }
    return DealtSamples(clients: dealt, dropped: Array(sorted[(shards * size)...]))
}

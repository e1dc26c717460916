import Datasets
import TensorMath
import Testing

@Suite("Partitions")
struct PartitionTests {
    private static let labels: [UInt8] = [3, 1, 0, 2, 1, 0, 3, 2, 0, 1, 2]

    /// The permutation and the cuts come from an independent implementation in Python.
    @Test func iidOfTenSamples() throws {
        let labels = [UInt8](repeating: 0, count: 10)
        let partition = try PartitionSpec.iid(clients: 3).partition(labels: labels, classes: 1, seed: 7)
        #expect(partition.clients == [[4, 5, 1, 6], [3, 8, 9], [0, 7, 2]])
        #expect(partition.dropped.isEmpty)
    }

    /// As above: 11 samples, 4 shards of 2, the last three of the sorted order left over.
    @Test func shardsOfElevenSamples() throws {
        let spec = PartitionSpec.shards(clients: 2, shardsPerClient: 2)
        let partition = try spec.partition(labels: Self.labels, classes: 4, seed: 7)
        #expect(partition.clients == [[8, 1, 3, 7], [4, 9, 2, 5]])
        #expect(partition.dropped == [10, 0, 6])
        #expect(partition.labelHistogram(0) == [1, 1, 2, 0])
        #expect(partition.labelHistogram(1) == [2, 2, 0, 0])
    }

    @Test func invariantsOnRandomInputs() throws {
        var stream = RandomStream(RandomKey(seed: 8, purpose: .test))
        for _ in 0..<300 {
            let classes = 1 + stream.index(below: 12)
            let labels = (0..<(1 + stream.index(below: 400))).map { _ in UInt8(stream.index(below: classes)) }
            let seed = stream.next()
            let clients = 1 + stream.index(below: labels.count)
            let iid = try PartitionSpec.iid(clients: clients).partition(
                labels: labels, classes: classes, seed: seed)
            try iid.validate()
            let sizes = iid.clients.map(\.count)
            #expect(sizes == sizes.sorted(by: >))
            #expect(sizes[0] - sizes[sizes.count - 1] <= 1)
            #expect(iid.clients.count == clients && iid.dropped.isEmpty)

            let perClient = 1 + stream.index(below: labels.count / clients)
            let shards = try PartitionSpec.shards(clients: clients, shardsPerClient: perClient).partition(
                labels: labels, classes: classes, seed: seed)
            try shards.validate()
            let size = labels.count / (clients * perClient)
            #expect(shards.clients.allSatisfy { $0.count == perClient * size })
            #expect(shards.dropped.count == labels.count % (clients * perClient))
            let greatest = labels.sorted().suffix(shards.dropped.count)
            #expect(shards.dropped.map { labels[Int($0)] } == Array(greatest))
            // Each shard is a run of the sorted order, so no client sees more classes than its shards can hold.
            for client in shards.clients {
                for start in stride(from: 0, to: client.count, by: size) {
                    let run = client[start..<start + size].map { labels[Int($0)] }
                    #expect(run == run.sorted())
                }
            }
        }
    }

    @Test func seedsMatter() throws {
        let labels = (0..<100).map { UInt8($0 % 10) }
        for spec in [PartitionSpec.iid(clients: 10), .shards(clients: 10, shardsPerClient: 2)] {
            let first = try spec.partition(labels: labels, classes: 10, seed: 1)
            #expect(try spec.partition(labels: labels, classes: 10, seed: 1) == first)
            #expect(try spec.partition(labels: labels, classes: 10, seed: 2) != first)
        }
    }

    @Test func naturalOwners() throws {
        let owners: [[UInt32]] = [[4, 2], [0], [7, 8, 9]]
        let partition = try PartitionSpec.natural.partition(
            labels: Self.labels, classes: 4, natural: owners, seed: 1)
        #expect(partition.clients == owners)
        #expect(partition.dropped == [1, 3, 5, 6, 10])
    }

    /// The permutation comes from an independent implementation in Python.
    @Test func groupsOfOwners() throws {
        let owners: [[UInt32]] = [[4, 2], [0], [7, 8, 9], [1, 3], [5]]
        let partition = try PartitionSpec.naturalGroups(clients: 2).partition(
            labels: Self.labels, classes: 4, natural: owners, seed: 7)
        #expect(partition.clients == [[5, 7, 8, 9, 4, 2], [1, 3, 0]])
        #expect(partition.dropped == [6, 10])
        let all = try PartitionSpec.naturalGroups(clients: 5).partition(
            labels: Self.labels, classes: 4, natural: owners, seed: 1)
        #expect(Set(all.clients) == Set(owners))
    }

    @Test("what cannot be done is explained with figures")
    func infeasible() {
        let labels = Self.labels
        func error(_ spec: PartitionSpec, natural: [[UInt32]]? = nil) -> PartitionError? {
            partitionError { () throws(PartitionError) in
                _ = try spec.partition(labels: labels, classes: 4, natural: natural, seed: 1)
            }
        }
        #expect(error(.iid(clients: 0)) == .notPositive(key: "clients", value: 0))
        #expect(error(.iid(clients: 12)) == .moreClientsThanSamples(clients: 12, samples: 11))
        #expect(error(.iid(clients: 12))?.description.contains("at most 11 clients") == true)
        #expect(error(.shards(clients: -1, shardsPerClient: 2)) == .notPositive(key: "clients", value: -1))
        #expect(
            error(.shards(clients: 2, shardsPerClient: 0)) == .notPositive(key: "shards_per_client", value: 0)
        )
        let many = error(.shards(clients: 4, shardsPerClient: 3))
        #expect(many == .moreShardsThanSamples(clients: 4, shardsPerClient: 3, samples: 11))
        #expect(many?.description.contains("12 shards, more than the 11") == true)
        #expect(error(.shards(clients: .max, shardsPerClient: 3)) != nil)
        #expect(error(.natural) == .noNaturalOwners)
        #expect(error(.natural, natural: []) == .noNaturalOwners)
        #expect(error(.natural, natural: [[0, 11]]) == .outOfRange(client: 0, sample: 11, samples: 11))
        #expect(error(.natural, natural: [[0, 1], [1]]) == .notDisjoint(sample: 1, client: 1))
        #expect(error(.naturalGroups(clients: 1)) == .noNaturalOwners)
        #expect(
            error(.naturalGroups(clients: 3), natural: [[0], [1]])
                == .moreClientsThanOwners(clients: 3, owners: 2))
        #expect(
            error(.naturalGroups(clients: 0), natural: [[0], [1]]) == .notPositive(key: "clients", value: 0))
        let none = partitionError { () throws(PartitionError) in
            _ = try PartitionSpec.iid(clients: 1).partition(labels: [], classes: 4, seed: 1)
        }
        #expect(none == .noSamples)
    }

    @Test func validationFindsEachFault() {
        func error(_ clients: [[UInt32]], _ dropped: [UInt32] = []) -> PartitionError? {
            partitionError { () throws(PartitionError) in
                try Partition(clients: clients, dropped: dropped, labels: [0, 1, 0], classes: 2).validate()
            }
        }
        #expect(error([[2], [0, 1]]) == nil)
        #expect(error([[2], [0]], [1]) == nil)
        #expect(error([[2], [0]]) == .lost(sample: 1))
        #expect(error([[2], [0, 2]], [1]) == .notDisjoint(sample: 2, client: 1))
        #expect(error([[2], [0, 1]], [1]) == .notDisjoint(sample: 1, client: 2))
        #expect(error([[0, 1, 2, 3]]) == .outOfRange(client: 0, sample: 3, samples: 3))
        #expect(error([], [0, 1, 2]) == .notPositive(key: "clients", value: 0))
    }
}

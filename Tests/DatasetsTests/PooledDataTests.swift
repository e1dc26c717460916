import Datasets
import TensorMath
import Testing

@Suite("Training and test samples pooled before they are dealt")
struct PooledDataTests {
    private static let rules: [PartitionSpec] = [
        .iid(clients: 5), .shards(clients: 5, shardsPerClient: 2),
        .classesPerClient(clients: 5, classes: 2, assignment: .cyclic),
        .classesPerClient(clients: 5, classes: 4, assignment: .random),
        .dirichlet(clients: 5, alpha: 0.5, minimum: 10), .balancedDirichlet(clients: 5, alpha: 0.5),
        .quantitySkew(clients: 5, alpha: 0.5, minimum: 10), .featureNoise(clients: 5, level: 0.1), .natural,
        .naturalGroups(clients: 5),
    ]

    @Test func digits() throws {
        let directory = try FixtureDirectory()
        try SmallDigits().write(to: directory)
        let spec = DatasetSpec(name: .mnist, path: directory.path, pool: true)
        let apart = try Dataset.load(DatasetSpec(name: .mnist, path: directory.path), seed: 1)
        let pooled = try Dataset.load(spec, seed: 1)
        #expect(pooled.train.labels == SmallDigits.trainLabels + SmallDigits.testLabels)
        #expect(allFeatures(pooled.train) == allFeatures(apart.train) + allFeatures(apart.test))
        #expect(pooled.test.count == 0 && pooled.train.storage == .pixels)
        #expect(try Dataset.loadLabels(spec, seed: 1) == pooled.labels)
        #expect(pooled.fingerprint != apart.fingerprint)
        var limited = spec
        limited.limit = 8
        #expect(try Dataset.load(limited, seed: 1).train == pooled.train.prefix(8))
        #expect(try Dataset.loadLabels(limited, seed: 1).train == Array(pooled.train.labels[..<8]))
        limited.limit = 10
        let error = datasetError { () throws(DatasetError) in _ = try Dataset.load(limited, seed: 1) }
        #expect(error?.found == "limit 10" && error?.expected.contains("at most 9") == true)
    }

    @Test func syntheticClientsKeepTheirSamples() throws {
        let apart = try Dataset.load(DatasetSpec(name: .synthetic, clients: 4), seed: 3)
        let spec = DatasetSpec(name: .synthetic, pool: true, clients: 4)
        let pooled = try Dataset.load(spec, seed: 3)
        #expect(try Dataset.loadLabels(spec, seed: 3) == pooled.labels)
        let (own, all) = (try #require(apart.natural), try #require(pooled.natural))
        #expect(all.joined().sorted() == Array(0..<UInt32(pooled.train.count)))
        var tested = UInt32(apart.train.count)
        for client in 0..<4 {
            let size = all[client].count
            #expect(own[client].count == size * 9 / 10)
            #expect(Array(all[client][..<own[client].count]) == own[client])
            #expect(all[client].suffix(size - own[client].count).first == tested)
            tested += UInt32(size - own[client].count)
        }
    }

    /// Under every rule a client's samples are its training and its test samples, and the union of all clients' test
    /// samples is the global test set.
    @Test(arguments: rules) func everyRuleSplitsLocally(rule: PartitionSpec) throws {
        let data = try Dataset.load(DatasetSpec(name: .synthetic, pool: true, clients: 12), seed: 3)
        let partition = try data.labels.partition(rule, seed: 3)
        let local = try partition.localSplit(fraction: 0.25, seed: 3, pooled: true)
        for (client, samples) in partition.clients.enumerated() {
            #expect(Set(local.train[client]).union(local.test[client]) == Set(samples))
            #expect(local.train[client].count + local.test[client].count == samples.count)
            #expect(abs(Double(local.test[client].count) - 0.25 * Double(samples.count)) <= 1)
        }
        #expect(local.pooledTest == local.test.flatMap { $0 })
        #expect(try partition.localSplit(fraction: 0.25, seed: 3).pooledTest == nil)
        let again = try partition.localSplit(fraction: 0.25, seed: 3, pooled: true)
        #expect(again == local)
    }

    @Test func somethingMustBeKeptBack() throws {
        let partition = Partition(clients: [[0], [1]], dropped: [], labels: [0, 0], classes: 1)
        for fraction in [0, 0.5] {
            let error = partitionError { () throws(PartitionError) in
                _ = try partition.localSplit(fraction: fraction, seed: 1, pooled: true)
            }
            #expect(error == .noPooledTest)
        }
    }
}

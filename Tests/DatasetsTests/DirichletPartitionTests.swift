import Datasets
import TensorMath
import Testing

@Suite("Partitions drawn from Dirichlet distributions")
struct DirichletPartitionTests {
    private static let labels: [UInt8] = [3, 1, 0, 2, 1, 0, 3, 2, 0, 1, 2]
    private static let many = (0..<5000).map { UInt8($0 % 10) }

    /// Shares and permutations come from an independent implementation in Python.
    @Test func elevenSamples() throws {
        let capped = try PartitionSpec.dirichlet(clients: 3, alpha: 0.5, minimum: 2).partition(
            labels: Self.labels, classes: 4, seed: 7)
        #expect(capped.clients == [[9, 4, 10], [5, 2, 0, 6], [8, 1, 7, 3]])
        let balanced = try PartitionSpec.balancedDirichlet(clients: 3, alpha: 0.3).partition(
            labels: Self.labels, classes: 4, seed: 7)
        #expect(balanced.clients == [[2, 3, 5], [7, 6, 1], [10, 8, 0]])
        #expect(balanced.dropped == [4, 9])
        // The twenty-first draw is the first in which every client has two samples.
        let quantity = try PartitionSpec.quantitySkew(clients: 3, alpha: 0.5, minimum: 2).partition(
            labels: Self.labels, classes: 4, seed: 7)
        #expect(quantity.clients == [[10, 2, 0, 3, 1], [4, 5, 7, 9], [6, 8]])
    }

    /// Nothing is lost, everybody has the minimum, and nobody who had n/N samples got any of a later class.
    @Test(arguments: [0.01, 0.1, 0.5, 5, 1000]) func cappedFollowsItsDefinition(alpha: Double) throws {
        var stream = RandomStream(RandomKey(seed: 22, purpose: .test))
        for _ in 0..<20 {
            let clients = 1 + stream.index(below: 5)
            let partition = try PartitionSpec.dirichlet(clients: clients, alpha: alpha, minimum: 1).partition(
                labels: Self.many, classes: 10, seed: stream.next())
            try partition.validate()
            #expect(partition.dropped.isEmpty)
            #expect(partition.clients.count == clients && partition.clients.allSatisfy { !$0.isEmpty })
            for client in 0..<clients {
                var size = 0
                for count in partition.labelHistogram(client) {
                    #expect(count == 0 || size * clients < Self.many.count)
                    size += count
                }
            }
        }
    }

    /// With the share p_k of the first of two clients beta-distributed, its mean is 1/2 and its variance
    /// 1 / (4 (2 alpha + 1)); the first class is cut before any cap.
    @Test(arguments: [0.1, 1, 10]) func sharesHaveTheirMoments(alpha: Double) throws {
        let labels = (0..<2000).map { UInt8($0 % 2) }
        let shares = try (0..<2000).map { seed in
            let partition = try PartitionSpec.dirichlet(clients: 2, alpha: alpha, minimum: 1).partition(
                labels: labels, classes: 2, seed: UInt64(seed))
            return Double(partition.labelHistogram(0)[0]) / 1000
        }
        let mean = shares.reduce(0, +) / 2000
        let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2000
        let expected = 1 / (4 * (2 * alpha + 1))
        #expect(abs(mean - 0.5) < 4 * (expected / 2000).squareRoot())
        #expect(abs(variance / expected - 1) < 0.15)
    }

    @Test func theMinimumIsKept() throws {
        for seed in 0..<20 {
            for minimum in [1, 10, 200] {
                let capped = try PartitionSpec.dirichlet(clients: 10, alpha: 0.5, minimum: minimum).partition(
                    labels: Self.many, classes: 10, seed: UInt64(seed))
                #expect(capped.clients.allSatisfy { $0.count >= minimum })
                let sizes = try PartitionSpec.quantitySkew(clients: 5, alpha: 2, minimum: minimum).partition(
                    labels: Self.many, classes: 10, seed: UInt64(seed))
                #expect(sizes.clients.allSatisfy { $0.count >= minimum } && sizes.dropped.isEmpty)
                try sizes.validate()
            }
        }
    }

    @Test(arguments: [0.001, 0.01, 0.1, 1, 100, 1_000_000]) func balancedClientsHaveEqualSizes(
        alpha: Double
    ) throws {
        var stream = RandomStream(RandomKey(seed: 23, purpose: .test))
        for _ in 0..<10 {
            let labels = (0..<1 + stream.index(below: 3000)).map { _ in UInt8(stream.index(below: 7)) }
            let clients = 1 + stream.index(below: min(labels.count, 60))
            let partition = try PartitionSpec.balancedDirichlet(clients: clients, alpha: alpha).partition(
                labels: labels, classes: 9, seed: stream.next())
            try partition.validate()
            #expect(partition.clients.allSatisfy { $0.count == labels.count / clients })
            #expect(partition.dropped.count == labels.count % clients)
        }
    }

    /// The smaller alpha, the further the clients are from the whole.
    @Test func alphaDecidesHeterogeneity() throws {
        func divergence(_ spec: PartitionSpec) throws -> Double {
            try (1...5).reduce(0) { sum, seed in
                let partition = try spec.partition(labels: Self.many, classes: 10, seed: UInt64(seed))
                return sum + partition.summary().meanDivergence / 5
            }
        }
        let alphas = [100, 1, 0.1, 0.01]
        let capped = try alphas.map { try divergence(.dirichlet(clients: 10, alpha: $0, minimum: 1)) }
        #expect(capped == capped.sorted() && capped[0] < 0.01 && capped[3] > 0.5)
        let balanced = try alphas.map { try divergence(.balancedDirichlet(clients: 10, alpha: $0)) }
        #expect(balanced == balanced.sorted() && balanced[0] < 0.01 && balanced[3] > 0.5)
    }

    /// With one class a client, the first clients' samples are of one class until it is used up.
    @Test func smallAlphaGivesOneClass() throws {
        let partition = try PartitionSpec.balancedDirichlet(clients: 100, alpha: 0.001).partition(
            labels: Self.many, classes: 10, seed: 1)
        #expect(partition.labelHistogram(0).count { $0 > 0 } == 1)
        #expect(partition.summary().classesPerClient.mean < 1.5)
    }

    @Test func infeasible() {
        func error(_ spec: PartitionSpec, _ labels: [UInt8] = Self.labels) -> PartitionError? {
            partitionError { () throws(PartitionError) in
                _ = try spec.partition(labels: labels, classes: 10, seed: 1)
            }
        }
        let short = error(.dirichlet(clients: 2, alpha: 1, minimum: 6))
        #expect(short == .minimumTooLarge(clients: 2, minimum: 6, samples: 11))
        #expect(short?.description.contains("at most 1 clients") == true)
        #expect(
            error(.quantitySkew(clients: .max, alpha: 1, minimum: 10))
                == .minimumTooLarge(clients: .max, minimum: 10, samples: 11))
        #expect(
            error(.balancedDirichlet(clients: 12, alpha: 1))
                == .minimumTooLarge(clients: 12, minimum: 1, samples: 11))
        #expect(error(.dirichlet(clients: 0, alpha: 1, minimum: 1)) == .notPositive(key: "clients", value: 0))
        #expect(
            error(.quantitySkew(clients: 2, alpha: 1, minimum: 0)) == .notPositive(key: "minimum", value: 0))
        for alpha in [0, -1, 1e-4, 1e7, .infinity] {
            #expect(error(.dirichlet(clients: 2, alpha: alpha, minimum: 1)) == .badAlpha(alpha))
            #expect(error(.balancedDirichlet(clients: 2, alpha: alpha)) == .badAlpha(alpha))
            #expect(error(.quantitySkew(clients: 2, alpha: alpha, minimum: 1)) == .badAlpha(alpha))
        }
        #expect(error(.balancedDirichlet(clients: 2, alpha: .nan)) != nil)
        // Every client would have to get exactly its equal share.
        for spec in [
            PartitionSpec.dirichlet(clients: 100, alpha: 0.01, minimum: 50),
            .quantitySkew(clients: 100, alpha: 0.01, minimum: 50),
        ] {
            guard case .minimumNotReached(let draws, 100, 50, let best, 0.01) = error(spec, Self.many) else {
                Issue.record("\(spec) was fulfilled")
                continue
            }
            #expect(5...10_000 ~= draws && best < 50)
        }
    }
}

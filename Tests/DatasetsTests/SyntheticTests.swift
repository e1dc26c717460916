import Datasets
import Testing

@Suite("The synthetic(alpha, beta) task")
struct SyntheticTests {
    private static let spec = DatasetSpec(name: .synthetic, alpha: 0.5, beta: 2, clients: 2)

    /// Figures of an independent implementation in Python with its own Philox and the C library's logarithm.
    @Test func agreesWithAnIndependentImplementation() throws {
        let data = try Dataset.load(Self.spec, seed: 11)
        #expect(data.shape == SampleShape(channels: 60, height: 1, width: 1))
        #expect(data.classes == 10)
        let owners = try #require(data.natural)
        #expect(owners.map(\.count) == [57, 92])
        #expect(data.test.count == 64 - 57 + 103 - 92)
        #expect(Array(data.train.labels[..<12]) == [8, 8, 1, 8, 8, 1, 8, 8, 8, 8, 8, 1])
        #expect(data.train.labels[57...].allSatisfy { $0 == 5 })
        let values = allFeatures(data.train)
        let expected: [Float] = [0.9957786798477173, 1.4174741506576538, 2.215406894683838]
        for (found, wanted) in zip(values, expected) { #expect(abs(found - wanted) < 1e-6) }
        let second: [Float] = [2.329200506210327, 4.679642677307129, 1.8511584997177124]
        for (found, wanted) in zip(values[(57 * 60)...], second) { #expect(abs(found - wanted) < 1e-6) }
        let test = allFeatures(data.test)
        #expect(abs(test[7 * 60 - 1] - 3.3504996299743652) < 1e-6)
        #expect(abs(test[test.count - 1] - 2.502250909805298) < 1e-6)
    }

    @Test func ownersCoverTheTrainingSamplesInOrder() throws {
        let data = try Dataset.load(DatasetSpec(name: .synthetic, clients: 7), seed: 3)
        let owners = try #require(data.natural)
        #expect(owners.count == 7)
        #expect(owners.flatMap { $0 } == Array(0..<UInt32(data.train.count)))
        #expect(owners.allSatisfy { $0.count >= 45 })
        let partition = try data.labels.partition(.natural, seed: 3)
        #expect(partition.clients == owners)
        #expect(partition.dropped.isEmpty)
    }

    @Test func labelsAloneAndRepetitionAgree() throws {
        let data = try Dataset.load(Self.spec, seed: 11)
        #expect(try Dataset.loadLabels(Self.spec, seed: 11) == data.labels)
        #expect(try Dataset.load(Self.spec, seed: 11).fingerprint == data.fingerprint)
        #expect(try Dataset.load(Self.spec, seed: 12).fingerprint != data.fingerprint)
    }

    @Test func aClientDoesNotDependOnTheNumberOfClients() throws {
        let few = try Dataset.load(Self.spec, seed: 11)
        var spec = Self.spec
        spec.clients = 5
        let many = try Dataset.load(spec, seed: 11)
        #expect(many.train.prefix(few.train.count) == few.train)
    }

    @Test func featuresHaveTheStatedVariances() throws {
        let data = try Dataset.load(DatasetSpec(name: .synthetic, alpha: 0, beta: 0, clients: 20), seed: 5)
        let owners = try #require(data.natural)
        let values = allFeatures(data.train)
        for feature in [0, 9, 59] {
            // Variance within clients, pooled.
            var squares = 0.0
            var freedom = 0
            for list in owners {
                let own = list.map { Double(values[Int($0) * 60 + feature]) }
                let mean = own.reduce(0, +) / Double(own.count)
                squares += own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                freedom += own.count - 1
            }
            let expected = [0: 1, 9: 0.0630957, 59: 0.0073496][feature] ?? .nan
            let tolerance = 5 * (2.0 / Double(freedom)).squareRoot()
            #expect(abs(squares / Double(freedom) / expected - 1) < tolerance)
        }
    }
}

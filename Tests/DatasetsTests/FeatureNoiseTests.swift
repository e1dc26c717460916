import Datasets
import TensorMath
import Testing

@Suite("Noise on the features of clients")
struct FeatureNoiseTests {
    private static let shape = SampleShape(channels: 1, height: 8, width: 8)
    private static let samples = 120

    private static func dataset(_ pixels: Bool) -> Dataset {
        let labels = (0..<samples).map { UInt8($0 % 4) }
        let count = samples * shape.count
        func split(_ labels: [UInt8]) -> Split {
            pixels
                ? Split(
                    shape: shape, classes: 4, labels: labels,
                    pixels: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) })
                : Split(
                    shape: shape, classes: 4, labels: labels, values: (0..<count).map { Float($0 % 97) / 97 })
        }
        return Dataset(name: "noisy", train: split(labels), test: split(labels))
    }

    private func holdings(
        _ spec: PartitionSpec, _ dataset: Dataset, fraction: Double = 0.25, seed: UInt64 = 7,
        pooled: Bool = false
    ) throws -> LocalSplit {
        try dataset.labels.partition(spec, seed: seed).localSplit(
            fraction: fraction, seed: seed, pooled: pooled)
    }

    private func features(_ split: Split, _ indices: [UInt32]) -> [Float] {
        let buffer = FloatBuffer(count: indices.count * split.shape.count)
        var labels: [UInt8] = []
        split.fillBatch(indices, 0..<indices.count, into: buffer.view, labels: &labels)
        return buffer.view.array
    }

    @Test func samplesAreDealtAsByIID() throws {
        let dataset = Self.dataset(true)
        let noisy = try dataset.labels.partition(.featureNoise(clients: 5, level: 0.3), seed: 7)
        let plain = try dataset.labels.partition(.iid(clients: 5), seed: 7)
        #expect(noisy.clients == plain.clients && plain.noise == nil)
        let noise = try #require(noisy.noise)
        let expected = [0, 0.075, 0.15, 0.225, 0.3]
        for client in 0..<5 { #expect(abs(noise.deviation(of: client) - expected[client]) < 1e-15) }
        let alone = try dataset.labels.partition(.featureNoise(clients: 1, level: 0.3), seed: 7)
        #expect(alone.noise?.deviation(of: 0) == 0)
    }

    @Test(
        "without noise, for the first client and in the test set, features stay as they are",
        arguments: [true, false])
    func cleanParts(pixels: Bool) throws {
        let dataset = Self.dataset(pixels)
        let iid = try holdings(.iid(clients: 5), dataset)
        #expect(iid.seenByClients(dataset).train == dataset.train)
        let noisy = try holdings(.featureNoise(clients: 5, level: 0.3), dataset)
        let seen = noisy.seenByClients(dataset)
        #expect(features(seen.train, noisy.train[0]) == features(dataset.train, noisy.train[0]))
        #expect(allFeatures(seen.test) == allFeatures(dataset.test))
        #expect(noisy.globalTest(of: seen).split == dataset.test)
        #expect(
            try holdings(.featureNoise(clients: 5, level: 0.3), dataset, pooled: true).globalTest(of: seen)
                .split == dataset.train)
        #expect(seen.fingerprint == dataset.fingerprint)
    }

    /// Training and local test samples differ from the stored ones by the client's deviation.
    @Test("mean and variance", arguments: [true, false])
    func moments(pixels: Bool) throws {
        let dataset = Self.dataset(pixels)
        let local = try holdings(.featureNoise(clients: 3, level: 0.4), dataset)
        let seen = local.seenByClients(dataset)
        for (client, deviation) in [(1, 0.2), (2, 0.4)] {
            for own in [local.train[client], local.test[client]] {
                let noise = zip(features(seen.train, own), features(dataset.train, own)).map {
                    Double($0 - $1)
                }
                let count = Double(noise.count)
                let mean = noise.reduce(0, +) / count
                let variance = noise.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
                #expect(abs(mean) < 4 * deviation / count.squareRoot())
                #expect(abs(variance / (deviation * deviation) - 1) < 4 * (2 / count).squareRoot())
            }
        }
    }

    /// The key is (seed, noise, client, sample): the numbers come from an independent implementation in Python.
    @Test func theKeyIsAsStated() throws {
        let owners: [[UInt32]] = [[0, 1, 2], [3, 4]]
        let labels: [UInt8] = [0, 0, 0, 0, 0]
        let split = Split(
            shape: SampleShape(channels: 3, height: 1, width: 1), classes: 1, labels: labels,
            values: [Float](repeating: 1, count: 15))
        let dealt = try PartitionSpec.featureNoise(clients: 2, level: 0.5).partition(
            labels: labels, classes: 1, seed: 7)
        let partition = Partition(
            clients: owners, dropped: [], labels: labels, classes: 1, noise: dealt.noise)
        let local = try partition.localSplit(fraction: 0, seed: 7)
        let seen = local.seenByClients(Dataset(name: "ones", train: split, test: split)).train
        let expected = [0.07783703752583533, -1.2310094168622783, 1.0870709042923432].map {
            1 + Float(0.5 * $0)
        }
        #expect(features(seen, [3]) == expected)
        #expect(features(seen, [2]) == [1, 1, 1])
    }

    /// A sample has the same noise in every batch, at every place, in every process, and however it is asked for.
    @Test func aSampleHasOneNoise() throws {
        let dataset = Self.dataset(true)
        let local = try holdings(.featureNoise(clients: 4, level: 1), dataset)
        let seen = local.seenByClients(dataset).train
        let again = try holdings(.featureNoise(clients: 4, level: 1), dataset).seenByClients(dataset).train
        let order = Array(0..<UInt32(Self.samples))
        let whole = features(seen, order)
        #expect(features(again, order) == whole)
        #expect(allFeatures(seen) == whole)
        let size = Self.shape.count
        let reversed = features(seen, order.reversed())
        #expect(Array(reversed[..<size]) == Array(whole.suffix(size)))
        let row = FloatBuffer(count: 2 * size)
        seen.copyFeatures(of: 17, into: row.view, row: 1)
        #expect(row.view.slice(size, size).array == Array(whole[17 * size..<18 * size]))
        #expect(row.view.slice(0, size).array.allSatisfy { $0 == 0 })
        let other = try holdings(.featureNoise(clients: 4, level: 1), dataset, seed: 8).seenByClients(dataset)
        #expect(features(other.train, order) != whole)
        // Twice the level is twice the noise.
        let double = try holdings(.featureNoise(clients: 4, level: 2), dataset).seenByClients(dataset).train
        let clean = features(dataset.train, order)
        for (index, value) in features(double, order).enumerated() {
            let single = whole[index] - clean[index]
            #expect(abs(value - clean[index] - 2 * single) < 1e-5)
        }
    }

    @Test func badLevels() {
        for level in [-0.1, 1001, .infinity, .nan] {
            let error = partitionError { () throws(PartitionError) in
                _ = try PartitionSpec.featureNoise(clients: 2, level: level).partition(
                    labels: [0, 0], classes: 1, seed: 1)
            }
            guard case .badLevel = error else {
                Issue.record("level \(level) was accepted")
                continue
            }
        }
    }
}

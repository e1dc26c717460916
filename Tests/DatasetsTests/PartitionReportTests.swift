import Datasets
import TensorMath
import Testing

@Suite("What clients keep back")
struct LocalSplitTests {
    /// From an independent implementation in Python.
    @Test func ofTenSamples() throws {
        let partition = try PartitionSpec.iid(clients: 3).partition(
            labels: [UInt8](repeating: 0, count: 10), classes: 1, seed: 7)
        let split = try partition.localSplit(fraction: 0.3, seed: 7)
        #expect(split.train == [[4, 1, 6], [3, 9], [7, 2]])
        #expect(split.test == [[5], [8], [0]])
    }

    @Test func sizesAndDisjointness() throws {
        var stream = RandomStream(RandomKey(seed: 9, purpose: .test))
        for _ in 0..<100 {
            let count = 1 + stream.index(below: 300)
            let partition = try PartitionSpec.iid(clients: 1 + stream.index(below: count)).partition(
                labels: [UInt8](repeating: 0, count: count), classes: 1, seed: stream.next())
            let fraction = stream.uniformDouble()
            let split = try partition.localSplit(fraction: fraction, seed: stream.next())
            for (client, samples) in partition.clients.enumerated() {
                let (train, test) = (split.train[client], split.test[client])
                #expect(Set(train).union(test) == Set(samples) && train.count + test.count == samples.count)
                #expect(!train.isEmpty)
                if samples.count >= 2 && fraction > 0 { #expect(!test.isEmpty) }
                #expect(abs(Double(test.count) - fraction * Double(samples.count)) <= 1)
                // Both keep the order of the partition.
                #expect(train == samples.filter { Set(train).contains($0) })
            }
        }
    }

    @Test func edges() throws {
        let partition = Partition(clients: [[0], [1, 2]], dropped: [], labels: [0, 0, 0], classes: 1)
        let none = try partition.localSplit(fraction: 0, seed: 1)
        #expect(none.train == partition.clients && none.test == [[], []])
        let most = try partition.localSplit(fraction: 0.99, seed: 1)
        #expect(most.train.map(\.count) == [1, 1] && most.test.map(\.count) == [0, 1])
        for fraction in [-0.1, 1, 2, .nan, .infinity] {
            let error = partitionError { () throws(PartitionError) in
                _ = try partition.localSplit(fraction: fraction, seed: 1)
            }
            guard case .badFraction = error else {
                Issue.record("fraction \(fraction) was accepted")
                continue
            }
        }
    }
}

@Suite("Partitions as tables and figures")
struct PartitionReportTests {
    private static let partition = Partition(
        clients: [[0, 1, 2, 3], [5, 4], []], dropped: [6, 7], labels: [0, 0, 0, 1, 2, 2, 2, 2], classes: 3)

    @Test func csv() throws {
        var lines: [String] = []
        Self.partition.writeCSV { lines.append($0) }
        #expect(
            lines == [
                "client,split,sample,label", "0,train,0,0", "0,train,1,0", "0,train,2,0", "0,train,3,1",
                "1,train,5,2", "1,train,4,2", ",dropped,6,2", ",dropped,7,2",
            ])
        let split = try Self.partition.localSplit(fraction: 0.5, seed: 3)
        lines = []
        Self.partition.writeCSV(local: split) { lines.append($0) }
        #expect(lines.count == 9)
        #expect(lines.count { $0.contains(",test,") } == 3)
        #expect(lines[1].hasPrefix("0,train,") && lines[3].hasPrefix("0,test,"))
    }

    @Test func csvPassesFailuresOn() {
        struct DiskFull: Error {}
        #expect(throws: DiskFull.self) {
            try Self.partition.writeCSV { (_: String) throws(DiskFull) in throw DiskFull() }
        }
    }

    @Test func summary() {
        let summary = Self.partition.summary()
        #expect(summary.clients == 3 && summary.samples == 8 && summary.dropped == 2)
        #expect(summary.sizes.minimum == 0 && summary.sizes.mean == 2 && summary.sizes.maximum == 4)
        #expect(summary.labelHistogram == [3, 1, 4])
        #expect(summary.clientHistograms == [[3, 1, 0], [0, 0, 2], [0, 0, 0]])
        #expect(summary.classesPerClient.maximum == 2 && summary.classesPerClient.mean == 1)
        // p = (3, 1, 0) / 4 and (0, 0, 1) against q = (3, 1, 4) / 8.
        let first = jensenShannonDivergence([3, 1, 0], [3, 1, 4])
        #expect(abs(first - 0.3112781244591328) < 1e-12)
        #expect(summary.divergences[0] == first)
        #expect(summary.divergences[2] == nil)
        #expect(abs((summary.divergences[1] ?? 0) - first) < 1e-12)
        #expect(abs(summary.meanDivergence - first) < 1e-12)
        #expect(summary.maximumDivergence >= summary.meanDivergence)
    }

    /// Client 0 has 6 samples of classes 0 and 1, client 1 two of class 2; all: (3, 3, 2) / 8.
    @Test func heterogeneityByHand() {
        let labels: [UInt8] = [0, 0, 0, 1, 1, 1, 2, 2]
        let summary = Partition(
            clients: [[0, 1, 2, 3, 4, 5], [6, 7]], dropped: [], labels: labels, classes: 3
        ).summary()
        // p = (1/2, 1/2, 0), q = (3/8, 3/8, 2/8), m = (7/16, 7/16, 2/16):
        // (log2(8/7) + 3/4 log2(6/7) + 1/4 log2 2) / 2; p = (0, 0, 1), m = (3/16, 3/16, 10/16):
        // (log2(8/5) + 3/4 log2 2 + 1/4 log2(2/5)) / 2.
        let (first, second) = (0.1379253809700299, 0.5487949406953987)
        #expect(abs((summary.divergences[0] ?? 0) - first) < 1e-12)
        #expect(abs((summary.divergences[1] ?? 0) - second) < 1e-12)
        #expect(abs(summary.meanDivergence - (first + second) / 2) < 1e-12)
        #expect(abs(summary.weightedMeanDivergence - (6 * first + 2 * second) / 8) < 1e-12)
        #expect(abs(summary.maximumDivergence - second) < 1e-12)
        // Two equal classes, one class; entropy of (3, 3, 2) / 8 is 1.0822 nats.
        #expect(abs(summary.effectiveClassesPerClient.maximum - 2) < 1e-12)
        #expect(abs(summary.effectiveClassesPerClient.minimum - 1) < 1e-12)
        #expect(abs(summary.effectiveClasses - 2.9511517858675242) < 1e-12)
    }

    @Test func effectiveNumbers() {
        #expect(abs(effectiveNumber(of: [5, 5, 5, 5]) - 4) < 1e-12)
        #expect(effectiveNumber(of: [0, 9, 0]) == 1)
        #expect(effectiveNumber(of: [0, 0]) == 0)
    }

    @Test func divergence() {
        #expect(jensenShannonDivergence([2, 4, 6], [1, 2, 3]) == 0)
        #expect(abs(jensenShannonDivergence([5, 0], [0, 9]) - 1) < 1e-15)
        // scipy.spatial.distance.jensenshannon(p, q, base=2) squared.
        #expect(abs(jensenShannonDivergence([3, 1, 0], [2, 2, 4]) - 0.34436093777043364) < 1e-14)
    }
}

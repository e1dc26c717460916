import Datasets
import TensorMath
import Testing

@Suite("Partitions by a number of classes")
struct ClassPartitionTests {
    private static let labels: [UInt8] = [3, 1, 0, 2, 1, 0, 3, 2, 0, 1, 2]

    private func deal(
        _ labels: [UInt8], _ classes: Int, clients: Int, each: Int, _ assignment: ClassAssignment,
        seed: UInt64 = 7
    ) throws(PartitionError) -> Partition {
        try PartitionSpec.classesPerClient(clients: clients, classes: each, assignment: assignment)
            .partition(labels: labels, classes: classes, seed: seed)
    }

    /// The draws come from an independent implementation in Python.
    @Test func elevenSamples() throws {
        let cyclic = try deal(Self.labels, 4, clients: 3, each: 2, .cyclic)
        #expect(cyclic.clients == [[8, 2, 1, 4], [9, 6, 0], [5, 10, 3, 7]])
        #expect(cyclic.dropped.isEmpty)
        let single = try deal(Self.labels, 4, clients: 2, each: 1, .cyclic)
        #expect(single.clients == [[8, 5, 2], [4, 9, 1]])
        #expect(single.dropped == [3, 7, 10, 0, 6])
        let random = try deal(Self.labels, 4, clients: 3, each: 2, .random)
        #expect(random.clients == [[3, 7, 6], [2, 8, 5, 1, 9, 4], [10, 0]])
    }

    /// Every client has exactly its number of classes, the classes of a client are those that the rule allows, and a
    /// class is cut evenly among its owners or dropped whole.
    @Test(arguments: ClassAssignment.allCases) func followsItsDefinition(assignment: ClassAssignment) throws {
        var stream = RandomStream(RandomKey(seed: 21, purpose: .test))
        for _ in 0..<200 {
            let classes = 1 + stream.index(below: 12)
            let perClass = 40 + stream.index(below: 40)
            var labels = (0..<classes * perClass).map { UInt8($0 % classes) }
            stream.shuffle(&labels)
            let each = 1 + stream.index(below: classes)
            let least = assignment == .random ? (2 * classes + each - 1) / each : 1
            let clients = least + stream.index(below: 12)
            let partition = try deal(
                labels, classes, clients: clients, each: each, assignment, seed: stream.next())
            try partition.validate()
            let histograms = partition.clients.indices.map { partition.labelHistogram($0) }
            for (client, histogram) in histograms.enumerated() {
                #expect(histogram.count { $0 > 0 } == each)
                if assignment == .cyclic { #expect(histogram[client % classes] > 0) }
            }
            for label in 0..<classes {
                let shares = histograms.map { $0[label] }.filter { $0 > 0 }
                #expect(shares == shares.sorted(by: >))
                #expect((shares.first ?? 0) - (shares.last ?? 0) <= 1)
                #expect(shares.isEmpty || shares.reduce(0, +) == perClass)
                if assignment == .random { #expect(!shares.isEmpty) }
            }
            if clients >= classes { #expect(partition.dropped.isEmpty) }
        }
    }

    /// With all classes each, clients differ by at most one sample of each class.
    @Test func allClassesEach() throws {
        let labels = (0..<103).map { UInt8($0 % 10) }
        for assignment in ClassAssignment.allCases {
            let partition = try deal(labels, 10, clients: 4, each: 10, assignment)
            #expect(partition.dropped.isEmpty)
            for client in 0..<4 { #expect(partition.labelHistogram(client).allSatisfy { 2...3 ~= $0 }) }
        }
    }

    /// Classes without samples, as behind a limit, are nobody's.
    @Test func onlyClassesThatThereAre() throws {
        let labels: [UInt8] = [7, 2, 7, 2, 7, 2]
        let partition = try deal(labels, 62, clients: 3, each: 1, .cyclic)
        #expect(partition.clients.map { Set($0.map { labels[Int($0)] }) } == [[2], [7], [2]])
        #expect(try deal(labels, 62, clients: 2, each: 1, .random).clients.map(\.count) == [3, 3])
    }

    /// The other classes of a client are uniform.
    @Test func otherClassesAreUniform() throws {
        let labels = (0..<5000).map { UInt8($0 % 5) }
        var counts = [Int](repeating: 0, count: 5)
        for seed in 0..<400 {
            let partition = try deal(labels, 5, clients: 10, each: 2, .cyclic, seed: UInt64(seed))
            for client in 0..<10 {
                for label in 0..<5 where label != client % 5 && partition.labelHistogram(client)[label] > 0 {
                    counts[(label - client % 5 + 5) % 5] += 1
                }
            }
        }
        #expect(counts[0] == 0 && counts.reduce(0, +) == 4000)
        let chiSquare = counts[1...].reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
        // Three degrees of freedom: 16.3 is passed once in a thousand.
        #expect(chiSquare < 16.3)
    }

    @Test func infeasible() {
        func error(
            _ clients: Int, _ each: Int, _ assignment: ClassAssignment, _ labels: [UInt8] = Self.labels,
            _ classes: Int = 4
        ) -> PartitionError? {
            partitionError { () throws(PartitionError) in
                _ = try deal(labels, classes, clients: clients, each: each, assignment)
            }
        }
        #expect(error(0, 1, .cyclic) == .notPositive(key: "clients", value: 0))
        #expect(error(2, 0, .random) == .notPositive(key: "classes", value: 0))
        #expect(error(.max, 4, .random) == .moreClientsThanSamples(clients: .max, samples: 11))
        #expect(error(2, 5, .cyclic) == .tooManyClasses(classesPerClient: 5, classes: 4))
        let few = error(3, 1, .random)
        #expect(few == .classesWithoutOwner(clients: 3, classesPerClient: 1, classes: 4))
        #expect(few?.description.contains("classes to at least 2") == true)
        #expect(few?.description.contains("at least 4 clients") == true)
        // Ten owners of class 0, which has three samples.
        guard
            case .classesTooSmall(_, 10, 1) = error(
                10, 1, .cyclic, [0, 0, 0] + Array(repeating: 1, count: 9), 2)
        else {
            Issue.record("owners without samples were accepted")
            return
        }
        // 100 clients would have to draw a permutation of 100 classes by chance.
        let hundred = (0..<1000).map { UInt8($0 % 100) }
        guard case .noFullAssignment(let draws, 100, 1, 100) = error(100, 1, .random, hundred, 100) else {
            Issue.record("the impossible was drawn")
            return
        }
        #expect(draws == 10_000)
    }
}

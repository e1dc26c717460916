import Methods
import TensorMath
import Testing

@Suite struct KnowledgePartitionTests {
    /// One image for each community, which its filters answer equally and no other filter does: the co-activation
    /// network is a set of cliques.
    static func cliques(_ sizes: [Int], filters: Int) -> FilterActivity {
        var values: [Float] = []
        var start = 0
        for size in sizes {
            values += (0..<filters).map { start..<start + size ~= $0 ? 2 : 0 }
            start += size
        }
        return FilterActivity(images: sizes.count, filters: filters, values: values)
    }

    /// Communities of a WRN-40-4's 256 filters as found at resolution 1.43; 77 filters are isolated.
    static let wideResNet = [35, 24, 22, 22, 21, 20, 19, 14, 2]
    /// The same as the paper's program sees it: the two of 22 filters have become one.
    static let pooled = [44, 35, 24, 21, 20, 19, 14, 2]

    static func sizes(
        _ communities: [Int], parts: Int, isolated: IsolatedFilters = .dropLargest,
        capacities: [Double]? = nil
    ) throws -> [Int] {
        let spec = KnowledgePartitionSpec(
            rule: .coActivation, parts: parts, isolated: isolated,
            balance: capacities == nil ? .greedy : .capacity, capacities: capacities)
        let activity = cliques(communities, filters: 256)
        let partition = try KnowledgePartition.make(spec, activity: activity, seed: 1)
        #expect(partition.communities.map(\.count) == communities)
        check(partition, filters: 256, parts: parts)
        return partition.parts.map(\.count)
    }

    static func check(_ partition: KnowledgePartition, filters: Int, parts: Int) {
        let kept = partition.parts.flatMap { $0 }
        #expect(partition.filters == filters)
        #expect(partition.parts.count == parts)
        #expect(partition.parts.allSatisfy { !$0.isEmpty && $0 == $0.sorted() })
        #expect(partition.dropped == partition.dropped.sorted())
        #expect((kept + partition.dropped).sorted() == Array(0..<filters))
        #expect(Set(partition.communities.flatMap { $0 }).count == partition.communities.joined().count)
    }

    /// With communities of equal size made one, these are the sizes that the paper's program gives.
    @Test(arguments: [
        (2, [93, 86]), (4, [44, 49, 43, 43]), (6, [44, 35, 24, 21, 22, 33]),
        (8, [44, 35, 24, 21, 20, 19, 14, 2]),
    ])
    func mergesAsTheProgram(parts: Int, expected: [Int]) throws {
        #expect(try Self.sizes(Self.pooled, parts: parts).sorted() == expected.sorted())
    }

    /// With communities as they are; 8 parts stay even.
    @Test(arguments: [
        (2, [91, 88]), (4, [49, 43, 43, 44]), (6, [35, 24, 24, 22, 35, 39]),
        (8, [35, 24, 22, 22, 21, 20, 19, 16]),
    ])
    func merges(parts: Int, expected: [Int]) throws {
        for isolated in [IsolatedFilters.drop, .dropLargest] {
            #expect(
                try Self.sizes(Self.wideResNet, parts: parts, isolated: isolated).sorted()
                    == expected.sorted())
        }
    }

    @Test(arguments: 1...8) func coverLeavesNone(parts: Int) throws {
        let sizes = try Self.sizes(Self.wideResNet, parts: parts, isolated: .cover)
        #expect(sizes.reduce(0, +) == 256)
        // Only of eight parts is the largest community more than its share.
        #expect(sizes.max()! - sizes.min()! <= (parts == 8 ? 4 : 1))
    }

    /// Of 60 filters with three quarters of the room at part 1.
    @Test func capacities() throws {
        let sizes = try Self.sizes(
            [20, 10, 10, 5, 5, 5, 5], parts: 2, isolated: .drop, capacities: [1, 3])
        #expect(sizes == [15, 45])
        for rule in [PartitionRule.random, .equal] {
            let spec = KnowledgePartitionSpec(
                rule: rule, parts: 3, balance: .capacity, capacities: [2, 1, 1])
            let activity = FilterActivity(images: 1, filters: 8, values: .init(repeating: 1, count: 8))
            let partition = try KnowledgePartition.make(spec, activity: activity, seed: 1)
            #expect(partition.parts.map(\.count) == [4, 2, 2])
        }
    }

    /// The program's rule drops what is largest, also where that is not the isolated filters.
    @Test func dropLargestMeansLargest() throws {
        let spec = KnowledgePartitionSpec(rule: .coActivation, parts: 2, isolated: .dropLargest)
        let partition = try KnowledgePartition.make(
            spec, activity: Self.cliques([9, 6, 5], filters: 23), seed: 1)
        #expect(partition.dropped == Array(0..<9))
        // Three isolated filters are a group like others.
        #expect(partition.parts == [Array(9..<15), Array(15..<23)])
    }

    /// Communities are halved where the fewest edges are.
    @Test func halvesLargest() throws {
        var values: [Float] = []
        // Filters 0 to 7: two bands of four that answer together often, and all together once.
        for band in [[0, 2, 4, 6], [1, 3, 5, 7], [0, 1, 2, 3, 4, 5, 6, 7]] {
            for _ in 0..<(band.count == 4 ? 2 : 3) {
                values += (0..<10).map { band.contains($0) ? 1 : 0 }
            }
        }
        // Filters 8 and 9.
        values += (0..<10).map { $0 >= 8 ? 1 : 0 }
        let activity = FilterActivity(images: 8, filters: 10, values: values)
        let spec = KnowledgePartitionSpec(
            rule: .coActivation, parts: 3, edgePercentile: 0, resolution: 0.3)
        let partition = try KnowledgePartition.make(spec, activity: activity, seed: 1)
        #expect(partition.communities == [Array(0..<8), [8, 9]])
        #expect(partition.parts == [[0, 2, 4, 6], [1, 3, 5, 7], [8, 9]])
        var many = spec
        many.parts = 10
        let alone = try KnowledgePartition.make(many, activity: activity, seed: 1)
        #expect(alone.parts.sorted { $0[0] < $1[0] } == (0..<10).map { [$0] })
    }

    @Test(arguments: [2, 3, 4, 5]) func eigenvectorFindsPlantedGroups(parts: Int) throws {
        // Every filter of a group answers the group's images at random, the others weakly.
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        let (size, images) = (12, 40 * parts)
        var place = Array(0..<size * parts)
        stream.shuffle(&place)
        var values = [Float](repeating: 0, count: images * place.count)
        for image in 0..<images {
            for index in place.indices {
                let own = index / size == image % parts
                values[image * place.count + place[index]] = stream.uniform() * (own ? 1 : 0.1)
            }
        }
        let activity = FilterActivity(images: images, filters: place.count, values: values)
        let spec = KnowledgePartitionSpec(rule: .eigenvector, parts: parts, topFilters: 100)
        let partition = try KnowledgePartition.make(spec, activity: activity, seed: 1)
        let planted = (0..<parts).map { place[$0 * size..<($0 + 1) * size].sorted() }
        #expect(Set(partition.parts) == Set(planted))
    }

    @Test func slicesAndDraws() throws {
        let activity = FilterActivity(images: 1, filters: 10, values: .init(repeating: 0, count: 10))
        func parts(_ rule: PartitionRule, seed: UInt64) throws -> [[Int]] {
            try KnowledgePartition.make(.init(rule: rule, parts: 3), activity: activity, seed: seed).parts
        }
        #expect(try parts(.equal, seed: 1) == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]])
        #expect(try parts(.random, seed: 1).map(\.count) == [4, 3, 3])
        #expect(try parts(.random, seed: 1) == parts(.random, seed: 1))
        #expect(try parts(.random, seed: 1) != parts(.random, seed: 2))
    }

    @Test func oneEqualPartIsTheWholeTeacher() throws {
        let activity = FilterActivity(images: 1, filters: 5, values: [1, 2, 3, 4, 5])
        let partition = try KnowledgePartition.make(
            .init(rule: .equal, parts: 1), activity: activity, seed: 1)
        #expect(partition.parts == [[0, 1, 2, 3, 4]])
        #expect(partition.dropped.isEmpty)
    }

    /// Random activity, with silent filters and images, of at least as many filters as parts.
    static func random(seed: UInt64) -> (FilterActivity, RandomStream) {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .test, client: 2))
        let filters = 8 + stream.index(below: 70)
        let images = 1 + stream.index(below: 30)
        let silent = stream.uniform() * 0.7
        let isSilent = (0..<filters).map { _ in stream.uniform() < silent }
        let values = (0..<images).flatMap { _ in
            (0..<filters).map { isSilent[$0] ? 0 : Float(stream.normal()) }
        }
        return (FilterActivity(images: images, filters: filters, values: values), stream)
    }

    @Test(arguments: 0..<200) func everyRuleDivides(seed: UInt64) {
        var (activity, stream) = Self.random(seed: seed)
        for rule in PartitionRule.allCases {
            for isolated in IsolatedFilters.allCases {
                let parts = 1 + stream.index(below: 8)
                let hasCapacities = stream.index(below: 2) == 0
                let spec = KnowledgePartitionSpec(
                    rule: rule, parts: parts, topFilters: 2 + stream.index(below: 30),
                    edgePercentile: 100 * stream.uniformDouble(),
                    resolution: 0.5 + 2 * stream.uniformDouble(), isolated: isolated,
                    balance: hasCapacities ? .capacity : .greedy,
                    capacities: hasCapacities ? (0..<parts).map { _ in 0.1 + stream.uniformDouble() } : nil)
                do throws(PartitionFault) {
                    let partition = try KnowledgePartition.make(spec, activity: activity, seed: seed)
                    Self.check(partition, filters: activity.filters, parts: parts)
                    let again = try KnowledgePartition.make(spec, activity: activity, seed: seed)
                    #expect(partition == again)
                    if isolated == .cover { #expect(partition.dropped.isEmpty) }
                    if !rule.hasGraph { #expect(partition.dropped.isEmpty) }
                    if isolated == .drop { #expect(partition.dropped == partition.graph?.isolated ?? []) }
                } catch {
                    switch error {
                    case .tooFewKept(let kept, _, _, _): #expect(isolated != .cover && kept < parts)
                    case .noEdges, .tooFewActive: #expect(rule.hasGraph && activity.images < 5)
                    default: Issue.record("\(error)")
                    }
                }
            }
        }
    }

    /// 256 and more filters in an instant, whatever the rule.
    @Test(arguments: PartitionRule.allCases) func manyFilters(rule: PartitionRule) throws {
        var stream = RandomStream(RandomKey(seed: 8, purpose: .test, client: 3))
        let values = (0..<50 * 512).map { _ in Float(stream.normal()) }
        let activity = FilterActivity(images: 50, filters: 512, values: values)
        let spec = KnowledgePartitionSpec(rule: rule, parts: 7, topFilters: 200)
        let partition = try KnowledgePartition.make(spec, activity: activity, seed: 1)
        Self.check(partition, filters: 512, parts: 7)
        if rule == .eigenvector { #expect(Set(partition.parts.map(\.count)).isSubset(of: [73, 74])) }
    }
}

import Methods
import Testing

/// What cannot be divided is refused, and each refusal says what to change.
@Suite struct PartitionFaultTests {
    static let activity = FilterActivity(images: 2, filters: 4, values: [1, 2, 0, 0, 1, 0, 3, 0])

    static func fault(
        _ spec: KnowledgePartitionSpec, _ activity: FilterActivity = activity
    ) -> PartitionFault? {
        do throws(PartitionFault) {
            _ = try KnowledgePartition.make(spec, activity: activity, seed: 1)
            return nil
        } catch {
            #expect(
                ["set ", "give ", "ask ", "lower ", "raise ", "train "].contains {
                    error.description.contains($0)
                })
            return error
        }
    }

    @Test func settings() {
        #expect(Self.fault(.init(parts: 0)) == .tooSmall(key: "parts", value: 0, least: 1))
        #expect(
            Self.fault(.init(parts: 1, topFilters: 1)) == .tooSmall(key: "top_filters", value: 1, least: 2))
        #expect(Self.fault(.init(parts: 1, images: 0)) == .tooSmall(key: "images", value: 0, least: 1))
        #expect(Self.fault(.init(parts: 1, edgePercentile: 101)) == .badPercentile(101))
        #expect(Self.fault(.init(parts: 1, edgePercentile: -1)) == .badPercentile(-1))
        #expect(Self.fault(.init(parts: 1, resolution: 0)) == .badResolution(0))
        #expect(Self.fault(.init(parts: 1, resolution: .infinity)) == .badResolution(.infinity))
        #expect(
            Self.fault(.init(parts: 2, balance: .capacity)) == .wrongCapacities(count: 0, parts: 2))
        #expect(
            Self.fault(.init(parts: 2, balance: .capacity, capacities: [1]))
                == .wrongCapacities(count: 1, parts: 2))
        #expect(
            Self.fault(.init(parts: 2, balance: .capacity, capacities: [1, 0]))
                == .badCapacity(part: 1, value: 0))
    }

    @Test(arguments: PartitionRule.allCases) func morePartsThanFilters(rule: PartitionRule) {
        #expect(Self.fault(.init(rule: rule, parts: 5)) == .moreParts(parts: 5, filters: 4))
    }

    @Test func activity() {
        let one = FilterActivity(images: 2, filters: 4, values: [0, 2, 0, -1, 0, 1, 0, -1])
        #expect(Self.fault(.init(parts: 2), one) == .tooFewActive(active: 1, filters: 4))
        let none = FilterActivity(images: 1, filters: 2, values: [0, 0])
        #expect(Self.fault(.init(parts: 2), none) == .tooFewActive(active: 0, filters: 2))
        let apart = FilterActivity(images: 2, filters: 2, values: [0, 2, 1, 0])
        #expect(Self.fault(.init(parts: 2), apart) == .noEdges(rule: .activationHub))
        #expect(
            Self.fault(.init(rule: .eigenvector, parts: 2), apart) == .noEdges(rule: .eigenvector))
        let broken = FilterActivity(images: 2, filters: 2, values: [0, 2, 1, .nan])
        #expect(Self.fault(.init(parts: 1), broken) == .notFinite(image: 1, filter: 1))
        // Images that are not looked at do not matter, nor does activity where nothing depends on it.
        #expect(Self.fault(.init(parts: 1, images: 1), broken) == .tooFewActive(active: 1, filters: 2))
        #expect(Self.fault(.init(rule: .equal, parts: 2), broken) == nil)
    }

    @Test func tooFewKept() {
        #expect(
            Self.fault(.init(parts: 4))
                == .tooFewKept(kept: 2, parts: 4, filters: 4, isolated: .drop))
        #expect(Self.fault(.init(parts: 4, isolated: .cover)) == nil)
        #expect(Self.fault(.init(parts: 3, edgePercentile: 0)) == nil)
        // The two that are linked and the two that are not: the first are the largest group.
        #expect(
            Self.fault(.init(parts: 3, isolated: .dropLargest))
                == .tooFewKept(kept: 2, parts: 3, filters: 4, isolated: .dropLargest))
        #expect(
            Self.fault(.init(rule: .eigenvector, parts: 4))
                == .tooFewKept(kept: 3, parts: 4, filters: 4, isolated: .drop))
    }
}

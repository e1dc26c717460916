import Foundation
import Methods
import Testing

/// What leaves the program, and the picture's places.
@Suite struct PartitionFilesTests {
    static let activity = FilterActivity(
        images: 3, filters: 5, values: [2, 2, 0, 0, 0, 0, 0, 4, 4, 0, 1, 1, 0, 0, 0])
    static let partition = KnowledgePartition(
        filters: 5, parts: [[0, 1], [2, 3]], communities: [[0, 1], [2, 3]],
        graph: FilterGraph(
            filters: 5, edges: [.init(0, 1, weight: 1), .init(2, 3, weight: 0.5)]), modularity: 0.4)

    @Test func csv() {
        #expect(Self.partition.csv == "filter,community,part\n0,1,1\n1,1,1\n2,2,2\n3,2,2\n4,,\n")
    }

    @Test func json() throws {
        struct Document: Codable, Equatable {
            var communities: [[Int]]
            var dropped: [Int]
            var filters: Int
            var modularity: Double?
            var parts: [[Int]]
        }
        let read = try JSONDecoder().decode(Document.self, from: Data(Self.partition.json.utf8))
        #expect(
            read
                == Document(
                    communities: [[0, 1], [2, 3]], dropped: [4], filters: 5, modularity: 0.4,
                    parts: [[0, 1], [2, 3]]))
        let plain = KnowledgePartition(filters: 2, parts: [[0, 1]])
        let other = try JSONDecoder().decode(Document.self, from: Data(plain.json.utf8))
        #expect(
            other == Document(communities: [], dropped: [], filters: 2, modularity: nil, parts: [[0, 1]]))
        let places = ["communities", "dropped", "filters", "modularity", "parts"].compactMap {
            plain.json.range(of: "\"\($0)\"")?.lowerBound
        }
        #expect(places.count == 5 && places == places.sorted())
    }

    @Test func graphML() throws {
        let text = try #require(Self.partition.graphML(activity: Self.activity.means))
        #expect(
            text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
                  <key id="community" for="node" attr.name="community" attr.type="int"/>
                  <key id="part" for="node" attr.name="part" attr.type="int"/>
                  <key id="degree" for="node" attr.name="degree" attr.type="int"/>
                  <key id="activity" for="node" attr.name="activity" attr.type="double"/>
                  <key id="weight" for="edge" attr.name="weight" attr.type="double"/>
                  <graph id="filters" edgedefault="undirected">
                    <node id="0"><data key="community">1</data><data key="part">1</data><data key="degree">1</data>\
                <data key="activity">0.6666666666666666</data></node>
                    <node id="1"><data key="community">1</data><data key="part">1</data><data key="degree">1</data>\
                <data key="activity">0.6666666666666666</data></node>
                    <node id="2"><data key="community">2</data><data key="part">2</data><data key="degree">1</data>\
                <data key="activity">0.3333333333333333</data></node>
                    <node id="3"><data key="community">2</data><data key="part">2</data><data key="degree">1</data>\
                <data key="activity">0.3333333333333333</data></node>
                    <node id="4"><data key="degree">0</data><data key="activity">0.0</data></node>
                    <edge source="0" target="1"><data key="weight">1.0</data></edge>
                    <edge source="2" target="3"><data key="weight">0.5</data></edge>
                  </graph>
                </graphml>

                """)
        #expect(KnowledgePartition(filters: 5, parts: [[0]]).graphML(activity: Self.activity.means) == nil)
    }

    @Test func classActivity() {
        // Class 0: (1, 0.5, 0, 0) and (0, 0, 1, 0.5); class 1: (0, 0, 0, 1); class 2: nothing.
        let activity = FilterActivity(
            images: 4, filters: 4, values: [4, 2, 0, 0, 0, 0, 2, 1, 0, -1, 0, 5, 0, 0, -2, 0])
        let classes = ClassActivity(
            activity, labels: [0, 0, 1, 2], classes: 3, groups: [[0, 1], [2], [3]])
        #expect(classes.totals == [3, 1, 0])
        let expected: [[Double]] = [[0.5, 0, 0], [1.0 / 3, 0, 0], [0.5 / 3, 1, 0]]
        #expect(classes.shares == expected)
        #expect(
            ClassActivity(activity, labels: [0, 0, 0, 1], classes: 2, groups: [[0]]).csv(names: ["part_0"])
                == "group,class,share\npart_0,0,0.25\npart_0,1,\n")
    }

    @Test func positions() {
        let graph = ModularityFixture.weightedPlanted.graph
        let places = graph.positions(seed: 1)
        #expect(places.count == graph.filters)
        #expect(places.allSatisfy { (0...1).contains($0.x) && (0...1).contains($0.y) })
        #expect(places == graph.positions(seed: 1))
        #expect(places != graph.positions(seed: 2))
        #expect(Set(places).count == graph.filters)
        // Linked filters are nearer to each other than others.
        let connected = graph.connected
        let linked = Set(graph.edges.map { [$0.first, $0.second] })
        var near: [Double] = []
        var far: [Double] = []
        for (place, first) in connected.enumerated() {
            for second in connected[(place + 1)...] {
                let apart = places[first] - places[second]
                let distance = (apart * apart).sum().squareRoot()
                if linked.contains([first, second]) { near.append(distance) } else { far.append(distance) }
            }
        }
        let means = [near, far].map { $0.reduce(0, +) / Double($0.count) }
        #expect(means[0] < 0.6 * means[1])
        // Isolated ones stand below.
        let lowest = connected.map { places[$0].y }.min() ?? 0
        #expect(graph.isolated.allSatisfy { places[$0].y < lowest })
    }

    @Test(arguments: [0, 1, 2, 3, 400]) func positionsOfFewOrIsolated(filters: Int) {
        let edges = filters > 1 ? [FilterGraph.Edge(0, 1, weight: 1)] : []
        let places = FilterGraph(filters: filters, edges: edges).positions(seed: 1)
        #expect(places.count == filters)
        #expect(places.allSatisfy { (0...1).contains($0.x) && (0...1).contains($0.y) })
    }
}

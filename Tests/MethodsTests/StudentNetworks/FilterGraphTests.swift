import Methods
import Testing

/// Activities and weights computed by hand.
@Suite struct FilterGraphTests {
    /// Normalised: (1, 0.5, 0, 0.25), (0.5, 1, 1, 0), (0, 0, 0, 0), (0, 0, 1, 0.5).
    static let activity = FilterActivity(
        images: 4, filters: 4, values: [8, 4, -1, 2, 1, 2, 2, 0, -3, 0, -1, 0, 0, -2, 4, 2])

    static func weights(_ graph: FilterGraph) -> [[Int]: Double] {
        Dictionary(uniqueKeysWithValues: graph.edges.map { ([$0.first, $0.second], $0.weight) })
    }

    @Test func normalizedActivity() {
        #expect(Self.activity.normalized(0) == [1, 0.5, 0, 0.25])
        #expect(Self.activity.normalized(1) == [0.5, 1, 1, 0])
        #expect(Self.activity.normalized(2) == [0, 0, 0, 0])
        #expect(Self.activity.means == [0.375, 0.375, 0.5, 0.1875])
        #expect(Self.activity.activeFilters == [0, 1, 2, 3])
        #expect(Self.activity.first(2).values == [8, 4, -1, 2, 1, 2, 2, 0])
        #expect(Self.activity.first(9) == Self.activity)
    }

    @Test func topFilters() {
        #expect(Self.activity.topFilters(2, of: 0) == [0, 1])
        #expect(Self.activity.topFilters(4, of: 0) == [0, 1, 3])
        #expect(Self.activity.topFilters(2, of: 1) == [1, 2])
        #expect(Self.activity.topFilters(3, of: 1) == [1, 2, 0])
        #expect(Self.activity.topFilters(3, of: 2).isEmpty)
    }

    @Test func activationHub() {
        let graph = FilterGraph(Self.activity, weight: .activationHub, topFilters: 4)
        // Image 0: 01 0.25, 03 0.1875, 13 0.03125. Image 1: 01 0.25, 02 0.25, 12 none. Image 3: 23 0.25.
        #expect(
            Self.weights(graph) == [
                [0, 1]: 0.5, [0, 2]: 0.25, [0, 3]: 0.1875, [1, 3]: 0.03125, [2, 3]: 0.25,
            ])
        #expect(graph.degrees == [3, 2, 2, 3])
        #expect(graph.strengths == [0.9375, 0.53125, 0.5, 0.46875])
        // The weakest of image 0 and of image 1 no longer count.
        let two = FilterGraph(Self.activity, weight: .activationHub, topFilters: 2)
        #expect(Self.weights(two) == [[0, 1]: 0.25, [2, 3]: 0.25])
    }

    @Test func coActivation() {
        let graph = FilterGraph(Self.activity, weight: .coActivation, topFilters: 3)
        let expected: [[Int]: Double] = [
            [0, 1]: 0.5 / 1.5 + 0.5 / 1.5, [0, 2]: 0.5 / 1.5, [0, 3]: 0.25 / 1.75, [1, 2]: 1,
            [1, 3]: 0.125 / 1.25, [2, 3]: 0.5 / 1.5,
        ]
        #expect(Self.weights(graph) == expected)
    }

    /// `numpy.percentile(np.repeat(x, 2), q)` of numpy 2.4.6.
    @Test(arguments: [
        (0.0, 0.1), (10, 0.16), (25, 0.325), (50, 0.6), (60, 0.6799999999999999), (90, 0.9700000000000001),
        (99, 1), (100, 1.0),
    ])
    func percentile(percent: Double, expected: Double) {
        #expect(
            FilterGraph.percentile(percent, ofEachTwice: [0.7, 0.1, 0.4, 1, 0.6, 0.9, 0.3]) == expected)
    }

    @Test func threshold() {
        let graph = FilterGraph(Self.activity, weight: .activationHub, topFilters: 4)
        // Scaled: 1, 0.5, 0.375, 0.0625, 0.5.
        #expect(
            Self.weights(graph.thresholded(percentile: 0)) == [
                [0, 1]: 1, [0, 2]: 0.5, [0, 3]: 0.375, [1, 3]: 0.0625, [2, 3]: 0.5,
            ])
        // Each twice, the places 4 and 5 of 0 to 9 hold 0.5: equal ones stay.
        let half = graph.thresholded(percentile: 50)
        #expect(Self.weights(half) == [[0, 1]: 1, [0, 2]: 0.5, [2, 3]: 0.5])
        #expect(half.isolated.isEmpty)
        let top = graph.thresholded(percentile: 100)
        #expect(Self.weights(top) == [[0, 1]: 1])
        #expect(top.isolated == [2, 3])
        #expect(top.connected == [0, 1])
    }

    @Test func equalWeightsAllStay() {
        let activity = FilterActivity(images: 1, filters: 5, values: [0.3, 0.3, 0.3, 0.3, 0])
        let graph = FilterGraph(activity, weight: .coActivation, topFilters: 5)
        #expect(graph.thresholded(percentile: 99).edges.count == 6)
        #expect(FilterGraph(activity, weight: .activationHub, topFilters: 5).edges.isEmpty)
    }

    /// Two triangles and a bridge: m = 7, each side has L = 3 and D = 7.
    @Test func modularityByHand() {
        let pairs = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (2, 3)]
        let graph = FilterGraph(filters: 7, edges: pairs.map { .init($0.0, $0.1, weight: 2) })
        let sides = [[0, 1, 2], [3, 4, 5]]
        #expect(abs(graph.modularity(of: sides) - (6.0 / 7 - 0.5)) < 1e-15)
        #expect(abs(graph.modularity(of: sides, resolution: 1.43) - (6.0 / 7 - 0.715)) < 1e-15)
        #expect(graph.modularity(of: sides + [[6]]) == graph.modularity(of: sides))
        let alone = graph.modularity(of: (0..<7).map { [$0] })
        #expect(graph.modularity(of: []) == alone)
        #expect(graph.isolated == [6])
        #expect(FilterGraph(filters: 3, edges: []).modularity(of: [[0, 1, 2]]) == 0)
    }
}

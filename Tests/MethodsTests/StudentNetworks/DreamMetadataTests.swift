import Methods
import TensorMath
import Testing

@Suite struct DreamMetadataTests {
    static func stream(_ seed: UInt64 = 1) -> RandomStream {
        RandomStream(RandomKey(seed: seed, purpose: .test))
    }

    // MARK: - Clusters

    /// Three balls far apart, of 30, 20 and 10 points in turn.
    static func balls() -> (points: [[Double]], owner: [Int]) {
        var stream = stream(9)
        let centres: [[Double]] = [[0, 0, 0], [10, 0, 3], [0, 12, -3]]
        let owner = (0..<60).map { [0, 0, 0, 1, 1, 2][$0 % 6] }
        return (owner.map { centres[$0].map { $0 + stream.normal() } }, owner)
    }

    @Test(arguments: 1...8) func plantedClustersAreFound(seed: UInt64) {
        let (points, owner) = Self.balls()
        var stream = Self.stream(seed)
        let found = KMeans.clusters(of: points, count: 3, stream: &stream)
        #expect(found == (0..<3).map { ball in owner.indices.filter { owner[$0] == ball } })
    }

    /// Every point is in one cluster, whose mean is the nearest.
    @Test func clustersAreOfNearestPoints() {
        var stream = Self.stream()
        let points = (0..<200).map { _ in (0..<4).map { _ in stream.normal() } }
        let found = KMeans.clusters(of: points, count: 6, stream: &stream)
        #expect(found.flatMap { $0 }.sorted() == Array(0..<200) && found.count == 6)
        let means = found.map { KMeans.mean(of: points, $0) }
        func distance(_ a: [Double], _ b: [Double]) -> Double { (a - b).reduce(0) { $0 + $1 * $1 } }
        for (number, members) in found.enumerated() {
            for member in members {
                let nearest = means.indices.min {
                    distance(points[member], means[$0]) < distance(points[member], means[$1])
                }
                #expect(nearest == number)
            }
        }
    }

    @Test func smallClustersAndEqualPoints() {
        var stream = Self.stream()
        // Two far points are no cluster of five.
        let points = (0..<20).map { [Double($0 < 18 ? $0 % 3 : 1000)] }
        let found = KMeans.clusters(of: points, count: 4, least: 5, stream: &stream)
        #expect(found.allSatisfy { $0.count >= 5 } && found.flatMap { $0 }.count == 20)
        let same = KMeans.clusters(of: .init(repeating: [2, 2], count: 7), count: 3, stream: &stream)
        #expect(same == [Array(0..<7)])
        #expect(KMeans.clusters(of: [[1], [4]], count: 5, least: 3, stream: &stream) == [[0, 1]])
        #expect(KMeans.clusters(of: [], count: 2, stream: &stream).isEmpty)
    }

    // MARK: - Directions

    /// Points on the axes, by hand: variances 2 a^2 / (n - 1).
    @Test func directionsByHand() {
        var stream = Self.stream()
        let points: [[Double]] = [[3, 1, 0], [-1, 1, 0], [1, 2, 0], [1, 0, 0]]
        let found = PrincipalDirections.of(points, count: 3, stream: &stream)
        #expect(found.count == 2)
        #expect(zip(found.map(\.variance), [8.0 / 3, 2.0 / 3]).allSatisfy { ($0 - $1).magnitude < 1e-12 })
        #expect(near(found.flatMap { $0.direction.map { Float($0) } }, [1, 0, 0, 0, 1, 0], 1e-6))
    }

    @Test func plantedDirectionsAreFound() {
        var stream = Self.stream(3)
        let third = 1 / 3.0
        let planted: [[Double]] = [
            [2 * third, 2 * third, third], [-2 * third, third, 2 * third], [third, -2 * third, 2 * third],
        ].map { $0 + [0, 0] }
        let deviations = [5.0, 2, 0.5]
        let points = (0..<4000).map { _ in
            zip(planted, deviations).reduce([1.0, 2, 3, 4, 5]) { $0 .+ (stream.normal() * $1.1) * $1.0 }
        }
        let found = PrincipalDirections.of(points, count: 5, stream: &stream)
        #expect(found.count == 3)
        for (index, (variance, direction)) in found.enumerated() {
            let cosine = zip(direction, planted[index]).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(cosine.magnitude > 0.999)
            let due = deviations[index] * deviations[index]
            #expect((variance - due).magnitude < 0.08 * due)
            for (other, another) in found.enumerated() {
                let inner = zip(direction, another.direction).reduce(0) { $0 + $1.0 * $1.1 }
                #expect((inner - (index == other ? 1 : 0)).magnitude < 1e-9)
            }
        }
    }

    @Test func pointsThatDoNotVaryHaveNone() {
        var stream = Self.stream()
        let same = [[Double]](repeating: [1, 2], count: 5)
        #expect(PrincipalDirections.of(same, count: 2, stream: &stream).isEmpty)
        #expect(PrincipalDirections.of([[1, 2]], count: 2, stream: &stream).isEmpty)
    }

    // MARK: - Metadata

    static let size = DreamMetadata.Size(classes: 2, clusters: 2, directions: 2, features: 3)

    /// Class 0: 20 points around (5, 0, 0) along the second axis and 10 at (0, 5, 0). Class 1: 12 at (1, 1, 1).
    static func metadata() throws -> DreamMetadata {
        var features: [Float] = []
        var labels: [UInt8] = []
        for index in 0..<20 {
            features += [5, index % 2 == 0 ? 0.5 : -0.5, 0]
            labels.append(0)
        }
        for _ in 0..<10 { (features, labels) = (features + [0, 5, 0], labels + [0]) }
        for _ in 0..<12 { (features, labels) = (features + [1, 1, 1], labels + [1]) }
        return try DreamMetadata(
            features: ImageTeachers.view(features), labels: labels, size: size,
            key: RandomKey(seed: 2, purpose: .test))
    }

    @Test func metadataByHand() throws {
        let metadata = try Self.metadata()
        #expect(metadata.size.layout.count == 4 + 12 + 8 + 24)
        #expect(near([0, 1].map { metadata.share(of: $0, in: 0) }, [2.0 / 3, 1.0 / 3], 1e-6))
        #expect(metadata.share(of: 0, in: 1) == 1 && metadata.share(of: 1, in: 1) == 0)
        #expect(near(metadata.centroid(of: 0, in: 0).array, [5, 0, 0], 1e-6))
        #expect(near(metadata.centroid(of: 1, in: 0).array, [0, 5, 0], 1e-6))
        #expect(near(metadata.centroid(of: 0, in: 1).array, [1, 1, 1], 1e-6))
        // 20 values of 1/4, over 19.
        #expect(near(metadata.variances(of: 0, in: 0).array, [5.0 / 19, 0], 1e-6))
        #expect(near(metadata.directions(of: 0, in: 0).array, [0, 1, 0, 0, 0, 0], 1e-6))
        #expect(metadata.variances(of: 1, in: 0).array == [0, 0])
    }

    @Test func targetsAreDrawnAroundTheCentroids() throws {
        let metadata = try Self.metadata()
        let labels = [UInt8](repeating: 0, count: 3000) + [1]
        let key = RandomKey(seed: 4, purpose: .test)
        let targets = metadata.targets(labels: labels, key: key).array
        #expect(Array(targets.suffix(3)) == [1, 1, 1])
        let first = (0..<3000).filter { targets[3 * $0] == 5 }
        #expect((first.count - 2000).magnitude < 100)
        #expect(first.allSatisfy { targets[3 * $0 + 2] == 0 })
        let squares = first.reduce(0.0) { $0 + Double(targets[3 * $1 + 1] * targets[3 * $1 + 1]) }
        #expect((squares / Double(first.count) - 5.0 / 19).magnitude < 0.03)
        #expect(metadata.targets(labels: labels, key: key).array == targets)
        let still = metadata.targets(labels: [0], spread: 0, key: key).array
        #expect(still == [5, 0, 0] || still == [0, 5, 0])
    }

    @Test func metadataTravelAsOneObject() throws {
        let metadata = try Self.metadata()
        let object = ObjectBytes(metadata.values)
        let copy = try DreamMetadata(object, size: Self.size)
        #expect(copy.values.array == metadata.values.array)
        var larger = Self.size
        larger.features = 4
        #expect(throws: ImageSynthesisError.metadataSize(values: 48, expected: 60)) {
            try DreamMetadata(object, size: larger)
        }
        func spoilt(_ index: Int, _ value: Float) -> ObjectBytes {
            var values = metadata.values.array
            values[index] = value
            return ObjectBytes(ImageTeachers.view(values))
        }
        #expect(throws: ImageSynthesisError.self) {
            try DreamMetadata(spoilt(5, .nan), size: Self.size)
        }
        #expect(throws: ImageSynthesisError.metadataValue(segment: "variances", index: 1, value: -1)) {
            try DreamMetadata(spoilt(4 + 12 + 1, -1), size: Self.size)
        }
        #expect(throws: ImageSynthesisError.metadataValue(segment: "shares", index: 2, value: 0.5)) {
            try DreamMetadata(spoilt(2, 0.5), size: Self.size)
        }
    }

    @Test func classesWithTooFewImagesAreRefused() throws {
        let labels: [UInt8] = [0, 0, 0, 0, 0, 1, 1]
        let due = ImageSynthesisError.fewImages(label: 1, images: 2, least: 5)
        #expect(throws: due) {
            try DreamMetadata(
                features: FloatBuffer(count: 21).view, labels: labels, size: Self.size,
                key: RandomKey(seed: 2, purpose: .test))
        }
    }

    @Test func aTenthOfEveryClass() {
        let labels = (0..<400).map { UInt8($0 < 20 ? 2 : $0 % 2) }
        let key = RandomKey(seed: 2, purpose: .test)
        let chosen = DreamMetadata.images(labels: labels, fraction: 0.1, key: key)
        #expect(chosen == chosen.sorted() && Set(chosen).count == chosen.count)
        #expect((0..<3).map { label in chosen.count { labels[$0] == label } } == [19, 19, 5])
        #expect(DreamMetadata.images(labels: labels, fraction: 1, key: key) == Array(0..<400))
    }
}

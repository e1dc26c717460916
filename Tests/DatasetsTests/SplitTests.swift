import Datasets
import TensorMath
import Testing

@Suite("Splits fill batches")
struct SplitTests {
    private static let shape = SampleShape(channels: 1, height: 2, width: 2)
    private static let bytes = Split(
        shape: shape, classes: 5, labels: [4, 3, 2], pixels: [0, 1, 2, 3, 4, 5, 6, 7, 252, 253, 254, 255])
    private static let floats = Split(
        shape: shape, classes: 5, labels: [4, 3, 2], values: (0..<12).map { Float($0) * 0.1 })

    @Test func everyByteIsTheRoundedQuotient() {
        let all = Split(
            shape: SampleShape(channels: 1, height: 16, width: 16), classes: 1, labels: [0],
            pixels: Array(0...255))
        #expect(allFeatures(all) == (0...255).map { Float($0) / 255 })
    }

    @Test("gathers rows and leaves the rest of the view alone", arguments: [bytes, floats])
    func gathers(split: Split) {
        let whole = allFeatures(split)
        let buffer = FloatBuffer(count: 10)
        buffer.view.fill(-7)
        var labels: [UInt8] = [9, 9, 9, 9, 9, 9]
        split.fillBatch([0, 2, 1, 0], 1..<3, into: buffer.view, labels: &labels)
        #expect(labels == [2, 3])
        #expect(buffer.view.array == Array(whole[8...]) + Array(whole[4..<8]) + [-7, -7])
        split.fillBatch(1..<2, into: buffer.view.slice(4, 4), labels: &labels)
        #expect(labels == [3])
        #expect(buffer.view.slice(4, 4).array == Array(whole[4..<8]))
        split.copyFeatures(of: 2, into: buffer.view, row: 0)
        #expect(buffer.view.slice(0, 4).array == Array(whole[8...]))
        split.fillBatch([], 0..<0, into: buffer.view, labels: &labels)
        #expect(labels.isEmpty)
    }

    @Test("subsets and prefixes", arguments: [bytes, floats])
    func subsets(split: Split) {
        let part = split.subset([2, 0])
        #expect(part.labels == [2, 4])
        let whole = allFeatures(split)
        #expect(allFeatures(part) == Array(whole[8...]) + Array(whole[..<4]))
        #expect(split.subset([0, 1]) == split.prefix(2))
        #expect(split.subset([]).count == 0)
        #expect(split.prefix(3) == split)
    }

    @Test func fillingIsFast() {
        let shape = SampleShape(channels: 1, height: 28, width: 28)
        let pixels = (0..<6000 * 784).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let split = Split(
            shape: shape, classes: 10, labels: [UInt8](repeating: 3, count: 6000), pixels: pixels)
        var order = Array(0..<UInt32(6000))
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        stream.shuffle(&order)
        let buffer = FloatBuffer(count: 10 * 784)
        var labels: [UInt8] = []
        labels.reserveCapacity(10)
        let clock = ContinuousClock()
        var best = Duration.seconds(1)
        for repetition in 0..<10 {
            let start = clock.now
            for batch in 0..<60 {
                let first = repetition * 600 + batch * 10
                split.fillBatch(order, first..<first + 10, into: buffer.view, labels: &labels)
            }
            best = min(best, clock.now - start)
        }
        print("600 samples of 784 pixels in batches of 10: \(best)")
        #expect(best < .milliseconds(5))
    }
}

@Suite("Shards travel as bytes")
struct ShardCodingTests {
    @Test func theLayoutIsAsStated() {
        let split = Split(
            shape: SampleShape(channels: 1, height: 1, width: 2), classes: 3, labels: [2, 1],
            pixels: [7, 8, 9, 10])
        var expected = Array("TRIBSHD1".utf8)
        for number in [1, 1, 1, 2, 3, 0, 2, 0] { expected += [UInt8(number), 0, 0, 0] }
        expected += [2, 1, 0, 0, 7, 8, 9, 10]
        #expect(ShardCoding.encode(split) == expected)
    }

    @Test func roundTrips() throws {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        for _ in 0..<200 {
            let shape = SampleShape(
                channels: 1 + stream.index(below: 3), height: 1 + stream.index(below: 5),
                width: 1 + stream.index(below: 5))
            let classes = 1 + stream.index(below: 256)
            let labels = (0..<stream.index(below: 20)).map { _ in UInt8(stream.index(below: classes)) }
            let count = labels.count * shape.count
            let split =
                stream.index(below: 2) == 0
                ? Split(
                    shape: shape, classes: classes, labels: labels,
                    pixels: (0..<count).map { _ in UInt8(stream.index(below: 256)) })
                : Split(
                    shape: shape, classes: classes, labels: labels,
                    values: (0..<count).map { _ in Float(stream.normal()) })
            #expect(try ShardCoding.decode(ShardCoding.encode(split)) == split)
        }
    }

    @Test func faultsAreNamed() {
        let split = Split(
            shape: SampleShape(channels: 1, height: 1, width: 1), classes: 3, labels: [2], values: [1])
        let bytes = ShardCoding.encode(split)
        func reason(_ change: (inout [UInt8]) -> Void) -> DatasetError.Reason? {
            var changed = bytes
            change(&changed)
            return datasetError { () throws(DatasetError) in _ = try ShardCoding.decode(changed) }?.reason
        }
        #expect(reason { $0[0] = 0 } == .badMagic)
        #expect(reason { $0[8] = 3 } == .badMagic)
        #expect(reason { $0[28] = 1 } == .badMagic)
        #expect(reason { $0[41] = 1 } == .badMagic)
        #expect(reason { $0[12] = 0 } == .absurdDimensions)
        #expect(reason { $0[24] = 0 } == .absurdDimensions)
        #expect(reason { $0[39] = 0xFF } == .absurdDimensions)
        #expect(reason { $0[35] = 0x7F } == .truncated)
        #expect(reason { $0.append(0) } == .trailingBytes)
        #expect(reason { $0[40] = 3 } == .labelOutOfRange)
        #expect(reason { $0.replaceSubrange(44..<48, with: [0, 0, 0xC0, 0x7F]) } == .valueOutOfRange)
        #expect(reason { _ in } == nil)
    }
}

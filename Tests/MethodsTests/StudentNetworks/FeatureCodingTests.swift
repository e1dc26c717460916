import Datasets
import Methods
import Networks
import TensorMath
import Testing

/// Features and images as they travel.
@Suite struct FeatureCodingTests {
    private func round(_ values: [Float], _ coding: FeatureCoding, greatest: Float = 4) -> [Float]? {
        let object = coding.encode(DistillationLossTests.view(values), greatest: greatest)
        #expect(object.count == values.count * coding.bytes)
        let back = FloatBuffer(count: values.count).view
        return coding.decode(object, greatest: greatest, into: back) ? back.array : nil
    }

    @Test func values() {
        let values: [Float] = [0, 1, 2, 4, 0.1, 3.999, 1e-9]
        #expect(round(values, .float32) == values)
        #expect(round(values, .float16) == values.map { Float(Float16($0)) })
        #expect(round([70_000, 1e30, 65_504], .float16) == [65_504, 65_504, 65_504])
        // Steps of 4 / 255: 1 is 63.75 of them, 2 is 127.5, 0.1 is 6.4.
        #expect(
            round(values, .int8) == [Float](arrayLiteral: 0, 64, 128, 255, 6, 255, 0).map { $0 / 255 * 4 })
        // What is beyond the greatest is cut; without a greatest all is nothing.
        #expect(round([5, 1000, -1], .int8) == [4, 4, 0])
        #expect(round([5, 1000, -1], .int8, greatest: 0) == [0, 0, 0])
    }

    @Test func bytes() {
        let values = DistillationLossTests.view([1, 2])
        #expect(FeatureCoding.float32.encode(values, greatest: 1).bytes == [0, 0, 128, 63, 0, 0, 0, 64])
        #expect(FeatureCoding.float16.encode(values, greatest: 1).bytes == [0, 60, 0, 64])
        #expect(FeatureCoding.int8.encode(values, greatest: 2).bytes == [128, 255])
    }

    @Test func random() throws {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        for _ in 0..<100 {
            let greatest = Float(stream.uniformDouble() * 100)
            let values = (0..<1 + stream.index(below: 50)).map { _ in
                Float(stream.uniformDouble()) * greatest
            }
            #expect(round(values, .float32) == values)
            let half = try #require(round(values, .float16))
            #expect(zip(half, values).allSatisfy { ($0 - $1).magnitude <= $1 / 2048 + 1e-7 })
            let byte = try #require(round(values, .int8, greatest: greatest))
            #expect(zip(byte, values).allSatisfy { ($0 - $1).magnitude <= greatest / 255 * 0.501 })
        }
    }

    @Test func badBytes() {
        let target = FloatBuffer(count: 2).view
        for coding in FeatureCoding.allCases {
            for count in [0, 1, 2 * coding.bytes - 1, 2 * coding.bytes + 1, 1000] {
                let object = ObjectBytes([UInt8](repeating: 0, count: count))
                #expect(!coding.decode(object, greatest: 1, into: target))
            }
        }
        for bits: UInt32 in [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001] {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
            let object = ObjectBytes([0, 0, 0, 0] + bytes)
            #expect(!FeatureCoding.float32.decode(object, greatest: 1, into: target))
        }
        #expect(!FeatureCoding.float16.decode(ObjectBytes([0, 0, 0, 0x7C]), greatest: 1, into: target))
        #expect(!FeatureCoding.float16.decode(ObjectBytes([0, 0, 1, 0xFE]), greatest: 1, into: target))
    }

    @Test func messages() {
        var deployment = DeploymentSpec(batch: 4)
        #expect(deployment.items(images: 9) == 3 && deployment.items(images: 8) == 2)
        #expect((1...4).map { deployment.range(item: $0, images: 9) } == [0..<4, 4..<8, 8..<9, 9..<9])
        #expect(deployment.range(item: 0, images: 9).isEmpty)
        #expect(deployment.range(item: -5, images: 9).isEmpty)
        #expect(deployment.range(item: .max, images: 9).isEmpty)
        #expect(deployment.range(item: .min, images: 9).isEmpty)
        #expect(deployment.images(of: 9) == 9)
        deployment.images = 4
        #expect(deployment.images(of: 9) == 4 && deployment.images(of: 3) == 3)
        deployment.batch = 1
        #expect((1...3).map { deployment.range(item: $0, images: 3) } == [0..<1, 1..<2, 2..<3])
    }

    /// Pixels as bytes are those of the data set, and Float32 is what networks read.
    @Test func images() {
        let test = InferenceWorld.dataset.test
        var deployment = DeploymentSpec()
        #expect(deployment.encode(test, 3..<5).bytes == test.pixels(3..<5))
        deployment.pixels = .float32
        let values = FloatBuffer(count: 128).view
        var labels: [UInt8] = []
        test.fillBatch(3..<5, into: values, labels: &labels)
        #expect(TinyFederation.values(deployment.encode(test, 3..<5)) == values.array)
    }

    @Test func heldOut() {
        for (count, fraction, due) in [
            (150, 0.2, 30), (10, 0.1, 1), (9, 0.01, 1), (100, 0, 0), (1000, 0.333, 333),
        ] {
            let held = HeldOut(count: count, fraction: fraction, seed: 5)
            #expect(held.validation.count == due)
            #expect((held.train + held.validation).sorted() == (0..<UInt32(count)).map { $0 })
            #expect(held.train == held.train.sorted() && held.validation == held.validation.sorted())
            #expect(held == HeldOut(count: count, fraction: fraction, seed: 5))
        }
        #expect(
            HeldOut(count: 150, fraction: 0.2, seed: 5).validation
                != HeldOut(count: 150, fraction: 0.2, seed: 6).validation)
    }

    /// Every sample of an epoch is in one part, and parts but the last are whole batches.
    @Test func epochSlices() {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        for _ in 0..<300 {
            let (samples, batch) = (1 + stream.index(below: 5000), 1 + stream.index(below: 200))
            let cost = UInt64(1) << UInt64(stream.index(below: 40))
            let slices = EpochSlices(samples: samples, batch: batch, cost: cost)
            #expect(slices.length % batch == 0 && slices.length > 0)
            var seen = 0
            var first: Int? = 0
            var count = 0
            while let start = first {
                let range = slices.range(from: start)
                #expect(range.lowerBound == seen && !range.isEmpty)
                seen = range.upperBound
                count += 1
                first = slices.next(after: start)
            }
            #expect(seen == samples && count == slices.count)
            // A part is one batch, or not more than it may take.
            #expect(slices.length == batch || cost * UInt64(slices.length) <= 600_000_000_000)
        }
        #expect(EpochSlices(samples: 10, batch: 4, cost: 0).count == 1)
    }
}

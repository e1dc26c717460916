import Networks
import TensorMath
import Testing

extension NetworksTests {
    /// Augmentation and normalisation of images.
    @Suite struct ImageBatchTests {
        let shape = Shape(channels: 2, height: 5, width: 4)

        private func images(_ samples: Int) -> FloatView {
            let view = FloatBuffer(count: samples * shape.count).view
            for i in 0..<view.count { view[i] = Float(i + 1) }
            return view
        }

        /// Every image that comes out is one of the shifted and mirrored ones, made in the plainest way.
        @Test func cropsAreCutFromPaddedImages() {
            let samples = 400
            let view = images(samples)
            let before = view.array
            var stream = RandomStream(RandomKey(seed: 8, purpose: .augmentation))
            ImageBatch(view, shape: shape).cropAndFlip(samples: samples, padding: 2, stream: &stream)
            var seen: Set<[Int]> = []
            for n in 0..<samples {
                let image = Array(view.array[(n * shape.count)..<((n + 1) * shape.count)])
                var matches = 0
                for down in -2...2 {
                    for right in -2...2 {
                        for mirrored in [false, true] {
                            let expected = (0..<shape.count).map { i -> Float in
                                let (c, y, x) = (i / 20, i / 4 % 5 + down, i % 4)
                                let column = (mirrored ? 3 - x : x) + right
                                let inside = (0..<5).contains(y) && (0..<4).contains(column)
                                return inside ? before[n * shape.count + (c * 5 + y) * 4 + column] : 0
                            }
                            if expected == image {
                                matches += 1
                                seen.insert([down, right, mirrored ? 1 : 0])
                            }
                        }
                    }
                }
                #expect(matches == 1)
            }
            #expect(seen.count == 50, "all places and both mirrors")
        }

        @Test func samplesBeyondStayAndStreamsRepeat() {
            let (a, b) = (images(6), images(6))
            for view in [a, b] {
                var stream = RandomStream(RandomKey(seed: 9, purpose: .augmentation))
                ImageBatch(view, shape: shape).cropAndFlip(samples: 4, stream: &stream)
            }
            #expect(a.array == b.array)
            #expect(a.array.suffix(2 * shape.count) == images(6).array.suffix(2 * shape.count))
        }

        @Test func normalisationIsPerChannel() {
            let view = images(2)
            let before = view.array
            ImageBatch(view, shape: shape).normalize(
                samples: 1, by: ChannelStatistics(means: [10, -4], deviations: [2, 0.5]))
            let expected = before.enumerated().map { i, x in
                i >= 40 ? x : i < 20 ? (x - 10) / 2 : (x + 4) / 0.5
            }
            expectClose(view.array, expected, tolerance: 1e-6, "normalised")
            #expect(ChannelStatistics.named("cifar10")?.means.count == 3)
            #expect(ChannelStatistics.named("mnist")?.deviations.count == 1)
            #expect(ChannelStatistics.named("no such data") == nil)
        }
    }
}

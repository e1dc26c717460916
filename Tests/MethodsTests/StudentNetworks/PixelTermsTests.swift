import Methods
import Networks
import TensorMath
import Testing

@Suite struct PixelTermsTests {
    static func variation(_ values: [Float], _ shape: Shape, weight: Double = 1) -> (Double, [Float]) {
        let gradient = FloatBuffer(count: values.count).view
        let value = PixelTerms.variation(
            ImageTeachers.view(values), shape: shape, weight: weight, gradient: gradient)
        return (value, gradient.array)
    }

    /// Four norms over [[1, 2], [3, 5]], by hand.
    @Test func variationByHand() {
        let (value, gradient) = Self.variation([1, 2, 3, 5], Shape(channels: 1, height: 2, width: 2))
        let (five, thirteen) = (5.0.squareRoot(), 13.0.squareRoot())
        #expect((value - (five + thirteen + 1 + 4)).magnitude < 1e-12)
        let due = [
            -1 / five - 2 / thirteen - 1, 1 / five - 3 / thirteen - 1, -2 / five + 2 / thirteen + 1,
            2 / five + 3 / thirteen + 1,
        ]
        #expect(near(gradient, due, 1e-6))
    }

    /// In double, pair by pair.
    static func plainVariation(_ x: [Double], _ shape: Shape) -> Double {
        [(0, 1), (1, 0), (1, -1), (1, 1)].reduce(0.0) { sum, step in
            var squares = 0.0
            for plane in 0..<(x.count / (shape.height * shape.width)) {
                for row in 0..<shape.height {
                    for column in 0..<shape.width {
                        let (other, beside) = (row + step.0, column + step.1)
                        guard other < shape.height, 0 <= beside, beside < shape.width else { continue }
                        let start = plane * shape.height * shape.width
                        let d =
                            x[start + row * shape.width + column] - x[start + other * shape.width + beside]
                        squares += d * d
                    }
                }
            }
            return sum + squares.squareRoot()
        }
    }

    @Test(arguments: [
        Shape(channels: 2, height: 5, width: 4), Shape(channels: 1, height: 1, width: 6),
        Shape(channels: 3, height: 20, width: 1), Shape(channels: 4),
    ])
    func variationFollowsItsDifferences(shape: Shape) {
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        let values = (0..<3 * shape.count).map { _ in Float(stream.normal()) }
        let (value, gradient) = Self.variation(values, shape, weight: 0.5)
        let x = values.map { Double($0) }
        #expect((value - Self.plainVariation(x, shape)).magnitude < 1e-5)
        let due = PlainNet.gradient(at: x) { 0.5 * Self.plainVariation($0, shape) }
        #expect(near(gradient, due, 1e-5))
    }

    @Test func normByHand() {
        let gradient = ImageTeachers.view([1, 1])
        let value = PixelTerms.norm(ImageTeachers.view([3, -4]), weight: 10, gradient: gradient)
        #expect(value == 5)
        #expect(near(gradient.array, [7, -7], 1e-6))
    }

    /// Images of one colour have no slope, and no NaN.
    @Test func zeroNormsHaveNoGradient() {
        let shape = Shape(channels: 1, height: 3, width: 3)
        let (value, gradient) = Self.variation(.init(repeating: 0.7, count: 18), shape)
        #expect(value == 0 && gradient.allSatisfy { $0 == 0 })
        let dark = FloatBuffer(count: 4).view
        #expect(PixelTerms.norm(FloatBuffer(count: 4).view, weight: 1, gradient: dark) == 0)
        #expect(dark.array == [0, 0, 0, 0])
    }

    /// Down and to the right, around the edges, and back.
    @Test func rollingIsAround() {
        let shape = Shape(channels: 1, height: 2, width: 3)
        let (from, to) = (ImageTeachers.view([1, 2, 3, 4, 5, 6]), FloatBuffer(count: 6).view)
        ImageSynthesis.roll(from, shape: shape, down: 1, right: 1, into: to)
        #expect(to.array == [6, 4, 5, 3, 1, 2])
        let back = FloatBuffer(count: 6).view
        ImageSynthesis.roll(to, shape: shape, down: -1, right: -1, into: back)
        #expect(back.array == from.array)
        ImageSynthesis.roll(from, shape: shape, down: -5, right: 7, into: to)
        #expect(to.array == [6, 4, 5, 3, 1, 2])
    }

    @Test func rangesAreThoseOfNormalizedPixels() {
        let statistics = ChannelStatistics(means: [0.25, 0.5], deviations: [0.5, 0.25])
        #expect(
            PixelRange(channels: 2, normalizedBy: statistics)
                == PixelRange(lowest: [-0.5, -2], highest: [1.5, 2]))
        #expect(PixelRange(channels: 1, normalizedBy: nil) == PixelRange(lowest: [0], highest: [1]))
    }
}

import TensorMath
import Testing

/// What `ExactSum` accepts, what it refuses, and that what it accepts cannot overflow.
@Suite struct ExactSumBoundsTests {
    static func sum(reference: [Float], plannedWeight: UInt64) -> ExactSum {
        let (layout, view) = SumFixtures.plain(reference)
        let sum = ExactSum(layout: layout)
        sum.begin(reference: view, plannedWeight: plannedWeight)
        return sum
    }

    static func mean(_ sum: ExactSum) -> [Float] {
        let view = FloatBuffer(count: sum.layout.count).view
        sum.mean(into: view)
        return view.array
    }

    @Test(
        arguments: [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity, Float(1 << 19).nextUp, -1e38])
    func refusesWithPlaceAndAddsNothing(value: Float) throws {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        let good = SumFixtures.model(&stream)
        let reference = FloatBuffer(count: good.count).view
        // The greatest magnitude of segment b is 128: values up to 2^(12 + 7) are accepted there.
        reference[9] = -128
        let sum = ExactSum(layout: SumFixtures.layout)
        sum.begin(reference: reference, plannedWeight: 5)
        let bad = FloatBuffer(count: good.count).view
        bad.copy(from: good)
        bad[1 + 17] = value
        let error = try #require(throws: ExactSum.RangeError.self) { try sum.add(bad, weight: 2) }
        #expect(error.segment == "b" && error.index == 17 && error.bound == Float(1 << 19))
        #expect(error.value.isNaN ? value.isNaN : error.value == value)
        #expect(sum.weight == 0)
        try sum.add(good, weight: 5)
        let mean = FloatBuffer(count: good.count).view
        sum.mean(into: mean)
        let alone = ExactSum(layout: SumFixtures.layout)
        alone.begin(reference: reference, plannedWeight: 5)
        try alone.add(good, weight: 5)
        let expected = FloatBuffer(count: good.count).view
        alone.mean(into: expected)
        #expect(mean.array == expected.array)
    }

    @Test func refusesInTheLastValue() throws {
        let sum = Self.sum(reference: .init(repeating: 1, count: 2500), plannedWeight: 1)
        let model = FloatBuffer(count: 2500).view
        for place in [0, 1023, 1024, 2047, 2499] {
            model.fill(4096)
            try sum.check(model)
            model[place] = Float(4096).nextUp
            let error = try #require(throws: ExactSum.RangeError.self) { try sum.check(model) }
            #expect(error.index == place && error.segment == "w" && error.value == Float(4096).nextUp)
        }
    }

    @Test(arguments: [
        (Float(0), Float(4096)), (.leastNonzeroMagnitude, 4096), (0.999, 4096), (1, 4096), (1.999, 4096),
        (2, 8192),
        (-1000, 0x1p21), (0x1p115, 0x1p127), (0x1p116, .greatestFiniteMagnitude),
        (.greatestFiniteMagnitude, .greatestFiniteMagnitude),
    ])
    func boundFollowsTheReference(magnitude: Float, bound: Float) throws {
        let sum = Self.sum(reference: [0, magnitude], plannedWeight: 3)
        let model = FloatBuffer(count: 2).view
        model.copy(from: [bound, -bound])
        try sum.check(model)
        for value in [bound.nextUp, -bound.nextUp, .infinity, -.infinity, .nan] {
            model.copy(from: [0, value])
            let error = try #require(throws: ExactSum.RangeError.self) { try sum.add(model, weight: 1) }
            #expect(error.index == 1 && error.bound == bound)
        }
        #expect(sum.weight == 0)
    }

    /// Every client at the bound, up to any total weight: an overflow would turn the sign.
    @Test(
        arguments: [Float(0), 1, 1000, 0x1p100, .greatestFiniteMagnitude],
        [[UInt64](repeating: 1, count: 1000), [1 << 31], [1, 1 << 31], [(1 << 53) + 1, 3], [.max]])
    func extremesDoNotOverflow(magnitude: Float, weights: [UInt64]) throws {
        let sum = Self.sum(reference: [magnitude, 0, 0], plannedWeight: weights.reduce(0, +))
        let exponent = 12 + max(0, magnitude == 0 ? 0 : Int(magnitude.exponent))
        let bound = min(Float(sign: .plus, exponent: exponent, significand: 1), .greatestFiniteMagnitude)
        let model = FloatBuffer(count: 3).view
        model.copy(from: [bound, -bound, bound / 2])
        for weight in weights { try sum.add(model, weight: weight) }
        #expect(Self.mean(sum) == [bound, -bound, bound / 2])
    }

    /// Opposite extremes cancel to nothing at all, whatever came between.
    @Test func extremesCancel() throws {
        let sum = Self.sum(reference: [1], plannedWeight: 3)
        let model = FloatBuffer(count: 1).view
        for value in [Float(4096), 0.75, -4096] {
            model.fill(value)
            try sum.add(model, weight: 1)
        }
        #expect(Self.mean(sum) == [0.25])
    }

    /// Two weights of unequal size: 1 beside 2^31.
    @Test func lightAndHeavyClients() throws {
        let sum = Self.sum(reference: [1], plannedWeight: 1 + 1 << 31)
        let model = FloatBuffer(count: 1).view
        model.fill(4000)
        try sum.add(model, weight: 1)
        model.fill(0)
        try sum.add(model, weight: 1 << 31)
        let expected = 4000 / Double(1 + 1 << 31)
        #expect(abs(Double(Self.mean(sum)[0]) - expected) < expected * 0x1p-23)
    }

    /// What is finer than the grid is rounded to it and not lost in a larger sum.
    @Test func tinyValuesAreRoundedToTheGrid() throws {
        let sum = Self.sum(reference: [1], plannedWeight: 1)
        let model = FloatBuffer(count: 1).view
        // f = 62 - 0 - 12 = 50.
        for (value, due) in [
            (Float(0x1p-50), Float(0x1p-50)), (0x1.8p-51, 0x1p-50), (0x1p-52, 0), (-0x1p-60, 0),
        ] {
            let (_, reference) = SumFixtures.plain([1])
            sum.begin(reference: reference, plannedWeight: 1)
            model.fill(value)
            try sum.add(model, weight: 1)
            #expect(Self.mean(sum) == [due])
        }
    }
}

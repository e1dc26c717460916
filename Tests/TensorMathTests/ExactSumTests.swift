import CKernels
import TensorMath
import Testing

/// Builds models and the exact answers that `ExactSum` is measured against.
enum SumFixtures {
    /// Segments of 1, 40 and 21 values with magnitudes around 1, 100 and 1/1000.
    static let layout: ParameterLayout = {
        var layout = ParameterLayout()
        layout.append(name: "a", shape: [1], role: .trainable, layer: 0)
        layout.append(name: "b", shape: [8, 5], role: .trainable, layer: 1)
        layout.append(name: "c", shape: [21], role: .buffer, layer: 1)
        return layout
    }()

    static let scales: [Float] = [1, 100, 0.001]

    static func model(_ stream: inout RandomStream) -> FloatView {
        let view = FloatBuffer(count: layout.count).view
        for (segment, scale) in zip(layout.segments, scales) {
            for i in 0..<segment.count { view[segment.offset + i] = Float(stream.normal()) * scale }
        }
        return view
    }

    /// One segment of `count` values.
    static func plain(_ values: [Float]) -> (layout: ParameterLayout, model: FloatView) {
        var layout = ParameterLayout()
        layout.append(name: "w", shape: [values.count], role: .trainable, layer: 0)
        let view = FloatBuffer(count: values.count).view
        view.copy(from: values)
        return (layout, view)
    }

    /// The grid step as documented: 2^-(62 - ceil(log2 W) - E), E = 12 + max(0, exponent of the maximum).
    static func step(reference: FloatView, segment: Segment, plannedWeight: UInt64) -> Double {
        var weightBits = 0
        while weightBits < 64 && UInt64(1) << weightBits < plannedWeight { weightBits += 1 }
        let magnitude = reference.slice(segment.offset, segment.count).array.map(abs).max()!
        let exponent = 12 + max(0, magnitude == 0 ? 0 : Int(magnitude.exponent))
        return Double(sign: .plus, exponent: weightBits + exponent - 62, significand: 1)
    }
}

@Suite struct ExactSumTests {
    struct Term {
        var model: FloatView
        var weight: UInt64
    }

    static func terms(_ count: Int, seed: UInt64) -> [Term] {
        var stream = RandomStream(RandomKey(seed: seed, purpose: .test))
        return (0..<count).map { _ in
            Term(model: SumFixtures.model(&stream), weight: UInt64(1 + stream.index(below: 1000)))
        }
    }

    static func mean(_ terms: [Term], reference: FloatView) throws -> FloatView {
        let sum = ExactSum(layout: SumFixtures.layout)
        sum.begin(reference: reference, plannedWeight: terms.reduce(0) { $0 + $1.weight })
        for term in terms { try sum.add(term.model, weight: term.weight) }
        let result = FloatBuffer(count: SumFixtures.layout.count).view
        sum.mean(into: result)
        return result
    }

    @Test func orderDoesNotMatter() throws {
        var terms = Self.terms(40, seed: 1)
        let reference = terms[0].model
        let first = try Self.mean(terms, reference: reference).array.map(\.bitPattern)
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        for _ in 0..<50 {
            stream.shuffle(&terms)
            #expect(try Self.mean(terms, reference: reference).array.map(\.bitPattern) == first)
        }
    }

    /// In a process of its own, because the choice of kernels belongs to the process.
    @Test func familiesAgreeToTheBit() async {
        await #expect(processExitsWith: .success) {
            let terms = ExactSumTests.terms(20, seed: 3)
            let reference = terms[0].model
            var results: Set<[UInt32]> = []
            var refusals: Set<Int> = []
            var magnitudes: Set<Float> = []
            for family in Int32(CK_PORTABLE)...ck_supported_family() {
                ck_set_family(family)
                #expect(ck_family() == family)
                results.insert(try ExactSumTests.mean(terms, reference: reference).array.map(\.bitPattern))
                let long = FloatBuffer(count: 5003).view
                for i in 0..<5003 { long[i] = Float(i) }
                magnitudes.insert(long.maximumMagnitude)
                long[4999] = .nan
                refusals.insert(ck_exact_check(long.pointer, 5003, 5002))
            }
            #expect(results.count == 1 && refusals == [4999] && magnitudes == [5002])
        }
    }

    /// Against integers of 128 bits, where models and weights are exact.
    @Test(arguments: [1, 2, 7, 100])
    func agreesWithExactArithmetic(count: Int) throws {
        let terms = Self.terms(count, seed: UInt64(count))
        let reference = terms[0].model
        let mean = try Self.mean(terms, reference: reference)
        let total = terms.reduce(0) { $0 + $1.weight }
        for segment in SumFixtures.layout.segments {
            let step = SumFixtures.step(reference: reference, segment: segment, plannedWeight: total)
            for i in segment.offset..<segment.offset + segment.count {
                let exact = try terms.reduce(Int128(0)) {
                    let value = try #require(Int128(exactly: Double($1.model[i]) * 0x1p80))
                    return $0 + value * Int128($1.weight)
                }
                let found = try #require(Int128(exactly: Double(mean[i]) * 0x1p80)) * Int128(total)
                let error = Double(found - exact) / 0x1p80 / Double(total)
                #expect(abs(error) <= step + Double(mean[i].ulp) / 2, "\(segment.name) \(i)")
            }
        }
    }

    @Test(arguments: [1, 3, 600, (1 << 31) - 1, 1 << 31, (1 << 53) + 1, .max] as [UInt64])
    func oneModelComesBack(weight: UInt64) throws {
        let term = Term(model: Self.terms(1, seed: 5)[0].model, weight: weight)
        let mean = try Self.mean([term], reference: term.model)
        for segment in SumFixtures.layout.segments {
            let step = SumFixtures.step(reference: term.model, segment: segment, plannedWeight: weight)
            for i in segment.offset..<segment.offset + segment.count {
                #expect(abs(Double(mean[i]) - Double(term.model[i])) <= step, "\(segment.name) \(i)")
            }
        }
        // It comes back to the bit where the grid is finer than its last place.
        if weight == 1 { #expect(mean.slice(0, 41).array == term.model.slice(0, 41).array) }
    }

    @Test func smallNumbersAreExact() throws {
        let (layout, first) = SumFixtures.plain([1.5, -2, 0.25])
        let second = FloatBuffer(count: 3).view
        second.copy(from: [2.5, 6, 0.75])
        let sum = ExactSum(layout: layout)
        sum.begin(reference: first, plannedWeight: 4)
        #expect(sum.plannedWeight == 4 && sum.weight == 0)
        try sum.add(first, weight: 1)
        try sum.add(second, weight: 3)
        #expect(sum.weight == 4)
        let mean = FloatBuffer(count: 3).view
        sum.mean(into: mean)
        #expect(mean.array == [2.25, 4, 0.625])
    }

    /// A cohort may turn out smaller than planned: the mean is over what was added.
    @Test func fewerThanPlannedAreAveraged() throws {
        let (layout, model) = SumFixtures.plain([3, -1])
        let sum = ExactSum(layout: layout)
        sum.begin(reference: model, plannedWeight: 1000)
        try sum.add(model, weight: 7)
        let mean = FloatBuffer(count: 2).view
        sum.mean(into: mean)
        #expect(mean.array == [3, -1])
        sum.begin(reference: model, plannedWeight: 2)
        #expect(sum.weight == 0)
        model.copy(from: [5, 5])
        try sum.add(model, weight: 2)
        sum.mean(into: mean)
        #expect(mean.array == [5, 5])
    }

    @Test func nothingToSum() throws {
        let sum = ExactSum(layout: ParameterLayout())
        let none = FloatBuffer(count: 0).view
        sum.begin(reference: none, plannedWeight: 1)
        try sum.add(none, weight: 1)
        sum.mean(into: none)
        #expect(sum.weight == 1)
    }
}

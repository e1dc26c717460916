import CKernels
import TensorMath
import Testing

@Suite struct RandomStreamTests {
    static let key = RandomKey(seed: 0x0123_4567_89AB_CDEF, purpose: .test, client: 3, participation: 4)

    /// The known answers of Salmon et al.'s Random123, file kat_vectors, philox4x32 with 10 rounds.
    @Test func philoxKnownAnswers() {
        let ones = UInt32.max
        #expect(
            RandomStream.philox(counter: SIMD4(repeating: 0), key: (0, 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            RandomStream.philox(counter: SIMD4(repeating: ones), key: (ones, ones))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            RandomStream.philox(
                counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
                key: (0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    /// Computed by an independent program: where each part of the key stands is part of the contract.
    @Test func streamGoldenNumbers() {
        var stream = RandomStream(Self.key)
        let numbers = (0..<6).map { _ in stream.nextUInt32() }
        #expect(numbers == [0xEB44_BE64, 0x7485_C6C9, 0xE7E7_B223, 0x4047_0E8E, 0x3664_23D0, 0xD68E_99A5])
        var wide = RandomStream(Self.key)
        #expect(wide.next() == 0x7485_C6C9_EB44_BE64)
        var small = RandomStream(Self.key)
        #expect(small.uniform() == Float(0xEB44BE) / 0x1p24)
        var double = RandomStream(Self.key)
        #expect(double.uniformDouble() == Double(0x7485_C6C9_EB44_BE64 >> 11 as UInt64) / 0x1p53)
    }

    /// In a process of its own, because the choice of kernels belongs to the process.
    @Test func manyWordsAreThoseDrawnOneByOne() async {
        await #expect(processExitsWith: .success) {
            for family in Int32(CK_PORTABLE)...ck_supported_family() {
                for count in [0, 1, 3, 4, 5, 127, 128, 129, 1000] {
                    for drawn in 0..<6 {
                        var (one, many) = (
                            RandomStream(RandomStreamTests.key), RandomStream(RandomStreamTests.key)
                        )
                        for _ in 0..<drawn { #expect(one.nextUInt32() == many.nextUInt32()) }
                        let expected = (0..<count).map { _ in one.nextUInt32() }
                        _ = KernelFamily.active
                        ck_set_family(family)
                        #expect(many.words(count) == expected)
                        #expect(many.next() == one.next())
                    }
                }
            }
        }
    }

    @Test func shuffleGoldenOrder() {
        var stream = RandomStream(Self.key)
        var values = Array(0..<12)
        stream.shuffle(&values)
        #expect(values == [3, 0, 4, 6, 8, 7, 10, 1, 2, 9, 5, 11])
    }

    @Test func sampleGoldenNumbers() {
        var stream = RandomStream(Self.key)
        #expect(stream.sample(8, of: 1000) == [919, 455, 906, 253, 215, 838, 284, 503])
        var large = RandomStream(Self.key)
        let indices = (0..<5).map { _ in large.index(below: 3 << 30) }
        #expect(indices == [1_466_193_174, 2_918_040_986, 808_798_954, 2_699_752_251, 902_380_242])
    }

    /// Streams that differ in one part of the key share no block.
    @Test func everyPartOfTheKeyMatters() {
        var keys = [Self.key, Self.key, Self.key, Self.key, Self.key, Self.key]
        keys[1].seed ^= 1
        keys[2].seed ^= 1 << 63
        keys[3].purpose = .split
        keys[4].client += 1
        keys[5].participation += 1
        var seen: Set<UInt64> = []
        for key in keys {
            var stream = RandomStream(key)
            for _ in 0..<200 { seen.insert(stream.next()) }
        }
        #expect(seen.count == keys.count * 200)
    }

    /// Bits of streams whose clients differ by one agree half of the time.
    @Test func neighbouringStreamsAreIndependent() {
        var first = RandomStream(RandomKey(seed: 1, purpose: .test, client: 1))
        var second = RandomStream(RandomKey(seed: 1, purpose: .test, client: 2))
        var equal = 0
        for _ in 0..<10_000 { equal += 64 - (first.next() ^ second.next()).nonzeroBitCount }
        // Binomial of 640,000: deviation 400.
        #expect(abs(equal - 320_000) < 2000)
    }

    @Test func equalKeysGiveEqualStreams() {
        var first = RandomStream(Self.key)
        var second = RandomStream(Self.key)
        for _ in 0..<100 {
            #expect(first.normal() == second.normal())
            #expect(first.gammaLogarithm(shape: 0.3) == second.gammaLogarithm(shape: 0.3))
        }
    }

    @Test(arguments: [1, 2, 7, 100])
    func shuffleIsAPermutation(count: Int) {
        var stream = RandomStream(RandomKey(seed: UInt64(count), purpose: .test))
        var values = Array(0..<count)
        stream.shuffle(&values)
        #expect(values.sorted() == Array(0..<count))
        var none: [Int] = []
        stream.shuffle(&none)
        #expect(none.isEmpty)
    }

    @Test func samplesAreDistinctAndInRange() {
        var stream = RandomStream(RandomKey(seed: 8, purpose: .test))
        for total in [1, 2, 5, 60] {
            for count in 0...total {
                let drawn = stream.sample(count, of: total)
                #expect(drawn.count == count && Set(drawn).count == count)
                #expect(drawn.allSatisfy { (0..<total).contains($0) })
            }
        }
        #expect(stream.sample(3, of: Int(UInt32.max)).count == 3)
    }

    /// Every ordered pair of five comes equally often: 20 kinds, 2,000 each.
    @Test func samplesAreUniform() {
        var stream = RandomStream(RandomKey(seed: 9, purpose: .test))
        var counts: [Int: Int] = [:]
        for _ in 0..<40_000 {
            let pair = stream.sample(2, of: 5)
            counts[pair[0] * 5 + pair[1], default: 0] += 1
        }
        #expect(counts.count == 20)
        // Chi-square of 19 degrees of freedom: 43.8 is passed once in a thousand.
        #expect(chiSquare(counts.values.map { $0 }, expected: 2000) < 43.8)
    }
}

/// Sum of squared deviations over what was expected.
func chiSquare(_ counts: [Int], expected: Double) -> Double {
    counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
}

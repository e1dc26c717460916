import CKernels
import Methods
import TensorMath
import Testing

/// What holds for every order of stages.
@Suite struct CodecTests {
    /// Bytes of a segment as the documents say, from scratch.
    static func expectedBytes(_ segment: Segment, _ stages: [CompressionStage]) -> Int {
        let whole = 4 * segment.count
        guard segment.role == .trainable else { return whole }
        var (kept, positions, coded) = (segment.count, 0, whole)
        for stage in stages {
            switch stage {
            case .topK(let fraction), .randomK(let fraction):
                kept = max(1, Int((fraction * Double(segment.count)).rounded()))
                coded = 4 * kept
                if case .topK = stage, kept < segment.count {
                    var width = 0
                    while 1 << width < segment.count { width += 1 }
                    positions = min((segment.count + 7) / 8, (kept * width + 7) / 8)
                }
            case .quantize(let bits, let bucket):
                let buckets = bucket.map { (kept + $0 - 1) / $0 } ?? 1
                coded = 4 * buckets + (kept * bits + 7) / 8
            case .float16: coded = 2 * kept
            case .sign: coded = 4 + (kept + 7) / 8
            }
        }
        return min(whole, positions + coded)
    }

    @Test(arguments: CompressionFixtures.stages) func sizesAreKnownBefore(stages: [CompressionStage]) throws {
        var random = RandomStream(RandomKey(seed: 1, purpose: .test))
        for _ in 0..<60 {
            let layout = CompressionFixtures.randomLayout(&random)
            let codec = UpdateCodec(stages, layout: layout)
            let sizes = layout.segments.map { Self.expectedBytes($0, stages) }
            #expect(layout.segments.indices.map { codec.encodedBytes(segment: $0) } == sizes)
            #expect(codec.encodedBytes == sizes.reduce(0, +))
            let values = CompressionFixtures.randomValues(layout.count, &random)
            #expect(try codec.bytes(values).count == codec.encodedBytes)
        }
    }

    /// Each stage alone: how far a value may be from what was sent.
    @Test func valuesComeBackNearly() throws {
        var random = RandomStream(RandomKey(seed: 2, purpose: .test))
        for _ in 0..<200 {
            let count = 8 + random.index(below: 1000)
            let layout = CompressionFixtures.layout([count])
            let values = CompressionFixtures.randomValues(count, &random)
            for (bits, levels) in [(8, 127), (4, 7), (2, 1)] as [(Int, Float)] {
                let codec = UpdateCodec([.quantize(bits: bits, bucket: 64)], layout: layout)
                let received = try codec.decoded(values, stream: &random)
                for first in stride(from: 0, to: count, by: 64) {
                    let bucket = first..<min(first + 64, count)
                    let step = values[bucket].map(abs).max()! / levels
                    for i in bucket { #expect(abs(values[i] - received[i]) <= step * 1.000001) }
                }
            }
            let halves = try UpdateCodec([.float16], layout: layout).decoded(values, stream: &random)
            for (value, half) in zip(values, halves) {
                #expect(abs(value - half) <= max(abs(value) * 0x1p-11, 0x1p-25))
            }
            let raw = try UpdateCodec([], layout: layout).decoded(values, stream: &random)
            #expect(raw.map(\.bitPattern) == values.map(\.bitPattern))
        }
    }

    /// Against a sort: the greatest magnitudes, ties by position; nothing else.
    @Test func theGreatestTravel() throws {
        var random = RandomStream(RandomKey(seed: 3, purpose: .test))
        for round in 0..<300 {
            let count = 1 + random.index(below: 700)
            // Few different magnitudes, one magnitude, or all different.
            let values: [Float] =
                switch round % 3 {
                case 0: (0..<count).map { _ in Float(random.index(below: 9) - 4) * 0x1p-140 }
                case 1: (0..<count).map { _ in random.index(below: 2) == 0 ? 3 : -3 }
                default: CompressionFixtures.randomValues(count, &random)
                }
            let fraction = 0.01 + 0.9 * random.uniformDouble()
            let kept = max(1, Int((fraction * Double(count)).rounded()))
            let order = (0..<count).sorted { a, b in
                abs(values[a]) == abs(values[b]) ? a < b : abs(values[a]) > abs(values[b])
            }
            var expected = [Float](repeating: 0, count: count)
            for place in order.prefix(kept) { expected[place] = values[place] }
            let codec = UpdateCodec([.topK(fraction: fraction)], layout: CompressionFixtures.layout([count]))
            #expect(try codec.decoded(values, stream: &random) == expected)
        }
    }

    /// Every position is as likely as another, and what comes through is the mean.
    @Test func randomPositionsAreFair() throws {
        var random = RandomStream(RandomKey(seed: 4, purpose: .test))
        let values = (1...20).map { Float($0) }
        let codec = UpdateCodec([.randomK(fraction: 0.3)], layout: CompressionFixtures.layout([20]))
        let draws = 20_000
        var times = [Int](repeating: 0, count: 20)
        for _ in 0..<draws {
            let received = try codec.decoded(values, stream: &random)
            #expect(received.count { $0 != 0 } == 6)
            for i in 0..<20 where received[i] != 0 {
                times[i] += 1
                #expect(abs(received[i] - values[i] * 20 / 6) < 1e-5)
            }
        }
        // 0.3 of the draws, within five standard deviations.
        let deviation = (Double(draws) * 0.3 * 0.7).squareRoot()
        for count in times { #expect(abs(Double(count) - 0.3 * Double(draws)) < 5 * deviation) }
    }

    /// Both sides draw from the stream what the sender's values have no part in.
    @Test func theReceiverNeedsOnlyTheStream() throws {
        var random = RandomStream(RandomKey(seed: 5, purpose: .test))
        let layout = CompressionFixtures.layout([300, 1, 40])
        let values = CompressionFixtures.randomValues(layout.count, &random).map { $0 + 1000 }
        let codec = UpdateCodec([.randomK(fraction: 0.2), .quantize(bits: 4)], layout: layout)
        var (a, b) = (CompressionFixtures.stream, CompressionFixtures.stream)
        let first = try codec.encode(CompressionFixtures.view(values), stream: &a)
        let second = try codec.encode(CompressionFixtures.view(values.reversed()), stream: &b)
        #expect(a.next() == b.next())
        let places = [first, second].map { payload in
            (try? codec.values(payload.bytes))?.enumerated().filter { $0.element != 0 }.map(\.offset)
        }
        #expect(places[0] == places[1] && places[0]?.count == 60 + 1 + 8)
    }

    @Test(arguments: [.infinity, -.infinity, .nan] as [Float])
    func whatIsNotFiniteIsRefused(value: Float) throws {
        let layout = CompressionFixtures.layout([40, 50])
        for stages in CompressionFixtures.stages {
            let codec = UpdateCodec(stages, layout: layout)
            var values = [Float](repeating: 1, count: 90)
            values[47] = value
            var stream = CompressionFixtures.stream
            do throws(CompressionError) {
                _ = try codec.encode(CompressionFixtures.view(values), stream: &stream)
                Issue.record("\(stages) took \(value)")
            } catch {
                guard case .value(let found, let index, _) = error.problem else {
                    Issue.record("\(error)")
                    return
                }
                #expect(error.segment == "b" && index == 7 && found.bitPattern == value.bitPattern)
            }
        }
    }

    /// The greatest numbers travel, unless they have to be scaled up, and the least ones do.
    @Test(arguments: CompressionFixtures.stages) func extremesTravel(stages: [CompressionStage]) throws {
        let layout = CompressionFixtures.layout([30])
        let codec = UpdateCodec(stages, layout: layout, errorFeedback: true)
        for value in [Float.greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude] {
            for values in [[Float](repeating: value, count: 30), [-value] + .init(repeating: 0, count: 29)] {
                var stream = CompressionFixtures.stream
                let received = try codec.decoded(values, stream: &stream)
                for (a, b) in zip(values, received) { #expect(abs(b) <= value && abs(a - b) <= value) }
            }
        }
        var stream = CompressionFixtures.stream
        let huge = [Float](repeating: .greatestFiniteMagnitude, count: 30)
        let scaled = UpdateCodec(
            [.randomK(fraction: 0.5)] + stages.filter { !$0.isSparsifier }, layout: layout)
        #expect(throws: CompressionError.self) { try scaled.decoded(huge, stream: &stream) }
        let half = [Float](repeating: .greatestFiniteMagnitude / 2.1, count: 30)
        #expect(try scaled.decoded(half, stream: &stream).allSatisfy(\.isFinite))
    }

    /// In a process of its own, because the choice of kernels belongs to the process.
    @Test func familiesAgreeToTheBit() async {
        await #expect(processExitsWith: .success) {
            var random = RandomStream(RandomKey(seed: 6, purpose: .test))
            let layout = CompressionFixtures.layout([1, 2003, 517], buffers: [2])
            let values = CompressionFixtures.randomValues(layout.count, &random)
            for stages in CompressionFixtures.stages {
                for errorFeedback in [false, true] {
                    let codec = UpdateCodec(stages, layout: layout, errorFeedback: errorFeedback)
                    var payloads: Set<[UInt8]> = []
                    var received: Set<[UInt32]> = []
                    for family in Int32(CK_PORTABLE)...ck_supported_family() {
                        ck_set_family(family)
                        let bytes = try codec.bytes(values)
                        payloads.insert(bytes)
                        received.insert(try codec.values(bytes).map(\.bitPattern))
                    }
                    #expect(payloads.count == 1 && received.count == 1, "\(stages)")
                }
            }
        }
    }
}

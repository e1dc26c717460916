import Methods
import TensorMath
import Testing

/// What one payload lacks travels with the next ones.
@Suite struct ErrorFeedbackTests {
    static let layout = CompressionFixtures.layout([1, 600, 90, 5], buffers: [2])

    /// |x - C(x)| <= |x|, without which residuals would grow (Karimireddy et al. 2019, assumption A).
    @Test(arguments: CompressionFixtures.stages) func everyStageIsAContraction(stages: [CompressionStage])
        throws
    {
        var random = RandomStream(RandomKey(seed: 12, purpose: .test))
        let codec = UpdateCodec(stages, layout: Self.layout, errorFeedback: true)
        for round in 0..<100 {
            let values =
                round % 2 == 0
                ? CompressionFixtures.randomValues(Self.layout.count, &random)
                : (0..<Self.layout.count).map { _ in Float(random.normal()) }
            let received = try codec.decoded(values, stream: &random)
            for segment in Self.layout.segments {
                let part = segment.offset..<segment.offset + segment.count
                let lost = zip(values[part], received[part]).map { $0 - $1 }
                #expect(squares(lost) <= squares(Array(values[part])) * 1.000001)
            }
        }
    }

    /// By hand: half of 3 and 1 travels as 3 and 0, then 1 + 1 and 0 as 2.
    @Test func smallNumbers() throws {
        let codec = UpdateCodec(
            [.topK(fraction: 0.5)], layout: CompressionFixtures.layout([4]), errorFeedback: true)
        let (residual, received) = (FloatBuffer(count: 4).view, FloatBuffer(count: 4).view)
        var stream = CompressionFixtures.stream
        func send(_ delta: [Float]) throws -> [Float] {
            let view = CompressionFixtures.view(delta)
            let payload = try codec.encode(view, residual: residual, received: received, stream: &stream)
            #expect(try codec.values(payload.bytes) == received.array)
            return received.array
        }
        #expect(try send([3, 1, -2, 0.5]) == [3, 0, -2, 0])
        #expect(residual.array == [0, 1, 0, 0.5])
        #expect(try send([0.5, 1, 0.25, 0]) == [0.5, 2, 0, 0])
        #expect(residual.array == [0, 0, 0.25, 0.5])
        #expect(try send([0, 0, 0, 0]) == [0, 0, 0.25, 0.5])
        #expect(residual.array == [0, 0, 0, 0])
    }

    /// The sum of what arrived is the sum of what was sent but for the last residual, which does not grow.
    @Test(arguments: CompressionFixtures.stages) func nothingIsLost(stages: [CompressionStage]) throws {
        var random = RandomStream(RandomKey(seed: 13, purpose: .test))
        let count = Self.layout.count
        let codec = UpdateCodec(stages, layout: Self.layout, errorFeedback: true)
        let (residual, received) = (FloatBuffer(count: count).view, FloatBuffer(count: count).view)
        var (sent, arrived) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        let steps = 200
        for _ in 0..<steps {
            let delta = (0..<count).map { _ in Float(random.normal()) + 0.1 }
            _ = try codec.encode(
                CompressionFixtures.view(delta), residual: residual, received: received, stream: &random)
            for i in 0..<count {
                sent[i] += Double(delta[i])
                arrived[i] += Double(received[i])
            }
        }
        for i in 0..<count { #expect(abs(sent[i] - arrived[i] - Double(residual[i])) < 0.01) }
        // One update has a norm of about sqrt(696) = 26; without feedback 200 of them would lose hundreds of it.
        #expect(squares(residual.array).squareRoot() < 40 * 26)
        for i in Self.layout.segments[2].offset..<Self.layout.segments[3].offset { #expect(residual[i] == 0) }
    }

    @Test func aRefusedUpdateChangesNothing() throws {
        let codec = UpdateCodec([.sign], layout: CompressionFixtures.layout([9]), errorFeedback: true)
        let residual = CompressionFixtures.view([1, 2, 3, 4, 5, 6, 7, 8, 9])
        var values = [Float](repeating: 1, count: 9)
        values[4] = .nan
        var stream = CompressionFixtures.stream
        #expect(throws: CompressionError.self) {
            try codec.encode(
                CompressionFixtures.view(values), residual: residual, received: FloatBuffer(count: 9).view,
                stream: &stream)
        }
        #expect(residual.array == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    /// Without feedback the same call says what the receiver has.
    @Test func withoutFeedback() throws {
        let codec = UpdateCodec([.quantize(bits: 2)], layout: CompressionFixtures.layout([50]))
        var random = RandomStream(RandomKey(seed: 14, purpose: .test))
        let delta = CompressionFixtures.view(CompressionFixtures.randomValues(50, &random))
        var (a, b) = (CompressionFixtures.stream, CompressionFixtures.stream)
        let payload = try codec.encode(delta, stream: &a)
        let same = try codec.encode(delta, residual: nil, received: delta, stream: &b)
        #expect(payload.bytes == same.bytes)
        #expect(try codec.values(payload.bytes) == delta.array)
    }
}

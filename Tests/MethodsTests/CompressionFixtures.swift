import Methods
import TensorMath

/// Layouts, values and streams for the tests of codecs.
enum CompressionFixtures {
    /// The first numbers of this key's stream are known: EB44BE64 7485C6C9 E7E7B223 40470E8E 366423D0 D68E99A5.
    static let stream = RandomStream(
        RandomKey(seed: 0x0123_4567_89AB_CDEF, purpose: .test, client: 3, participation: 4))

    /// All orders of stages that there are, with settings that differ.
    static let stages: [[CompressionStage]] = {
        let sparsifiers: [[CompressionStage]] = [
            [], [.topK(fraction: 0.05)], [.topK(fraction: 0.4)], [.randomK(fraction: 0.3)],
            [.topK(fraction: 1)],
        ]
        let coders: [[CompressionStage]] = [
            [], [.quantize(bits: 8)], [.quantize(bits: 4, bucket: 7)], [.quantize(bits: 2, bucket: nil)],
            [.float16], [.sign],
        ]
        return sparsifiers.flatMap { sparsifier in coders.map { sparsifier + $0 } }
    }()

    /// Trainable segments of so many values, named a, b, c, ...
    static func layout(_ counts: [Int], buffers: Set<Int> = []) -> ParameterLayout {
        var layout = ParameterLayout()
        for (i, count) in counts.enumerated() {
            layout.append(
                name: String("abcdefghijkl".dropFirst(i).prefix(1)), shape: [count],
                role: buffers.contains(i) ? .buffer : .trainable, layer: i)
        }
        return layout
    }

    /// One to six segments: single values, short ones and some of a few hundred values; a buffer now and then.
    static func randomLayout(_ stream: inout RandomStream) -> ParameterLayout {
        let counts = (0...stream.index(below: 6)).map { _ in
            switch stream.index(below: 3) {
            case 0: 1 + stream.index(below: 2)
            case 1: 1 + stream.index(below: 20)
            default: 1 + stream.index(below: 1200)
            }
        }
        return layout(counts, buffers: stream.index(below: 2) == 0 ? [stream.index(below: 6)] : [])
    }

    static func view(_ values: [Float]) -> FloatView {
        let view = FloatBuffer(count: values.count).view
        view.copy(from: values)
        return view
    }

    /// Normal numbers of very different sizes, and many zeros.
    static func randomValues(_ count: Int, _ stream: inout RandomStream) -> [Float] {
        let zeros = stream.index(below: 4)
        return (0..<count).map { _ in
            guard stream.index(below: 4) >= zeros else { return stream.index(below: 2) == 0 ? 0 : -0.0 }
            let exponent = stream.index(below: 20) - 10
            return Float(stream.normal()) * Float(sign: .plus, exponent: exponent, significand: 1)
        }
    }
}

extension UpdateCodec {
    /// The payload of `values`, from the start of the fixtures' stream.
    func bytes(_ values: [Float]) throws -> [UInt8] {
        var stream = CompressionFixtures.stream
        return try encode(CompressionFixtures.view(values), stream: &stream).bytes
    }

    /// What the receiver of `bytes` has.
    func values(_ bytes: [UInt8]) throws(CompressionError) -> [Float] {
        let view = FloatBuffer(count: layout.count).view
        view.fill(7)
        try decode(ObjectBytes(bytes), stream: CompressionFixtures.stream, into: view)
        return view.array
    }

    func decoded(_ values: [Float], stream: inout RandomStream) throws -> [Float] {
        let start = stream
        let payload = try encode(CompressionFixtures.view(values), stream: &stream)
        let view = FloatBuffer(count: layout.count).view
        try decode(payload, stream: start, into: view)
        return view.array
    }
}

/// The sum of squares.
func squares(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) } }

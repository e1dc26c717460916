import CKernels
import TensorMath

/// Values of a layout as the bytes that travel, and back: the stages of one direction.
///
/// A payload is its segments one after another (`SegmentCoding`), without header or padding between them, so its size
/// follows from stages and layout. A layout holds no integers; buffers (running statistics) travel as float32.
///
/// Sender and receiver give the same random stream: the positions of `randomK` are drawn from it first, segment by
/// segment, and then the sender's random rounding, a number a value. `decode` reads no more of it than the positions.
public struct UpdateCodec: Sendable {
    public let stages: [CompressionStage]
    public let layout: ParameterLayout
    /// Whether senders keep residuals: rounding is then to the nearest level, and `randomK` does not scale.
    public let errorFeedback: Bool
    /// Bytes of every payload.
    public let encodedBytes: Int
    private let codings: [SegmentCoding]

    public init(_ stages: [CompressionStage], layout: ParameterLayout, errorFeedback: Bool = false) {
        precondition(
            CompressionStage.misplaced(in: stages) == nil, "\(stages.map(\.name)) is no order of stages")
        for stage in stages {
            switch stage {
            case .topK(let fraction), .randomK(let fraction): precondition(fraction > 0 && fraction <= 1)
            case .quantize(let bits, let bucket): precondition([2, 4, 8].contains(bits) && bucket ?? 1 > 0)
            case .float16, .sign: break
            }
        }
        self.stages = stages
        self.layout = layout
        self.errorFeedback = errorFeedback
        codings = layout.segments.map { SegmentCoding($0, stages, errorFeedback: errorFeedback) }
        encodedBytes = codings.reduce(0) { $0 + $1.bytes }
    }

    /// Bytes of the segment with this index in the layout.
    public func encodedBytes(segment index: Int) -> Int { codings[index].bytes }

    /// The payload of `values`. Throws when one of them is not finite, or so large that its receiver's would not be.
    public func encode(
        _ values: FloatView, stream: inout RandomStream
    ) throws(CompressionError) -> ObjectBytes {
        precondition(values.count == layout.count, "\(values.count) values of \(layout.count)")
        for coding in codings { try check(values, coding) }
        let shared = drawPositions(&stream)
        var writer = PayloadWriter(count: encodedBytes)
        for (coding, shared) in zip(codings, shared) {
            let part = values.slice(coding.segment.offset, coding.segment.count)
            guard let places = write(positionsOf: part, coding, shared: shared, into: &writer) else {
                part.withSpan { write($0, coding, &stream, into: &writer) }
                continue
            }
            let kept = part.withSpan { part in places.map { part[Int($0)] } }
            write(kept.span, coding, &stream, into: &writer)
        }
        return ObjectBytes(writer.bytes)
    }

    /// What the receiver of `payload` has: zeros where nothing travelled. `stream` is as the sender's was before.
    ///
    /// Any bytes may come in: those that cannot be right throw, and then `values` holds nothing that can be used.
    public func decode(
        _ payload: ObjectBytes, stream: RandomStream, into values: FloatView
    ) throws(CompressionError) {
        precondition(values.count == layout.count, "\(values.count) values of \(layout.count)")
        guard payload.count == encodedBytes else {
            throw CompressionError(
                segment: nil, problem: .size(payload.count, expected: encodedBytes))
        }
        var stream = stream
        let shared = drawPositions(&stream)
        var reader = PayloadReader(payload.bytes)
        for (coding, shared) in zip(codings, shared) {
            let part = values.slice(coding.segment.offset, coding.segment.count)
            do throws(CompressionError.Problem) {
                try read(coding, shared: shared, from: &reader, into: part)
            } catch {
                throw CompressionError(segment: coding.segment.name, problem: error)
            }
        }
    }

    /// Encodes `delta`, and puts what the receiver will have into `received`.
    ///
    /// With error feedback `residual` is the sender's memory e, zeros at first: what travels is C(delta + e), and
    /// delta + e - C(delta + e) stays for the next time (Seide et al., Interspeech 2014; Karimireddy et al. 2019,
    /// algorithm 2). Nothing changes when this throws; `received` may be `delta`.
    public func encode(
        _ delta: FloatView, residual: FloatView?, received: FloatView, stream: inout RandomStream
    ) throws(CompressionError) -> ObjectBytes {
        precondition(
            (residual != nil) == errorFeedback, "a residual is kept with error feedback, and only then")
        let start = stream
        guard let residual else {
            let payload = try encode(delta, stream: &stream)
            try decode(payload, stream: start, into: received)
            return payload
        }
        precondition(residual.count == layout.count)
        let sum = FloatBuffer(count: layout.count).view
        ck_add(delta.pointer, residual.pointer, 0, sum.pointer, sum.count)
        let payload = try encode(sum, stream: &stream)
        try decode(payload, stream: start, into: received)
        ck_difference(sum.pointer, received.pointer, 1, residual.pointer, sum.count)
        return payload
    }
}

// MARK: - Positions

extension UpdateCodec {
    /// For each segment the positions that both sides draw, ascending; nil where they follow otherwise. Those of the
    /// greatest of as many random numbers of 31 bits as there are values: but for ties every choice is equally likely.
    private func drawPositions(_ stream: inout RandomStream) -> [[UInt32]?] {
        codings.map { coding in
            guard coding.positions == .shared else { return nil }
            return greatest(coding.kept, of: stream.words(coding.segment.count).span)
        }
    }

    /// The positions of the values that travel, nil for all, after they were written where the receiver needs them.
    private func write(
        positionsOf values: FloatView, _ coding: SegmentCoding, shared: [UInt32]?,
        into writer: inout PayloadWriter
    ) -> [UInt32]? {
        switch coding.positions {
        case .all: return nil
        case .shared: return shared
        case .bitmap:
            let places = values.withBitPatterns { greatest(coding.kept, of: $0) }
            writer.writeBitmap(places, of: values.count)
            return places
        case .indices(let bits):
            let places = values.withBitPatterns { greatest(coding.kept, of: $0) }
            writer.write(places, bits: bits)
            return places
        }
    }

    private func readPositions(
        _ coding: SegmentCoding, shared: [UInt32]?, from reader: inout PayloadReader
    ) throws(CompressionError.Problem) -> [UInt32]? {
        switch coding.positions {
        case .all: nil
        case .shared: shared
        case .bitmap: try reader.readBitmap(coding.kept, of: coding.segment.count)
        case .indices(let bits):
            try reader.readAscending(coding.kept, bits: bits, below: coding.segment.count)
        }
    }
}

// MARK: - Values

extension UpdateCodec {
    private func check(_ values: FloatView, _ coding: SegmentCoding) throws(CompressionError) {
        let (first, count) = (coding.segment.offset, coding.segment.count)
        let index = ck_exact_check(values.pointer + first, count, coding.bound)
        guard index == count else {
            throw CompressionError(
                segment: coding.segment.name,
                problem: .value(values[first + index], index: index, bound: coding.bound))
        }
    }

    private func write(
        _ kept: Span<Float>, _ coding: SegmentCoding, _ stream: inout RandomStream,
        into writer: inout PayloadWriter
    ) {
        switch coding.coder {
        case .float32: writer.write(kept)
        case .float16: writer.write(kept.indices.map { binary16(of: kept[$0]) })
        case .sign:
            let (codes, scale) = signs(of: kept)
            writer.write([scale].span)
            writer.write(codes, bits: 1)
        case .levels(let bits, let bucket):
            let words = errorFeedback ? [] : stream.words(kept.count)
            let (codes, scales) = quantize(
                kept, bucket: bucket, levels: SegmentCoding.levels(bits), words: words)
            writer.write(scales.span)
            writer.write(codes, bits: bits)
        }
    }

    private func read(
        _ coding: SegmentCoding, shared: [UInt32]?, from reader: inout PayloadReader, into values: FloatView
    ) throws(CompressionError.Problem) {
        guard let places = try readPositions(coding, shared: shared, from: &reader) else {
            return try readKept(coding, from: &reader, into: values)
        }
        let kept = FloatBuffer(count: coding.kept).view
        try readKept(coding, from: &reader, into: kept)
        values.fill(0)
        values.withMutableSpan { values in
            kept.withSpan { kept in
                for i in kept.indices { values[Int(places[i])] = kept[i] }
            }
        }
    }

    /// The values that travelled, scaled.
    private func readKept(
        _ coding: SegmentCoding, from reader: inout PayloadReader, into kept: FloatView
    ) throws(CompressionError.Problem) {
        switch coding.coder {
        case .float32:
            kept.withMutableSpan { reader.read(into: &$0) }
            let index = ck_exact_check(kept.pointer, kept.count, coding.bound)
            guard index == kept.count else { throw .value(kept[index], index: index, bound: coding.bound) }
        case .float16:
            let halves = reader.readHalves(kept.count)
            if let index = halves.firstIndex(where: { $0 & 0x7c00 == 0x7c00 }) {
                let value: Float = halves[index] & 0x3ff == 0 ? .infinity : .nan
                throw .value(value, index: index, bound: 65504)
            }
            kept.withMutableSpan { kept in
                for i in kept.indices { kept[i] = value(ofBinary16: halves[i]) }
            }
        case .sign:
            let scale = try reader.readScales(1, bound: coding.bound)[0]
            let codes = try reader.readCodes(kept.count, bits: 1)
            kept.withMutableSpan { kept in
                for i in kept.indices { kept[i] = codes[i] == 0 ? scale : -scale }
            }
        case .levels(let bits, let bucket):
            let levels = SegmentCoding.levels(bits)
            let scales = try reader.readScales(coding.scales, bound: coding.bound)
            let codes = try reader.readCodes(kept.count, bits: bits)
            if let index = codes.firstIndex(where: { $0 > UInt8(2 * levels) }) {
                throw .level(Int(codes[index]), index: index, greatest: 2 * levels)
            }
            kept.withMutableSpan {
                dequantize(codes, scales: scales, bucket: bucket, levels: levels, into: &$0)
            }
        }
        if coding.factor != 1 { ck_scale(coding.factor, kept.pointer, kept.count) }
    }
}

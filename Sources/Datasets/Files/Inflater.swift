import CZlib

/// The inflated bytes of a gzip file of one or several members, read piece by piece.
final class Inflater {
    private let file: InputFile
    private let state: UnsafeMutablePointer<z_stream>
    private var input = [UInt8](repeating: 0, count: 1 << 17)
    private var position = 0
    private var filled = 0
    /// Between members: before the first byte, or after a trailer whose check sum was right.
    private var isBetweenMembers = true
    private var isFinished = false
    /// Inflated bytes handed out.
    private(set) var produced = 0

    init(_ file: InputFile) {
        self.file = file
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
        // 15 bits of window, 16 for a gzip wrapper.
        let code = inflateInit2_(state, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib cannot start: \(code)")
    }

    deinit {
        inflateEnd(state)
        state.deallocate()
    }

    var path: String { file.path }
    var compressedSize: Int { file.size }
    /// Inflated size that the trailer states, modulo 2^32; right for a file of one member.
    var statedSize: UInt32? { file.trailingNumber() }

    /// Starts again at the first byte.
    func rewind() {
        file.rewind()
        inflateReset(state)
        (position, filled, produced) = (0, 0, 0)
        (isBetweenMembers, isFinished) = (true, false)
    }

    /// Inflates up to `range.count` bytes into `target[range]`; fewer only at the end of the stream.
    func read(into target: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
        var done = 0
        while done < range.count && !isFinished {
            if position == filled {
                filled = try file.read(into: &input, 0..<input.count)
                position = 0
            }
            if isBetweenMembers {
                if filled == 0 {
                    isFinished = true
                    break
                }
                inflateReset(state)
                isBetweenMembers = false
            }
            done += try inflateOnce(&target, range.lowerBound + done..<range.upperBound)
        }
        return done
    }

    private func inflateOnce(_ target: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
        let available = UInt32(filled - position)
        let room = UInt32(clamping: range.count)
        let code = input.withUnsafeMutableBufferPointer { source in
            target.withUnsafeMutableBufferPointer { sink in
                state.pointee.next_in = source.baseAddress! + position
                state.pointee.avail_in = available
                state.pointee.next_out = sink.baseAddress! + range.lowerBound
                state.pointee.avail_out = room
                return inflate(state, Z_NO_FLUSH)
            }
        }
        position += Int(available - state.pointee.avail_in)
        let made = Int(room - state.pointee.avail_out)
        produced += made
        switch code {
        case Z_OK: break
        case Z_STREAM_END: isBetweenMembers = true
        case Z_BUF_ERROR where available == 0:
            throw DatasetError(
                .truncated, source: path, offset: produced,
                found: "the end of the file after \(compressedSize) compressed bytes",
                expected: "the rest of a gzip stream", remedy: "fetch the file again")
        default:
            let reason = state.pointee.msg.map { String(cString: $0) } ?? "zlib code \(code)"
            throw DatasetError(
                .corruptStream, source: path, offset: produced, found: "a damaged gzip stream (\(reason))",
                expected: "a stream that inflates", remedy: "fetch the file again")
        }
        return made
    }

    /// Counts inflated bytes from here on, giving up one beyond `limit`; for error messages that name the size.
    func countRemaining(upTo limit: Int) throws(DatasetError) -> Int {
        var scratch = [UInt8](repeating: 0, count: 1 << 16)
        var total = 0
        while total <= limit {
            let got = try read(into: &scratch, 0..<min(scratch.count, limit + 1 - total))
            if got == 0 { break }
            total += got
        }
        return total
    }
}

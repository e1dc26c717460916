/// The bytes of a file in order, inflated where it is gzipped, which its first two bytes say.
final class ByteStream {
    private enum Source {
        case plain(InputFile)
        case gzip(Inflater)
    }

    let path: String
    /// Position in decoded bytes.
    private(set) var offset = 0
    private let source: Source

    /// - Parameter remedy: what to do where the file is missing.
    init(_ path: String, remedy: String) throws(DatasetError) {
        self.path = path
        let file = try InputFile(path, remedy: remedy)
        var start: [UInt8] = [0, 0]
        let got = try file.read(into: &start, 0..<2)
        file.rewind()
        source = got == 2 && start == [0x1F, 0x8B] ? .gzip(Inflater(file)) : .plain(file)
    }

    /// Reads up to `range.count` bytes into `target[range]`; fewer only at the end.
    func read(into target: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
        let got: Int
        switch source {
        case .plain(let file): got = try file.read(into: &target, range)
        case .gzip(let inflater): got = try inflater.read(into: &target, range)
        }
        offset += got
        return got
    }

    /// Reads exactly `length` bytes, or throws `truncated`.
    /// - Parameter what: named in the error, as in "the header".
    func readExactly(_ length: Int, _ what: String) throws(DatasetError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        let got = try read(into: &bytes, 0..<length)
        guard got == length else {
            throw DatasetError(
                .truncated, source: path, offset: offset, found: "the end of the data",
                expected: "\(length - got) more bytes of \(what)", remedy: "fetch the file again")
        }
        return bytes
    }

    /// Throws unless exactly `length` bytes are left, without allocating for them. For a gzip file this trusts
    /// the size in its trailer where that agrees and inflates once more to count where it does not.
    func requireRemaining(_ length: Int, _ what: String) throws(DatasetError) {
        let left: Int
        switch source {
        case .plain(let file): left = file.size - offset
        case .gzip(let inflater):
            // Deflate never shrinks data to less than 1/1032.
            let isPossible = length / 1032 <= inflater.compressedSize
            if isPossible && inflater.statedSize == UInt32(truncatingIfNeeded: offset + length) { return }
            left = try inflater.countRemaining(upTo: length)
            inflater.rewind()
            var skipped = [UInt8](repeating: 0, count: offset)
            _ = try inflater.read(into: &skipped, 0..<offset)
        }
        if left < length {
            throw DatasetError(
                .truncated, source: path, offset: offset + left, found: "the end of the data",
                expected: "\(length) bytes of \(what), of which \(length - left) are missing",
                remedy: "fetch the file again")
        }
        if left > length { throw trailing(offset + length, what) }
    }

    /// Throws unless the data end here; in a gzip file this is where the check sum is compared.
    func requireEnd(_ what: String) throws(DatasetError) {
        var extra: [UInt8] = [0]
        let end = offset
        if try read(into: &extra, 0..<1) != 0 { throw trailing(end, what) }
    }

    private func trailing(_ end: Int, _ what: String) -> DatasetError {
        DatasetError(
            .trailingBytes, source: path, offset: end, found: "more data",
            expected: "the end behind \(what)",
            remedy: "fetch the file again; its header and its size disagree")
    }
}

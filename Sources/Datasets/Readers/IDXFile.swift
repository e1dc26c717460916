/// A file in the IDX format of the MNIST family: two zero bytes, the element type, the rank, each dimension as
/// a big-endian 32-bit number, then the elements row by row. Plain or gzipped; elements are unsigned bytes.
final class IDXFile {
    /// Every dimension, outermost first.
    let dimensions: [Int]
    private let stream: ByteStream

    var path: String { stream.path }

    /// Opens the file and reads its header.
    /// - Parameters:
    ///   - ranks: acceptable numbers of dimensions.
    ///   - remedy: what to do where the file is missing.
    init(_ path: String, ranks: ClosedRange<Int>, remedy: String) throws(DatasetError) {
        stream = try ByteStream(path, remedy: remedy)
        let magic = try stream.readExactly(4, "the magic number")
        let found = "the bytes " + magic.map(IDXFile.hexadecimal).joined(separator: " ")
        guard magic[0] == 0, magic[1] == 0, [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E].contains(magic[2]) else {
            throw DatasetError(
                .badMagic, source: path, offset: 0, found: found,
                expected: "00 00 08 and the rank, as in every IDX file", remedy: "name an IDX file of bytes")
        }
        guard magic[2] == 0x08, ranks.contains(Int(magic[3])) else {
            let rank = ranks.count == 1 ? "\(ranks.lowerBound)" : "\(ranks.lowerBound) to \(ranks.upperBound)"
            throw DatasetError(
                .wrongRank, source: path, offset: 2, found: found,
                expected: "unsigned bytes (08) of rank \(rank)",
                remedy: "check that images and labels are not swapped")
        }
        let sizes = try stream.readExactly(4 * Int(magic[3]), "the dimensions")
        dimensions = stride(from: 0, to: sizes.count, by: 4).map { start in
            sizes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        try checkDimensions()
    }

    /// Number of elements in one entry of the outermost dimension.
    var entrySize: Int { dimensions.dropFirst().reduce(1, *) }

    /// Reads all elements and checks that the file ends with them.
    func elements() throws(DatasetError) -> [UInt8] {
        let count = dimensions.reduce(1, *)
        let what = "\(count) elements"
        try stream.requireRemaining(count, what)
        let elements = try stream.readExactly(count, what)
        try stream.requireEnd(what)
        return elements
    }

    private func checkDimensions() throws(DatasetError) {
        var product = 1
        for (axis, size) in dimensions.enumerated() {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow || size == 0 || next > 1 << 34 || (axis > 0 && size > SampleShape.maximumExtent) {
                throw DatasetError(
                    .absurdDimensions, source: path, offset: 4 + 4 * axis,
                    found: dimensions.map(String.init).joined(separator: " x "),
                    expected: "at least one entry, extents up to 65,536 and at most 16 GiB in all",
                    remedy: "fetch the file again")
            }
            product = next
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }
}

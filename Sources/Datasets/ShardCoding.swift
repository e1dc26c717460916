/// A split as a flat run of bytes, for a host that does not have the data set.
///
/// Little-endian: the eight bytes `TRIBSHD1`; storage kind, channels, height, width, classes and a zero word as
/// 32-bit numbers; the count of samples as a 64-bit number; one byte per label; zeros up to a multiple of 4; the
/// features, one byte or one Float32 each. Equal splits have equal bytes.
public enum ShardCoding {
    private static let magic = Array("TRIBSHD1".utf8)
    private static let headerSize = 40

    /// Features as they are stored, without noise.
    public static func encode(_ split: Split) -> [UInt8] {
        let width = split.storage == .pixels ? 1 : 4
        let featureStart = (headerSize + split.count + 3) / 4 * 4
        var bytes: [UInt8] = []
        bytes.reserveCapacity(featureStart + split.count * split.shape.count * width)
        bytes += magic
        let shape = split.shape
        for number in [
            Int(split.storage.rawValue), shape.channels, shape.height, shape.width, split.classes, 0,
        ] {
            append(UInt32(number), to: &bytes)
        }
        append(UInt64(split.count), to: &bytes)
        bytes += split.labels
        bytes += repeatElement(0, count: featureStart - bytes.count)
        switch split.features {
        case .pixels(let pixels): bytes += pixels
        case .values(let values): values.withUnsafeBytes { bytes += $0 }
        }
        return bytes
    }

    /// - Parameter source: named in errors.
    /// - Throws: `DatasetError` for anything that `encode` does not produce; memory is allocated only after
    ///   the announced size was compared with the size of `bytes`.
    public static func decode(_ bytes: [UInt8], source: String = "shard") throws(DatasetError) -> Split {
        let header = try Header(bytes, source)
        let labels = Array(bytes[headerSize..<headerSize + header.count])
        if let wrong = labels.firstIndex(where: { Int($0) >= header.classes }) {
            throw DatasetError(
                .labelOutOfRange, source: source, offset: headerSize + wrong, found: "label \(labels[wrong])",
                expected: "0 to \(header.classes - 1)", remedy: resend)
        }
        for offset in headerSize + header.count..<header.featureStart where bytes[offset] != 0 {
            throw DatasetError(
                .badMagic, source: source, offset: offset, found: "\(bytes[offset])",
                expected: "padding of 0",
                remedy: resend)
        }
        let content = bytes[header.featureStart...]
        switch header.storage {
        case .pixels:
            return Split(
                shape: header.shape, classes: header.classes, labels: labels, pixels: Array(content))
        case .values:
            var values = [Float](repeating: 0, count: content.count / 4)
            values.withUnsafeMutableBytes { target in
                content.withUnsafeBytes { target.copyMemory(from: $0) }
            }
            if let wrong = values.firstIndex(where: { !$0.isFinite }) {
                throw DatasetError(
                    .valueOutOfRange, source: source, offset: header.featureStart + 4 * wrong,
                    found: "\(values[wrong])", expected: "a finite number", remedy: resend)
            }
            return Split(shape: header.shape, classes: header.classes, labels: labels, values: values)
        }
    }

    private static let resend = "send the shard again"

    private static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }

    private struct Header {
        let storage: Split.Storage
        let shape: SampleShape
        let classes: Int
        let count: Int
        var featureStart: Int { (ShardCoding.headerSize + count + 3) / 4 * 4 }

        init(_ bytes: [UInt8], _ source: String) throws(DatasetError) {
            guard bytes.count >= headerSize else {
                throw Self.sizeError(.truncated, source, bytes.count, "a header of \(headerSize) bytes")
            }
            guard Array(bytes[..<8]) == magic else {
                throw DatasetError(
                    .badMagic, source: source, offset: 0, found: "other bytes", expected: "TRIBSHD1",
                    remedy: "send a shard of this version")
            }
            func number(_ offset: Int, _ length: Int) -> UInt64 {
                bytes[offset..<offset + length].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            let fields = (0..<6).map { Int(number(8 + 4 * $0, 4)) }
            guard let storage = Split.Storage(rawValue: UInt32(fields[0])), fields[5] == 0 else {
                throw DatasetError(
                    .badMagic, source: source, offset: 8,
                    found: "storage kind \(fields[0]), reserved \(fields[5])",
                    expected: "1 or 2, and 0", remedy: "send a shard of this version")
            }
            let count = number(32, 8)
            guard let shape = SampleShape(checking: fields[1], fields[2], fields[3]), count <= UInt32.max,
                fields[4] >= 1 && fields[4] <= 256
            else {
                throw DatasetError(
                    .absurdDimensions, source: source, offset: 12,
                    found:
                        "\(count) samples of \(fields[1])x\(fields[2])x\(fields[3]) in \(fields[4]) classes",
                    expected: "at most 2^32 - 1 samples, 2^26 values in each and 256 classes",
                    remedy: ShardCoding.resend)
            }
            self.storage = storage
            self.shape = shape
            classes = fields[4]
            self.count = Int(count)
            let needed = featureStart + self.count * shape.count * (storage == .pixels ? 1 : 4)
            if bytes.count != needed {
                let reason = bytes.count < needed ? DatasetError.Reason.truncated : .trailingBytes
                throw Self.sizeError(
                    reason, source, bytes.count, "\(needed) for \(count) samples of \(shape)")
            }
        }

        private static func sizeError(
            _ reason: DatasetError.Reason, _ source: String, _ size: Int, _ expected: String
        ) -> DatasetError {
            DatasetError(
                reason, source: source, offset: size, found: "\(size) bytes", expected: expected,
                remedy: ShardCoding.resend)
        }
    }
}

import CZlib

/// Whole runs of bytes without loss in zlib's format (RFC 1950): two bytes of header, deflate's bits, and the Adler-32 of
/// what was compressed; six bytes more than bare deflate, and damage is found.
public enum Deflate {
    /// At level 9. How many bytes that takes is zlib's decision and may differ between its versions; what comes back
    /// does not.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let bound = compressBound(UInt(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(bound)) { target, count in
            var made = bound
            let code = bytes.withUnsafeBufferPointer {
                compress2(target.baseAddress, &made, $0.baseAddress, UInt($0.count), Z_BEST_COMPRESSION)
            }
            precondition(code == Z_OK, "zlib cannot compress: \(code)")
            count = Int(made)
        }
    }

    /// The `count` bytes that were compressed. No more than these are allocated or made, whatever comes in.
    ///
    /// - Parameter source: named in errors.
    /// - Throws: `DatasetError` unless `bytes` are one whole stream of exactly `count` bytes and nothing else.
    public static func decompress(
        _ bytes: [UInt8], count: Int, source: String = "payload"
    ) throws(DatasetError) -> [UInt8] {
        precondition(count >= 0, "no \(count) bytes")
        var result = [UInt8](repeating: 0, count: count)
        var (made, used) = (UInt(count), UInt(bytes.count))
        let code = result.withUnsafeMutableBufferPointer { target in
            bytes.withUnsafeBufferPointer { uncompress2(target.baseAddress, &made, $0.baseAddress, &used) }
        }
        precondition(code != Z_MEM_ERROR, "zlib cannot start: \(code)")
        func error(_ reason: DatasetError.Reason, _ offset: UInt, _ found: String) -> DatasetError {
            DatasetError(
                reason, source: source, offset: Int(offset), found: found,
                expected: "a zlib stream of \(count) bytes", remedy: "send it again")
        }
        switch code {
        case Z_OK where made < count: throw error(.truncated, used, "the end after \(made) inflated bytes")
        case Z_OK where used < bytes.count: throw error(.trailingBytes, used, "more data")
        case Z_OK: return result
        case Z_BUF_ERROR where used < bytes.count:
            throw error(.trailingBytes, used, "more than \(count) inflated bytes")
        default: throw error(.corruptStream, used, "a stream that is damaged or not complete")
        }
    }
}

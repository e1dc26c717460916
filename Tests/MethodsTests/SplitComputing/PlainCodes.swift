import Methods
import TensorMath

/// Codes and their bytes, the plain way.
enum PlainCodes {
    /// A buffer that holds `values`.
    static func view(_ values: [Float]) -> FloatView {
        let buffer = FloatBuffer(count: values.count)
        buffer.view.copy(from: values)
        return buffer.view
    }

    static func littleEndian(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
    }

    /// Codes one bit after the other.
    static func packed(_ codes: [UInt8], bits: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (codes.count * bits + 7) / 8)
        for place in 0..<codes.count * bits where codes[place / bits] >> UInt8(place % bits) & 1 == 1 {
            bytes[place / 8] |= 1 << UInt8(place % 8)
        }
        return bytes
    }

    /// What a receiver makes of `payload`, nil where it refuses.
    static func received(_ payload: [UInt8], _ format: CodeFormat, count: Int) -> [Float]? {
        let back = FloatBuffer(count: count).view
        return format.decode(ObjectBytes(payload), into: back) ? back.array : nil
    }

    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        return b << 16 | a
    }
}

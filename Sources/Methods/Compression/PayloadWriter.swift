/// Bytes of a payload whose size is known, written from front to back; every run starts at a whole byte.
struct PayloadWriter {
    private(set) var bytes: [UInt8]
    private var position = 0

    init(count: Int) { bytes = [UInt8](repeating: 0, count: count) }

    /// Little-endian float32.
    mutating func write(_ values: Span<Float>) {
        values.withUnsafeBytes { write($0) }
    }

    /// Little-endian.
    mutating func write(_ values: [UInt16]) {
        values.withUnsafeBytes { write($0) }
    }

    /// Codes of 1 to 8 bits, none of them larger, the first in the lowest bits.
    mutating func write(_ codes: [UInt8], bits: Int) {
        guard bits < 8 else {
            codes.withUnsafeBytes { write($0) }
            return
        }
        let whole = codes.count / 8
        codes.withUnsafeBytes { codes in
            bytes.withUnsafeMutableBytes { bytes in
                for group in 0..<whole {
                    let eight = codes.loadUnaligned(fromByteOffset: 8 * group, as: UInt64.self)
                    var word = joined(UInt64(littleEndian: eight), bits: bits)
                    for i in 0..<bits {
                        bytes[position + bits * group + i] = UInt8(truncatingIfNeeded: word)
                        word >>= 8
                    }
                }
            }
        }
        position += bits * whole
        write(codes[(8 * whole)...].map(UInt32.init), bits: bits)
    }

    /// Numbers of 1 to 32 bits, none of them larger.
    mutating func write(_ numbers: [UInt32], bits: Int) {
        var (waiting, count) = (UInt64(0), 0)
        for number in numbers {
            waiting |= UInt64(number) << UInt64(count)
            count += bits
            while count >= 8 {
                bytes[position] = UInt8(truncatingIfNeeded: waiting)
                position += 1
                waiting >>= 8
                count -= 8
            }
        }
        if count > 0 {
            bytes[position] = UInt8(truncatingIfNeeded: waiting)
            position += 1
        }
    }

    /// One bit for each of `count` positions, set for `marked`.
    mutating func writeBitmap(_ marked: [UInt32], of count: Int) {
        for place in marked { bytes[position + Int(place >> 3)] |= 1 << UInt8(place & 7) }
        position += (count + 7) / 8
    }

    private mutating func write(_ run: UnsafeRawBufferPointer) {
        bytes.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[position..<position + run.count]).copyMemory(from: run)
        }
        position += run.count
    }
}

/// Writes protobuf by hand, so that headers which the encoder would never make can be made.
struct HandWritten {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func fixed32(_ field: UInt64, _ value: UInt32) {
        varint(field << 3 | 5)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    mutating func fixed64(_ field: UInt64, _ value: UInt64) {
        varint(field << 3 | 1)
        bytes += Self.littleEndian(value)
    }

    mutating func delimited(_ field: UInt64, _ content: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// An envelope around `body`, in field `field`.
    static func header(major: UInt32 = 1, minor: UInt32 = 3, field: UInt64, body: [UInt8]) -> [UInt8] {
        var envelope = HandWritten()
        envelope.fixed32(1, major)
        envelope.fixed32(2, minor)
        for number in 3...6 { envelope.fixed64(UInt64(number), 7) }
        envelope.delimited(field, body)
        return envelope.bytes
    }
}

/// Where the fixed-width fields of a header stand.
struct FixedField {
    /// Field numbers from the envelope down.
    var path: [Int]
    var range: Range<Int>

    /// All fixed32 and fixed64 fields of a header and of the message in it, packed ones left out.
    static func all(in header: [UInt8]) -> [FixedField] {
        var found: [FixedField] = []
        walk(header, header.indices, [], &found)
        return found
    }

    private static func walk(
        _ bytes: [UInt8], _ range: Range<Int>, _ path: [Int], _ found: inout [FixedField]
    ) {
        var position = range.lowerBound
        func varint() -> Int {
            var value = 0
            var shift = 0
            while true {
                let byte = bytes[position]
                position += 1
                value |= Int(byte & 127) << shift
                shift += 7
                if byte < 128 { return value }
            }
        }
        while position < range.upperBound {
            let key = varint()
            let place = path + [key >> 3]
            switch key & 7 {
            case 5, 1:
                let width = key & 7 == 5 ? 4 : 8
                found.append(FixedField(path: place, range: position..<position + width))
                position += width
            default:
                let length = varint()
                if path.isEmpty { walk(bytes, position..<position + length, place, &found) }
                position += length
            }
        }
    }
}

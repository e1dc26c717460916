/// Bytes of a payload whose size was checked, read from front to back: the counterpart of `PayloadWriter`.
struct PayloadReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Fills `values`, whatever they are.
    mutating func read(into values: inout MutableSpan<Float>) {
        values.withUnsafeMutableBytes { read(into: $0) }
    }

    /// Magnitudes from 0 to `bound`.
    mutating func readScales(_ count: Int, bound: Float) throws(CompressionError.Problem) -> [Float] {
        var scales = [Float](repeating: 0, count: count)
        scales.withUnsafeMutableBytes { read(into: $0) }
        if let i = scales.firstIndex(where: { $0.sign == .minus || !($0 <= bound) }) {
            throw .scale(scales[i], bucket: i, bound: bound)
        }
        return scales
    }

    mutating func readHalves(_ count: Int) -> [UInt16] {
        var values = [UInt16](repeating: 0, count: count)
        values.withUnsafeMutableBytes { read(into: $0) }
        return values
    }

    /// Little-endian.
    mutating func readWord() -> UInt32 {
        var word: UInt32 = 0
        withUnsafeMutableBytes(of: &word) { read(into: $0) }
        return UInt32(littleEndian: word)
    }

    /// `count` codes of 1 to 8 bits.
    mutating func readCodes(_ count: Int, bits: Int) throws(CompressionError.Problem) -> [UInt8] {
        guard bits < 8 else {
            position += count
            return Array(bytes[position - count..<position])
        }
        // Groups of eight codes; what the last one lacks is zero.
        let (first, length) = (position, (count * bits + 7) / 8)
        position += length
        var padding: UInt64 = 0
        let codes = bytes.withUnsafeBufferPointer { bytes in
            [UInt8](unsafeUninitializedCapacity: (count + 7) / 8 * 8) { codes, filled in
                for group in 0..<(count + 7) / 8 {
                    var word: UInt64 = 0
                    for i in (bits * group..<min(bits * group + bits, length)).reversed() {
                        word = word << 8 | UInt64(bytes[first + i])
                    }
                    if 8 * group + 8 > count { padding = word >> UInt64(count % 8 * bits) }
                    let eight = parted(word, bits: bits).littleEndian
                    UnsafeMutableRawPointer(codes.baseAddress! + 8 * group)
                        .storeBytes(of: eight, as: UInt64.self)
                }
                filled = count
            }
        }
        guard padding == 0 else { throw .padding }
        return codes
    }

    /// `count` numbers of 1 to 32 bits, each above the one before it and below `limit`.
    mutating func readAscending(
        _ count: Int, bits: Int, below limit: Int
    ) throws(CompressionError.Problem) -> [UInt32] {
        let mask = UInt64(1) << UInt64(bits) - 1
        var (waiting, available, last) = (UInt64(0), 0, -1)
        var numbers = [UInt32](repeating: 0, count: count)
        for i in 0..<count {
            while available < bits {
                waiting |= UInt64(bytes[position]) << UInt64(available)
                position += 1
                available += 8
            }
            let number = Int(waiting & mask)
            guard number < limit else { throw .position(number, number: i, count: limit) }
            guard number > last else { throw .order(number, number: i, after: last) }
            numbers[i] = UInt32(number)
            last = number
            waiting >>= UInt64(bits)
            available -= bits
        }
        guard waiting == 0 else { throw .padding }
        return numbers
    }

    /// The `marked` positions, of `count`, whose bits are set.
    mutating func readBitmap(_ marked: Int, of count: Int) throws(CompressionError.Problem) -> [UInt32] {
        let map = bytes[position..<position + (count + 7) / 8]
        position += map.count
        let marks = map.reduce(0) { $0 + $1.nonzeroBitCount }
        guard marks == marked else { throw .marks(marks, expected: marked) }
        var places: [UInt32] = []
        places.reserveCapacity(marked)
        for (i, byte) in map.enumerated() where byte != 0 {
            var rest = byte
            while rest != 0 {
                places.append(UInt32(8 * i + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        if let last = places.last, last >= count { throw .padding }
        return places
    }

    private mutating func read(into run: UnsafeMutableRawBufferPointer) {
        bytes.withUnsafeBytes {
            run.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + run.count]))
        }
        position += run.count
    }
}

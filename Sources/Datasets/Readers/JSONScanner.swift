import Glibc

/// A JSON document read once from front to back in constant memory, by someone who knows what has to come next.
///
/// Lists and objects are opened and then asked for one entry after the other:
/// `try scanner.open("["); while try scanner.nextElement() { ... }`.
struct JSONScanner: ~Copyable {
    private let stream: ByteStream
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var position = 0
    private var filled = 0
    /// Position of the buffer's first byte in the document.
    private var origin = 0
    /// Directly behind an opening bracket, where no comma stands.
    private var isAtStart = false
    private var digits: [CChar] = []

    /// Longest name or number that is read.
    private static let maximumLength = 4096
    private static let remedy = "check that the file is one of LEAF's JSON files, complete and unchanged"

    init(_ path: String) throws(DatasetError) {
        stream = try ByteStream(path, remedy: "name LEAF's directory in dataset.path")
    }

    var path: String { stream.path }
    /// Bytes read so far.
    var offset: Int { origin + position }

    // MARK: Structure

    mutating func open(_ bracket: Unicode.Scalar, _ what: String) throws(DatasetError) {
        guard try peek(what) == UInt8(ascii: bracket) else {
            throw try unexpected("\(what), which starts with \(bracket)")
        }
        position += 1
        isAtStart = true
    }

    /// Whether another element of the list follows; its end is passed over otherwise.
    mutating func nextElement() throws(DatasetError) -> Bool { try next(before: "]") }

    /// The name of the object's next member, or nil at its end, which is passed over.
    mutating func nextKey() throws(DatasetError) -> String? {
        guard try next(before: "}") else { return nil }
        let key = try string("a name")
        guard try peek(":") == UInt8(ascii: ":") else { throw try unexpected("a colon") }
        position += 1
        return key
    }

    private mutating func next(before end: Unicode.Scalar) throws(DatasetError) -> Bool {
        let byte = try peek("an entry or \(end)")
        if byte == UInt8(ascii: end) {
            position += 1
            isAtStart = false
            return false
        }
        if !isAtStart {
            guard byte == UInt8(ascii: ",") else { throw try unexpected("a comma or \(end)") }
            position += 1
        }
        isAtStart = false
        return true
    }

    /// Throws unless only white space is left.
    mutating func requireEnd() throws(DatasetError) {
        guard try peekOrEnd() == nil else {
            throw DatasetError(
                .trailingBytes, source: path, offset: offset, found: "more data",
                expected: "the end behind the JSON document", remedy: Self.remedy)
        }
    }

    // MARK: Values

    /// A text as it is written, its escapes untouched.
    mutating func string(_ what: String) throws(DatasetError) -> String {
        guard try peek(what) == UInt8(ascii: "\"") else { throw try unexpected("\(what) in quotes") }
        position += 1
        var bytes: [UInt8] = []
        while true {
            let byte = try take("the end of \(what)")
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
            if byte == UInt8(ascii: "\\") { bytes.append(try take("the end of \(what)")) }
            guard bytes.count < Self.maximumLength else {
                throw DatasetError(
                    .malformed, source: path, offset: offset, found: "\(what) of \(bytes.count) bytes",
                    expected: "at most \(Self.maximumLength)", remedy: Self.remedy)
            }
        }
    }

    /// A finite number, rounded correctly.
    mutating func number(_ what: String) throws(DatasetError) -> Double {
        let first = try peek(what)
        guard first == UInt8(ascii: "-") || Self.isDigit(first) else {
            throw try unexpected("\(what), a number")
        }
        let start = offset
        digits.removeAll(keepingCapacity: true)
        var (mantissa, fraction): (UInt64, Int?) = (0, nil)
        var isPlain = true
        while let byte = try byteOrEnd(), Self.isNumeric(byte), digits.count < Self.maximumLength {
            digits.append(CChar(byte))
            position += 1
            if Self.isDigit(byte) {
                if mantissa < 1 << 53 { mantissa = mantissa * 10 + UInt64(byte - UInt8(ascii: "0")) }
                fraction = fraction.map { $0 + 1 }
            } else if byte == UInt8(ascii: "."), fraction == nil {
                fraction = 0
            } else {
                isPlain = false
            }
        }
        // Both numbers are exact, so their quotient is the rounded one.
        if isPlain, mantissa < 1 << 53, fraction ?? 0 < Self.powersOfTen.count, fraction != 0 {
            return Double(mantissa) / Self.powersOfTen[fraction ?? 0]
        }
        return try slowNumber(what, start)
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private mutating func slowNumber(_ what: String, _ start: Int) throws(DatasetError) -> Double {
        let length = digits.count
        digits.append(0)
        let (value, read) = digits.withUnsafeBufferPointer { text in
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(text.baseAddress!, &end)
            return (value, end.map { $0 - UnsafeMutablePointer(mutating: text.baseAddress!) } ?? 0)
        }
        let last = digits[length - 1]
        guard read == length, Self.isDigit(UInt8(bitPattern: last)) else {
            let text = digits.dropLast().prefix(40).map { UInt8(bitPattern: $0) }
            throw DatasetError(
                .malformed, source: path, offset: start, found: String(decoding: text, as: UTF8.self),
                expected: "\(what), a number", remedy: Self.remedy)
        }
        guard value.isFinite else {
            throw DatasetError(
                .valueOutOfRange, source: path, offset: start, found: "\(value)", expected: "a finite number",
                remedy: Self.remedy)
        }
        return value
    }

    /// Passes over a value of any kind, without looking at more than its brackets and quotes.
    mutating func skipValue() throws(DatasetError) {
        var depth = 0
        repeat {
            let byte = try peek("a value")
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                position += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard depth > 0 else { throw try unexpected("a value") }
                depth -= 1
                position += 1
            case UInt8(ascii: "\""): try skipString()
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw try unexpected("a value") }
                position += 1
            default: try skipWord()
            }
        } while depth > 0
        isAtStart = false
    }

    private mutating func skipString() throws(DatasetError) {
        position += 1
        while true {
            let byte = try take("the end of a text")
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { _ = try take("the end of a text") }
        }
    }

    /// A number, true, false or null: at least one byte, and everything up to what ends it.
    private mutating func skipWord() throws(DatasetError) {
        position += 1
        while let byte = try byteOrEnd(), byte > UInt8(ascii: " "), byte != UInt8(ascii: ","),
            byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}")
        { position += 1 }
    }

    // MARK: Bytes

    /// The next byte that is not white space; it stays to be read.
    private mutating func peek(_ what: String) throws(DatasetError) -> UInt8 {
        guard let byte = try peekOrEnd() else { throw truncated(what) }
        return byte
    }

    private mutating func peekOrEnd() throws(DatasetError) -> UInt8? {
        while let byte = try byteOrEnd() {
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    private mutating func take(_ what: String) throws(DatasetError) -> UInt8 {
        guard let byte = try byteOrEnd() else { throw truncated(what) }
        position += 1
        return byte
    }

    private mutating func byteOrEnd() throws(DatasetError) -> UInt8? {
        if position < filled { return buffer[position] }
        origin += filled
        position = 0
        filled = try stream.read(into: &buffer, 0..<buffer.count)
        return filled == 0 ? nil : buffer[0]
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            || byte | 0x20 == UInt8(ascii: "e")
    }

    // MARK: Faults

    private func truncated(_ what: String) -> DatasetError {
        DatasetError(
            .truncated, source: path, offset: offset, found: "the end of the data", expected: what,
            remedy: "fetch the file again, or make it again with LEAF's scripts")
    }

    /// What stands here in place of `expected`.
    private mutating func unexpected(_ expected: String) throws(DatasetError) -> DatasetError {
        let place = offset
        let byte = try peek(expected)
        let found =
            byte == UInt8(ascii: "\"")
            ? "a text" : byte > 0x20 && byte < 0x7F ? "\(Unicode.Scalar(byte))" : "byte \(byte)"
        return DatasetError(
            .malformed, source: path, offset: place, found: found, expected: expected, remedy: Self.remedy)
    }
}

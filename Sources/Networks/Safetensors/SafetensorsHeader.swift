/// Reads the JSON of a header: only what the format allows, so that nothing nests deeper than it may.
struct SafetensorsHeader {
    /// One tensor as the header describes it, unchecked.
    struct Entry {
        var name: String
        var type = ""
        var shape: [Int] = []
        var begin = 0
        var end = 0
    }

    private(set) var metadata: [String: String] = [:]
    private(set) var entries: [Entry] = []

    private let file: String
    private let bytes: [UInt8]
    private var position = 0

    init(file: String, bytes: [UInt8]) throws(SafetensorsError) {
        self.file = file
        self.bytes = bytes
        var hasMetadata = false
        var more = try openObject()
        while more {
            let name = try key()
            if name == "__metadata__" {
                if hasMetadata { throw duplicate(name) }
                hasMetadata = true
                try readMetadata()
            } else {
                entries.append(try entry(named: name))
            }
            more = try another(closing: "}")
        }
        skipSpace()
        if position < bytes.count { throw malformed("the end") }
        var seen = Set<String>()
        for entry in entries where !seen.insert(entry.name).inserted { throw duplicate(entry.name) }
    }

    private mutating func readMetadata() throws(SafetensorsError) {
        var more = try openObject()
        while more {
            let name = try key()
            if metadata[name] != nil { throw duplicate(name) }
            metadata[name] = try string()
            more = try another(closing: "}")
        }
    }

    private mutating func entry(named name: String) throws(SafetensorsError) -> Entry {
        var entry = Entry(name: name)
        var missing: Set = ["dtype", "shape", "data_offsets"]
        var more = try openObject()
        while more {
            let field = try key()
            if missing.remove(field) == nil { throw malformed("one each of dtype, shape and data_offsets") }
            switch field {
            case "dtype": entry.type = try string()
            case "shape": entry.shape = try integers()
            default:
                let offsets = try integers()
                if offsets.count != 2 { throw malformed("two offsets") }
                entry.begin = offsets[0]
                entry.end = offsets[1]
            }
            more = try another(closing: "}")
        }
        if !missing.isEmpty { throw malformed("one each of dtype, shape and data_offsets") }
        return entry
    }

    // MARK: - JSON

    private func malformed(_ expected: String) -> SafetensorsError {
        SafetensorsError(file: file, reason: .malformedHeader(offset: position, expected: expected))
    }

    private func duplicate(_ name: String) -> SafetensorsError {
        SafetensorsError(file: file, tensor: name, reason: .duplicateTensor)
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    /// Whether the next character is `character`, which is then consumed.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Enters an object; whether it has members.
    private mutating func openObject() throws(SafetensorsError) -> Bool {
        if !take("{") { throw malformed("{") }
        return !take("}")
    }

    /// After a member: whether one more follows, or the object or array closes.
    private mutating func another(closing: Unicode.Scalar) throws(SafetensorsError) -> Bool {
        if take(",") { return true }
        if take(closing) { return false }
        throw malformed(", or \(closing)")
    }

    private mutating func key() throws(SafetensorsError) -> String {
        let name = try string()
        if !take(":") { throw malformed(":") }
        return name
    }

    private mutating func integers() throws(SafetensorsError) -> [Int] {
        if !take("[") { throw malformed("[") }
        var values: [Int] = []
        var more = !take("]")
        while more {
            values.append(try integer())
            more = try another(closing: "]")
        }
        return values
    }

    private mutating func integer() throws(SafetensorsError) -> Int {
        skipSpace()
        var value = 0
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
            let (tens, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, stillTooBig) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
            if tooBig || stillTooBig { throw malformed("an integer below 2^63") }
            value = sum
            position += 1
        }
        if position == start { throw malformed("an integer") }
        return value
    }

    private mutating func string() throws(SafetensorsError) -> String {
        if !take("\"") { throw malformed("a string") }
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else { throw malformed("UTF-8") }
                position += 1
                return result
            case UInt8(ascii: "\\"):
                position += 1
                text.append(contentsOf: Array(try escape().utf8))
            case 0..<0x20:
                throw malformed("a string without control characters")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw malformed("a closed string")
    }

    /// What follows a backslash.
    private mutating func escape() throws(SafetensorsError) -> String {
        guard position < bytes.count else { throw malformed("an escape") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var units = [try codeUnit()]
            let surrogate = units[0] >= 0xd800 && units[0] < 0xdc00
            if surrogate && position + 1 < bytes.count && bytes[position] == 0x5c
                && bytes[position + 1] == 0x75
            {
                position += 2
                units.append(try codeUnit())
            }
            guard let text = String(validating: units, as: UTF16.self) else { throw malformed("Unicode") }
            return text
        default: throw malformed("an escape")
        }
    }

    private mutating func codeUnit() throws(SafetensorsError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue,
                bytes[position] < 0x80
            else { throw malformed("four hexadecimal digits") }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}

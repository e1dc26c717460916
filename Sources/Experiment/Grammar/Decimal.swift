/// A number as scenarios write it: decimal, with an optional exponent, without leading zeros.
struct Decimal {
    let text: String
    /// Finite.
    let value: Double

    /// Nil for anything but an unquoted number.
    init?(_ node: DocumentNode) {
        guard case .scalar(let text, quoted: false) = node.content else { return nil }
        self.init(text)
    }

    init?(_ text: String) {
        guard text.utf8.count <= 64, Self.isDecimal(text), let value = Double(text), value.isFinite else {
            return nil
        }
        self.text = text
        self.value = value
    }

    /// The number as a whole one; nil for fractions and beyond the size that is exact (2^53 with an exponent or point).
    var exactInteger: Int? {
        if let plain = Int(text) { return plain }
        guard value.magnitude <= 0x1p53 else { return nil }
        return Int(exactly: value)
    }

    /// [-+] digits [. digits] [e [-+] digits]
    private static func isDecimal(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            rest.removeFirst()
        }
        func digits() -> Int {
            let run = rest.prefix { (48...57).contains($0) }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        let leadsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        if leadsWithZero && whole > 1 { return false }
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits()
        }
        guard whole + fraction > 0 else { return false }
        if let e = rest.first, e | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest.removeFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

/// The shortest decimal that gives the same number, without a trailing `.0`.
public func shortest(_ value: Double) -> String { trimmed(value.description) }

/// The shortest decimal that gives the same number, without a trailing `.0`.
public func shortest(_ value: Float) -> String { trimmed(value.description) }

private func trimmed(_ text: String) -> String { text.hasSuffix(".0") ? String(text.dropLast(2)) : text }

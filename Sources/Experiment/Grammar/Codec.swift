/// How one kind of value is read from YAML and written back.
struct Codec<Value> {
    struct Problem: Error {
        var message: String
        var remedy: String
    }

    /// What may be written, for documentation.
    let type: String
    let read: (DocumentNode) throws(Problem) -> Value
    /// Reading what this writes gives the same value.
    let write: (Value) -> DocumentNode
}

extension Codec where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Codec {
        let remedy = "give a whole number from \(range.lowerBound) to \(range.upperBound)"
        return Codec(type: "whole number from \(range.lowerBound) to \(range.upperBound)") {
            (node) throws(Problem) in
            guard let decimal = Decimal(node) else {
                throw Problem(message: "is not a whole number", remedy: remedy)
            }
            guard let exact = decimal.exactInteger else {
                let message =
                    decimal.value.rounded() == decimal.value ? "is too large" : "is not a whole number"
                throw Problem(message: message, remedy: remedy)
            }
            try check(
                exact < range.lowerBound, exact > range.upperBound, "\(range.lowerBound)",
                "\(range.upperBound)", remedy)
            return exact
        } write: {
            .plain(String($0))
        }
    }
}

extension Codec where Value == UInt64 {
    /// All of 64 bits.
    static var seed: Codec {
        let remedy = "give a whole number from 0 to 18446744073709551615"
        return Codec(type: "whole number from 0 to 18446744073709551615") { (node) throws(Problem) in
            guard let decimal = Decimal(node) else {
                throw Problem(message: "is not a whole number", remedy: remedy)
            }
            guard decimal.value >= 0 else { throw Problem(message: "is negative", remedy: remedy) }
            if let exact = UInt64(decimal.text) { return exact }
            guard let exact = decimal.exactInteger else {
                throw Problem(message: "is not a whole number of 64 bits", remedy: remedy)
            }
            return UInt64(exact)
        } write: {
            .plain(String($0))
        }
    }
}

extension Codec where Value == UInt64 {
    /// A number of things, such as bytes.
    static func count(_ range: ClosedRange<Int>) -> Codec {
        let number = Codec<Int>.integer(range)
        return Codec(type: number.type) { (node) throws(Problem) in
            do throws(Codec<Int>.Problem) {
                return UInt64(try number.read(node))
            } catch {
                throw Problem(message: error.message, remedy: error.remedy)
            }
        } write: {
            .plain(String($0))
        }
    }
}

extension Codec where Value == Double {
    /// `above`: the lower bound itself is not allowed.
    static func number(_ range: ClosedRange<Double>, above: Bool = false, below: Bool = false) -> Codec {
        let (low, high) = (shortest(range.lowerBound), shortest(range.upperBound))
        let span = "\(above ? "above" : "from") \(low) \(below ? "to below" : "to") \(high)"
        return Codec(type: "number \(span)") { (node) throws(Problem) in
            let remedy = "give a number \(span)"
            guard let decimal = Decimal(node) else {
                throw Problem(message: "is not a number", remedy: remedy)
            }
            let value = decimal.value
            let short = above ? value <= range.lowerBound : value < range.lowerBound
            let long = below ? value >= range.upperBound : value > range.upperBound
            try check(short, long, low, high, remedy, lowExcluded: above, highExcluded: below)
            return value
        } write: {
            .plain(shortest($0))
        }
    }
}

extension Codec where Value == Float {
    /// Read as Float32, written as the shortest decimal that gives the same one.
    static func float(_ range: ClosedRange<Double>, above: Bool = false, below: Bool = false) -> Codec {
        let wide = Codec<Double>.number(range, above: above, below: below)
        return Codec(type: wide.type) { (node) throws(Problem) in
            do throws(Codec<Double>.Problem) {
                let value = try wide.read(node)
                guard let decimal = Decimal(node), let narrow = Float(decimal.text), narrow.isFinite else {
                    throw Codec<Double>.Problem(
                        message: "is not a 32-bit number", remedy: "give one of normal size")
                }
                if narrow == 0 && value != 0 || above && Double(narrow) <= range.lowerBound
                    || below && Double(narrow) >= range.upperBound
                {
                    throw Codec<Double>.Problem(
                        message: "rounds to \(shortest(narrow)) in 32 bits", remedy: "give a number that fits"
                    )
                }
                return narrow
            } catch {
                throw Problem(message: error.message, remedy: error.remedy)
            }
        } write: {
            .plain(shortest($0))
        }
    }
}

extension Codec where Value == Bool {
    static var flag: Codec {
        Codec(type: "true or false") { (node) throws(Problem) in
            switch node.content {
            case .scalar("true", quoted: false), .scalar("True", quoted: false): return true
            case .scalar("false", quoted: false), .scalar("False", quoted: false): return false
            default: throw Problem(message: "is neither true nor false", remedy: "write true or false")
            }
        } write: {
            .plain($0 ? "true" : "false")
        }
    }
}

extension Codec where Value == String {
    static func text(_ bytes: ClosedRange<Int>, _ kind: String = "text") -> Codec {
        Codec(type: "\(kind) of \(bytes.lowerBound) to \(bytes.upperBound) bytes") { (node) throws(Problem) in
            guard case .scalar(let text, _) = node.content else {
                throw Problem(message: "is not \(kind)", remedy: "write \(kind)")
            }
            guard bytes.contains(text.utf8.count), !text.unicodeScalars.contains("\0") else {
                throw Problem(
                    message: "is \(text.utf8.count) bytes long",
                    remedy: "write 1 to \(bytes.upperBound) bytes")
            }
            return text
        } write: {
            .text($0)
        }
    }

    /// One of a few words. `later` are words of the language that this version does not know yet. With `fits`
    /// some of the options are patterns, and it alone says what is allowed; `rule` is the remedy for words that are
    /// like those of a pattern.
    static func word(
        _ options: [String], later: [String] = [], fits: ((String) -> Bool)? = nil,
        rule: @escaping (String) -> String? = { _ in nil }
    ) -> Codec {
        Codec(type: options.count == 1 ? options[0] : "one of \(options.joined(separator: ", "))") {
            (node) throws(Problem) in
            let list = options.joined(separator: ", ")
            let every = options.count == 1 ? "write \(list)" : "write one of \(list)"
            guard case .scalar(let text, _) = node.content, !node.isNull else {
                throw Problem(message: "is not a word", remedy: every)
            }
            if fits?(text) ?? options.contains(text) { return text }
            if later.contains(text) { throw Problem(message: "is not in this version", remedy: every) }
            if let rule = rule(text) { throw Problem(message: "is unknown", remedy: rule) }
            if let near = nearest(to: text, among: options.filter { $0 != text }) {
                throw Problem(message: "is unknown", remedy: "did you mean \(near)? " + every)
            }
            throw Problem(message: "is unknown", remedy: every)
        } write: {
            .plain($0)
        }
    }
}

extension Codec where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// The words of an enumeration.
    static func word(_ type: Value.Type, later: [String] = []) -> Codec {
        let words = Codec<String>.word(Value.allCases.map(\.rawValue), later: later)
        return Codec(type: words.type) { (node) throws(Problem) in
            do throws(Codec<String>.Problem) {
                return Value(rawValue: try words.read(node))!
            } catch {
                throw Problem(message: error.message, remedy: error.remedy)
            }
        } write: {
            words.write($0.rawValue)
        }
    }
}

extension Codec {
    static func list<Element>(of item: Codec<Element>, count: ClosedRange<Int>) -> Codec
    where Value == [Element] {
        Codec(type: "list of \(item.type)") { (node) throws(Problem) in
            let remedy =
                "write a list such as [\(item.type.split(separator: ",")[0].replacing("one of ", with: ""))]"
            guard case .list(let items) = node.content else {
                throw Problem(message: "is not a list", remedy: remedy)
            }
            guard count.contains(items.count) else {
                throw Problem(
                    message: "has \(items.count) entries",
                    remedy: "write \(count.lowerBound) to \(count.upperBound)")
            }
            var values: [Element] = []
            for node in items {
                do throws(Codec<Element>.Problem) {
                    values.append(try item.read(node))
                } catch {
                    throw Problem(
                        message: "holds \(node.shown), which \(error.message)", remedy: error.remedy)
                }
            }
            return values
        } write: {
            DocumentNode(.list($0.map(item.write)))
        }
    }

    /// A list of different values.
    static func set<Element: Equatable>(of item: Codec<Element>, count: ClosedRange<Int>) -> Codec
    where Value == [Element] {
        let list = Codec.list(of: item, count: count)
        return Codec(type: list.type) { (node) throws(Problem) in
            let values = try list.read(node)
            guard case .list(let items) = node.content else { return values }
            for (index, value) in values.enumerated() where values[..<index].contains(value) {
                throw Problem(message: "holds \(items[index].shown) twice", remedy: "write it once")
            }
            return values
        } write: {
            list.write($0)
        }
    }

    private static func check(
        _ isBelow: Bool, _ isAbove: Bool, _ low: String, _ high: String, _ remedy: String,
        lowExcluded: Bool = false, highExcluded: Bool = false
    ) throws(Problem) {
        if isBelow {
            let positive = low == "1" && !lowExcluded || low == "0" && lowExcluded
            let message =
                positive
                ? "is not positive"
                : low == "0" ? "is negative" : "is \(lowExcluded ? "not above" : "below") \(low)"
            throw Problem(message: message, remedy: remedy)
        }
        if isAbove {
            throw Problem(message: "is \(highExcluded ? "not below" : "above") \(high)", remedy: remedy)
        }
    }
}

extension Codec where Value == [Int] {
    /// An integer, or up to 16 different ones.
    static func oneOrMore(_ range: ClosedRange<Int>) -> Codec {
        let one = Codec<Int>.integer(range)
        let several = Codec.set(of: one, count: 1...16)
        return Codec(type: "\(one.type), or a list of such") { (node) throws(Problem) in
            if case .list = node.content { return try several.read(node) }
            do throws(Codec<Int>.Problem) {
                return [try one.read(node)]
            } catch {
                throw Problem(message: error.message, remedy: error.remedy + ", or a list such as [2, 4]")
            }
        } write: {
            $0.count == 1 ? one.write($0[0]) : several.write($0)
        }
    }
}

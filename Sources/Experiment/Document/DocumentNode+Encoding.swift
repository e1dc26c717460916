/// A document as machines read it: YAML's plain scalars as numbers, truth values and null.
extension DocumentNode: Encodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        switch content {
        case .scalar(let text, let quoted):
            var container = encoder.singleValueContainer()
            if quoted {
                try container.encode(text)
            } else if isNull {
                try container.encodeNil()
            } else if text == "true" || text == "false" {
                try container.encode(text == "true")
            } else if let number = UInt64(text) {
                try container.encode(number)
            } else if let number = Double(text), number.isFinite {
                try container.encode(number)
            } else {
                try container.encode(text)
            }
        case .list(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(item) }
        case .mapping(let entries):
            var container = encoder.container(keyedBy: Key.self)
            for entry in entries { try container.encode(entry.value, forKey: Key(stringValue: entry.key)) }
        }
    }
}

/// The document of a scenario with every default written out, for encoders.
public struct ResolvedScenario: Encodable, Sendable {
    private let document: DocumentNode

    public init(_ scenario: Scenario) { document = scenario.resolved }

    public func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
}

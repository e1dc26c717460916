import Methods

/// `method`: the federated algorithm and its settings, which each method declares itself.
enum MethodSection {
    /// Methods of the language that this version does not know yet.
    private static let later = ["feddyn"]

    static func visit(_ section: Section, _ value: inout MethodSpec) {
        section.section("method", "The federated algorithm.") { section in
            let meanings = MethodSpec.all.map { "`\($0.name)` \($0.meaning)" }.joined(separator: "; ")
            section.choice(
                "name", current: value.name, MethodSpec.names, later: later, .value("fedavg"), "\(meanings)."
            ) { name in
                guard let type = MethodSpec.all.first(where: { $0.name == name }) else {
                    preconditionFailure("\(name) is not a method")
                }
                visit(type, section, &value)
            }
        }
    }

    /// The keys of one method.
    private static func visit<Method: FederatedMethod>(
        _ type: Method.Type, _ section: Section, _ value: inout MethodSpec
    ) {
        let standard = Method()
        var method = value.method as? Method ?? standard
        for setting in Method.settings {
            switch setting {
            case .number(let key, let property, let range, let meaning):
                section.field(
                    key, &method[keyPath: property], .number(range), .value(standard[keyPath: property]),
                    meaning)
            case .integer(let key, let property, let range, let unit, let meaning):
                section.field(
                    key, &method[keyPath: property], .integer(range), .value(standard[keyPath: property]),
                    unit: unit, meaning)
            case .word(let key, let property, let words, let meaning):
                section.field(
                    key, &method[keyPath: property], .word(words), .value(standard[keyPath: property]),
                    meaning)
            }
        }
        value = MethodSpec(method)
    }
}

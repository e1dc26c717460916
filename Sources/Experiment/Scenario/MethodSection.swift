import Methods

/// `method`: the federated algorithm and its settings.
enum MethodSection {
    /// Methods of the language that this version does not know yet.
    private static let later = [
        "fedper", "fedmax", "fedprox", "scaffold", "fedadam", "fedyogi", "fedadagrad", "feddyn", "fednova",
        "moon",
        "median", "trimmed_mean", "krum",
    ]

    static func visit(_ section: Section, _ value: inout MethodSpec) {
        section.section("method", "The federated algorithm.") { section in
            section.choice(
                "name", current: value.name, MethodSpec.names, later: later, .value("fedavg"),
                "`fedavg` averages the clients' models by their samples (McMahan et al. 2017)."
            ) { name in
                switch name {
                case "fedavg": value = .fedavg
                default: preconditionFailure("\(name) is a method without a grammar")
                }
            }
        }
    }
}

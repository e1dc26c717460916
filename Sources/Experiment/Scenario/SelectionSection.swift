import Methods

/// `training.selection`: how a cohort is drawn.
enum SelectionSection {
    static func visit(_ section: Section, _ value: inout SelectionSpec) {
        var candidates = 20
        var oort = Oort()
        switch value {
        case .uniform, .roundRobin: break
        case .powerOfChoice(let count): candidates = count
        case .oort(let settings): oort = settings
        }
        section.choice(
            "selection", current: value.name, SelectionSpec.names, .value("uniform"),
            "How a round's cohort is drawn: `uniform` without replacement; `round_robin` in the order of numbers; "
                + "`power_of_choice` those with the greatest loss among some candidates (Cho et al. 2020, rpow-d); "
                + "`oort` by statistical utility and, with `devices`, speed (Lai et al. 2021)."
        ) { name in
            switch name {
            case "power_of_choice":
                section.field(
                    "candidates", &candidates, .integer(1...1_000_000), .value(20), unit: "clients",
                    "Clients that are looked at; at least a cohort of them. A choice needs more than that.")
                value = .powerOfChoice(candidates: candidates)
            case "oort":
                visit(section, &oort)
                value = .oort(oort)
            case "round_robin": value = .roundRobin
            default: value = .uniform
            }
        }
    }

    private static func visit(_ section: Section, _ value: inout Oort) {
        let standard = Oort()
        section.field(
            "exploration", &value.exploration, .number(0...1), .value(standard.exploration),
            "Share of clients never tried in the first cohort.")
        section.field(
            "exploration_decay", &value.explorationDecay, .number(0...1), .value(standard.explorationDecay),
            "Factor of that share per round.")
        section.field(
            "exploration_minimum", &value.explorationMinimum, .number(0...1),
            .value(standard.explorationMinimum), "Least such share.")
        section.field(
            "cutoff", &value.cutoff, .number(0...1), .value(standard.cutoff),
            "Clients with this share of the last chosen one's utility may be chosen, too.")
        section.field(
            "preferred", &value.preferred, .number(0...1), .value(standard.preferred),
            "With `devices`: share of the clients whose time counts as short enough.")
        section.field(
            "penalty", &value.penalty, .number(0...100), .value(standard.penalty),
            "With `devices`: the utility of a client that takes t times as long is divided by t to this power."
        )
    }
}

import Methods

/// `aggregation` and `attack`: how the server combines updates, and who sends false ones.
enum AggregationSection {
    static func visit(_ section: Section, _ value: inout AggregationSpec) {
        var (fraction, byzantine, selected, norm) = (0.1, 1, 5, 1.0)
        switch value {
        case .mean, .median: break
        case .trimmedMean(let share): fraction = share
        case .krum(let count): byzantine = count
        case .multiKrum(let count, let best): (byzantine, selected) = (count, best)
        case .normClipping(let length): norm = length
        }
        section.section("aggregation", "How the server combines what a cohort sent.") { section in
            section.choice(
                "rule", current: value.name, AggregationSpec.names, .value("mean"),
                "`mean` weights by samples; `median` and `trimmed_mean` of each coordinate (Yin et al. 2018); `krum` and "
                    + "`multi_krum` (Blanchard et al. 2017); `norm_clipping` shortens long updates before the mean (Sun et "
                    + "al. 2019)."
            ) { rule in
                switch rule {
                case "median": value = .median
                case "trimmed_mean":
                    section.field(
                        "fraction", &fraction, .number(0...0.5, below: true), .value(0.1),
                        "Share of the greatest, and of the least, values that are left out: of a cohort's updates, "
                            + "rounded down.")
                    value = .trimmedMean(fraction: fraction)
                case "krum", "multi_krum":
                    section.field(
                        "byzantine", &byzantine, .integer(0...100_000), .value(1), unit: "clients",
                        "False updates in a cohort that the rule must withstand. A round must have at least 2 x byzantine + 3 updates, with "
                            + "devices at the least.")
                    value = .krum(byzantine: byzantine)
                    if rule == "multi_krum" {
                        section.field(
                            "selected", &selected, .integer(1...100_000), .value(5), unit: "clients",
                            "Updates whose mean is taken.")
                        value = .multiKrum(byzantine: byzantine, selected: selected)
                    }
                case "norm_clipping":
                    section.field(
                        "norm", &norm, .number(0...1e30, above: true), .value(1),
                        "Greatest Euclidean norm of a client's difference to the model.")
                    value = .normClipping(norm: norm)
                default: value = .mean
                }
            }
        }
    }

    static func visit(_ section: Section, _ value: inout AttackSpec?) {
        var kind = value?.kind.rawValue ?? "none"
        var attack = value ?? AttackSpec(kind: .signFlip, share: 0.1)
        section.section("attack", "Clients that send false updates, to try aggregation rules against.") {
            section in
            section.choice(
                "kind", current: kind, ["none"] + AttackSpec.Kind.allCases.map(\.rawValue), .value("none"),
                "`sign_flip` turns a client's difference round; `scaled_noise` sends noise; `label_flip` trains on labels "
                    + "in reverse."
            ) { chosen in
                kind = chosen
                guard let chosen = AttackSpec.Kind(rawValue: chosen) else { return }
                attack.kind = chosen
                section.field(
                    "share", &attack.share, .number(0...1), .value(0.1),
                    "Share of all clients that attack, to the nearest whole number of them.")
                guard chosen != .labelFlip else { return }
                section.field(
                    "scale", &attack.scale, .number(0...1e6), .value(1),
                    "Factor of the difference turned round, or deviation of the noise. No value that is sent lies beyond "
                        + "±4096, the greatest that the exact mean takes of all cohorts.")
            }
        }
        value = kind == "none" ? nil : attack
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        let walk = section.walk
        guard walk.isSound("aggregation"), walk.isSound("training.clients_per_round") else { return }
        guard let objection = value.aggregation.objection(updates: value.training.clientsPerRound) else {
            return
        }
        walk.report(
            section.place(at: "aggregation.rule"), "aggregation.rule", value: value.aggregation.name,
            objection.message, objection.remedy)
    }
}

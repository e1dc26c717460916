import Methods
import Networks

/// `training`: rounds, cohort and what a client does in a round.
enum TrainingSection {
    static let optimizer = SGD(learningRate: 0.05, momentum: 0, nesterov: false, weightDecay: 0)
    static let standard = TrainingSpec(rounds: 10, clientsPerRound: 10, optimizer: optimizer)

    static func visit(_ section: Section, _ value: inout TrainingSpec, clients: Int) {
        section.section("training", "Rounds, cohort and local training.") { section in
            section.field(
                "rounds", &value.rounds, .integer(1...1_000_000), .value(10), unit: "rounds",
                "Rounds of training; they count from 1.")
            section.field(
                "clients_per_round", &value.clientsPerRound, .integer(1...1_000_000),
                .computed(min(10, clients), "10, or all clients where there are fewer"), unit: "clients",
                "Size of the cohort.")
            section.field(
                "selection", &value.selection,
                .word(TrainingSpec.Selection.self, later: ["weighted", "round_robin"]),
                .value(.uniform), "How a round's cohort is drawn: `uniform` without replacement.")
            section.field(
                "local_epochs", &value.localEpochs, .integer(1...10_000), .value(1), unit: "epochs",
                "Passes of a client over its samples in one round.")
            section.field(
                "batch_size", &value.batchSize, .integer(1...65_536), .value(10), unit: "samples",
                "Samples a step; the last, partial batch is trained on.")
            visitOptimizer(section, &value.optimizer)
            visitSchedule(section, &value.schedule)
        }
    }

    private static func visitOptimizer(_ section: Section, _ value: inout SGD) {
        section.section("optimizer", "What clients minimise with; its state does not outlive a round.") {
            section in
            section.choice(
                "name", current: "sgd", ["sgd"], later: ["adam", "adamw", "rmsprop", "adagrad"],
                .value("sgd"),
                "Stochastic gradient descent, with momentum if asked."
            ) { _ in
                section.field(
                    "learning_rate", &value.learningRate, .float(0...1000, above: true),
                    .value(optimizer.learningRate), "Step size of round 1; see `training.schedule`.")
                section.field(
                    "momentum", &value.momentum, .float(0...1, below: true), .value(0),
                    "Share of the last step that is kept.")
                section.field(
                    "nesterov", &value.nesterov, .flag, .value(false),
                    "Nesterov's form of momentum; needs `momentum` above 0.")
                section.field(
                    "weight_decay", &value.weightDecay, .float(0...1000), .value(0),
                    "Factor of the weights that is added to their gradient.")
            }
        }
    }

    private static func visitSchedule(_ section: Section, _ value: inout Schedule) {
        let (current, factor): (String, Double) =
            switch value {
            case .constant: ("constant", 0.99)
            case .exponential(let factor): ("exponential", factor)
            }
        section.section("schedule", "How the learning rate changes over rounds.") { section in
            section.choice(
                "kind", current: current, ["constant", "exponential"], later: ["cosine", "step", "linear"],
                .value("constant"), "`exponential` multiplies the learning rate by `factor` after each round."
            ) { kind in
                if kind == "constant" {
                    value = .constant
                } else {
                    var factor = factor
                    section.field(
                        "factor", &factor, .number(0...1, above: true), .value(0.99),
                        "Learning rate of round r is `learning_rate` x factor^(r - 1).")
                    value = .exponential(factor: factor)
                }
            }
        }
    }
}

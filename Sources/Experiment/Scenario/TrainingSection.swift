import Methods
import Networks

/// `training`: rounds, cohort and what a client does in a round.
enum TrainingSection {
    static let optimizer = SGD(learningRate: 0.05, momentum: 0, nesterov: false, weightDecay: 0)
    static let adam = Adam(learningRate: 0.001)
    static let standard = TrainingSpec(rounds: 10, clientsPerRound: 10, optimizer: .sgd(optimizer))

    static func visit(_ section: Section, _ value: inout TrainingSpec, clients: Int?) {
        section.section("training", "Rounds, cohort and local training.") { section in
            section.field(
                "rounds", &value.rounds, .integer(1...1_000_000), .value(10), unit: "rounds",
                "Rounds of training; they count from 1.")
            section.field(
                "clients_per_round", &value.clientsPerRound, .integer(1...1_000_000),
                .computed(min(10, clients ?? 10), "10, or all clients where there are fewer"),
                unit: "clients",
                "Size of the cohort.")
            SelectionSection.visit(section, &value.selection)
            section.field(
                "local_epochs", &value.localEpochs, .integer(1...10_000), .value(1), unit: "epochs",
                "Passes of a client over its samples in one round.")
            section.field(
                "batch_size", &value.batchSize, .integer(1...65_536), .value(10), unit: "samples",
                "Samples a step; the last, partial batch is trained on.")
            visitOptimizer(section, &value.optimizer)
            section.optional(
                "clip_norm", &value.clipNorm, .float(0...1e30, above: true),
                absence: "gradients are not clipped",
                "Greatest Euclidean norm of a step's gradient; longer ones are shortened to it.")
            visitSchedule(section, &value.schedule)
        }
    }

    private static func visitOptimizer(_ section: Section, _ value: inout OptimizerSpec) {
        var sgd = optimizer
        var adam = Self.adam
        var name = "sgd"
        switch value {
        case .sgd(let settings): sgd = settings
        case .adam(let settings): (name, adam) = ("adam", settings)
        }
        section.section("optimizer", "What clients minimise with; its state does not outlive a round.") {
            section in
            section.choice(
                "name", current: name, ["sgd", "adam"], later: ["adamw", "rmsprop", "adagrad"], .value("sgd"),
                "`sgd` is stochastic gradient descent, with momentum if asked; `adam` is Kingma and Ba 2015."
            ) { name in
                if name == "sgd" {
                    visit(section, &sgd)
                    value = .sgd(sgd)
                } else {
                    visit(section, &adam)
                    value = .adam(adam)
                }
            }
        }
    }

    private static func visit(_ section: Section, _ value: inout SGD) {
        section.field(
            "learning_rate", &value.learningRate, .float(0...1000, above: true),
            .value(optimizer.learningRate), "Step size of round 1; see `training.schedule`.")
        section.field(
            "momentum", &value.momentum, .float(0...1, below: true), .value(0),
            "Share of the last step that is kept.")
        section.field(
            "nesterov", &value.nesterov, .flag, .value(false),
            "Nesterov's form of momentum; needs `momentum` above 0.")
        visitDecay(section, &value.weightDecay)
    }

    private static func visit(_ section: Section, _ value: inout Adam) {
        section.field(
            "learning_rate", &value.learningRate, .float(0...1000, above: true), .value(adam.learningRate),
            "Step size of round 1; see `training.schedule`.")
        section.field(
            "beta1", &value.beta1, .float(0...1, below: true), .value(adam.beta1),
            "Share of the mean gradient that is kept.")
        section.field(
            "beta2", &value.beta2, .float(0...1, below: true), .value(adam.beta2),
            "Share of the mean squared gradient that is kept.")
        section.field(
            "epsilon", &value.epsilon, .float(0...1, above: true), .value(adam.epsilon),
            "What is added to the root of the mean square.")
        visitDecay(section, &value.weightDecay)
    }

    private static func visitDecay(_ section: Section, _ value: inout Float) {
        section.field(
            "weight_decay", &value, .float(0...1000), .value(0),
            "Factor of the weights that is added to their gradient.")
    }

    private static func visitSchedule(_ section: Section, _ value: inout Schedule) {
        var (kind, factor, every, rounds, minimum) = ("constant", 0.99, 10, 100, 0.0)
        switch value {
        case .constant: break
        case .exponential(let each): (kind, factor) = ("exponential", each)
        case .step(let length, let each): (kind, every, factor) = ("step", length, each)
        case .cosine(let length, let least): (kind, rounds, minimum) = ("cosine", length, least)
        }
        section.section("schedule", "How the learning rate changes over rounds.") { section in
            section.choice(
                "kind", current: kind, ["constant", "exponential", "step", "cosine"], later: ["linear"],
                .value("constant"),
                "`exponential` multiplies the learning rate by `factor` after each round, `step` after every "
                    + "`every` rounds; `cosine` lets it fall along half a cosine."
            ) { kind in
                switch kind {
                case "exponential":
                    visitFactor(section, &factor, 0.99)
                    value = .exponential(factor: factor)
                case "step":
                    section.field(
                        "every", &every, .integer(1...1_000_000), .value(10), unit: "rounds",
                        "Rounds between two steps.")
                    visitFactor(section, &factor, 0.99)
                    value = .step(every: every, factor: factor)
                case "cosine":
                    section.field(
                        "rounds", &rounds, .integer(2...1_000_000), .value(100), unit: "rounds",
                        "Round in which the learning rate reaches its least value, where it stays.")
                    section.field(
                        "minimum", &minimum, .number(0...1), .value(0),
                        "Least learning rate, as a share of `learning_rate`.")
                    value = .cosine(rounds: rounds, minimum: minimum)
                default: value = .constant
                }
            }
        }
    }

    private static func visitFactor(_ section: Section, _ value: inout Double, _ fallback: Double) {
        section.field(
            "factor", &value, .number(0...1, above: true), .value(fallback),
            "What the learning rate is multiplied by.")
    }
}

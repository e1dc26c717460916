import Methods
import Networks

/// `training`: rounds, cohort and what a client does in a round.
enum TrainingSection {
    static let optimizer = SGD(learningRate: 0.05, momentum: 0, nesterov: false, weightDecay: 0)
    private static var course: OptimizationSection.Course {
        OptimizationSection.Course(step: "round", optimizer: .sgd(optimizer))
    }
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
            OptimizationSection.visit(
                section, &value.optimizer, &value.clipNorm, &value.schedule, course,
                state: "What clients minimise with; its state does not outlive a round.")
        }
    }
}

import Datasets
import Methods
import Networks

/// The keys of `kind: federated`. A new method is one line in `MethodSection`.
enum FederatedSection {
    static func visit(_ section: Section, _ value: inout FederatedConfiguration) {
        section.field(
            "seed", &value.seed, .seed, .value(1),
            "Everything random follows from it: equal seeds give equal results, to the bit.")
        DatasetSection.visit(section, &value)
        ModelSection.visit(section, &value)
        MethodSection.visit(section, &value.method)
        let clients = PartitionSection.clients(value)
        TrainingSection.visit(section, &value.training, clients: clients)
        section.section("evaluation", "When and on what the global model is measured.") { section in
            section.field(
                "every", &value.evaluation.every, .integer(1...1_000_000), .value(5), unit: "rounds",
                "Rounds between evaluations; the last round is always evaluated.")
            section.field(
                "on", &value.evaluation.on, .set(of: .word(EvaluationSpec.Target.self), count: 1...2),
                .value([.globalTest]),
                "`global_test` is the data set's own test split, or with `dataset.pool` what all clients hold out; "
                    + "`local_test` is each client's held-out samples."
            )
        }
        section.section("stop", "When a run ends before its last round.") { section in
            section.optional(
                "target_accuracy", &value.stop.targetAccuracy, .number(0...1, above: true),
                absence: "never", "Accuracy that is enough, seen at evaluated rounds.")
        }
        section.later("devices", "remove it; costs in bytes and MACs are recorded without it")
        section.later("compression", "remove it; updates travel as float32")
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        DatasetSection.checkAcrossFields(section, value)
        PartitionSection.checkAcrossFields(section, value)
        ModelSection.checkAcrossFields(section, value)
        let walk = section.walk
        let clients = PartitionSection.clients(value)
        let perRound = "training.clients_per_round"
        if walk.isSound(perRound), walk.isSound("dataset"), let clients,
            value.training.clientsPerRound > clients
        {
            walk.report(
                section.place(at: perRound), perRound, value: "\(value.training.clientsPerRound)",
                "is more than the \(clients) clients", "give a whole number from 1 to \(clients)")
        }
        let optimizer = value.training.optimizer
        let nesterov = "training.optimizer.nesterov"
        if walk.isSound("training.optimizer"), optimizer.nesterov, optimizer.momentum == 0 {
            walk.report(
                section.place(at: nesterov), nesterov, value: "true", "needs momentum",
                "set training.optimizer.momentum above 0, such as 0.9")
        }
        if walk.isSound("evaluation.on"), walk.isSound("dataset.local_test_fraction"),
            value.evaluation.on.contains(.localTest), value.localTestFraction == 0
        {
            walk.report(
                section.place(at: "evaluation.on"), "evaluation.on", value: "local_test",
                "has no samples to measure on", "set dataset.local_test_fraction above 0, such as 0.2")
        }
    }
}

import Datasets
import Methods
import Networks

/// The keys of `kind: federated`. A new method is one line in `MethodSection`.
enum FederatedSection {
    static func visit(_ section: Section, _ value: inout FederatedConfiguration) {
        section.field(
            "seed", &value.seed, .seed, .value(1),
            "Everything random follows from it: equal seeds give equal results, to the bit.")
        MethodSection.visit(section, &value.method)
        DatasetSection.visit(section, &value)
        ModelSection.visit(
            section, &value.model, &value.initialization, classes: value.dataset.classCount,
            standard: .uniformFanIn)
        let clients = PartitionSection.clients(value)
        TrainingSection.visit(section, &value.training, clients: clients)
        section.section("evaluation", "When and on what the global model is measured.") { section in
            section.field(
                "every", &value.evaluation.every, .integer(1...1_000_000), .value(5), unit: "rounds",
                "Rounds between evaluations; the last round is always evaluated.")
            section.field(
                "on", &value.evaluation.on, .set(of: .word(EvaluationSpec.Target.self), count: 1...3),
                .computed(
                    standardTargets(value),
                    "[global_test]; [local_test] where the method has no global model; both where it has one and "
                        + "makes personal models that `dataset.local_test_fraction` leaves samples for"),
                "`global_test` is the data set's own test split, or with `dataset.pool` what all clients hold out, not measured where the method has no global model; "
                    + "`local_test` each client's held-out samples, with its own model where the method makes one; "
                    + "`activation_divergence` how far the activations of the cohort's models are apart.")
        }
        section.section("stop", "When a run ends before its last round.") { section in
            section.optional(
                "target_accuracy", &value.stop.targetAccuracy, .number(0...1, above: true),
                absence: "never",
                "Accuracy that is enough: of `global_test` where it is measured, else the mean of "
                    + "`local_test`; seen at evaluated rounds.")
        }
        CompressionSection.visit(section, &value.compression)
        DevicesSection.visit(
            section, &value.devices, clients: clients, perRound: value.training.clientsPerRound)
        AggregationSection.visit(section, &value.aggregation)
        AggregationSection.visit(section, &value.attack)
    }

    /// What is measured where a scenario does not say.
    private static func standardTargets(_ value: FederatedConfiguration) -> [EvaluationSpec.Target] {
        guard value.method.hasGlobalModel else { return [.localTest] }
        let isLocal = value.method.makesPersonalModels && value.localTestFraction > 0
        return [.globalTest] + (isLocal ? [.localTest] : [])
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        DatasetSection.checkAcrossFields(section, value)
        PartitionSection.checkAcrossFields(section, value)
        ModelSection.checkAcrossFields(section, value.model, value.dataset)
        CompressionSection.checkAcrossFields(section, value.compression)
        DevicesSection.checkAcrossFields(section, value)
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
        AggregationSection.checkAcrossFields(section, value)
        checkMethod(section, value)
        checkTarget(section, value)
        OptimizationSection.checkAcrossFields(section, value.training.optimizer, at: "training")
        if walk.isSound("evaluation.on"), walk.isSound("dataset.local_test_fraction"),
            value.evaluation.on.contains(.localTest), value.localTestFraction == 0
        {
            walk.report(
                section.place(at: "evaluation.on"), "evaluation.on", value: "local_test",
                "has no samples to measure on", "set dataset.local_test_fraction above 0, such as 0.2")
        }
    }

    /// An accuracy that is asked for must be measured.
    private static func checkTarget(_ section: Section, _ value: FederatedConfiguration) {
        let path = "stop.target_accuracy"
        guard value.stop.targetAccuracy != nil, !value.measuresAccuracy,
            ["stop", "method", "evaluation.on"].allSatisfy({ section.walk.isSound($0) })
        else { return }
        section.walk.report(
            section.place(at: path), path, "is never measured", FederatedSection.measuringRemedy(value))
    }

    /// How a scenario without accuracy gets one.
    static func measuringRemedy(_ value: FederatedConfiguration) -> String {
        "add \(value.method.hasGlobalModel ? "global_test" : "local_test") to evaluation.on"
    }

    /// What the method cannot work with.
    private static func checkMethod(_ section: Section, _ value: FederatedConfiguration) {
        let walk = section.walk
        guard ["method", "model", "training", "dataset", "evaluation"].allSatisfy({ walk.isSound($0) }),
            let plan = try? NetworkPlan(
                spec: value.model, input: value.dataset.inputShape, classes: value.dataset.classCount)
        else { return }
        var objections = value.method.method.objections(value, plan: plan)
        if value.evaluation.on.contains(.activationDivergence), ActivationProbe.tap(plan) == nil {
            objections.append(
                MethodObjection(
                    "evaluation.on", "activation_divergence needs a layer before the last dense one",
                    remedy: "remove it, or use a model with a hidden layer"))
        }
        if value.method.method.poolsData, value.attack != nil {
            objections.append(
                MethodObjection(
                    "attack.kind", "\(value.method.name) has no clients that could attack",
                    remedy: "remove attack, or use another method"))
        }
        for objection in objections {
            walk.report(
                section.place(at: objection.path), objection.path, objection.message, objection.remedy)
        }
    }
}

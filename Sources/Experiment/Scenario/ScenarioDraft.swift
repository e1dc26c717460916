import Datasets
import Methods
import Networks

/// A scenario while it is read or written: a value for every key, whether it was right or not.
struct ScenarioDraft {
    var name = ""
    /// One of `Scenario.Kind.names`.
    var kind = "federated"
    var federated = FederatedConfiguration(
        seed: 1, dataset: DatasetSpec(name: .fashionMNIST), partition: .iid(clients: 1), localTestFraction: 0,
        model: ModelSection.placeholder, initialization: .uniformFanIn, method: .fedavg,
        training: TrainingSection.standard, evaluation: EvaluationSpec(), stop: StopSpec())
    var inference = DistributedInferenceConfiguration(
        seed: 1, dataset: DatasetSpec(name: .fashionMNIST),
        teacher: TeacherSpec(model: ModelSection.placeholder, training: TeacherSection.standard),
        student: .family(.smallCNN, budget: StudentBudget(), rank: .parameters),
        distillation: DistillationSpec(training: DistillationSection.standard))
    var hosts = HostsSpec()
    var thresholds: [Threshold] = []

    init() {}

    init(_ scenario: Scenario) {
        name = scenario.name
        kind = scenario.kind.name
        switch scenario.kind {
        case .federated(let configuration): federated = configuration
        case .distributedInference(let configuration): inference = configuration
        }
        hosts = scenario.hosts
        thresholds = scenario.thresholds
    }

    var scenario: Scenario {
        Scenario(
            name: name,
            kind: kind == "federated" ? .federated(federated) : .distributedInference(inference),
            hosts: hosts, thresholds: thresholds)
    }

    /// The whole grammar.
    mutating func visit(_ section: Section) {
        section.field(
            "name", &name, .text(1...200), .value("unnamed"), "Free text for people; decides nothing.")
        visitResult(section)
        HostsSection.visit(section, &hosts)
        ThresholdSection.visit(section, &thresholds)
    }

    /// What decides the result.
    mutating func visitResult(_ section: Section) {
        var (kind, federated, inference) = (kind, federated, inference)
        section.choice(
            "kind", current: kind, Scenario.Kind.names, later: ["split_computing"], .value("federated"),
            "What experiment this is: `federated` learning, or `distributed_inference`, which divides one network's "
                + "knowledge over small ones."
        ) { word in
            kind = word
            if kind == "federated" {
                FederatedSection.visit(section, &federated)
            } else {
                DistributedInferenceSection.visit(section, &inference)
            }
        }
        (self.kind, self.federated, self.inference) = (kind, federated, inference)
    }

    func checkAcrossFields(_ section: Section) {
        HostsSection.checkAcrossFields(section, hosts)
        guard section.walk.isSound("kind") else { return }
        if kind == "federated" {
            FederatedSection.checkAcrossFields(section, federated)
            ThresholdSection.checkAcrossFields(section, thresholds, federated)
        } else {
            DistributedInferenceSection.checkAcrossFields(section, inference)
            ThresholdSection.checkAcrossFields(section, thresholds)
        }
    }
}

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
    var split = SplitComputingConfiguration(
        seed: 1, dataset: DatasetSpec(name: .fashionMNIST),
        teacher: TeacherSpec(model: ModelSection.placeholder, training: TeacherSection.standard),
        training: SplitComputingSection.standard)
    var hosts = HostsSpec()
    var thresholds: [Threshold] = []

    init() {}

    init(_ scenario: Scenario) {
        name = scenario.name
        kind = scenario.kind.name
        switch scenario.kind {
        case .federated(let configuration): federated = configuration
        case .distributedInference(let configuration): inference = configuration
        case .splitComputing(let configuration): split = configuration
        }
        hosts = scenario.hosts
        thresholds = scenario.thresholds
    }

    var scenario: Scenario {
        let value: Scenario.Kind =
            switch kind {
            case "federated": .federated(federated)
            case "distributed_inference": .distributedInference(inference)
            default: .splitComputing(split)
            }
        return Scenario(name: name, kind: value, hosts: hosts, thresholds: thresholds)
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
        var (kind, federated, inference, split) = (kind, federated, inference, split)
        section.choice(
            "kind", current: kind, Scenario.Kind.names, .value("federated"),
            "What experiment this is: `federated` learning; `distributed_inference`, which divides one network's "
                + "knowledge over small ones; or `split_computing`, which cuts one network between a device and a server."
        ) { word in
            kind = word
            switch kind {
            case "federated": FederatedSection.visit(section, &federated)
            case "distributed_inference": DistributedInferenceSection.visit(section, &inference)
            default: SplitComputingSection.visit(section, &split)
            }
        }
        (self.kind, self.federated, self.inference, self.split) = (kind, federated, inference, split)
    }

    func checkAcrossFields(_ section: Section) {
        HostsSection.checkAcrossFields(section, hosts)
        guard section.walk.isSound("kind") else { return }
        switch kind {
        case "federated":
            FederatedSection.checkAcrossFields(section, federated)
            ThresholdSection.checkAcrossFields(section, thresholds, federated)
        case "distributed_inference":
            DistributedInferenceSection.checkAcrossFields(section, inference)
            ThresholdSection.checkAcrossFields(section, thresholds)
        default:
            SplitComputingSection.checkAcrossFields(section, split)
            ThresholdSection.checkAcrossFields(section, thresholds)
        }
    }
}

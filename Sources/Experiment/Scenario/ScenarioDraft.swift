import Datasets
import Methods
import Networks

/// A scenario while it is read or written: a value for every key, whether it was right or not.
struct ScenarioDraft {
    var name = ""
    var kind = "federated"
    var federated = FederatedConfiguration(
        seed: 1, dataset: DatasetSpec(name: .fashionMNIST), partition: .iid(clients: 1), localTestFraction: 0,
        model: ModelSection.placeholder, initialization: .uniformFanIn, method: .fedavg,
        training: TrainingSection.standard, evaluation: EvaluationSpec(), stop: StopSpec())
    var hosts = HostsSpec()
    var thresholds: [Threshold] = []

    init() {}

    init(_ scenario: Scenario) {
        name = scenario.name
        kind = scenario.kind.name
        switch scenario.kind {
        case .federated(let configuration): federated = configuration
        }
        hosts = scenario.hosts
        thresholds = scenario.thresholds
    }

    var scenario: Scenario {
        Scenario(name: name, kind: .federated(federated), hosts: hosts, thresholds: thresholds)
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
        var federated = federated
        section.choice(
            "kind", current: kind, ["federated"], later: ["distributed_inference", "split_computing"],
            .value("federated"), "What experiment this is."
        ) { _ in
            FederatedSection.visit(section, &federated)
        }
        self.federated = federated
    }

    func checkAcrossFields(_ section: Section) {
        if section.walk.isSound("kind") { FederatedSection.checkAcrossFields(section, federated) }
        HostsSection.checkAcrossFields(section, hosts)
        ThresholdSection.checkAcrossFields(section, thresholds, federated)
    }
}

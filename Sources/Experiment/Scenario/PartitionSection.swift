import Datasets
import Methods

/// `dataset.partition`: which samples are whose.
enum PartitionSection {
    private static let kinds = [
        "iid", "shards", "classes_per_client", "dirichlet", "dirichlet_balanced", "quantity_skew",
        "feature_noise", "natural", "natural_groups",
    ]
    /// Kinds of the language that this version does not know yet.
    private static let later = ["file"]

    static func visit(_ section: Section, _ value: inout PartitionSpec) {
        section.section("partition", required: true, "Which samples are whose; see docs/partitions.md.") {
            section in
            section.choice(
                "kind", current: value.kindName, kinds, later: later, .required,
                "`iid` deals the samples out at random; `shards` sorts them by label and deals out runs (McMahan et al. "
                    + "2017); `classes_per_client` gives each client some classes; `dirichlet` and `dirichlet_balanced` "
                    + "draw shares of classes, `quantity_skew` sizes; `feature_noise` is `iid` with noise that grows "
                    + "from client to client; `natural` keeps the data set's own clients, `natural_groups` merges them."
            ) { kind in
                visit(section, &value, kind: kind)
            }
        }
    }

    private static func visit(_ section: Section, _ value: inout PartitionSpec, kind: String) {
        var keys = Keys(value)
        if kind == "natural" {
            value = .natural
            return
        }
        section.field(
            "clients", &keys.clients, .integer(1...1_000_000), .required, unit: "clients",
            "Number of clients.")
        switch kind {
        case "iid": value = .iid(clients: keys.clients)
        case "shards":
            section.field(
                "shards_per_client", &keys.shardsPerClient, .integer(1...10_000), .value(2), unit: "shards",
                "Runs of samples sorted by label that each client gets.")
            value = .shards(clients: keys.clients, shardsPerClient: keys.shardsPerClient)
        case "classes_per_client":
            section.field(
                "classes", &keys.classes, .integer(1...256), .value(2), unit: "classes",
                "Different classes that each client has; a class is cut evenly among those who have it.")
            section.field(
                "assignment", &keys.assignment, .word(ClassAssignment.self), .value(.cyclic),
                "How clients come to their classes: `cyclic` gives client i class i mod C and others at random "
                    + "(#label of NIID-Bench), `random` draws all until each class has an owner (FedPer).")
            value = .classesPerClient(
                clients: keys.clients, classes: keys.classes, assignment: keys.assignment)
        case "dirichlet":
            visitAlpha(section, &keys.alpha)
            visitMinimum(section, &keys.minimum)
            value = .dirichlet(clients: keys.clients, alpha: keys.alpha, minimum: keys.minimum)
        case "dirichlet_balanced":
            visitAlpha(section, &keys.alpha)
            value = .balancedDirichlet(clients: keys.clients, alpha: keys.alpha)
        case "quantity_skew":
            visitAlpha(section, &keys.alpha)
            visitMinimum(section, &keys.minimum)
            value = .quantitySkew(clients: keys.clients, alpha: keys.alpha, minimum: keys.minimum)
        case "feature_noise":
            section.field(
                "level", &keys.level, .number(0...1000), .value(0.1),
                "Standard deviation of the last client's noise; client i of N has level * i / (N - 1).")
            value = .featureNoise(clients: keys.clients, level: keys.level)
        default: value = .naturalGroups(clients: keys.clients)
        }
    }

    private static func visitAlpha(_ section: Section, _ value: inout Double) {
        section.field(
            "alpha", &value, .number(0.001...1_000_000), .value(0.5),
            "Parameter of the Dirichlet distribution: the smaller, the more clients differ.")
    }

    private static func visitMinimum(_ section: Section, _ value: inout Int) {
        section.field(
            "minimum", &value, .integer(1...1_000_000), .value(10), unit: "samples",
            "Samples that every client has at least; shares are drawn again until it holds.")
    }

    /// How many clients the experiment has; nil where only the files of the data set say it.
    static func clients(_ value: FederatedConfiguration) -> Int? {
        guard value.partition == .natural else { return Keys(value.partition).clients }
        switch value.dataset.name {
        case .synthetic: return value.dataset.clients
        default: return value.dataset.users
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        let walk = section.walk
        guard walk.isSound("dataset.name"), walk.isSound("dataset.partition") else { return }
        let path = "dataset.partition"
        let place = section.place(at: path)
        let name = value.partition.kindName
        if name.hasPrefix("natural"), ![.synthetic, .leaf].contains(value.dataset.name) {
            walk.report(
                place, "\(path).kind", value: name, "needs a data set that states its own clients",
                "write another kind, such as iid, or dataset.name: leaf or synthetic")
        }
        if let limit = value.dataset.limit, walk.isSound("dataset.limit"),
            value.partition.neededSamples > limit
        {
            switch value.partition {
            case .dirichlet(let clients, _, let minimum), .quantitySkew(let clients, _, let minimum):
                walk.report(
                    section.place(at: "\(path).minimum"), "\(path).minimum", value: "\(minimum)",
                    "samples for each of \(clients) clients are more than the \(limit) that dataset.limit keeps",
                    "lower it, use fewer clients or a higher limit")
            default:
                walk.report(
                    place, path, value: "\(value.partition.neededSamples) parts",
                    "are more than the \(limit) samples that dataset.limit keeps",
                    "use fewer clients or a higher limit")
            }
        }
    }

    /// One value for each key of any kind: those of a partition, and defaults for the rest.
    private struct Keys {
        var clients = 100
        var shardsPerClient = 2
        var classes = 2
        var assignment = ClassAssignment.cyclic
        var alpha = 0.5
        var minimum = 10
        var level = 0.1

        init(_ value: PartitionSpec) {
            switch value {
            case .iid(let count), .naturalGroups(let count): clients = count
            case .shards(let count, let shards): (clients, shardsPerClient) = (count, shards)
            case .classesPerClient(let count, let each, let how):
                (clients, classes, assignment) = (count, each, how)
            case .dirichlet(let count, let alpha, let least), .quantitySkew(let count, let alpha, let least):
                (clients, self.alpha, minimum) = (count, alpha, least)
            case .balancedDirichlet(let count, let alpha): (clients, self.alpha) = (count, alpha)
            case .featureNoise(let count, let level): (clients, self.level) = (count, level)
            case .natural: break
            }
        }
    }
}

extension PartitionSpec {
    /// The name that scenarios use.
    public var kindName: String {
        switch self {
        case .iid: "iid"
        case .shards: "shards"
        case .classesPerClient: "classes_per_client"
        case .dirichlet: "dirichlet"
        case .balancedDirichlet: "dirichlet_balanced"
        case .quantitySkew: "quantity_skew"
        case .featureNoise: "feature_noise"
        case .natural: "natural"
        case .naturalGroups: "natural_groups"
        }
    }

    /// Samples without which no client list can be made, whatever their labels.
    fileprivate var neededSamples: Int {
        switch self {
        case .iid(let clients), .classesPerClient(let clients, _, _), .balancedDirichlet(let clients, _),
            .featureNoise(let clients, _):
            clients
        case .shards(let clients, let shards): clients * shards
        case .dirichlet(let clients, _, let minimum), .quantitySkew(let clients, _, let minimum):
            clients * minimum
        case .natural, .naturalGroups: 0
        }
    }
}

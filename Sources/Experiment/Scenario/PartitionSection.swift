import Datasets
import Methods

/// `dataset.partition`: which samples are whose.
enum PartitionSection {
    /// Kinds of the language that this version does not know yet.
    private static let later = ["dirichlet", "quantity_skew", "label_skew", "writers", "file"]

    static func visit(_ section: Section, _ value: inout PartitionSpec) {
        section.section("partition", required: true, "Which samples are whose.") { section in
            section.choice(
                "kind", current: value.kindName, ["iid", "shards", "natural"], later: later, .required,
                "`iid` deals the samples out at random; `shards` sorts them by label and deals out runs, so that a"
                    + " client sees few classes (McMahan et al. 2017); `natural` keeps the data set's own clients."
            ) { kind in
                visit(section, &value, kind: kind)
            }
        }
    }

    private static func visit(_ section: Section, _ value: inout PartitionSpec, kind: String) {
        var clients = 100
        var shardsPerClient = 2
        switch value {
        case .iid(let count): clients = count
        case .shards(let count, let shards): (clients, shardsPerClient) = (count, shards)
        case .natural: break
        }
        if kind == "natural" {
            value = .natural
            return
        }
        section.field(
            "clients", &clients, .integer(1...1_000_000), .required, unit: "clients", "Number of clients.")
        if kind == "iid" {
            value = .iid(clients: clients)
        } else {
            section.field(
                "shards_per_client", &shardsPerClient, .integer(1...10_000), .value(2), unit: "shards",
                "Runs of samples sorted by label that each client gets.")
            value = .shards(clients: clients, shardsPerClient: shardsPerClient)
        }
    }

    /// How many clients the experiment has.
    static func clients(_ value: FederatedConfiguration) -> Int {
        switch value.partition {
        case .iid(let clients), .shards(let clients, _): clients
        case .natural: value.dataset.clients
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        let walk = section.walk
        guard walk.isSound("dataset.name"), walk.isSound("dataset.partition") else { return }
        let path = "dataset.partition"
        let place = section.place(at: path)
        if value.partition == .natural, value.dataset.name != .synthetic {
            walk.report(
                place, "\(path).kind", value: "natural", "needs a data set that states its own clients",
                "write iid or shards, or dataset.name: synthetic")
        }
        var needed = 0
        switch value.partition {
        case .iid(let clients): needed = clients
        case .shards(let clients, let shards): needed = clients * shards
        case .natural: break
        }
        if let limit = value.dataset.limit, walk.isSound("dataset.limit"), needed > limit {
            walk.report(
                place, path, value: "\(needed) parts",
                "are more than the \(limit) samples that dataset.limit keeps",
                "use fewer clients or a higher limit")
        }
    }
}

extension PartitionSpec {
    /// The name that scenarios use.
    var kindName: String {
        switch self {
        case .iid: "iid"
        case .shards: "shards"
        case .natural: "natural"
        }
    }
}

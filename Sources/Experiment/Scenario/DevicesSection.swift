import Devices
import Methods
import Networks

/// `devices`: what clients compute and communicate with, and when rounds end in simulated time.
enum DevicesSection {
    private static let group = DeviceGroup(profile: "raspberry_pi_4", link: "wifi")

    static func visit(_ section: Section, _ value: inout DevicesSpec?, clients: Int?, perRound: Int) {
        var spec = value ?? DevicesSpec(groups: [])
        section.section("devices", "What clients have; without it no time passes and no energy is spent.") {
            section in
            guard section.walk.purpose != .write || value != nil else { return }
            section.list(
                "groups", &spec.groups, count: 1...100, standard: [], standardText: "no devices",
                placeholder: group, "Kinds of clients; which client is of which kind follows from the seed."
            ) { group, section in
                section.field(
                    "profile", &group.profile, .deviceProfile, .required,
                    "What computes: a name from `tributary devices list`, or the path of a file of your own.")
                section.field(
                    "link", &group.link, .linkProfile, .required,
                    "What connects it, likewise.")
                section.field(
                    "share", &group.share, .number(0...1e9, above: true), .value(1),
                    "Part of the clients, of the sum of all shares.")
            }
            let asks = ["clock", "round", "availability"].contains { section.isWritten($0) }
            if section.walk.purpose == .read, asks, !section.isWritten("groups") {
                let path = section.path(of: "groups")
                section.walk.report(
                    section.place, path, "is missing", "write groups: [{profile: raspberry_pi_4, link: wifi}]"
                )
            }
            guard section.walk.purpose == .list || !spec.groups.isEmpty || asks else { return }
            section.field(
                "clock", &spec.clock, .word(DevicesSpec.Clock.self), .value(.simulated),
                "`simulated` time follows from work and bytes; with `real` nothing is simulated, and the wall times"
                    + " of infrastructure.csv are what there is.")
            visitRound(section, &spec.round, clients: clients, perRound: perRound)
            visitAvailability(section, &spec.availability)
        }
        value = spec.groups.isEmpty ? nil : spec
    }

    private static func visitRound(
        _ section: Section, _ value: inout RoundPolicy, clients: Int?, perRound: Int
    ) {
        var (minimum, seconds, factor) = (1, 60.0, 1.3)
        let together = max(1, min(2 * perRound, clients ?? 2 * perRound))
        var (buffer, concurrency, staleness) = (max(1, perRound / 2), together, 10)
        switch value {
        case .strict(let least): minimum = least
        case .deadline(let limit, let share, let least): (seconds, factor, minimum) = (limit, share, least)
        case .async(let size, let count, let most): (buffer, concurrency, staleness) = (size, count, most)
        }
        section.section("round", "When a round ends.") { section in
            section.choice(
                "policy", current: value.name, RoundPolicy.names, .value("strict"),
                "`strict` waits for every client that does not drop out; `deadline` draws more clients than it needs and"
                    + " takes the first; `async` is FedBuff (Nguyen et al. 2022): clients work all the time, and"
                    + " the model moves on with every `buffer` updates."
            ) { policy in
                switch policy {
                case "deadline":
                    section.field(
                        "seconds", &seconds, .number(0...1e7, above: true), .value(60), unit: "seconds",
                        "Length of a round at most, in simulated time.")
                    section.field(
                        "over_selection", &factor, .number(1...100), .value(1.3),
                        "Clients drawn, over `training.clients_per_round`; rounded up.")
                    visitMinimum(section, &minimum)
                    value = .deadline(seconds: seconds, overSelection: factor, minimum: minimum)
                case "async":
                    section.field(
                        "buffer", &buffer, .integer(1...1_000_000),
                        .computed(max(1, perRound / 2), "half of `training.clients_per_round`"),
                        unit: "updates",
                        "Updates that make a round.")
                    section.field(
                        "concurrency", &concurrency, .integer(1...1_000_000),
                        .computed(together, "twice `training.clients_per_round`, or all clients"),
                        unit: "clients", "Clients that work at any time.")
                    section.field(
                        "maximum_staleness", &staleness, .integer(0...1000), .value(10), unit: "rounds",
                        "Rounds that may end while a client works; older updates are thrown away.")
                    value = .async(buffer: buffer, concurrency: concurrency, maximumStaleness: staleness)
                default:
                    visitMinimum(section, &minimum)
                    value = .strict(minimum: minimum)
                }
            }
        }
    }

    private static func visitMinimum(_ section: Section, _ value: inout Int) {
        section.field(
            "minimum", &value, .integer(1...1_000_000), .value(1), unit: "updates",
            "With fewer a round changes nothing; after ten such rounds in a row the run ends with exit code 75."
        )
    }

    private static func visitAvailability(_ section: Section, _ value: inout AvailabilitySpec) {
        var (kind, on, off, file) = ("always", 3600.0, 3600.0, "availability.csv")
        switch value.kind {
        case .always: break
        case .markov(let there, let away): (kind, on, off) = ("markov", there, away)
        case .trace(let path): (kind, file) = ("trace", path)
        }
        section.section("availability", "When clients are there.") { section in
            section.field(
                "dropout", &value.dropout, .number(0...1), .value(0),
                "Probability that a client which was drawn leaves before it is done.")
            section.choice(
                "kind", current: kind, AvailabilitySpec.names, .value("always"),
                "`markov`: on and off in turn, for exponentially distributed times; `trace`: as a file says."
            ) { kind in
                switch kind {
                case "markov":
                    section.field(
                        "on_seconds", &on, .number(0.001...1e7), .value(3600), unit: "seconds",
                        "Mean time for which a client is there.")
                    section.field(
                        "off_seconds", &off, .number(0.001...1e7), .value(3600), unit: "seconds",
                        "Mean time for which it is away.")
                    value.kind = .markov(on: on, off: off)
                case "trace":
                    section.field(
                        "file", &file, .text(1...4096), .required,
                        "CSV with the columns client, start_seconds, end_seconds; client c is like number c modulo"
                            + " the clients in the file, and the file repeats.")
                    value.kind = .trace(file: file)
                default: value.kind = .always
                }
            }
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: FederatedConfiguration) {
        let walk = section.walk
        guard walk.isSound("devices"), let devices = value.devices else { return }
        func report(_ path: String, _ value: String, _ message: String, _ remedy: String) {
            walk.report(section.place(at: path), path, value: value, message, remedy)
        }
        let method = value.method.method
        if method.poolsData {
            report("devices", value.method.name, "has no clients with devices", "remove devices")
        }
        if devices.clock == .real, devices.round != .strict(minimum: 1) || devices.availability != .init() {
            report(
                "devices.clock", "real", "measures and simulates nothing",
                "remove devices.round and devices.availability, or use clock: simulated")
        }
        let perRound = value.training.clientsPerRound
        switch devices.round {
        case .strict(let minimum), .deadline(_, _, let minimum):
            if minimum > perRound {
                report(
                    "devices.round.minimum", "\(minimum)", "is more than the \(perRound) clients of a round",
                    "lower it")
            }
        case .async(let buffer, _, _):
            if let clients = PartitionSection.clients(value), buffer > clients {
                report(
                    "devices.round.buffer", "\(buffer)",
                    "is more than the \(clients) clients, of which each has one part in a round", "lower it")
            }
            checkAsync(value, report)
        }
    }

    /// What rounds that overlap cannot do.
    private static func checkAsync(
        _ value: FederatedConfiguration, _ report: (String, String, String, String) -> Void
    ) {
        let (path, policy) = ("devices.round.policy", "async")
        if !value.compression.downlink.isEmpty {
            report(path, policy, "knows no compressed models", "remove compression.downlink")
        }
        if value.training.selection != .uniform {
            report(path, policy, "draws clients uniformly", "remove training.selection")
        }
        if value.evaluation.on.contains(.activationDivergence) {
            report(path, policy, "has no cohorts", "remove activation_divergence from evaluation.on")
        }
        guard
            let plan = try? NetworkPlan(
                spec: value.model, input: value.dataset.inputShape, classes: value.dataset.classCount)
        else { return }
        if value.compression.errorFeedback {
            report(
                path, policy, "works with clients that keep nothing, and error feedback is kept",
                "remove compression.error_feedback, or use strict or deadline")
        } else if value.exchange(plan).state.count > 0 {
            report(
                path, policy, "works with clients that keep nothing, \(value.method.name)'s do",
                "use another method, or strict or deadline")
        }
    }
}

extension Codec where Value == String {
    /// A profile's name or path. Whether a file is there is the run's business: workers elsewhere read this, too.
    static var deviceProfile: Codec { profile("device", \.devices) }
    static var linkProfile: Codec { profile("link", \.links) }

    private static func profile(_ kind: String, _ names: KeyPath<ProfileNames, [String]>) -> Codec {
        Codec(type: "name of a \(kind) profile, or path") { (node) throws(Problem) in
            guard case .scalar(let text, _) = node.content, !text.isEmpty else {
                throw Problem(message: "is no name", remedy: "write the name of a \(kind) profile")
            }
            let known = ProfileNames.embedded[keyPath: names]
            if known.contains(text) || text.contains("/") || text.hasSuffix(".yaml") { return text }
            let near = nearest(to: text, among: known).map { "did you mean \($0)?" }
            throw Problem(
                message: "is no \(kind) profile",
                remedy: near ?? "`tributary devices list` has all; a file of your own is named with its path")
        } write: {
            .text($0)
        }
    }
}

/// Names of the profiles that come with the program.
private struct ProfileNames {
    let devices: [String]
    let links: [String]

    static let embedded = ProfileNames(
        devices: ProfileCatalogue.devices.map(\.name), links: ProfileCatalogue.links.map(\.name))
}

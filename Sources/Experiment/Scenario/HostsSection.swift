/// Who computes. Decides nothing about the result.
public struct HostsSpec: Sendable, Equatable {
    /// Workers that must be connected before the first round starts.
    public var minimum: Int
    public var launch: [LaunchSpec]

    public init(minimum: Int = 1, launch: [LaunchSpec] = [.local(workers: 2)]) {
        self.minimum = minimum
        self.launch = launch
    }

    /// Worker processes that the coordinator starts on its own host.
    public var localWorkers: Int {
        launch.reduce(0) { total, spec in
            if case .local(let workers) = spec { total + workers } else { total }
        }
    }
}

/// One way in which workers come to be.
public enum LaunchSpec: Sendable, Equatable {
    /// Started by the coordinator as its children.
    case local(workers: Int)
    /// Started by hand, with `tributary worker --connect`.
    case manual

    var kindName: String {
        switch self {
        case .local: "local"
        case .manual: "manual"
        }
    }
}

enum HostsSection {
    static func visit(_ section: Section, _ value: inout HostsSpec) {
        section.section("hosts", "Who computes; decides nothing about the result.") { section in
            section.field(
                "minimum", &value.minimum, .integer(1...10_000), .value(1), unit: "workers",
                "Workers that must be connected before the first round starts.")
            section.list(
                "launch", &value.launch, count: 1...1000, standard: [.local(workers: 2)],
                standardText: "[{kind: local, workers: 2}]", placeholder: .local(workers: 2),
                "How workers come to be."
            ) { item, section in
                var launch = item
                section.choice(
                    "kind", current: item.kindName, ["local", "manual"], later: ["ssh", "slurm", "compose"],
                    .required,
                    "`local` workers are processes that the run starts on its own host; `manual` ones are started"
                        + " by hand with `tributary worker --connect`."
                ) { kind in
                    if kind == "manual" {
                        launch = .manual
                    } else {
                        var workers = 2
                        if case .local(let count) = launch { workers = count }
                        section.field(
                            "workers", &workers, .integer(1...1024), .value(2), unit: "processes",
                            "Number of worker processes.")
                        launch = .local(workers: workers)
                    }
                }
                item = launch
            }
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: HostsSpec) {
        guard section.walk.isSound("hosts"), !value.launch.contains(.manual) else { return }
        if value.minimum > value.localWorkers {
            section.walk.report(
                section.place(at: "hosts.minimum"), "hosts.minimum", value: "\(value.minimum)",
                "is more than the \(value.localWorkers == 1 ? "one worker that is" : "\(value.localWorkers) workers that are") launched",
                "lower it, launch more, or add {kind: manual}")
        }
    }
}

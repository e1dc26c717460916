import Methods
import TensorMath

/// What was asked: one YAML document, checked, with every default filled in.
public struct Scenario: Sendable, Equatable {
    /// Which experiment it is, and everything that decides its result.
    public enum Kind: Sendable, Equatable {
        case federated(FederatedConfiguration)
        case distributedInference(DistributedInferenceConfiguration)
        case splitComputing(SplitComputingConfiguration)

        static let names = ["federated", "distributed_inference", "split_computing"]

        /// The name that scenarios use.
        public var name: String {
            switch self {
            case .federated: "federated"
            case .distributedInference: "distributed_inference"
            case .splitComputing: "split_computing"
            }
        }
    }

    /// Free text for people; decides nothing.
    public var name: String
    public var kind: Kind
    public var hosts: HostsSpec
    /// In the order of `Threshold.Metric`.
    public var thresholds: [Threshold]

    public init(name: String, kind: Kind, hosts: HostsSpec = HostsSpec(), thresholds: [Threshold] = []) {
        self.name = name
        self.kind = kind
        self.hosts = hosts
        self.thresholds = thresholds
    }

    /// Reads, changes and checks a document, or says everything that is wrong with it.
    ///
    /// - Parameters:
    ///   - text: the YAML document.
    ///   - file: its name, for messages.
    ///   - overrides: `path=value` each, as given to `--set`; applied in order before anything is checked.
    public static func load(
        text: String, file: String = "scenario.yaml", overrides: [String] = []
    ) throws(ScenarioFaults) -> Scenario {
        let walk = Walk(.read, file: file)
        var parser = DocumentParser(file: file)
        guard var root = parser.parse(text) else { throw ScenarioFaults(parser.faults) }
        for argument in overrides {
            do throws(ScenarioFaults) {
                try Override(argument, file: file).apply(to: &root, file: file)
            } catch {
                walk.faults += error.faults
            }
        }
        walk.faults += parser.faults
        return try read(root, walk)
    }

    /// Checks a document's tree; faults that `walk` has already make it fail, too.
    static func read(_ root: DocumentNode, _ walk: Walk) throws(ScenarioFaults) -> Scenario {
        var draft = ScenarioDraft()
        guard let entries = root.isNull ? [] : root.entries else {
            walk.report(root.place, "", value: root.shown, "is not a mapping", "write keys with values")
            throw ScenarioFaults(walk.faults)
        }
        let section = Section(walk, path: "", source: entries, place: root.place)
        draft.visit(section)
        section.finish()
        draft.checkAcrossFields(section)
        guard walk.faults.isEmpty else { throw ScenarioFaults(walk.faults) }
        return draft.scenario
    }

    /// The document with every default written out. Equal scenarios give equal text, and it loads as an equal one.
    public var resolvedYAML: String { resolved.yaml }

    /// The document with every default written out.
    var resolved: DocumentNode {
        let section = Section(Walk(.write), path: "")
        var draft = ScenarioDraft(self)
        draft.visit(section)
        return section.written
    }

    /// BLAKE2b-256 of the resolved document without `name`, `hosts` and `thresholds`: what decides the result.
    public var digest: [UInt8] { digest256(Array(resolvedResult.yaml.utf8)) }

    /// As `digest`, without the seed as well: the same for repetitions of one experiment.
    package var digestWithoutSeed: [UInt8] {
        let repeated = DocumentNode(.mapping((resolvedResult.entries ?? []).filter { $0.key != "seed" }))
        return digest256(Array(repeated.yaml.utf8))
    }

    private var resolvedResult: DocumentNode {
        let section = Section(Walk(.write), path: "")
        var draft = ScenarioDraft(self)
        draft.visitResult(section)
        return section.written
    }
}

/// Every key that a scenario may have, as the reader knows them.
public enum Grammar {
    public static var entries: [GrammarEntry] {
        let walk = Walk(.list)
        var draft = ScenarioDraft()
        draft.visit(Section(walk, path: ""))
        return GrammarEntry.withoutKnownKinds(GrammarEntry.merged(walk.entries))
    }
}

import Experiment
import Methods

/// Everything that the report on distributed inference is made of: a run's scenario, environment and ledger.
public struct InferenceRecord: Sendable {
    public let directory: String
    public let scenario: Scenario
    let configuration: DistributedInferenceConfiguration
    public let environment: RunEnvironment
    /// Whether the run came to its end; if not it was interrupted, or is running still.
    public let isFinished: Bool
    public let infrastructure: [InfrastructureRow]
    public let epochs: [EpochRow]
    /// In the order of the scenario; those of an unfinished run that were evaluated.
    public let contenders: [ContenderRow]
    public let nodes: [NodeRow]
    public let transfers: [TransferRow]
    public let subsets: [SubsetRow]
    public let activities: [ActivityRow]
    /// In the order of contenders.
    let partitions: [RecordedPartition]
    /// The last finished round.
    public let rounds: Int

    /// Reads a run's directory, of whose ledger the digest chain must be whole.
    public init(_ directory: RunDirectory) throws(ReportError) {
        try self.init(directory, try RunDocuments(directory))
    }

    init(_ directory: RunDirectory, _ documents: RunDocuments) throws(ReportError) {
        self.directory = directory.path
        (scenario, environment) = (documents.scenario, documents.environment)
        guard case .distributedInference(let configuration) = scenario.kind else {
            throw .otherKind(
                directory: directory.path, kind: scenario.kind.name, expected: "distributed_inference")
        }
        self.configuration = configuration
        let (filters, edges): ([FilterRow], [EdgeRow])
        let evaluated: [ContenderRow]
        do throws(LedgerError) {
            let ledger = try Ledger.open(
                at: directory.path(of: RunDirectory.Name.ledger), readOnly: true)
            isFinished = try ledger.meta()["result"] != nil
            infrastructure = try ledger.infrastructure()
            epochs = try ledger.epochs()
            evaluated = try ledger.contenders()
            nodes = try ledger.nodes()
            transfers = try ledger.transfers()
            subsets = try ledger.subsets()
            activities = try ledger.activities()
            (filters, edges) = (try ledger.filters(), try ledger.edges())
            rounds = try ledger.lastPoint()?.point.round ?? 0
            try ledger.close()
        } catch {
            throw .record(.ledger(error))
        }
        contenders = configuration.contenders.compactMap { contender in
            evaluated.first { $0.contender == contender.name }
        }
        partitions = configuration.contenders.compactMap {
            RecordedPartition($0, filters, edges, resolution: configuration.partition.resolution)
        }
        guard rounds > 0 else { throw .noRounds(directory: directory.path) }
    }

    /// Rounds that the scenario asks for.
    var plannedRounds: Int { Timetable(configuration).rounds }

    /// The contender that the run is about: the first number of students, by the scenario's rule.
    var main: Contender { configuration.mainContender }

    /// Those that divide the filters by the scenario's rule, one for each number of students.
    var ownContenders: [Contender] {
        configuration.contenders.filter { $0.kind == .partitioned(configuration.partition.rule) }
    }

    func row(_ contender: String) -> ContenderRow? { contenders.first { $0.contender == contender } }

    var teacher: ContenderRow? { contenders.first { $0.kind == "teacher" } }

    func nodes(of contender: String) -> [NodeRow] { nodes.filter { $0.contender == contender } }

    /// How far the run came, and whether there is more to come.
    var progress: String {
        isFinished ? "\(rounds)" : "interrupted or still running: \(rounds) of \(plannedRounds) rounds"
    }

    var wallSeconds: Double { RunSummary.wallSeconds(infrastructure) }

    /// What the coordinator's socket moved, both ways.
    var wireBytes: UInt64 { infrastructure.reduce(0) { $0 &+ $1.wireInBytes &+ $1.wireOutBytes } }

    /// What a threshold compares; nil where the ledger does not know it.
    func value(of metric: Threshold.Metric) -> Double? {
        switch metric {
        case .finalAccuracy, .bestAccuracy: row(main.name)?.accuracy
        case .rounds: Double(rounds)
        case .wallSeconds: wallSeconds
        case .wireBytes: Double(wireBytes)
        case .clientUpdatesPerSecond, .federatedUpBytes, .federatedDownBytes, .coordinatorPeakMemoryBytes,
            .workerPeakMemoryBytes:
            nil
        }
    }
}

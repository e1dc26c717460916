import Experiment
import Methods

/// Everything that the report on split computing is made of: a run's scenario, environment and ledger, and the profiles
/// that the scenario names.
public struct SplitRecord: Sendable {
    public let directory: String
    public let scenario: Scenario
    let configuration: SplitComputingConfiguration
    public let environment: RunEnvironment
    /// Whether the run came to its end; if not it was interrupted, or is running still.
    public let isFinished: Bool
    public let infrastructure: [InfrastructureRow]
    public let epochs: [EpochRow]
    /// In the order of the scenario; those of an unfinished run that were evaluated.
    public let modes: [ModeRow]
    public let neuralFilter: [NeuralFilterRow]
    public let costs: SplitCosts
    /// The last finished round.
    public let rounds: Int

    /// Reads a run's directory, of whose ledger the digest chain must be whole.
    public init(_ directory: RunDirectory) throws(ReportError) {
        try self.init(directory, try RunDocuments(directory))
    }

    init(_ directory: RunDirectory, _ documents: RunDocuments) throws(ReportError) {
        self.directory = directory.path
        (scenario, environment) = (documents.scenario, documents.environment)
        guard case .splitComputing(let configuration) = scenario.kind else {
            throw .otherKind(
                directory: directory.path, kind: scenario.kind.name, expected: "split_computing")
        }
        self.configuration = configuration
        let evaluated: [ModeRow]
        let digest: String?
        do throws(LedgerError) {
            let ledger = try Ledger.open(
                at: directory.path(of: RunDirectory.Name.ledger), readOnly: true)
            let meta = try ledger.meta()
            (isFinished, digest) = (meta["result"] != nil, meta[RunDirectory.devicesKey])
            infrastructure = try ledger.infrastructure()
            epochs = try ledger.epochs()
            evaluated = try ledger.modes()
            neuralFilter = try ledger.neuralFilter()
            rounds = try ledger.lastPoint()?.point.round ?? 0
            try ledger.close()
        } catch {
            throw .record(.ledger(error))
        }
        modes = configuration.modes.compactMap { mode in evaluated.first { $0.mode == mode.name } }
        do throws(ProfileError) { costs = try SplitCosts(modes, configuration, digest: digest) } catch {
            throw .record(.profile(error))
        }
        guard rounds > 0 else { throw .noRounds(directory: directory.path) }
    }

    /// Rounds that the scenario asks for.
    var plannedRounds: Int { SplitTimetable(configuration).rounds }

    /// What the run is about.
    var main: ModeRow? { modes.first { $0.mode == configuration.mainMode.name } }

    /// The main mode behind a filter.
    var filtered: ModeRow? { modes.first { $0.kind == "filtered" } }

    var teacher: ModeRow? { modes.first { $0.kind == "local" } }

    /// The image as JPEG at the highest quality that was tried.
    var bestJPEG: ModeRow? {
        modes.filter { $0.kind == "edge_jpeg" }.max { ($0.setting ?? 0) < ($1.setting ?? 0) }
    }

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
        case .finalAccuracy, .bestAccuracy: main?.accuracy
        case .rounds: Double(rounds)
        case .wallSeconds: wallSeconds
        case .wireBytes: Double(wireBytes)
        case .clientUpdatesPerSecond, .federatedUpBytes, .federatedDownBytes, .coordinatorPeakMemoryBytes,
            .workerPeakMemoryBytes:
            nil
        }
    }
}

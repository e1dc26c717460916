import Datasets
import Devices
import Experiment
import Methods

/// Everything that the report on a federated run is made of: its scenario, environment and ledger, clients summed over
/// rounds.
public struct RunRecord: Sendable {
    public let directory: String
    public let scenario: Scenario
    /// Of the scenario.
    let configuration: FederatedConfiguration
    public let environment: RunEnvironment
    /// Whether the run came to its end; if not it was interrupted, or is running still.
    public let isFinished: Bool
    /// In order; at least one.
    public let rounds: [RoundRow]
    public let infrastructure: [InfrastructureRow]
    public let traffic: [TrafficTotal]
    public let roundTraffic: [RoundTraffic]
    public let clientTraffic: [ClientTraffic]
    /// Empty unless there is an attack.
    public let updates: [UpdateTotal]
    /// Of all clients in all rounds.
    public let trainingWork: Work
    /// Parts of clients by device, link and fate; empty without devices.
    public let devices: [DeviceTotal]
    /// The clients of the last round with devices, for its time line.
    public let lastClients: [ClientRow]

    /// Reads a run's directory, of whose ledger the digest chain must be whole.
    public init(_ directory: RunDirectory) throws(ReportError) {
        try self.init(directory, try RunDocuments(directory))
    }

    init(_ directory: RunDirectory, _ documents: RunDocuments) throws(ReportError) {
        self.directory = directory.path
        (scenario, environment) = (documents.scenario, documents.environment)
        guard case .federated(let configuration) = scenario.kind else {
            throw .otherKind(directory: directory.path, kind: scenario.kind.name, expected: "federated")
        }
        self.configuration = configuration
        do throws(LedgerError) {
            let ledger = try Ledger.open(
                at: directory.path(of: RunDirectory.Name.ledger), readOnly: true)
            isFinished = try ledger.meta()["result"] != nil
            rounds = try ledger.rounds()
            infrastructure = try ledger.infrastructure()
            traffic = try ledger.trafficTotals()
            roundTraffic = try ledger.roundTraffic()
            clientTraffic = try ledger.clientTraffic()
            updates = try configuration.attack == nil ? [] : ledger.updateTotals()
            trainingWork = try ledger.trainingWork()
            devices = try ledger.deviceTotals()
            lastClients = try devices.isEmpty ? [] : ledger.clients(round: rounds.last?.round ?? 0)
            try ledger.close()
        } catch {
            throw .record(.ledger(error))
        }
        guard !rounds.isEmpty else { throw .noRounds(directory: directory.path) }
    }

    /// Whether an accuracy was measured in any round.
    public func measured(_ measure: AccuracyMeasure) -> Bool {
        rounds.contains { accuracy(of: $0, measure: measure) != nil }
    }

    /// The name of its federated method.
    var method: String { configuration.method.name }

    var seed: UInt64 { configuration.seed }

    /// Rounds that the scenario asks for.
    var plannedRounds: Int { configuration.training.rounds }

    /// What it learnt from, wherever the files are.
    var dataset: DatasetSpec {
        var dataset = configuration.dataset
        dataset.path = nil
        return dataset
    }

    /// The accuracy at which the scenario ends the run; nil for none.
    var stopTarget: Double? { configuration.stop.targetAccuracy }
}

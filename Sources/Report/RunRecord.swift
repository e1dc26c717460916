import Datasets
import Devices
import Experiment
import Methods

/// Everything that a report is made of: a run's scenario, environment and ledger, clients summed over rounds.
public struct RunRecord: Sendable {
    public let directory: String
    public let scenario: Scenario
    public let environment: RunEnvironment
    /// Whether the run came to its end; if not it was interrupted, or is running still.
    public let isFinished: Bool
    /// In order; at least one.
    public let rounds: [RoundRow]
    public let infrastructure: [InfrastructureRow]
    public let traffic: [TrafficTotal]
    public let roundTraffic: [RoundTraffic]
    public let clientTraffic: [ClientTraffic]
    /// Of all clients in all rounds.
    public let trainingWork: Work
    /// Parts of clients by device, link and fate; empty without devices.
    public let devices: [DeviceTotal]
    /// The clients of the last round with devices, for its time line.
    public let lastClients: [ClientRow]

    /// Reads a run's directory; the digest chain is not checked, which resuming does.
    public init(_ directory: RunDirectory) throws(ReportError) {
        self.directory = directory.path
        let text: String
        do throws(RunDirectoryError) {
            text = try directory.read(RunDirectory.Name.scenario)
            environment = try directory.readEnvironment()
        } catch {
            throw .record(.directory(error))
        }
        do throws(ScenarioFaults) {
            scenario = try Scenario.load(text: text, file: directory.path(of: RunDirectory.Name.scenario))
        } catch {
            throw .scenario(error)
        }
        do throws(LedgerError) {
            let ledger = try Ledger.open(
                at: directory.path(of: RunDirectory.Name.ledger), readOnly: true, verify: false)
            isFinished = try ledger.meta()["result"] != nil
            rounds = try ledger.rounds()
            infrastructure = try ledger.infrastructure()
            traffic = try ledger.trafficTotals()
            roundTraffic = try ledger.roundTraffic()
            clientTraffic = try ledger.clientTraffic()
            trainingWork = try ledger.trainingWork()
            devices = try ledger.deviceTotals()
            lastClients = try devices.isEmpty ? [] : ledger.clients(round: rounds.last?.round ?? 0)
            try ledger.close()
        } catch {
            throw .record(.ledger(error))
        }
        guard !rounds.isEmpty else { throw .noRounds(directory: directory.path) }
    }

    /// The name of its federated method.
    var method: String {
        switch scenario.kind {
        case .federated(let configuration): configuration.method.name
        case .distributedInference(let configuration): configuration.contenders[1].name
        }
    }

    /// Rounds that the scenario asks for.
    var plannedRounds: Int {
        switch scenario.kind {
        case .federated(let configuration): configuration.training.rounds
        case .distributedInference(let configuration): Timetable(configuration).rounds
        }
    }

    /// What it learnt from, wherever the files are.
    var dataset: DatasetSpec {
        switch scenario.kind {
        case .federated(let configuration):
            var dataset = configuration.dataset
            dataset.path = nil
            return dataset
        case .distributedInference(let configuration):
            var dataset = configuration.dataset
            dataset.path = nil
            return dataset
        }
    }

    /// The accuracy at which the scenario ends the run; nil for none.
    var stopTarget: Double? {
        switch scenario.kind {
        case .federated(let configuration): configuration.stop.targetAccuracy
        case .distributedInference: nil
        }
    }
}

import Experiment
import Methods

/// Everything that a report is made of: a run's scenario, environment and ledger (clients' rows apart).
public struct RunRecord: Sendable {
    public let directory: String
    public let scenario: Scenario
    public let environment: RunEnvironment
    /// In order; at least one.
    public let rounds: [RoundRow]
    public let infrastructure: [InfrastructureRow]
    public let traffic: [TrafficTotal]

    public init(
        directory: String, scenario: Scenario, environment: RunEnvironment, rounds: [RoundRow],
        infrastructure: [InfrastructureRow], traffic: [TrafficTotal]
    ) throws(ReportError) {
        guard !rounds.isEmpty else { throw .noRounds(directory: directory) }
        self.directory = directory
        self.scenario = scenario
        self.environment = environment
        self.rounds = rounds
        self.infrastructure = infrastructure
        self.traffic = traffic
    }

    /// Reads a run's directory; the digest chain is not checked, which resuming does.
    public init(_ directory: RunDirectory) throws(ReportError) {
        let text: String
        let environment: RunEnvironment
        do throws(RunDirectoryError) {
            text = try directory.read(RunDirectory.Name.scenario)
            environment = try directory.readEnvironment()
        } catch {
            throw .record(.directory(error))
        }
        let scenario: Scenario
        do throws(ScenarioFaults) {
            scenario = try Scenario.load(text: text, file: directory.path(of: RunDirectory.Name.scenario))
        } catch {
            throw .scenario(error)
        }
        let rounds: [RoundRow]
        let infrastructure: [InfrastructureRow]
        let traffic: [TrafficTotal]
        do throws(LedgerError) {
            let ledger = try Ledger.open(
                at: directory.path(of: RunDirectory.Name.ledger), readOnly: true, verify: false)
            rounds = try ledger.rounds()
            infrastructure = try ledger.infrastructure()
            traffic = try ledger.trafficTotals()
            try ledger.close()
        } catch {
            throw .record(.ledger(error))
        }
        try self.init(
            directory: directory.path, scenario: scenario, environment: environment, rounds: rounds,
            infrastructure: infrastructure, traffic: traffic)
    }
}

import Experiment
import Methods
import Networks

/// What a run needs of its experiment beside the scenario's text: all of it follows from that.
public protocol ExperimentSetup: Sendable {
    associatedtype Experiment: Program

    /// Rounds to come from the start to the end.
    var rounds: Int { get }

    /// Clients that are computed by the same worker each time, if there are as many workers; nil: anybody computes
    /// anything.
    var clients: Int? { get }

    /// Bytes of what each client keeps between its rounds; 0 where nobody keeps anything.
    var stateBytes: Int { get }

    /// Beside the scenario, what must not have changed when a run goes on: keys and values for the ledger.
    func identity() throws -> [String: String]

    /// A snapshot whose layouts are those of `file`, a checkpoint of this experiment.
    func template(_ file: SafetensorsFile) throws -> Snapshot

    func program(resuming snapshot: Snapshot?) throws(SetupError) -> Experiment

    /// The files that say what the experiment starts from.
    func writeInputs(to directory: RunDirectory) throws

    /// The models that a finished run leaves; `clients` have a state in `states`.
    func writeModels(
        _ last: Snapshot, clients: [Int], states: ClientStateStore, to directory: RunDirectory
    ) throws

    /// How the run ended whose last round is in the ledger.
    func outcome(_ ledger: Ledger) throws -> Outcome

    /// Writes into `result` what is peculiar to the experiment.
    func complete(_ result: inout RunResult, from ledger: Ledger) throws
}

extension ExperimentSetup {
    /// Where clients' states are while it runs; nil where nobody keeps anything.
    func stateFile(in directory: RunDirectory) throws(StateError) -> StateFile? {
        guard stateBytes > 0 else { return nil }
        return try StateFile(path: directory.path(of: Checkpoint.states), stateBytes: stateBytes)
    }
}

import Experiment
import Methods
import Networks

extension FederatedSetup: ExperimentSetup {
    public var rounds: Int { configuration.training.rounds }

    public var clients: Int? { partition.clients.count }

    public func identity() throws(SetupError) -> [String: String] {
        ["devices_digest": try devicesDigest()]
    }

    public func template(_ file: SafetensorsFile) throws(SetupError) -> Snapshot {
        try program(resuming: nil).snapshot(final: false)
    }

    /// `partition.csv`.
    public func writeInputs(to directory: RunDirectory) throws(RunDirectoryError) {
        let file = try AtomicFile(at: directory.path(of: RunDirectory.Name.partition))
        partition.writeCSV(local: holdings) { file.write($0 + "\n") }
        try file.commit()
    }

    /// `model.safetensors`, and `personal.safetensors` where clients keep models.
    public func writeModels(
        _ last: Snapshot, clients: [Int], states: ClientStateStore, to directory: RunDirectory
    ) throws {
        try FinalModels.writeGlobal(last, setup: self, to: directory)
        try FinalModels.writePersonal(clients, states: states, setup: self, to: directory)
    }

    public func outcome(_ ledger: Ledger) throws -> Outcome {
        guard let row = try ledger.rounds().last else {
            throw LedgerError(
                .corrupt, file: ledger.file, "names a last round and does not hold it",
                remedy: "take the run from a copy")
        }
        return Outcome(
            rounds: row.round, finalAccuracy: row.globalTestAccuracy ?? row.localTestAccuracyMean,
            modelDigest: row.modelDigest)
    }

    public func complete(_ result: inout RunResult, from ledger: Ledger) throws {
        let rounds = try ledger.rounds()
        result.clientUpdatesPerSecond = RunResult.updatesPerSecond(rounds, try ledger.infrastructure())
        result.bytes.federatedUp = rounds.reduce(0) { $0 + $1.federatedUpBytes }
        result.bytes.federatedDown = rounds.reduce(0) { $0 + $1.federatedDownBytes }
    }
}

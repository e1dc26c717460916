import Experiment
import Foundation
import Methods

/// The files of a run that ended: they follow from the ledger, the scenario and the last checkpoint.
public enum FinishedRun {
    /// Makes those again that are missing, and returns their names. `setup` is asked for when it is needed.
    public static func restore(
        _ directory: RunDirectory, ledger: Ledger, method: MethodSpec, setup: () throws -> FederatedSetup
    ) throws -> [String] {
        func isThere(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: directory.path(of: name))
        }
        typealias Name = RunDirectory.Name
        let models = [Name.model] + (method.method.keepsModel ? [Name.personal] : [])
        let missing = (RunDirectory.exportedTables + [Name.partition] + models).filter { !isThere($0) }
        guard !missing.isEmpty else { return [] }
        let lock = try directory.lock()
        if missing.contains(where: RunDirectory.exportedTables.contains) {
            try directory.exportCSV(from: ledger)
        }
        if missing.contains(Name.partition) { try setup().writePartition(to: directory) }
        if missing.contains(where: models.contains) {
            let setup = try setup()
            let states = try ClientStateStore(
                medium: FederatedRun.stateFile(setup, directory).map { $0 as any StateMedium }
                    ?? MemoryMedium(),
                resuming: try ledger.clientStates())
            try writeModels(directory, ledger, setup, states)
        }
        withExtendedLifetime(lock) {}
        return missing.filter(isThere)
    }

    /// `model.safetensors` and `personal.safetensors`, from the checkpoint that the ledger names. A run has at least
    /// one point.
    static func writeModels(
        _ directory: RunDirectory, _ ledger: Ledger, _ setup: FederatedSetup, _ states: ClientStateStore
    ) throws {
        guard let point = try ledger.lastPoint()?.point, let file = point.files.first else {
            throw LedgerError(
                .corrupt, file: ledger.file, "names no model of its last round",
                remedy: "take the run from a copy")
        }
        var last = try Checkpoint.read(
            file, template: try setup.program(resuming: nil).snapshot(final: true),
            payload: setup.exchange.payload, from: directory)
        last.round = point.round
        try FinalModels.writeGlobal(last, setup: setup, to: directory)
        let clients = try ledger.clientStates().map(\.client)
        try FinalModels.writePersonal(clients, states: states, setup: setup, to: directory)
    }
}

extension FederatedSetup {
    /// `partition.csv`.
    func writePartition(to directory: RunDirectory) throws(RunDirectoryError) {
        let file = try AtomicFile(at: directory.path(of: RunDirectory.Name.partition))
        partition.writeCSV(local: holdings) { file.write($0 + "\n") }
        try file.commit()
    }
}

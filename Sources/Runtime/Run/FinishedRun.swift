import Experiment
import Foundation
import Methods

/// The files of a run that ended: they follow from the ledger, the scenario and the last checkpoint.
public enum FinishedRun {
    /// Makes those again that are missing, and returns their names. `setup` is asked for when it is needed.
    public static func restore<Setup: ExperimentSetup>(
        _ directory: RunDirectory, ledger: Ledger, kind: Scenario.Kind, setup: () throws -> Setup
    ) throws -> [String] {
        func isThere(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: directory.path(of: name))
        }
        let (tables, inputs, models) = (kind.tableFiles, kind.inputFiles, kind.modelFiles)
        let missing = (tables + inputs + models).filter { !isThere($0) }
        guard !missing.isEmpty else { return [] }
        let lock = try directory.lock()
        if missing.contains(where: tables.contains) { try directory.exportCSV(from: ledger, of: kind) }
        if missing.contains(where: inputs.contains) { try setup().writeInputs(to: directory) }
        if missing.contains(where: models.contains) {
            let setup = try setup()
            let states = try ClientStateStore(
                medium: setup.stateFile(in: directory).map { $0 as any StateMedium } ?? MemoryMedium(),
                resuming: try ledger.clientStates())
            try writeModels(directory, ledger, setup, states)
        }
        withExtendedLifetime(lock) {}
        return missing.filter(isThere)
    }

    /// The models, from the checkpoint that the ledger names. A run has at least one point.
    static func writeModels(
        _ directory: RunDirectory, _ ledger: Ledger, _ setup: some ExperimentSetup, _ states: ClientStateStore
    ) throws {
        guard let point = try ledger.lastPoint()?.point else {
            throw LedgerError(
                .corrupt, file: ledger.file, "names no model of its last round",
                remedy: "take the run from a copy")
        }
        let last = try Checkpoint.read(point, setup: setup, ledger: ledger, from: directory)
        let clients = try ledger.clientStates().map(\.client)
        try setup.writeModels(last, clients: clients, states: states, to: directory)
    }
}

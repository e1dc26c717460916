import Foundation

/// The directory of a sweep: an index, the runs of its cells, and results over all of them.
public struct SweepDirectory: Sendable, Equatable {
    /// Names of what a sweep leaves behind.
    public enum Name {
        public static let index = "sweep.json"
        public static let cells = "cells"
        public static let results = "sweep.csv"
        public static let groups = "groups.csv"
        public static let curves = "curves.csv"
        public static let targets = "targets.csv"
        public static let contenders = "contenders.csv"
        public static let report = "sweep.html"
        public static let plots = "plots"
    }

    /// Files of the sweep are written as those of a run.
    public let files: RunDirectory
    public var path: String { files.path }

    /// The directory of the sweep named `name`; nil where there is nothing yet. One that holds something else is
    /// refused.
    public static func open(at path: String, name: String) throws(RunDirectoryError) -> SweepDirectory? {
        let manager = FileManager.default
        let directory = SweepDirectory(files: RunDirectory(path: path))
        guard manager.fileExists(atPath: path) else { return nil }
        guard manager.fileExists(atPath: directory.files.path(of: Name.index)) else {
            if (try? manager.contentsOfDirectory(atPath: path))?.isEmpty == true { return nil }
            throw RunDirectoryError(
                .notEmpty, path: path, "holds something, but no sweep", remedy: "choose another --out")
        }
        let text = try directory.files.read(Name.index)
        guard let index = try? JSONDecoder().decode(Index.self, from: Data(text.utf8)) else {
            throw RunDirectoryError(
                .cannotRead, path: directory.files.path(of: Name.index), "is not what a sweep writes",
                remedy: "choose another --out")
        }
        guard index.name == name else {
            throw RunDirectoryError(
                .notEmpty, path: path, "holds the sweep \(index.name), not \(name)",
                remedy: "choose another --out, or write `name: \(index.name)` if it is the same one")
        }
        return directory
    }

    /// As `open`, and makes the directory where there is none.
    public static func create(at path: String, name: String) throws(RunDirectoryError) -> SweepDirectory {
        if let directory = try open(at: path, name: name) { return directory }
        return SweepDirectory(files: try RunDirectory.create(at: path))
    }

    /// Keeps other sweeps from working in the directory for as long as the result lives.
    public func lock() throws(RunDirectoryError) -> RunLock { try files.lock() }

    /// What the folders under `cells/` are.
    public func writeIndex(_ sweep: Sweep) throws(RunDirectoryError) {
        let index = Index(
            name: sweep.name,
            cells: sweep.cells.map { cell in
                Index.Cell(
                    digest: cell.digest, directory: "\(Name.cells)/\(cell.folder)", seed: cell.seed,
                    settings: Dictionary(uniqueKeysWithValues: zip(sweep.columns, cell.settings)))
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(index) else {
            preconditionFailure("strings and numbers are JSON")
        }
        try files.write(Array(data) + Array("\n".utf8), to: Name.index)
    }

    private struct Index: Codable {
        struct Cell: Codable {
            var digest: String
            var directory: String
            var seed: UInt64
            var settings: [String: String]
        }

        var name: String
        var cells: [Cell]
    }

    // MARK: Cells

    /// A cell's run, whether it is there or not.
    public func run(of cell: SweepCell) -> RunDirectory {
        RunDirectory(path: files.path(of: "\(Name.cells)/\(cell.folder)"))
    }

    /// What a cell's directory tells about its run.
    public enum CellState: Sendable, Equatable {
        /// No ledger: nothing that could be gone on with.
        case absent
        case started
        /// With the result that the run wrote into its ledger.
        case finished(result: String)
    }

    public func state(of cell: SweepCell) throws(RecordError) -> CellState {
        let run = run(of: cell)
        let file = run.path(of: RunDirectory.Name.ledger)
        // A run that was killed while it made its ledger leaves an empty file.
        guard let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int, size > 0
        else { return .absent }
        let meta: [String: String]
        do throws(LedgerError) {
            let ledger = try Ledger.open(at: file, readOnly: true, verify: false)
            meta = try ledger.meta()
            try ledger.close()
        } catch { throw .ledger(error) }
        guard meta["scenario_digest"] == cell.digest else {
            throw .directory(
                RunDirectoryError(
                    .notARun, path: run.path, "holds the run of another scenario",
                    remedy: "remove it; the sweep runs the cell again"))
        }
        return meta["result"].map { .finished(result: $0) } ?? .started
    }

    /// Whether a process works in the cell's directory.
    public func isBusy(_ cell: SweepCell) -> Bool {
        do throws(RunDirectoryError) {
            _ = try run(of: cell).lock()
            return false
        } catch { return error.kind == .busy }
    }

    /// Writes the scenario of a cell whose run is absent, clears what a start that came to nothing left, and returns
    /// the scenario's file.
    public func prepare(_ cell: SweepCell, workers: Int) throws(RunDirectoryError) -> String {
        try files.makeDirectory(Name.cells)
        let run = run(of: cell)
        if FileManager.default.fileExists(atPath: run.path) {
            let lock = try run.lock()
            defer { withExtendedLifetime(lock) {} }
            do { try FileManager.default.removeItem(atPath: run.path) } catch {
                throw RunDirectoryError(
                    .cannotWrite, path: run.path, "cannot be removed (\(error.localizedDescription))",
                    remedy: "check its permissions")
            }
        }
        var scenario = cell.scenario
        scenario.hosts = HostsSpec(minimum: 1, launch: [.local(workers: workers)])
        let name = "\(Name.cells)/\(cell.folder).yaml"
        try files.write(scenario.resolvedYAML, to: name)
        return files.path(of: name)
    }
}

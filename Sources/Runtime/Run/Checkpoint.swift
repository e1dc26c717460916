import Experiment
import Foundation
import Methods
import Networks
import TensorMath

/// The file of a durability point: what clients receive, and what the server remembers, after a round.
public enum Checkpoint {
    static let finalKey = "final"
    static let fingerprintKey = "dataset_fingerprint"
    /// The states of clients, all in one file.
    static let states = "\(RunDirectory.Name.checkpoints)/clients.state"

    /// Names of what the server remembers begin with it.
    static let memoryPrefix = "server."

    static func name(round: Int) -> String {
        let digits = String(round)
        let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
        return "\(RunDirectory.Name.checkpoints)/round-\(zeros)\(digits).safetensors"
    }

    /// The model under its own names, then `server.NAME.SEGMENT` for what the server remembers.
    private static func layout(_ snapshot: Snapshot) -> ParameterLayout {
        var layout = snapshot.layout
        for vector in snapshot.memory {
            for segment in vector.layout.segments {
                layout.append(
                    name: "\(memoryPrefix)\(vector.name).\(segment.name)", shape: segment.shape,
                    role: .buffer,
                    layer: segment.layer)
            }
        }
        return layout
    }

    /// BLAKE2b-256 of names and shapes and of the values' own.
    private static func digest(_ layout: ParameterLayout, _ values: FloatView) -> [UInt8] {
        let names = layout.segments.map { "\($0.name) \($0.shape)\n" }.joined()
        return digest256(Array(names.utf8) + ObjectBytes(values).digest)
    }

    /// Writes a snapshot and returns its digest.
    static func write(
        _ snapshot: Snapshot, to directory: RunDirectory
    ) throws(SafetensorsError) -> [UInt8] {
        let layout = layout(snapshot)
        let values = FloatBuffer(count: layout.count).view
        var offset = 0
        for part in [snapshot.model] + snapshot.memory.map(\.values) {
            let fits = part.copy(into: values.slice(offset, part.count / 4))
            precondition(fits, "values of another layout")
            offset += part.count / 4
        }
        try SafetensorsFile.write(
            path: directory.path(of: name(round: snapshot.round)), layout: layout, parameters: values,
            metadata: ["round": "\(snapshot.round)"])
        return digest(layout, values)
    }

    /// Reads back what the last point of `ledger` wrote for `setup`'s experiment, and checks it against the digest there.
    static func read(
        _ point: DurabilityPoint, setup: some ExperimentSetup, ledger: Ledger, from directory: RunDirectory
    ) throws -> Snapshot {
        guard let named = point.files.first else {
            throw LedgerError(
                .corrupt, file: ledger.file, "names no model of its last point",
                remedy: "take the run from a copy")
        }
        let path = directory.path(of: named.name)
        let file = try SafetensorsFile(path: path)
        var snapshot = try setup.template(file)
        let layout = layout(snapshot)
        let values = FloatBuffer(count: layout.count).view
        try file.load(layout, into: values)
        guard digest(layout, values) == named.digest else {
            throw RunDirectoryError(
                .cannotRead, path: path, "its values are not those that the ledger names",
                remedy: "take the run from a copy")
        }
        snapshot.model = ObjectBytes(values.slice(0, snapshot.layout.count))
        var offset = snapshot.layout.count
        for index in snapshot.memory.indices {
            let count = snapshot.memory[index].layout.count
            snapshot.memory[index].values = ObjectBytes(values.slice(offset, count))
            offset += count
        }
        snapshot.round = point.round
        snapshot.final = point.state[finalKey] == [1]
        return snapshot
    }

    /// Removes what a crash left behind: unfinished files, and checkpoints that no point of the ledger names.
    /// Returns the names that stay, oldest first.
    static func tidy(_ directory: RunDirectory, lastRound: Int) throws(RunDirectoryError) -> [String] {
        let folder = RunDirectory.Name.checkpoints
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory.path(of: folder)) } catch {
            throw RunDirectoryError(
                .cannotRead, path: directory.path(of: folder), "\(error.localizedDescription)",
                remedy: "take the run from a copy")
        }
        let last = name(round: lastRound)
        var kept: [String] = []
        for file in names.sorted() {
            let path = folder + "/" + file
            if path == states { continue }
            if file.hasSuffix(".safetensors") && path <= last {
                kept.append(path)
            } else {
                unlink(directory.path(of: path))
            }
        }
        return kept
    }
}

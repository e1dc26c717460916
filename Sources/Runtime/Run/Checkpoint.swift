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

    static func name(round: Int) -> String {
        let digits = String(round)
        let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
        return "\(RunDirectory.Name.checkpoints)/round-\(zeros)\(digits).safetensors"
    }

    /// The payload under its own names, then `server.NAME.SEGMENT` for what the server remembers.
    private static func layout(_ payload: ParameterLayout, memory: [NamedVector]) -> ParameterLayout {
        var layout = payload
        for vector in memory {
            for segment in vector.layout.segments {
                layout.append(
                    name: "server.\(vector.name).\(segment.name)", shape: segment.shape, role: .buffer,
                    layer: segment.layer)
            }
        }
        return layout
    }

    /// Writes a snapshot and returns the BLAKE2b-256 of its values.
    static func write(
        _ snapshot: Snapshot, payload: ParameterLayout, to directory: RunDirectory
    ) throws(SafetensorsError) -> [UInt8] {
        let layout = layout(payload, memory: snapshot.memory)
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
        return ObjectBytes(values).digest
    }

    /// Reads back what `write` wrote, and checks it against the digest in the ledger. `template` is a snapshot of the
    /// same experiment.
    static func read(
        _ file: DurabilityPoint.File, template: Snapshot, payload: ParameterLayout,
        from directory: RunDirectory
    ) throws -> Snapshot {
        let path = directory.path(of: file.name)
        let layout = layout(payload, memory: template.memory)
        let values = FloatBuffer(count: layout.count).view
        try SafetensorsFile(path: path).load(layout, into: values)
        guard ObjectBytes(values).digest == file.digest else {
            throw RunDirectoryError(
                .cannotRead, path: path, "its values are not those that the ledger names",
                remedy: "take the run from a copy")
        }
        var snapshot = template
        snapshot.model = ObjectBytes(values.slice(0, payload.count))
        var offset = payload.count
        for index in snapshot.memory.indices {
            let count = snapshot.memory[index].layout.count
            snapshot.memory[index].values = ObjectBytes(values.slice(offset, count))
            offset += count
        }
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

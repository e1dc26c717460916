import Experiment
import Foundation
import Methods
import Networks
import Synchronization
import TensorMath

/// Makes durability points, on a thread of its own: first the model's file, synced, then one transaction of the ledger.
///
/// Rounds do not wait for it. After a crash at any moment the newest point in the ledger names a file that is whole.
public final class DurabilityWriter: Sendable {
    /// Checkpoints that stay in the run directory.
    static let keptCheckpoints = 3

    private struct Job: Sendable {
        let request: DurabilityRequest
        let events: [LedgerEvent]
    }

    private struct State {
        var jobs: [Job] = []
        var closed = false
        var events: [LedgerEvent] = []
        var written: [String] = []
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
    private let ledger: Ledger
    private let directory: RunDirectory
    private let layout: ParameterLayout
    private let answer: @Sendable (CoordinatorEvent) -> Void

    /// `answer` is told, on the writer's thread, what became of each request. `existing` are the checkpoints that
    /// are in the directory already, oldest first.
    public init(
        ledger: Ledger, directory: RunDirectory, layout: ParameterLayout, existing: [String] = [],
        answer: @escaping @Sendable (CoordinatorEvent) -> Void
    ) {
        self.ledger = ledger
        self.directory = directory
        self.layout = layout
        self.answer = answer
        state.withLock { $0.written = existing }
        Thread.detachNewThread { [self] in work() }
    }

    public func write(_ request: DurabilityRequest) {
        state.withLock {
            $0.jobs.append(Job(request: request, events: $0.events))
            $0.events = []
        }
        signal.signal()
    }

    /// Keeps an event for the next point.
    public func note(_ event: LedgerEvent) { state.withLock { $0.events.append(event) } }

    /// Returns when everything that was asked for is written and the thread is gone.
    public func close() {
        state.withLock { $0.closed = true }
        signal.signal()
        finished.wait()
    }

    private func work() {
        while true {
            signal.wait()
            let (job, closed) = state.withLock { state in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.closed)
            }
            if let job {
                answer(perform(job))
            } else if closed {
                finished.signal()
                return
            }
        }
    }

    private func perform(_ job: Job) -> CoordinatorEvent {
        let snapshot = job.request.snapshot
        do {
            let name = Checkpoint.name(round: snapshot.round)
            let digest = try Checkpoint.write(snapshot, layout: layout, to: directory)
            var facts: [String: [UInt8]] = [Checkpoint.finalKey: [snapshot.final ? 1 : 0]]
            facts[Checkpoint.fingerprintKey] = job.request.fingerprint.map { Array("\($0)".utf8) }
            let point = DurabilityPoint(
                round: snapshot.round, files: [DurabilityPoint.File(name: name, digest: digest)], state: facts
            )
            try ledger.append(rows: job.request.rows, events: job.events, point: point)
            let old = state.withLock { state in
                state.written.append(name)
                defer { state.written = state.written.suffix(Self.keptCheckpoints) }
                return state.written.dropLast(Self.keptCheckpoints)
            }
            for name in old { unlink(directory.path(of: name)) }
            return .persisted(round: snapshot.round)
        } catch {
            return .persistFailed("\(error)")
        }
    }
}

/// The file of a durability point: the global model after a round.
public enum Checkpoint {
    static let finalKey = "final"
    static let fingerprintKey = "dataset_fingerprint"

    static func name(round: Int) -> String {
        let digits = String(round)
        let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
        return "\(RunDirectory.Name.checkpoints)/round-\(zeros)\(digits).safetensors"
    }

    /// Writes the model and returns its BLAKE2b-256.
    static func write(
        _ snapshot: Snapshot, layout: ParameterLayout, to directory: RunDirectory
    ) throws(SafetensorsError) -> [UInt8] {
        let path = directory.path(of: name(round: snapshot.round))
        try writeModel(snapshot.model, layout: layout, round: snapshot.round, to: path)
        return snapshot.model.digest
    }

    static func writeModel(
        _ model: ObjectBytes, layout: ParameterLayout, round: Int, to path: String
    ) throws(SafetensorsError) {
        let buffer = FloatBuffer(count: layout.count)
        let fits = model.copy(into: buffer.view)
        precondition(fits, "a model of another layout")
        try SafetensorsFile.write(
            path: path, layout: layout, parameters: buffer.view, metadata: ["round": "\(round)"])
    }

    /// Reads back what `write` wrote, and checks it against the digest in the ledger.
    static func read(
        _ file: DurabilityPoint.File, layout: ParameterLayout, from directory: RunDirectory
    ) throws -> ObjectBytes {
        let path = directory.path(of: file.name)
        let buffer = FloatBuffer(count: layout.count)
        try SafetensorsFile(path: path).load(layout, into: buffer.view)
        let model = ObjectBytes(buffer.view)
        guard model.digest == file.digest else {
            throw RunDirectoryError(
                .cannotRead, path: path, "its model is not the one that the ledger names",
                remedy: "take the run from a copy")
        }
        return model
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
            if file.hasSuffix(".safetensors") && path <= last {
                kept.append(path)
            } else {
                unlink(directory.path(of: path))
            }
        }
        return kept
    }
}

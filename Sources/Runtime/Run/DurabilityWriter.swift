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
        let notes: [String]
    }

    private struct State {
        var jobs: [Job] = []
        var closed = false
        var notes: [String] = []
        var written: [String] = []
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
    private let ledger: Ledger
    private let directory: RunDirectory
    private let states: StateFile?
    private let answer: @Sendable (CoordinatorEvent) -> Void

    /// `answer` is told, on the writer's thread, what became of each request. `existing` are the checkpoints that
    /// are in the directory already, oldest first; `states` is synced before each point.
    public init(
        ledger: Ledger, directory: RunDirectory, states: StateFile?,
        existing: [String] = [],
        answer: @escaping @Sendable (CoordinatorEvent) -> Void
    ) {
        self.ledger = ledger
        self.directory = directory
        self.states = states
        self.answer = answer
        state.withLock { $0.written = existing }
        Thread.detachNewThread { [self] in work() }
    }

    public func write(_ request: DurabilityRequest) {
        state.withLock {
            $0.jobs.append(Job(request: request, notes: $0.notes))
            $0.notes = []
        }
        signal.signal()
    }

    /// Keeps a note for the next point: what the machinery lived through, which is no part of the result.
    public func note(_ text: String) { state.withLock { $0.notes.append(text) } }

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
            let digest = try Checkpoint.write(snapshot, to: directory)
            try states?.sync()
            var facts: [String: [UInt8]] = [Checkpoint.finalKey: [snapshot.final ? 1 : 0]]
            facts[Checkpoint.fingerprintKey] = job.request.fingerprint.map { Array("\($0)".utf8) }
            let point = DurabilityPoint(
                round: snapshot.round, files: [DurabilityPoint.File(name: name, digest: digest)], state: facts
            )
            try ledger.append(rows: job.request.rows, notes: job.notes, point: point)
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

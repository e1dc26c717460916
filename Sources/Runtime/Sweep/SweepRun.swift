import Experiment
import Foundation
import Synchronization

/// Carries out the cells of a sweep that are not finished, a few at a time, each as a process `tributary run`.
public final class SweepRun {
    /// How far a sweep has come.
    public struct Progress: Sendable {
        /// The cell that ended just now; nil for a mere look.
        public var ended: Int?
        public var running: Int
        /// Cells that this execution has still to run, those that are running among them.
        public var left: Int
    }

    private let sweep: Sweep
    private let directory: SweepDirectory
    private let executable: String
    /// Runs at a time.
    public let parallel: Int
    /// Worker processes of each run.
    public let workers: Int
    private let lock: RunLock
    public let control = Control()

    /// Ends an execution from another thread.
    public final class Control: Sendable {
        fileprivate let isStopped = Atomic(false)
        fileprivate let processes = Mutex<Set<Int32>>([])

        /// Lets the runs stop with their checkpoints.
        public func stop() { isStopped.store(true, ordering: .releasing) }

        /// Ends the runs at once.
        public func abandon() { for process in processes.withLock({ $0 }) { kill(process, SIGKILL) } }
    }

    private struct Running {
        let cell: Int
        let process: CellProcess
        let began: Instant
    }

    /// One for each cell.
    public private(set) var outcomes: [CellOutcome]
    private var waiting: [Int]
    private var running: [Running] = []

    /// Nanoseconds that a run of another execution gets to end after its sweep was killed.
    private static let patience: UInt64 = 10_000_000_000

    public init(_ sweep: Sweep, in directory: SweepDirectory, settings: SweepSettings)
        throws(RunDirectoryError)
    {
        self.sweep = sweep
        self.directory = directory
        executable = settings.executable
        lock = try directory.lock()
        try directory.writeIndex(sweep)
        let outcomes = sweep.cells.map { directory.outcome(of: $0) }
        self.outcomes = outcomes
        waiting = outcomes.indices.filter { outcomes[$0].isOpen }
        (parallel, workers) = settings.share(cells: waiting.count)
    }

    /// Runs what is to be run. `observe` is called often, and once for each cell that ended, after `outcomes` has
    /// it. Returns whether something is left to be run, because runs were stopped.
    public func run(observe: (Progress) throws -> Void) rethrows -> Bool {
        let began = MonotonicClock.now()
        while true {
            for cell in reap() { try observe(progress(ended: cell)) }
            if isStopped {
                for child in running { child.process.stop() }
            } else {
                let ended = start(mayWait: MonotonicClock.now() - began < Self.patience)
                for cell in ended { try observe(progress(ended: cell)) }
            }
            if running.isEmpty && (waiting.isEmpty || isStopped) { return outcomes.contains { $0.isOpen } }
            try observe(progress())
            MonotonicClock.sleep(nanoseconds: 10_000_000)
        }
    }

    private var isStopped: Bool { control.isStopped.load(ordering: .acquiring) }

    private func progress(ended: Int? = nil) -> Progress {
        Progress(ended: ended, running: running.count, left: running.count + waiting.count)
    }

    // MARK: Processes

    /// Starts what there is room for. Returns cells that need no run, or cannot have one.
    private func start(mayWait: Bool) -> [Int] {
        var ended: [Int] = []
        while running.count < parallel,
            let place = waiting.firstIndex(where: { !mayWait || !directory.isBusy(sweep.cells[$0]) })
        {
            let cell = waiting.remove(at: place)
            // The run of an execution that was killed may have come further since.
            outcomes[cell] = directory.outcome(of: sweep.cells[cell])
            guard outcomes[cell].isOpen else {
                ended.append(cell)
                continue
            }
            do {
                running.append(try launch(cell))
            } catch {
                let code: Int32 = error is LaunchError ? 69 : 74
                outcomes[cell] = CellOutcome(.failed, exitCode: code, message: "\(error)")
                ended.append(cell)
            }
        }
        return ended
    }

    private func launch(_ index: Int) throws -> Running {
        let cell = sweep.cells[index]
        let run = directory.run(of: cell).path
        let what: [String]
        if outcomes[index].status == .interrupted {
            what = ["run", "--resume", run]
        } else {
            what = ["run", try directory.prepare(cell, workers: workers), "--out", run]
        }
        let process = try CellProcess(
            executable: executable,
            arguments: what + ["--workers", "\(workers)", "--quiet", "--json", "--launched"],
            scratch: run + ".errors")
        control.processes.withLock { _ = $0.insert(process.process) }
        return Running(cell: index, process: process, began: MonotonicClock.now())
    }

    /// Takes leave of runs that ended. Returns their cells.
    private func reap() -> [Int] {
        var ended: [Int] = []
        for child in running {
            guard let ending = child.process.poll() else { continue }
            control.processes.withLock { _ = $0.remove(child.process.process) }
            running.removeAll { $0.cell == child.cell }
            var outcome = directory.outcome(of: sweep.cells[child.cell])
            outcome.seconds = Double(MonotonicClock.now() - child.began) / 1e9
            if !outcome.status.isFinished {
                outcome.message = Self.message(ending)
                let isInterrupted = ending.code == 130 || isStopped && ending.code > 128
                outcome.exitCode = isInterrupted ? 130 : ending.code > 128 ? 70 : ending.code
                if !isInterrupted { outcome.status = .failed }
            }
            outcomes[child.cell] = outcome
            ended.append(child.cell)
        }
        return ended
    }

    /// A child that fails says `error: why` in its last line.
    private static func message(_ ending: CellProcess.Ending) -> String {
        let lines = ending.errors.split(separator: "\n").map(String.init)
        let why = lines.last.map { $0.hasPrefix("error: ") ? String($0.dropFirst(7)) : $0 }
        let signal = ending.code > 128 ? "signal \(ending.code - 128)" : nil
        return [signal, why].compactMap { $0 }.joined(separator: ": ")
    }
}

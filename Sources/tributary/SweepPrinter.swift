import Experiment
import Foundation
import Runtime

/// A line for each cell that ended, on standard error; on a terminal a last one with rate and time left.
final class SweepPrinter {
    private let sweep: Sweep
    private let terminal: Bool
    private let began = MonotonicClock.now()
    private var lastDrawn: UInt64 = 0
    private var ended = 0

    init(_ sweep: Sweep, _ run: SweepRun, terminal: Bool) {
        self.sweep = sweep
        self.terminal = terminal
        let left = run.outcomes.count { $0.isOpen }
        let workers = run.workers == 1 ? "1 worker" : "\(run.workers) workers"
        let how = left > 0 ? ", \(run.parallel) at a time with \(workers) each" : ""
        writeError(
            "\(sweep.name): \(sweep.cells.count) cells, \(sweep.cells.count - left) done, \(left) to run"
                + how)
    }

    func show(_ progress: SweepRun.Progress, _ outcomes: [CellOutcome]) {
        if let cell = progress.ended {
            ended += 1
            clear()
            writeError(line(cell, outcomes[cell], done: outcomes.count { !$0.isOpen }))
            lastDrawn = 0
        }
        let now = MonotonicClock.now()
        guard terminal, now - lastDrawn > 500_000_000 else { return }
        lastDrawn = now
        StandardError.write("\r\u{1B}[K\(status(progress, now))")
    }

    func finish() { clear() }

    private func clear() {
        if terminal { StandardError.write("\r\u{1B}[K") }
    }

    private func line(_ cell: Int, _ outcome: CellOutcome, done: Int) -> String {
        let what: String
        switch outcome.status {
        case .finished, .thresholdMissed:
            let accuracy = outcome.result?.finalAccuracy.map { String(format: "%.4f", $0) } ?? "done"
            what = accuracy + (outcome.status == .thresholdMissed ? ", a threshold missed" : "")
        case .failed: what = "failed"
        case .interrupted, .waiting: what = "stopped"
        }
        let why = outcome.status == .failed ? ": \(outcome.message)" : ""
        let seconds = String(format: "%.1f s", outcome.seconds)
        return "[\(done)/\(sweep.cells.count)] \(sweep.text(sweep.cells[cell])): \(what) (\(seconds))\(why)"
    }

    private func status(_ progress: SweepRun.Progress, _ now: UInt64) -> String {
        var parts = ["\(progress.left) cells left", "\(progress.running) running"]
        if ended > 0 {
            let rate = Double(ended) / (Double(now - began) / 1e9)
            parts.append(String(format: "%.3g cells/min", rate * 60))
            parts.append("\(duration(Double(progress.left) / rate)) left")
        }
        return parts.joined(separator: ", ")
    }
}

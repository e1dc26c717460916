import Foundation
import Runtime

/// Progress on standard error: one line that rewrites itself on a terminal, a plain line per round elsewhere.
final class ProgressPrinter {
    private let began = MonotonicClock.now()
    private let terminal: Bool
    private let rounds: Int
    private var lastDrawn: Instant = 0
    private var lastRound = 0
    private var firstRound: Int?

    init(rounds: Int, terminal: Bool) {
        self.rounds = rounds
        self.terminal = terminal
    }

    func show(_ progress: RunProgress) {
        let now = MonotonicClock.now()
        if firstRound == nil { firstRound = progress.round }
        if terminal {
            guard now - lastDrawn > 100_000_000 || progress.done == progress.total else { return }
            lastDrawn = now
            StandardError.write("\r\u{1B}[K\(line(progress, now))")
        } else if progress.round != lastRound {
            // A new round begins, so the one before is over.
            if lastRound > 0, now - lastDrawn > 1_000_000_000 || lastRound == 1 {
                lastDrawn = now
                writeError(line(progress, now))
            }
            lastRound = progress.round
        }
    }

    private func line(_ progress: RunProgress, _ now: Instant) -> String {
        let finished = progress.round - 1
        let seconds = Double(now - began) / 1e9
        let done = finished - (firstRound! - 1)
        var parts = ["round \(progress.round)/\(rounds)"]
        switch progress.phase {
        case .training: parts.append("training \(progress.done)/\(progress.total)")
        case .evaluating: parts.append("evaluating \(progress.done)/\(progress.total)")
        }
        parts.append(progress.workers == 1 ? "1 worker" : "\(progress.workers) workers")
        if let accuracy = progress.accuracy { parts.append("accuracy \(percent(accuracy))") }
        if done > 0 {
            let rate = Double(done) / seconds
            parts.append(String(format: "%.2f rounds/s", rate))
            parts.append("\(duration(Double(rounds - finished) / rate)) left")
        }
        return parts.joined(separator: ", ")
    }

    private func percent(_ value: Double) -> String { String(format: "%.2f %%", value * 100) }
}

/// `12 s`, `4 min 5 s`, `2 h 3 min`.
func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    return whole < 60
        ? "\(whole) s"
        : whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
}

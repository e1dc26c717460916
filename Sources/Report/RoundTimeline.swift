import Experiment
import Methods

/// Who downloaded, computed, sent and waited in a round, and what became of it.
struct RoundTimeline: Drawing, Equatable {
    private struct Bar: Equatable {
        var label: String
        /// Ends of download, compute, upload and waiting, since the first start.
        var ends: [Double]
        var start: Double
    }

    let round: Int
    private let bars: [Bar]

    /// Clients that a picture can show.
    private static let limit = 40
    private static let phases = ["download", "compute", "upload", "waiting"]

    /// Nil for clients without times.
    init?(_ clients: [ClientRow]) {
        let timed = clients.compactMap { row in row.timing.map { (row: row, timing: $0) } }
        guard let first = timed.first, let origin = timed.map(\.timing.startSeconds).min() else { return nil }
        round = first.row.round
        let shown = thinned(timed.sorted { Self.end($0.timing) < Self.end($1.timing) }, to: Self.limit)
        bars = shown.map { row, timing in
            var end = timing.startSeconds - origin
            let spans = [
                timing.downloadSeconds, timing.computeSeconds, timing.uploadSeconds, timing.waitingSeconds,
            ]
            let fate = row.fate == .accepted ? "" : " (\(row.fate.rawValue))"
            return Bar(
                label: "\(row.client), \(timing.device)\(fate)",
                ends: spans.map { span in
                    end += span
                    return end
                }, start: timing.startSeconds - origin)
        }
    }

    private static func end(_ timing: ClientTiming) -> Double {
        timing.startSeconds + timing.downloadSeconds + timing.computeSeconds + timing.uploadSeconds
    }

    var name: String { "timeline" }

    var caption: String {
        "Round \(round) in simulated time: clients with their devices, in the order in which they were done"
    }

    var script: String {
        var text = """
            set terminal svg name "\(name)" size 760,\(110 + 16 * bars.count) dynamic noenhanced \
            font "sans-serif,13"
            set output "\(name).svg"
            set xlabel "simulated time since the first start (s)"
            set grid xtics
            set key below
            set style fill solid 0.8 noborder
            set xrange [0:*]
            set yrange [\(shortest(Double(bars.count) - 0.5)):-0.5]
            set ytics nomirror scale 0
            set rmargin 4
            $data << EOD

            """
        for bar in bars {
            let label = TextTable.printable(bar.label).replacing("\"", with: "'")
            text += "\"\(label)\" " + ([bar.start] + bar.ends).map(shortest).joined(separator: " ") + "\n"
        }
        let phases = Self.phases.enumerated().map { index, phase in
            let (from, to) = (index + 2, index + 3)
            return "$data using \(from):0:\(from):\(to):($0-0.4):($0+0.4):yticlabels(1)"
                + " with boxxyerror line\(GnuplotStyle.colour(index)) title \(GnuplotStyle.quoted(phase))"
        }
        return text + "EOD\nplot " + phases.joined(separator: ", \\\n    ") + "\n"
    }
}

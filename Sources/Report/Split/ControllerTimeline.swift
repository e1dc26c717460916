import Experiment

/// What a controller knew of the link, and which mode it chose, window by window.
struct ControllerTimeline: Drawing {
    let windows: [SplitControl.WindowRow]

    /// Windows that a picture can show.
    private static let limit = 2000

    init(_ windows: [SplitControl.WindowRow]) { self.windows = Array(windows.prefix(Self.limit)) }

    var name: String { "controller" }

    var caption: String {
        "The controller over the trace: the uplink's rate and its estimate, and the mode that was chosen, by the controller and "
            + "by the oracle"
    }

    /// In the order in which they were first chosen.
    private var modes: [String] {
        var names: [String] = []
        for name in windows.flatMap({ [$0.mode, $0.oracle] }) where !names.contains(name) {
            names.append(name)
        }
        return names
    }

    var script: String {
        let modes = modes
        let rows = windows.map { row in
            let places = [row.mode, row.oracle].map { "\(modes.firstIndex(of: $0)!)" }
            return
                ([
                    "\(row.window)", shortest(row.rateMbps), shortest(row.estimateMbps),
                    shortest(row.lowMbps),
                ] + places).joined(separator: " ") + "\n"
        }.joined()
        let tics = modes.enumerated().map { "\(GnuplotStyle.quoted($0.element)) \($0.offset)" }
        return """
            set terminal svg name "\(name)" size 760,\(440 + 18 * modes.count) dynamic noenhanced \
            font "sans-serif,13"
            set output "\(name).svg"
            $data << EOD
            \(rows)EOD
            set multiplot layout 2,1
            set grid
            set lmargin 18
            set key below
            set ylabel "Mbit/s"
            plot $data using 1:2 with lines linewidth 1 line\(GnuplotStyle.line(0)) title 'uplink rate', \
                $data using 1:3 with lines linewidth 2 line\(GnuplotStyle.line(1)) title 'estimate', \
                $data using 1:4 with lines linewidth 1 line\(GnuplotStyle.line(2)) title 'low estimate'
            unset ylabel
            set xlabel "window"
            set yrange [-0.5:\(modes.count - 1).5]
            set ytics (\(tics.joined(separator: ", ")))
            plot $data using 1:5 with steps linewidth 2 line\(GnuplotStyle.line(1)) title 'controller', \
                $data using 1:6 with points pointtype 6 pointsize 0.4 line\(GnuplotStyle.colour(6)) title 'oracle'
            unset multiplot

            """
    }
}

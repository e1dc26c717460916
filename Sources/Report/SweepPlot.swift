import Experiment

/// Accuracy of groups as lines, with their standard deviations as bands.
struct SweepPlot: Drawing, Equatable {
    struct Line: Sendable, Equatable {
        struct Point: Sendable, Equatable {
            var x: Double
            var mean: Double
            var deviation: Double
        }

        var title: String
        var points: [Point]
    }

    /// Also the name of its files.
    var name: String
    var caption: String
    var xLabel: String
    var yLabel: String
    var lines: [Line]

    /// Lines beyond these could not be told apart: those of the best final accuracy are shown.
    private static let lineLimit = 16
    /// More points than a picture can show are thinned out evenly.
    private static let pointLimit = 1000
    /// The plots that have something to show.
    static func all(of record: SweepRecord) -> [SweepPlot] {
        let groups = record.groups.filter { !$0.curve.isEmpty }
        // Those of other kinds have no rounds to compare.
        guard !groups.isEmpty, record.sweep.hasFederatedCells else { return [] }
        let shown = best(groups)
        let note = shown.count < groups.count ? "; the best \(shown.count) of \(groups.count) groups" : ""
        let most = shown.flatMap(\.curve).map(\.federatedBytes).max() ?? 0
        let unit = Quantity.byteUnit(largest: most)
        let yLabel = ["accuracy", RunReport.name(of: record.measure)].filter { !$0.isEmpty }
            .joined(separator: " ")
        let accuracy = "A" + yLabel.dropFirst()
        let rounds = SweepPlot(
            name: "sweep_accuracy", caption: "\(accuracy) over rounds, mean and standard deviation" + note,
            xLabel: "round", yLabel: yLabel, lines: shown.map { line($0, record.sweep) { Double($0.round) } })
        guard most > 0 else { return [rounds] }
        let traffic = SweepPlot(
            name: "sweep_accuracy_traffic",
            caption: "\(accuracy) over federated traffic, up and down, headers included" + note,
            xLabel: "federated traffic since the start (\(unit.name))", yLabel: yLabel,
            lines: shown.map { line($0, record.sweep) { $0.federatedBytes / unit.bytes } })
        return [rounds, traffic]
    }

    /// In the order given.
    private static func best(_ groups: [SweepGroup]) -> [SweepGroup] {
        func rank(_ group: SweepGroup) -> (Double, Int) {
            (-(group.statistics[.finalAccuracy]?.mean ?? 0), group.number)
        }
        let numbers = groups.sorted { rank($0) < rank($1) }.prefix(lineLimit).map(\.number)
        return groups.filter { numbers.contains($0.number) }
    }

    /// Ends where the first of the group's cells does: beyond, the mean would be that of other cells.
    private static func line(_ group: SweepGroup, _ sweep: Sweep, x: (SweepGroup.Point) -> Double) -> Line {
        let whole = group.curve.prefix { $0.accuracy.count == group.count }
        let step = max(1, (whole.count + pointLimit - 1) / pointLimit)
        let kept = whole.indices.filter { $0 % step == 0 || $0 == whole.count - 1 }.map { whole[$0] }
        let points = kept.map {
            Line.Point(x: x($0), mean: $0.accuracy.mean, deviation: $0.accuracy.deviation ?? 0)
        }
        let title = sweep.text(group.settings)
        return Line(title: title.count > 70 ? title.prefix(67) + "..." : title, points: points)
    }

    /// Everything that gnuplot needs, data included, so that a plot can be made again by hand: `gnuplot NAME.gp`.
    var script: String {
        let height = 380 + 18 * lines.count
        var text = """
            set terminal svg name "\(name)" size 640,\(height) dynamic font "sans-serif,13" noenhanced
            set output "\(name).svg"
            set xlabel "\(xLabel)"
            set ylabel "\(yLabel)"
            set grid
            set key below left vertical maxcols 1 Left reverse
            set offsets graph 0, graph 0, graph 0.05, graph 0.05

            """
        for (index, line) in lines.enumerated() {
            let data = line.points.map {
                "\(shortest($0.x)) \(shortest($0.mean)) \(shortest($0.mean - $0.deviation))"
                    + " \(shortest($0.mean + $0.deviation))\n"
            }
            text += "$data\(index) << EOD\n\(data.joined())EOD\n"
        }
        let bands = lines.enumerated().filter { $0.element.points.contains { $0.deviation > 0 } }.map {
            "$data\($0.offset) using 1:3:4 with filledcurves fillstyle transparent solid 0.15 noborder"
                + " fill\(GnuplotStyle.colour($0.offset)) notitle"
        }
        let means = lines.enumerated().map { index, line in
            let style = line.points.count > 60 ? "lines" : "linespoints pointtype 7 pointsize 0.4"
            return "$data\(index) using 1:2 with \(style) linewidth 2 line\(GnuplotStyle.line(index))"
                + " title \(GnuplotStyle.quoted(line.title))"
        }
        return text + "plot " + (bands + means).joined(separator: ", \\\n    ") + "\n"
    }
}

import Experiment
import Methods

/// A plot as data: what gnuplot is told.
struct Plot: Sendable, Equatable {
    struct Series: Sendable, Equatable {
        var title: String
        var points: [(x: Double, y: Double)]

        static func == (a: Series, b: Series) -> Bool {
            a.title == b.title && a.points.elementsEqual(b.points) { $0 == $1 }
        }
    }

    /// Also the name of its files: letters and underscores.
    var name: String
    var caption: String
    var xLabel: String
    var yLabel: String
    var series: [Series]

    /// More points than a picture can show are thinned out evenly.
    private static let pointLimit = 2000

    /// The plots of a run that have something to show.
    static func all(of record: RunRecord) -> [Plot] {
        [accuracyOverRounds(record), accuracyOverBytes(record), lossOverRounds(record)].filter {
            !$0.series.isEmpty
        }
    }

    private static func accuracyOverRounds(_ record: RunRecord) -> Plot {
        Plot(
            name: "accuracy", caption: "Accuracy over rounds", xLabel: "round", yLabel: "accuracy",
            series: accuracies(record.rounds) { Double($0.round) })
    }

    private static func accuracyOverBytes(_ record: RunRecord) -> Plot {
        var sums: [Int: Double] = [:]
        var sum: UInt64 = 0
        for row in record.rounds {
            sum += row.federatedUpBytes + row.federatedDownBytes
            sums[row.round] = Double(sum)
        }
        let unit = Quantity.byteUnit(largest: Double(sum))
        let series = sum == 0 ? [] : accuracies(record.rounds) { (sums[$0.round] ?? 0) / unit.bytes }
        return Plot(
            name: "accuracy_traffic",
            caption: "Accuracy over federated traffic, up and down, headers included",
            xLabel: "federated traffic since the start (\(unit.name))", yLabel: "accuracy", series: series)
    }

    private static func lossOverRounds(_ record: RunRecord) -> Plot {
        let lines = [
            line("training, while it ran", record.rounds, { Double($0.round) }, \.trainLoss),
            line("global test", record.rounds, { Double($0.round) }, \.globalTestLoss),
        ]
        return Plot(
            name: "loss", caption: "Cross-entropy over rounds", xLabel: "round", yLabel: "loss",
            series: lines.compactMap { $0 })
    }

    private static func accuracies(_ rounds: [RoundRow], x: (RoundRow) -> Double) -> [Series] {
        [
            line("global test", rounds, x, \.globalTestAccuracy),
            line("local test, mean of clients", rounds, x, \.localTestAccuracyMean),
            line("local test, participants", rounds, x, \.localTestAccuracyParticipants),
        ].compactMap { $0 }
    }

    /// Nil without a single finite point.
    private static func line(
        _ title: String, _ rounds: [RoundRow], _ x: (RoundRow) -> Double, _ y: (RoundRow) -> Double?
    ) -> Series? {
        let points = rounds.compactMap { row in y(row).flatMap { $0.isFinite ? (x: x(row), y: $0) : nil } }
        guard !points.isEmpty else { return nil }
        let step = (points.count + pointLimit - 1) / pointLimit
        let kept = points.indices.filter { $0 % step == 0 || $0 == points.count - 1 }
        return Series(title: title, points: kept.map { points[$0] })
    }

    /// Everything that gnuplot needs, data included, so that a plot can be made again by hand: `gnuplot NAME.gp`.
    var script: String {
        var text = """
            set terminal svg name "\(name)" size 640,400 dynamic font "sans-serif,13"
            set output "\(name).svg"
            set xlabel "\(xLabel)"
            set ylabel "\(yLabel)"
            set grid
            set key bottom right
            set offsets graph 0, graph 0, graph 0.05, graph 0.05

            """
        if yLabel == "loss" { text += "set key top right\n" }
        for (index, line) in series.enumerated() {
            let data = line.points.map { "\(shortest($0.x)) \(shortest($0.y))\n" }.joined()
            text += "$data\(index) << EOD\n\(data)EOD\n"
        }
        let colours = ["#0072b2", "#d55e00", "#009e73"]
        let lines = series.enumerated().map { index, line in
            let style = line.points.count > 60 ? "lines" : "linespoints pointtype 7 pointsize 0.4"
            return "$data\(index) using 1:2 with \(style) linewidth 2 linecolor rgb \"\(colours[index % 3])\""
                + " title \"\(line.title)\""
        }
        return text + "plot " + lines.joined(separator: ", \\\n    ") + "\n"
    }
}

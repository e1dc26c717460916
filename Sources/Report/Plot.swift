import Experiment
import Methods

/// Something that gnuplot draws.
protocol Drawing: Sendable {
    /// Also the name of its files: letters and underscores.
    var name: String { get }
    var caption: String { get }
    /// Everything that gnuplot needs, data included, so that it can be drawn again by hand: `gnuplot NAME.gp`.
    var script: String { get }
}

/// Lines over one axis, as data.
struct Plot: Drawing, Equatable {
    struct Series: Sendable, Equatable {
        var title: String
        var points: [(x: Double, y: Double)]

        static func == (a: Series, b: Series) -> Bool {
            a.title == b.title && a.points.elementsEqual(b.points) { $0 == $1 }
        }
    }

    /// Where the names of the lines stand.
    enum Key: String, Sendable {
        case bottomRight = "bottom right"
        case topRight = "top right"
        case below = "below"
    }

    var name: String
    var caption: String
    var xLabel: String
    var yLabel: String
    /// Only whole numbers mean anything, as for rounds.
    var xIsWhole = false
    var xIsLogarithmic = false
    var yIsLogarithmic = false
    var key = Key.bottomRight
    var series: [Series]

    /// More points than a picture can show are thinned out evenly.
    private static let pointLimit = 2000

    /// The plots of a run that have something to show.
    static func all(of record: RunRecord) -> [any Drawing] {
        let lines = [
            accuracyOverRounds(record), accuracyOverBytes(record), accuracyOverTime(record),
            accuracyOverEnergy(record), lossOverRounds(record), divergenceOverRounds(record),
        ]
        let bars = [BarPlot.bytesBySegment(record.traffic), BarPlot.joulesByDevice(record.devices)]
        return lines.filter { !$0.series.isEmpty } + bars.compactMap(\.self)
            + [RoundTimeline(record.lastClients)].compactMap(\.self)
    }

    private static func accuracyOverRounds(_ record: RunRecord) -> Plot {
        Plot(
            name: "accuracy", caption: "Accuracy over rounds", xLabel: "round", yLabel: "accuracy",
            xIsWhole: true, series: accuracies(record.rounds) { Double($0.round) })
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

    private static func accuracyOverTime(_ record: RunRecord) -> Plot {
        let sums = sums(record.rounds, \.simulatedSeconds)
        return Plot(
            name: "accuracy_time", caption: "Accuracy over simulated time",
            xLabel: "simulated time since the start (s)", yLabel: "accuracy",
            series: sums.isEmpty ? [] : accuracies(record.rounds) { sums[$0.round] ?? 0 })
    }

    private static func accuracyOverEnergy(_ record: RunRecord) -> Plot {
        let sums = sums(record.rounds, \.energyJoules)
        return Plot(
            name: "accuracy_energy", caption: "Accuracy over the energy of all clients",
            xLabel: "energy since the start (J)", yLabel: "accuracy",
            series: sums.isEmpty ? [] : accuracies(record.rounds) { sums[$0.round] ?? 0 })
    }

    /// Since the start, by round; empty where a round has none.
    private static func sums(_ rounds: [RoundRow], _ value: (RoundRow) -> Double?) -> [Int: Double] {
        var sums: [Int: Double] = [:]
        var sum = 0.0
        for row in rounds {
            guard let own = value(row) else { return [:] }
            sum += own
            sums[row.round] = sum
        }
        return sums
    }

    private static func lossOverRounds(_ record: RunRecord) -> Plot {
        let lines = [
            line("training, while it ran", record.rounds, { Double($0.round) }, \.trainLoss),
            line("global test", record.rounds, { Double($0.round) }, \.globalTestLoss),
        ]
        return Plot(
            name: "loss", caption: "Cross-entropy over rounds", xLabel: "round", yLabel: "loss",
            xIsWhole: true, key: .topRight, series: lines.compactMap { $0 })
    }

    private static func divergenceOverRounds(_ record: RunRecord) -> Plot {
        let line = line(
            "cohort's models", record.rounds, { Double($0.round) }, \.activationDivergence)
        return Plot(
            name: "activation_divergence", caption: "Divergence of the activations of the cohort's models",
            xLabel: "round", yLabel: "divergence (bit)", xIsWhole: true, key: .topRight,
            series: [line].compactMap(\.self))
    }

    private static func accuracies(_ rounds: [RoundRow], x: (RoundRow) -> Double) -> [Series] {
        [
            line("global test", rounds, x, \.globalTestAccuracy),
            line("local test, mean of clients", rounds, x, \.localTestAccuracyMean),
            line("local test, participants", rounds, x, \.localTestAccuracyParticipants),
        ].compactMap { $0 }
    }

    /// Nil without a single finite point.
    static func line<Row>(
        _ title: String, _ rows: [Row], _ x: (Row) -> Double, _ y: (Row) -> Double?
    ) -> Series? {
        let points = rows.compactMap { row in y(row).flatMap { $0.isFinite ? (x: x(row), y: $0) : nil } }
        guard !points.isEmpty else { return nil }
        let step = (points.count + pointLimit - 1) / pointLimit
        let kept = points.indices.filter { $0 % step == 0 || $0 == points.count - 1 }
        return Series(title: title, points: kept.map { points[$0] })
    }

    var script: String {
        var text = """
            set terminal svg name "\(name)" size 640,400 dynamic noenhanced font "sans-serif,13"
            set output "\(name).svg"
            set xlabel "\(xLabel)"
            set ylabel "\(yLabel)"
            set grid
            set key \(key.rawValue)
            set offsets graph 0, graph 0, graph 0.05, graph 0.05
            \(ticks)\(xIsLogarithmic ? "\nset logscale x" : "")\(yIsLogarithmic ? "\nset logscale y" : "")

            """
        for (index, line) in series.enumerated() {
            let data = line.points.map { "\(shortest($0.x)) \(shortest($0.y))\n" }.joined()
            text += "$data\(index) << EOD\n\(data)EOD\n"
        }
        let lines = series.enumerated().map { index, line in
            // A point that no line leads to is seen only when it is large.
            let size = line.points.count == 1 ? 1 : 0.4
            let style =
                line.points.count > 60 ? "lines" : "linespoints pointtype 7 pointsize \(shortest(size))"
            return "$data\(index) using 1:2 with \(style) linewidth 2 line\(GnuplotStyle.line(index))"
                + " title \(GnuplotStyle.quoted(line.title))"
        }
        return text + "plot " + lines.joined(separator: ", \\\n    ") + "\n"
    }

    /// gnuplot would put ticks between rounds where there are few of them.
    private var ticks: String {
        let values = series.flatMap { $0.points.map(\.x) }
        guard xIsWhole, let low = values.min(), let high = values.max(), high - low < 10 else {
            return "set xtics autofreq"
        }
        return low < high
            ? "set xtics 1" : "set xtics 1\nset xrange [\(shortest(low - 1)):\(shortest(high + 1))]"
    }
}

/// How lines and bars look, and how text reaches gnuplot.
enum GnuplotStyle {
    /// Told apart with impaired colour vision, too (Okabe and Ito, 2008).
    private static let colours = [
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999",
    ]

    /// To be put behind `line` or `fill`.
    static func colour(_ index: Int) -> String { "color rgb \"\(colours[index % colours.count])\"" }

    /// Beyond the last colour, dashes.
    static func line(_ index: Int) -> String { "\(colour(index)) dashtype \(index / colours.count + 1)" }

    /// In single quotes, within which gnuplot substitutes nothing.
    static func quoted(_ text: String) -> String {
        "'" + TextTable.printable(text).replacing("'", with: "''") + "'"
    }
}

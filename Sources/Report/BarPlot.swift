import Experiment
import Methods

/// Groups of bars, as data.
struct BarPlot: Drawing, Equatable {
    struct Series: Sendable, Equatable {
        var title: String
        /// One for each group.
        var values: [Double]
    }

    var name: String
    var caption: String
    var xLabel: String
    var groups: [String]
    var series: [Series]

    /// Groups that a picture can show; the smallest are put together.
    private static let groupLimit = 24

    /// What each segment of the model cost, up and down; nil when nothing was sent.
    static func bytesBySegment(_ traffic: [TrafficTotal]) -> BarPlot? {
        bytesBySegment([
            (title: "up", traffic: traffic.filter { $0.direction == .up }),
            (title: "down", traffic: traffic.filter { $0.direction == .down }),
        ])
    }

    /// Bytes of each segment, a bar for each entry of `parts`; nil when nothing was sent.
    static func bytesBySegment(_ parts: [(title: String, traffic: [TrafficTotal])]) -> BarPlot? {
        let sums = parts.map { part in
            Dictionary(part.traffic.map { ($0.segment, $0.bytes) }, uniquingKeysWith: +)
        }
        let total = sums.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        // The largest first; those of equal size by name.
        let order = total.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        guard let largest = sums.flatMap(\.values).max(), largest > 0 else { return nil }
        let unit = Quantity.byteUnit(largest: Double(largest))
        let shown = order.count > groupLimit ? Array(order.prefix(groupLimit - 1)) : order
        let rest = order.dropFirst(shown.count)
        return BarPlot(
            name: "traffic_segments", caption: "Federated traffic by segment of the model",
            xLabel: "federated traffic (\(unit.name))",
            groups: shown + (rest.isEmpty ? [] : ["\(rest.count) others"]),
            series: zip(parts, sums).map { part, sums in
                let others = rest.isEmpty ? [] : [rest.reduce(0) { $0 + (sums[$1] ?? 0) }]
                return Series(
                    title: part.title,
                    values: (shown.map { sums[$0] ?? 0 } + others).map { Double($0) / unit.bytes })
            })
    }

    /// Horizontal bars, the first group on top, as high as they need to be.
    var script: String {
        let thickness = 0.8 / Double(series.count)
        var text = """
            set terminal svg name "\(name)" size 760,\(90 + groups.count * (8 + 8 * series.count)) dynamic \
            noenhanced font "sans-serif,13"
            set output "\(name).svg"
            set xlabel "\(xLabel)"
            set grid xtics
            set key below
            set style fill solid 0.8 noborder
            set xrange [0:*]
            set yrange [\(shortest(Double(groups.count) - 0.5)):-0.5]
            set ytics nomirror scale 0
            set rmargin 4
            $data << EOD

            """
        for (index, group) in groups.enumerated() {
            let label = TextTable.printable(group).replacing("\"", with: "'")
            text += "\"\(label)\" " + series.map { shortest($0.values[index]) }.joined(separator: " ") + "\n"
        }
        let bars = series.enumerated().map { index, bar in
            let top = shortest(thickness * Double(index) - 0.4)
            let bottom = shortest(thickness * Double(index + 1) - 0.4)
            return "$data using (0):0:(0):\(index + 2):($0+(\(top))):($0+(\(bottom))):yticlabels(1)"
                + " with boxxyerror line\(GnuplotStyle.colour(index)) title \(GnuplotStyle.quoted(bar.title))"
        }
        return text + "EOD\nplot " + bars.joined(separator: ", \\\n    ") + "\n"
    }
}

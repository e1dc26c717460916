import Experiment
import Methods

extension InferenceReport {
    /// The pictures of a run that have something to show.
    var drawings: [any Drawing] {
        let lines = [
            pareto(
                "pareto_bytes", "Accuracy over the bytes of weights on the largest device",
                "weights of the largest device (B)"
            ) { Double($0.largestWeightBytes) },
            pareto(
                "pareto_latency", "Accuracy over latency, modelled: \(devices)", "latency of an image (s)",
                \.latencySeconds),
            lostStudents, .validation(record.epochs),
        ]
        return lines.filter { !$0.series.isEmpty }.map { $0 as any Drawing }
            + record.ownContenders.compactMap { activityMap($0) as (any Drawing)? }
            + filterNetworks.map { $0 as any Drawing }
    }

    /// A line for each way to do the inference, over the numbers of students.
    private func pareto(
        _ name: String, _ caption: String, _ label: String, _ cost: (ContenderRow) -> Double
    ) -> Plot {
        var ways: [String] = []
        var points: [String: [ContenderRow]] = [:]
        for row in record.contenders {
            let way = row.rule.isEmpty ? row.kind : row.rule
            if points[way] == nil { ways.append(way) }
            points[way, default: []].append(row)
        }
        let counts = record.configuration.students.map { "\($0)" }.joined(separator: ", ")
        return Plot(
            name: name, caption: "\(caption); a point for each number of students (\(counts))", xLabel: label,
            yLabel: "accuracy", xIsLogarithmic: true, key: .below,
            series: ways.compactMap { way in
                let rows = points[way]!.sorted { $0.students < $1.students }
                return Plot.line(way.replacing("_", with: " "), rows, cost, { $0.accuracy })
            })
    }

    /// Mean, best and worst over all subsets, of the students by the scenario's rule, with the deployment's fill.
    private var lostStudents: Plot {
        let fill = record.configuration.deployment.fill.rawValue
        let series = record.ownContenders.flatMap { contender -> [Plot.Series] in
            let own = lost.filter { $0.contender == contender.name && $0.fill == fill }
            guard let row = record.row(contender.name), !own.isEmpty else { return [] }
            func line(_ word: String, _ value: (LostStudents) -> Double) -> Plot.Series {
                Plot.Series(
                    title: "\(contender.students) students, \(word)",
                    points: [(x: 0.0, y: row.accuracy)] + own.map { (x: Double($0.lost), y: value($0)) })
            }
            return [line("mean", \.mean), line("best", \.best), line("worst", \.worst)]
        }
        return Plot(
            name: "lost_students",
            caption: "Accuracy by the number of lost students, over all subsets; fill: \(fill)",
            xLabel: "lost students", yLabel: "accuracy", xIsWhole: true, key: .below, series: series)
    }

    private func activityMap(_ contender: Contender) -> ActivityMap? {
        let rows = record.activities.filter { $0.contender == contender.name }
        guard let parts = rows.map(\.part).max(), let classes = rows.map(\.label).max() else { return nil }
        var shares = [[Double?]](repeating: .init(repeating: nil, count: classes + 1), count: parts + 1)
        for row in rows { shares[row.part][row.label] = row.share }
        return ActivityMap(
            name: "activity_\(contender.name)",
            caption:
                "What part of the teacher's activity for a class each student learns (\(contender.name)); "
                + "0: filters that nobody learns",
            shares: shares)
    }

    /// One for each rule with communities: they do not depend on the number of students.
    private var filterNetworks: [FilterNetworkPicture] {
        var rules: [PartitionRule] = []
        return record.partitions.compactMap { recorded -> FilterNetworkPicture? in
            guard case .partitioned(let rule) = recorded.contender.kind, rule.hasCommunities,
                !rules.contains(rule), let graph = recorded.partition.graph
            else { return nil }
            rules.append(rule)
            return FilterNetworkPicture(
                name: "filters_\(rule.rawValue)", rule: rule.rawValue, graph: graph,
                communities: recorded.partition.communities, seed: record.configuration.seed)
        }
    }
}

/// Parts against classes: shades for the share of a class's activity that a part has.
struct ActivityMap: Drawing, Equatable {
    var name: String
    var caption: String
    /// [parts, classes]: 0 to 1, the filters in no part first; nil for a class without activity.
    var shares: [[Double?]]

    var script: String {
        let (parts, classes) = (shares.count, shares[0].count)
        let rows = shares.map { $0.map { $0.map(shortest) ?? "NaN" }.joined(separator: " ") + "\n" }.joined()
        return """
            set terminal svg name "\(name)" size \(min(260 + 40 * classes, 1000)),\(min(150 + 30 * parts, 900)) \
            dynamic noenhanced font "sans-serif,13"
            set output "\(name).svg"
            set xlabel "class"
            set ylabel "student"
            set xrange [-0.5:\(classes - 1).5]
            set yrange [-0.5:\(parts - 1).5]
            set tics out nomirror
            \(classes <= 40 ? "set xtics 1" : "set xtics auto")
            set ytics 1
            set cbrange [0:*]
            set cblabel "share of activity"
            unset key
            set palette defined (0 "white", 0.02 "#d6e6f4", 0.3 "#6baed6", 1 "#08306b")
            $data << EOD
            \(rows)EOD
            plot $data matrix using 1:2:3 with image pixels

            """
    }
}

/// The network of a teacher's filters, coloured by community.
struct FilterNetworkPicture: Drawing {
    /// Edges of a picture; the lightest are left out.
    private static let edgeLimit = 3000
    /// Communities that are named; all have colours.
    private static let nameLimit = 12

    let name: String
    let rule: String
    let graph: FilterGraph
    /// Larger ones first.
    let communities: [[Int]]
    /// Of the places.
    let seed: UInt64

    var caption: String {
        let (count, isolated) = (graph.edges.count, graph.isolated.count)
        let shown = count > Self.edgeLimit ? ", the \(Self.edgeLimit) heaviest drawn" : ""
        return
            "Filters of the teacher by the rule \(rule), coloured by community: \(communities.count) communities, "
            + "\(count) edges\(shown); \(isolated) filters without edge in rows below"
    }

    var script: String {
        let places = graph.positions(seed: seed)
        func point(_ filter: Int) -> String {
            "\(shortest(places[filter].x)) \(shortest(places[filter].y))\n"
        }
        let heaviest = graph.edges.sorted { $0.weight > $1.weight }.prefix(Self.edgeLimit)
        let edges = heaviest.map { point($0.first) + point($0.second) + "\n" }.joined()
        let community = RecordedPartition.numbers(communities, filters: graph.filters)
        let alone = places.indices.filter { community[$0] == nil }
        var text = """
            set terminal svg name "\(name)" size 760,640 dynamic noenhanced font "sans-serif,13"
            set output "\(name).svg"
            unset border
            unset tics
            set xrange [-0.03:1.03]
            set yrange [-0.03:1.03]
            set key below
            $edges << EOD
            \(edges)EOD

            """
        var parts: [String] = []
        if !heaviest.isEmpty {
            parts.append("$edges using 1:2 with lines linewidth 0.3 linecolor rgb \"#bbbbbb\" notitle")
        }
        for (index, members) in communities.enumerated() {
            text += "$data\(index) << EOD\n\(members.map(point).joined())EOD\n"
            let title =
                index < Self.nameLimit
                ? "title \(GnuplotStyle.quoted("\(index + 1): \(members.count) filters"))" : "notitle"
            parts.append(
                "$data\(index) using 1:2 with points pointtype \(Self.mark(index)) pointsize 0.9"
                    + " line\(GnuplotStyle.colour(index)) \(title)")
        }
        if !alone.isEmpty {
            text += "$alone << EOD\n\(alone.map(point).joined())EOD\n"
            parts.append(
                "$alone using 1:2 with points pointtype 6 pointsize 0.6 linecolor rgb \"#999999\""
                    + " title 'in none: \(alone.count)'")
        }
        return text + "plot " + parts.joined(separator: ", \\\n    ") + "\n"
    }

    /// Beyond the last colour, another mark: disc, square, triangle, diamond.
    private static func mark(_ community: Int) -> Int { [7, 5, 9, 13][community / 7 % 4] }
}

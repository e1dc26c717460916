import Experiment
import Methods

/// `report.html` of distributed inference: one page without anything outside of it.
struct InferencePage {
    let report: InferenceReport
    let pictures: [Picture]
    let note: String?

    var html: String { render(inferenceTemplate, values) }

    private var record: InferenceRecord { report.record }

    private var values: [String: Any] {
        var values: [String: Any] = [
            "style": pageStyle, "name": record.scenario.name, "kind": record.scenario.kind.name,
            "method": record.main.name, "headline": headline, "devices": report.devices,
            "pictures": pictures.map { ["caption": $0.caption, "svg": $0.svg] },
            "tables": tables.filter { !$0.rows.isEmpty }.map(\.values),
            "scenario": record.scenario.resolvedYAML,
        ]
        if let note { values["note"] = note }
        return values
    }

    private var headline: [[String: Any]] {
        let students = report.figures.first { $0.row.contender == record.main.name }
        return [
            ("teacher", Quantity.accuracy(record.teacher?.accuracy)),
            ("students", Quantity.accuracy(students?.row.accuracy)),
            ("points to the teacher", Quantity.points(students?.difference)),
            ("features an image", students.map { Quantity.bytes($0.row.featureBytes) } ?? "–"),
            ("rounds", record.progress), ("wall time", Quantity.seconds(record.wallSeconds)),
        ].map { ["key": $0.0, "value": $0.1] }
    }

    private var tables: [ReportTable] {
        let first = [thresholdTable, report.contenderTable, report.ratioTable, report.paretoTable]
        let costs = [report.framingTable, report.transferTable, report.shippingTable, report.nodeTable]
        let rest = [report.lostTable, report.partitionTable, report.trainingTable, environmentTable]
        return (first + costs + rest).compactMap { $0 }
    }

    /// Without rows where the scenario has none.
    private var thresholdTable: ReportTable {
        ReportTable(
            title: "Thresholds", columns: ["metric", "must be", ">was", "verdict"],
            rows: record.scenario.thresholds.map { threshold in
                let value = record.value(of: threshold.metric)
                let verdict =
                    value == nil ? "see the run's output" : threshold.check(value) ? "reached" : "missed"
                return [
                    threshold.metric.rawValue, threshold.condition, value.map(shortest) ?? "–", verdict,
                ]
            })
    }

    private var environmentTable: ReportTable {
        ReportTable(
            title: "Environment", columns: ["", ""],
            rows: ReportPage.facts(of: record.environment).map { [$0.0, $0.1] })
    }
}

/// Mustache, as in `pageTemplate`.
private let inferenceTemplate = """
    \(PageParts.head(title: "{{name}}"))
    <header>
    <h1>{{name}}</h1>
    <p>{{kind}}, {{method}}; latency and energy are modelled: {{devices}}</p>
    </header>
    <dl class="headline">
    {{#headline}}
    <div><dt>{{key}}</dt><dd>{{value}}</dd></div>
    {{/headline}}
    </dl>
    \(PageParts.pictures)
    \(PageParts.tables)
    <h2>Scenario</h2>
    <pre>{{scenario}}</pre>
    </body>
    </html>

    """

import Experiment
import Methods

/// `report.html` of an experiment whose latency and energy are modelled: one page without anything outside of it.
struct ModelledPage {
    let scenario: Scenario
    /// What the run is about.
    let subject: String
    /// With what latency and energy were modelled.
    let devices: String
    let headline: [(key: String, value: String)]
    let pictures: [Picture]
    let note: String?
    /// Those without rows are left out.
    let tables: [ReportTable]

    var html: String { render(template, values) }

    private var values: [String: Any] {
        var values: [String: Any] = [
            "style": pageStyle, "name": scenario.name, "kind": scenario.kind.name, "subject": subject,
            "headline": headline.map { ["key": $0.key, "value": $0.value] }, "devices": devices,
            "pictures": pictures.map { ["caption": $0.caption, "svg": $0.svg] },
            "tables": tables.filter { !$0.rows.isEmpty }.map(\.values), "scenario": scenario.resolvedYAML,
        ]
        if let note { values["note"] = note }
        return values
    }
}

extension ReportTable {
    /// Without rows where a scenario has none. `value`: nil for what the ledger does not know.
    static func thresholds(
        _ thresholds: [Threshold], _ value: (Threshold.Metric) -> Double?
    ) -> ReportTable {
        ReportTable(
            title: "Thresholds", columns: ["metric", "must be", ">was", "verdict"],
            rows: thresholds.map { threshold in
                let value = value(threshold.metric)
                let verdict =
                    value == nil ? "see the run's output" : threshold.check(value) ? "reached" : "missed"
                return [
                    threshold.metric.rawValue, threshold.condition, value.map(shortest) ?? "–", verdict,
                ]
            })
    }

    static func environment(_ environment: RunEnvironment) -> ReportTable {
        ReportTable(
            title: "Environment", columns: ["", ""],
            rows: ReportPage.facts(of: environment).map { [$0.0, $0.1] })
    }

    /// The last epoch of each network.
    static func lastEpochs(_ epochs: [EpochRow]) -> ReportTable {
        var last: [EpochRow] = []
        for row in epochs {
            last.removeAll { $0.network == row.network }
            last.append(row)
        }
        return ReportTable(
            title: "Training",
            note: "The last epoch of each network; training.csv has all.",
            columns: [
                "network", ">epochs", ">loss", ">accuracy", ">validation loss", ">validation accuracy",
                ">an epoch's work",
            ],
            rows: last.map {
                [
                    $0.network, "\($0.epoch)", Quantity.loss($0.loss), Quantity.accuracy($0.accuracy),
                    Quantity.loss($0.validationLoss), Quantity.accuracy($0.validationAccuracy),
                    Quantity.macs($0.macs),
                ]
            })
    }
}

extension Plot {
    /// A line for each network.
    static func validation(_ epochs: [EpochRow]) -> Plot {
        var networks: [String] = []
        for row in epochs where !networks.contains(row.network) { networks.append(row.network) }
        return Plot(
            name: "training", caption: "Validation accuracy by epoch, while networks are trained",
            xLabel: "epoch", yLabel: "accuracy", xIsWhole: true, key: .below,
            series: networks.compactMap { network in
                line(
                    network.replacing("_", with: " "), epochs.filter { $0.network == network },
                    { Double($0.epoch) }, \.validationAccuracy)
            })
    }
}

/// Mustache, as in `pageTemplate`.
private let template = """
    \(PageParts.head(title: "{{name}}"))
    <header>
    <h1>{{name}}</h1>
    <p>{{kind}}, {{subject}}; latency and energy are modelled: {{devices}}</p>
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

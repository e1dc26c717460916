import Experiment
import Mustache

/// `sweep.html`: one page without anything outside of it but links to the runs' own pages.
struct SweepPage {
    let record: SweepRecord
    let groups: [SweepGroup]
    let pictures: [Picture]
    let note: String?

    /// Rows of the table of cells.
    private static let cellLimit = 500

    init(_ record: SweepRecord, pictures: [Picture], note: String?) {
        self.record = record
        groups = record.groups
        self.pictures = pictures
        self.note = note
    }

    var html: String {
        let template: MustacheTemplate
        do {
            template = try MustacheTemplate(string: sweepTemplate)
        } catch {
            preconditionFailure("the page's template is wrong: \(error)")
        }
        return template.render(values)
    }

    private var values: [String: Any] {
        let sweep = record.sweep
        var values: [String: Any] = [
            "style": pageStyle, "name": sweep.name, "headline": headline,
            "summary": "sweep of \(sweep.cells.count) cells in \(sweep.groups) groups",
            "pictures": pictures.map { ["caption": $0.caption, "svg": $0.svg] },
            "notes": record.notes.map { ["text": $0] }, "columns": sweep.shortColumns,
            "metrics": record.shownMetrics.map(\.heading), "groups": groupRows,
            "cells": cellRows,
            "tables": [record.contenderTable, record.targetTable].compactMap { $0?.values },
        ]
        if let note { values["note"] = note }
        if sweep.cells.count > Self.cellLimit { values["thinned"] = "\(Self.cellLimit)" }
        return values
    }

    private var headline: [[String: Any]] {
        var list = [("finished", "\(record.finished) of \(record.sweep.cells.count)")]
        for status in [SweepCellStatus.failed, .thresholdMissed] where record.count(status) > 0 {
            list.append((status.rawValue.replacing("_", with: " "), "\(record.count(status))"))
        }
        let measured = groups.compactMap { group in group.statistics[.finalAccuracy].map { (group, $0) } }
        if let (group, accuracy) = measured.max(by: { $0.1.mean < $1.1.mean }) {
            let name = ["best final accuracy", RunReport.name(of: record.measure)].filter { !$0.isEmpty }
            list.append((name.joined(separator: " "), SweepMetric.finalAccuracy.shown(accuracy)))
            list.append(("of", record.sweep.text(group.settings)))
        }
        return list.map { ["key": $0.0, "value": $0.1] }
    }

    private var groupRows: [[String: Any]] {
        groups.map { group in
            let metrics = record.shownMetrics.map { group.statistics[$0].map($0.shown) ?? "–" }
            return ["settings": group.settings, "numbers": [group.countText] + metrics]
        }
    }

    private var cellRows: [[String: Any]] {
        record.sweep.cells.enumerated().prefix(Self.cellLimit).map { index, cell in
            var row: [String: Any] = [
                "settings": cell.settings, "seed": "\(cell.seed)", "folder": cell.folder,
                "status": record.statuses[index].rawValue.replacing("_", with: " "),
                "accuracy": Quantity.accuracy(record.value(.finalAccuracy, cell: index)),
            ]
            if record.measures[index] != nil {
                row["link"] = "\(SweepDirectory.Name.cells)/\(cell.folder)/\(RunDirectory.Name.report)"
            }
            return row
        }
    }
}

/// Mustache, as in `pageTemplate`.
private let sweepTemplate = """
    \(PageParts.head(title: "{{name}}"))
    <header>
    <h1>{{name}}</h1>
    <p>{{summary}}</p>
    </header>
    <dl class="headline">
    {{#headline}}
    <div><dt>{{key}}</dt><dd>{{value}}</dd></div>
    {{/headline}}
    </dl>
    \(PageParts.pictures)
    <h2>Groups</h2>
    <p>Cells that differ in nothing but their seed; mean ± standard deviation of the sample.
    {{#notes}}{{text}} {{/notes}}</p>
    <table>
    <thead><tr>{{#columns}}<th>{{.}}</th>{{/columns}}<th class="number">n</th>
    {{#metrics}}<th class="number">{{.}}</th>{{/metrics}}</tr></thead>
    <tbody>
    {{#groups}}
    <tr>{{#settings}}<td>{{.}}</td>{{/settings}}{{#numbers}}<td class="number">{{.}}</td>{{/numbers}}</tr>
    {{/groups}}
    </tbody>
    </table>
    \(PageParts.tables)
    <h2>Cells</h2>
    {{#thinned}}
    <p>The first {{thinned}}; sweep.csv has all.</p>
    {{/thinned}}
    <table>
    <thead><tr>{{#columns}}<th>{{.}}</th>{{/columns}}<th class="number">seed</th>
    <th class="number">final accuracy</th><th>status</th><th>run</th></tr></thead>
    <tbody>
    {{#cells}}
    <tr>{{#settings}}<td>{{.}}</td>{{/settings}}<td class="number">{{seed}}</td>
    <td class="number">{{accuracy}}</td><td>{{status}}</td>
    <td>{{#link}}<a href="{{link}}">{{folder}}</a>{{/link}}{{^link}}{{folder}}{{/link}}</td></tr>
    {{/cells}}
    </tbody>
    </table>
    </body>
    </html>

    """

import Experiment
import Methods
import Mustache

/// `comparison.html`: runs side by side, on one page without anything outside of it.
struct ComparisonPage {
    let comparison: Comparison
    let pictures: [Picture]
    let note: String?

    var html: String { render(comparisonTemplate, values) }

    private var values: [String: Any] {
        var values: [String: Any] = [
            "style": pageStyle, "labels": comparison.labels,
            "notes": comparison.notes.map { ["text": $0] }, "facts": facts,
            "rounds_to_target": targetRows(rounds), "bytes_to_target": targetRows(bytes),
            "has_targets": !comparison.targets.isEmpty, "segments": segments,
            "pictures": pictures.map { ["caption": $0.caption, "svg": $0.svg] },
            "tables": comparison.groupTables.map(\.values),
        ]
        if let note { values["note"] = note }
        return values
    }

    /// A row for each figure, a cell for each run; figures that no run has are left out.
    private var facts: [[String: Any]] {
        let found = comparison.runs.map(\.communication)
        func row(_ name: String, _ value: (Int, RunSummary) -> String) -> [String: Any] {
            ["key": name, "cells": comparison.runs.enumerated().map { value($0.offset, $0.element.summary) }]
        }
        var rows = [
            row("method") { $1.method },
            row("final accuracy") { run, _ in Quantity.accuracy(found[run].finalAccuracy) },
            row("best accuracy") { run, _ in Quantity.accuracy(found[run].bestAccuracy) },
            row("rounds") { "\($1.rounds)" },
        ]
        if comparison.runs.contains(where: { $0.summary.localTest != nil }) {
            rows += [
                row("local test, mean") { Quantity.accuracy($1.localTest?.mean) },
                row("local test, standard deviation") {
                    Quantity.accuracy($1.localTest?.standardDeviation)
                },
                row("local test, worst tenth") { Quantity.accuracy($1.localTest?.worstTenth) },
            ]
        }
        rows += [
            row("sent up") { Quantity.bytes($1.up.total) },
            row("sent down") { Quantity.bytes($1.down.total) },
            row("bytes, ratio") { index, _ in Quantity.ratio(comparison.ratios(index).bytes) },
            row("bytes a round, ratio") { index, _ in
                Quantity.ratio(comparison.roundBytesRatio(index))
            }, row("training work") { Quantity.macs($1.trainingMACs) },
        ]
        if comparison.runs.contains(where: { $0.summary.simulatedSeconds != nil }) {
            rows.append(row("simulated time") { $1.simulatedSeconds.map(Quantity.seconds) ?? "–" })
        }
        if comparison.runs.contains(where: { $0.summary.energyJoules != nil }) {
            rows.append(row("energy") { $1.energyJoules.map(Quantity.joules) ?? "–" })
        }
        rows.append(row("wall time") { Quantity.seconds($1.wallSeconds) })
        rows.append(row("directory") { $1.directory })
        return rows
    }

    private func targetRows(_ cell: (Int, Double) -> String) -> [[String: Any]] {
        comparison.targets.map { target in
            ["key": shortest(target), "cells": comparison.runs.indices.map { cell($0, target) }]
        }
    }

    private func rounds(_ run: Int, _ target: Double) -> String {
        let found = comparison.runs[run].communication
        guard let reach = found.reach(target) else { return found.roundText(of: target) }
        let time = reach.simulatedSeconds.map { ", \(Quantity.seconds($0))" } ?? ""
        return "\(reach.round)\(time)" + shown(comparison.ratios(run, to: target).rounds)
    }

    private func bytes(_ run: Int, _ target: Double) -> String {
        let found = comparison.runs[run].communication
        guard let reach = found.reach(target) else { return found.roundText(of: target) }
        return Quantity.bytes(reach.bytes) + shown(comparison.ratios(run, to: target).bytes)
    }

    private func shown(_ ratio: Double?) -> String { ratio.map { " (\(Quantity.ratio($0)))" } ?? "" }

    private var segments: [[String: Any]] {
        comparison.traffic { [$0.segment, $0.direction.rawValue, $0.kind, $0.part.rawValue] }.map { row in
            [
                "segment": row.key[0], "direction": row.key[1], "kind": row.key[2], "part": row.key[3],
                "cells": row.bytes.map { "\($0)" },
            ]
        }
    }
}

/// Mustache: `{{x}}` is escaped, `{{{x}}}` is not and holds only what this module made itself.
private let comparisonTemplate = """
    \(PageParts.head(title: "Comparison"))
    <header>
    <h1>Comparison</h1>
    {{#notes}}
    <p>{{text}}</p>
    {{/notes}}
    </header>
    \(PageParts.pictures)
    <h2>Runs</h2>
    <table>
    <thead><tr><th></th>{{#labels}}<th class="number">{{.}}</th>{{/labels}}</tr></thead>
    <tbody>
    {{#facts}}
    <tr><th>{{key}}</th>{{#cells}}<td class="number">{{.}}</td>{{/cells}}</tr>
    {{/facts}}
    </tbody>
    </table>
    {{#has_targets}}
    <h2>Rounds to an accuracy</h2>
    <p>The first round at or above it; in brackets the ratio to the baseline.</p>
    <table>
    <thead><tr><th>accuracy</th>{{#labels}}<th class="number">{{.}}</th>{{/labels}}</tr></thead>
    <tbody>
    {{#rounds_to_target}}
    <tr><th>{{key}}</th>{{#cells}}<td class="number">{{.}}</td>{{/cells}}</tr>
    {{/rounds_to_target}}
    </tbody>
    </table>
    <h2>Federated bytes to an accuracy</h2>
    <p>Up and down since the start, headers included, all clients together.</p>
    <table>
    <thead><tr><th>accuracy</th>{{#labels}}<th class="number">{{.}}</th>{{/labels}}</tr></thead>
    <tbody>
    {{#bytes_to_target}}
    <tr><th>{{key}}</th>{{#cells}}<td class="number">{{.}}</td>{{/cells}}</tr>
    {{/bytes_to_target}}
    </tbody>
    </table>
    {{/has_targets}}
    \(PageParts.tables)
    <h2>Federated bytes by segment</h2>
    <table>
    <thead><tr><th>segment</th><th>direction</th><th>kind</th><th>part</th>
    {{#labels}}<th class="number">{{.}}</th>{{/labels}}</tr></thead>
    <tbody>
    {{#segments}}
    <tr><td>{{segment}}</td><td>{{direction}}</td><td>{{kind}}</td><td>{{part}}</td>
    {{#cells}}<td class="number">{{.}}</td>{{/cells}}</tr>
    {{/segments}}
    </tbody>
    </table>
    </body>
    </html>

    """

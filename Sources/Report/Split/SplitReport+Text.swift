import Experiment
import Methods

extension SplitReport {
    /// What a terminal shows when a run is done.
    public var summary: String {
        var parts = [TextTable.facts(facts)]
        if !record.modes.isEmpty {
            parts += [modeTable.text, notes.joined(separator: "\n") + "\n"]
        }
        return parts.joined(separator: "\n")
    }

    /// What a terminal shows of one run.
    public var text: String {
        let tables =
            [partTable, answerTable] + deviceNames.prefix(1).map { rateTable($0, .latency) }
            + [crossoverTable, policyTable, filterTable]
        return ([summary] + tables.filter { !$0.rows.isEmpty }.map { "\($0.title)\n\($0.text)" })
            .joined(separator: "\n")
    }

    private var facts: [(String, String)] {
        var lines = [
            ("run", "\(TextTable.printable(record.scenario.name)) (\(record.configuration.mainMode.name))"),
            ("directory", TextTable.printable(record.directory)), ("rounds", record.progress),
        ]
        if let teacher = record.teacher {
            let name = record.configuration.teacher.model.name
            lines.append(("teacher", "\(Quantity.accuracy(teacher.accuracy)) (\(name))"))
        }
        if let main = record.main {
            let points = difference(main).map { " (\(Quantity.points($0)) points)" } ?? ""
            lines.append(("split", Quantity.accuracy(main.accuracy) + points))
            let jpeg =
                record.bestJPEG.map { ", JPEG of quality \(shortest($0.setting ?? 0)) \(bytes($0))" } ?? ""
            lines.append(("payload", bytes(main) + jpeg))
        }
        lines += [
            ("wire", Quantity.bytes(record.wireBytes)), ("wall time", Quantity.seconds(record.wallSeconds)),
        ]
        if let main = record.main { lines.append(("model", main.digest)) }
        return lines
    }

    private func bytes(_ row: ModeRow) -> String { "\(Quantity.threeDigits(row.payloadBytesPerImage)) B" }
}

/// What modes will send and cost, a row each, for a terminal.
public enum SplitForecastTable {
    public static func text(_ forecast: SplitForecast) -> String {
        var table = TextTable([
            "mode", ">payload", ">on device", ">device", ">server", ">latency", ">energy",
        ])
        for it in forecast.modes {
            table.append([
                it.name, it.payloadBytes.map { "\($0) B" } ?? "–", "\(it.deviceParameters)",
                Quantity.macs(it.deviceMACs), Quantity.macs(it.serverMACs),
                it.latencySeconds.map(Quantity.latency) ?? "–", it.energyJoules.map(Quantity.energy) ?? "–",
            ])
        }
        return table.text + forecast.misfits.map { "\($0).\n" }.joined()
    }
}

import Experiment
import Methods

extension InferenceReport {
    /// What a terminal shows when a run is done.
    public var summary: String {
        var parts = [TextTable.facts(facts)]
        if !figures.isEmpty { parts.append(contenderTable.text) }
        if !lossTable.rows.isEmpty { parts.append("\(lossTable.title)\n\(lossTable.text)") }
        if let ratioTable { parts.append(ratioTable.text) }
        if !figures.isEmpty { parts.append(notes.joined(separator: "\n") + "\n") }
        return parts.joined(separator: "\n")
    }

    /// What a terminal shows of one run.
    public var text: String {
        ([summary]
            + [framingTable, lostTable, partitionTable].compactMap { $0 }
            .filter { !$0.rows.isEmpty }.map { "\($0.title)\n\($0.text)" }).joined(separator: "\n")
    }

    private var facts: [(String, String)] {
        let main = record.main.name
        var lines = [
            ("run", "\(TextTable.printable(record.scenario.name)) (\(main))"),
            ("directory", TextTable.printable(record.directory)), ("rounds", record.progress),
        ]
        if let teacher = record.teacher {
            let name = record.nodes(of: teacher.contender).first?.network ?? ""
            lines.append(("teacher", "\(Quantity.accuracy(teacher.accuracy)) (\(name))"))
        }
        if let it = figures.first(where: { $0.row.contender == main }) {
            let points = it.difference.map { " (\(Quantity.points($0)) points)" } ?? ""
            lines.append(("students", Quantity.accuracy(it.row.accuracy) + points))
            if let lossy = it.row.lossyAccuracy {
                let count = "\(it.row.lostAnswers) of \(it.row.images * it.row.devices) answers lost"
                lines.append(("with losses", "\(Quantity.accuracy(lossy)) (\(count))"))
            } else if it.row.lostAnswers > 0 {
                lines.append(("lost answers", "\(it.row.lostAnswers)"))
            }
        }
        if let divided = record.partitions.first(where: { $0.contender.name == main })?.partition {
            let learned = divided.parts.reduce(0) { $0 + $1.count }
            lines.append(("filters", "\(learned) of \(learned + divided.dropped.count) learned"))
        }
        lines += [
            ("wire", Quantity.bytes(record.wireBytes)), ("wall time", Quantity.seconds(record.wallSeconds)),
        ]
        if let students = record.row(main) { lines.append(("model", students.digest)) }
        return lines
    }
}

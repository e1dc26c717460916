import Experiment
import Methods

extension Comparison {
    /// What a terminal shows.
    public var text: String {
        let parts = [runTable.text, targetTable?.text, kindTable?.text]
        return (parts.compactMap { $0 } + groupTables.map(\.text) + [notes.joined(separator: "\n") + "\n"])
            .joined(separator: "\n")
    }

    private var runTable: TextTable {
        var table = TextTable([
            "run", "method", ">final accuracy", ">best accuracy", ">rounds", ">up", ">down", ">bytes ratio",
            ">a round", ">ratio", ">training work", ">wall time", "directory",
        ])
        for (index, run) in runs.enumerated() {
            let it = run.summary
            table.append([
                labels[index], it.method, Quantity.accuracy(run.communication.finalAccuracy),
                Quantity.accuracy(run.communication.bestAccuracy), "\(it.rounds)",
                Quantity.bytes(it.up.total),
                Quantity.bytes(it.down.total), Quantity.ratio(ratios(index).bytes),
                Quantity.bytes(UInt64(run.communication.bytesPerRound.rounded())),
                Quantity.ratio(roundBytesRatio(index)), Quantity.macs(it.trainingMACs),
                Quantity.seconds(it.wallSeconds), it.directory,
            ])
        }
        return table
    }

    /// A row for each target and run; nil without targets.
    private var targetTable: TextTable? {
        guard !targets.isEmpty else { return nil }
        var table = TextTable([
            ">accuracy", "run", ">round", ">ratio", ">up", ">down", ">both", ">ratio", ">simulated time",
        ])
        for target in targets {
            for (index, run) in runs.enumerated() {
                let reach = run.communication.reach(target)
                let ratios = ratios(index, to: target)
                table.append([
                    shortest(target), labels[index], run.communication.roundText(of: target),
                    Quantity.ratio(ratios.rounds), reach.map { Quantity.bytes($0.up) } ?? "–",
                    reach.map { Quantity.bytes($0.down) } ?? "–",
                    reach.map { Quantity.bytes($0.bytes) } ?? "–", Quantity.ratio(ratios.bytes),
                    reach?.simulatedSeconds.map(Quantity.seconds) ?? "–",
                ])
            }
        }
        return table
    }

    /// What was sent, over all segments: a column a run; nil when nothing was.
    private var kindTable: TextTable? {
        guard runs.contains(where: { !$0.summary.segments.isEmpty }) else { return nil }
        var table = TextTable(["direction", "kind", "part"] + labels.map { ">\($0)" })
        for row in traffic(by: { [$0.direction.rawValue, $0.kind, $0.part.rawValue] }) {
            table.append(row.key + row.bytes.map(Quantity.bytes))
        }
        return table
    }

    /// Bytes of each run by a key of its traffic, in the order of keys.
    func traffic(by key: (TrafficTotal) -> [String]) -> [(key: [String], bytes: [UInt64])] {
        var sums: [[String]: [UInt64]] = [:]
        for (index, run) in runs.enumerated() {
            for total in run.summary.segments {
                sums[key(total), default: .init(repeating: 0, count: runs.count)][index] += total.bytes
            }
        }
        return sums.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { (key: $0.key, bytes: $0.value) }
    }
}

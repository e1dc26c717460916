import Experiment

extension RunSummary {
    /// What a terminal shows when a run is done.
    public var text: String {
        var lines: [(String, String)] = [
            ("run", "\(TextTable.printable(name)) (\(method))"),
            ("directory", TextTable.printable(directory)),
            ("rounds", "\(rounds)"),
            ("final accuracy", Quantity.accuracy(finalAccuracy)),
        ]
        if let bestAccuracy, let bestRound {
            lines.append(("best accuracy", "\(Quantity.accuracy(bestAccuracy)) in round \(bestRound)"))
        }
        lines += [
            ("federated up", Self.describe(up)),
            ("federated down", Self.describe(down)),
            ("simulation", Quantity.bytes(simulationBytes)),
            ("wire", Quantity.bytes(wireBytes)),
            ("wall time", Quantity.seconds(wallSeconds)),
            ("client updates", Quantity.rate(clientUpdatesPerSecond)),
        ]
        if retries > 0 { lines.append(("retries", "\(retries)")) }
        lines.append(("model", modelDigest))
        let width = lines.map(\.0.count).max() ?? 0
        let facts = lines.map {
            $0.0 + String(repeating: " ", count: width - $0.0.count) + "  " + $0.1 + "\n"
        }
        return facts.joined() + (segments.isEmpty ? "" : "\n" + segmentTable)
    }

    private var segmentTable: String {
        var table = TextTable(["direction", "kind", "part", "segment", ">transfers", ">bytes"])
        for segment in segments {
            table.append([
                segment.direction.rawValue, segment.kind, segment.part.rawValue, segment.segment,
                "\(segment.transfers)", "\(segment.bytes)",
            ])
        }
        return table.text
    }

    private static func describe(_ bytes: FederatedBytes) -> String {
        "\(Quantity.bytes(bytes.total)) (payload \(bytes.payload) B, overhead \(bytes.overhead) B)"
    }
}

/// Reports on runs, made from nothing but their directories.
public enum RunReport {
    public static func summary(of directory: RunDirectory) throws(ReportError) -> RunSummary {
        RunSummary(try RunRecord(directory))
    }

    /// Several runs side by side, in the order given.
    public static func compare(_ directories: [RunDirectory]) throws(ReportError) -> String {
        var summaries: [RunSummary] = []
        for directory in directories { summaries.append(try summary(of: directory)) }
        return compare(summaries)
    }

    /// Several runs side by side, in the order given.
    public static func compare(_ summaries: [RunSummary]) -> String {
        var table = TextTable([
            "run", "method", ">final accuracy", ">best accuracy", ">rounds", ">up", ">down", ">wall time",
            ">updates", "directory",
        ])
        for run in summaries {
            table.append([
                run.name, run.method, Quantity.accuracy(run.finalAccuracy),
                Quantity.accuracy(run.bestAccuracy),
                "\(run.rounds)", Quantity.bytes(run.up.total), Quantity.bytes(run.down.total),
                Quantity.seconds(run.wallSeconds), Quantity.rate(run.clientUpdatesPerSecond), run.directory,
            ])
        }
        return table.text
    }
}

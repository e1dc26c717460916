import Experiment
import Methods
import Mustache

/// `report.html`: one page without anything outside of it.
struct ReportPage {
    let record: RunRecord
    let summary: RunSummary
    let pictures: [Picture]
    let note: String?

    /// Rows of the table of rounds; more are thinned out evenly.
    private static let roundLimit = 200

    var html: String {
        let template: MustacheTemplate
        do {
            template = try MustacheTemplate(string: pageTemplate)
        } catch {
            preconditionFailure("the page's template is wrong: \(error)")
        }
        return template.render(values)
    }

    private var values: [String: Any] {
        var values: [String: Any] = [
            "style": pageStyle, "name": summary.name, "kind": record.scenario.kind.name,
            "method": summary.method,
            "headline": headline, "facts": facts, "environment": environment,
            "segments": summary.segments.map { segment -> [String: Any] in
                [
                    "direction": segment.direction.rawValue, "kind": segment.kind,
                    "part": segment.part.rawValue,
                    "segment": segment.segment, "transfers": segment.transfers, "bytes": "\(segment.bytes)",
                ]
            },
            "pictures": pictures.map { ["caption": $0.caption, "svg": $0.svg] },
            "rounds": roundRows, "scenario": record.scenario.resolvedYAML, "thresholds": thresholds,
            "has_thresholds": !record.scenario.thresholds.isEmpty,
        ]
        if let note { values["note"] = note }
        if roundRows.count < record.rounds.count { values["thinned"] = "\(record.rounds.count)" }
        return values
    }

    private func pairs(_ list: [(String, String)]) -> [[String: Any]] {
        list.map { ["key": $0.0, "value": $0.1] }
    }

    private var headline: [[String: Any]] {
        pairs([
            ("final accuracy", Quantity.accuracy(summary.finalAccuracy)), ("rounds", "\(summary.rounds)"),
            ("sent up", Quantity.bytes(summary.up.total)), ("sent down", Quantity.bytes(summary.down.total)),
            ("wall time", Quantity.seconds(summary.wallSeconds)),
        ])
    }

    private var facts: [[String: Any]] {
        var list: [(String, String)] = []
        if let round = summary.bestRound {
            list.append(("best accuracy", "\(Quantity.accuracy(summary.bestAccuracy)) in round \(round)"))
        }
        list += [
            ("federated up, payload", "\(summary.up.payload) B"),
            ("federated up, overhead", "\(summary.up.overhead) B"),
            ("federated down, payload", "\(summary.down.payload) B"),
            ("federated down, overhead", "\(summary.down.overhead) B"),
            ("moved only by the simulation", "\(summary.simulationBytes) B"),
            ("on the wire, both ways", "\(summary.wireBytes) B"),
            ("client updates", Quantity.rate(summary.clientUpdatesPerSecond)),
            ("tasks computed again", "\(summary.retries)"), ("model, BLAKE2b-256", summary.modelDigest),
        ]
        return pairs(list)
    }

    private var environment: [[String: Any]] {
        let it = record.environment
        var list = [
            ("version", it.version), ("kernel family", it.kernelFamily), ("BLAS", it.blas),
            ("processor", "\(it.processor), \(it.logicalProcessors) logical"),
            ("memory", Quantity.bytes(it.memoryBytes)), ("operating system", it.operatingSystem),
            ("host", it.host),
            ("started", it.startedAt), ("arguments", it.arguments.joined(separator: " ")),
        ]
        list += it.libraries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return pairs(list)
    }

    private var thresholds: [[String: Any]] {
        record.scenario.thresholds.map { threshold in
            let value = summary.value(of: threshold.metric)
            let verdict =
                value == nil ? "see the run's output" : threshold.check(value) ? "reached" : "missed"
            return [
                "metric": threshold.metric.rawValue, "condition": threshold.condition,
                "value": value.map(shortest) ?? "–", "verdict": verdict,
            ]
        }
    }

    private var roundRows: [[String: Any]] {
        let all = record.rounds
        let step = (all.count + Self.roundLimit - 1) / Self.roundLimit
        return all.indices.filter { $0 % step == 0 || $0 == all.count - 1 }.map { index in
            let row = all[index]
            return [
                "round": row.round, "clients": row.clients, "loss": Quantity.loss(row.trainLoss),
                "global": Quantity.accuracy(row.globalTestAccuracy),
                "local": Quantity.accuracy(row.localTestAccuracyMean),
                "up": Quantity.bytes(row.federatedUpBytes),
                "down": Quantity.bytes(row.federatedDownBytes),
            ]
        }
    }
}

extension RunSummary {
    /// What a threshold compares; nil where the ledger does not know it.
    public func value(of metric: Threshold.Metric) -> Double? {
        switch metric {
        case .finalAccuracy: finalAccuracy
        case .bestAccuracy: bestAccuracy
        case .rounds: Double(rounds)
        case .wallSeconds: wallSeconds
        case .clientUpdatesPerSecond: clientUpdatesPerSecond
        case .federatedUpBytes: Double(up.total)
        case .federatedDownBytes: Double(down.total)
        case .wireBytes: Double(wireBytes)
        case .coordinatorPeakMemoryBytes, .workerPeakMemoryBytes: nil
        }
    }
}

import Experiment
import Methods
import Mustache

/// `report.html`: one page without anything outside of it.
struct ReportPage {
    let report: RunReport
    let pictures: [Picture]
    let note: String?

    private var record: RunRecord { report.record }
    private var summary: RunSummary { report.summary }

    /// Rows of the table of rounds; more are thinned out evenly.
    private static let roundLimit = 200

    var html: String { render(pageTemplate, values) }

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
                    "each": Quantity.bytes(segment.bytesPerTransfer),
                    "share": Quantity.share(segment.bytes, of: summary.up.total + summary.down.total),
                ]
            },
            "pictures": pictures.map { ["caption": $0.caption, "svg": $0.svg] },
            "rounds": roundRows, "scenario": record.scenario.resolvedYAML, "thresholds": thresholds,
            "has_thresholds": !record.scenario.thresholds.isEmpty, "targets": targets,
            "has_targets": !report.targets.isEmpty, "measure": RunReport.name(of: report.measure),
            "clients": clients, "client_count": report.communication.clients.count,
            "has_devices": !record.devices.isEmpty, "device_columns": deviceColumns, "devices": deviceRows,
            "has_clients": !clients.isEmpty, "has_local": summary.localTest != nil,
        ]
        if let note { values["note"] = note }
        if roundRows.count < record.rounds.count { values["thinned"] = "\(record.rounds.count)" }
        return values
    }

    private var deviceColumns: [[String: Any]] {
        RunReport.deviceColumns.map { name in
            let isNumber = name.hasPrefix(">")
            return ["name": isNumber ? String(name.dropFirst()) : name, "number": isNumber]
        }
    }

    private var deviceRows: [[String: Any]] {
        report.deviceCells.map { cells in
            [
                "cells": zip(RunReport.deviceColumns, cells).map {
                    ["text": $1, "number": $0.hasPrefix(">")] as [String: Any]
                }
            ]
        }
    }

    private func pairs(_ list: [(String, String)]) -> [[String: Any]] {
        list.map { ["key": $0.0, "value": $0.1] }
    }

    private var headline: [[String: Any]] {
        pairs([
            ("final accuracy", Quantity.accuracy(summary.finalAccuracy)), ("rounds", summary.progress),
            ("sent up", Quantity.bytes(summary.up.total)), ("sent down", Quantity.bytes(summary.down.total)),
            ("wall time", Quantity.seconds(summary.wallSeconds)),
        ])
    }

    private var facts: [[String: Any]] {
        var list: [(String, String)] = []
        if let round = summary.bestRound {
            list.append(("best accuracy", "\(Quantity.accuracy(summary.bestAccuracy)) in round \(round)"))
        }
        if let test = summary.localTest {
            list += [
                ("local test, mean of clients", "\(Quantity.accuracy(test.mean)) in round \(test.round)"),
                ("local test, standard deviation", Quantity.accuracy(test.standardDeviation)),
                ("local test, worst tenth of clients", Quantity.accuracy(test.worstTenth)),
                ("local test, those that took part", Quantity.accuracy(test.participants)),
            ]
        }
        if let divergence = summary.activationDivergence {
            list.append(("divergence of the cohort's activations", RunSummary.describe(divergence)))
        }
        if let attack = summary.attack { list.append(("attack", RunSummary.describe(attack))) }
        list += [
            ("federated up, payload", "\(summary.up.payload) B"),
            ("federated up, overhead", "\(summary.up.overhead) B"),
            ("federated down, payload", "\(summary.down.payload) B"),
            ("federated down, overhead", "\(summary.down.overhead) B"),
            ("training work", "\(Quantity.macs(summary.trainingMACs)) (multiply-accumulates)"),
        ]
        if let seconds = summary.simulatedSeconds {
            list.append(("simulated time", Quantity.seconds(seconds)))
        }
        if let joules = summary.energyJoules { list.append(("energy", Quantity.joules(joules))) }
        if let joules = summary.wastedJoules { list.append(("energy for nothing", Quantity.joules(joules))) }
        list += [
            ("moved only by the simulation", "\(summary.simulationBytes) B"),
            ("on the wire, both ways", "\(summary.wireBytes) B"),
            ("client updates", Quantity.rate(summary.clientUpdatesPerSecond)),
            ("tasks computed again", "\(summary.retries)"), ("model, BLAKE2b-256", summary.modelDigest),
        ]
        return pairs(list)
    }

    private var environment: [[String: Any]] { pairs(Self.facts(of: record.environment)) }

    /// Names and values.
    static func facts(of it: RunEnvironment) -> [(String, String)] {
        var list = [
            ("version", it.version), ("kernel family", it.kernelFamily), ("BLAS", it.blas),
            ("processor", "\(it.processor), \(it.logicalProcessors) logical"),
            ("memory", Quantity.bytes(it.memoryBytes)), ("operating system", it.operatingSystem),
            ("host", it.host),
            ("started", it.startedAt), ("arguments", it.arguments.joined(separator: " ")),
        ]
        list += it.resumptions.map {
            ("resumed", "\($0.startedAt) on \($0.host): \($0.arguments.joined(separator: " "))")
        }
        return list + it.libraries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
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

    private var targets: [[String: Any]] {
        report.targets.map { target in
            let reach = report.communication.reach(target)
            return [
                "target": shortest(target), "round": report.communication.roundText(of: target),
                "up": reach.map { Quantity.bytes($0.up) } ?? "–",
                "down": reach.map { Quantity.bytes($0.down) } ?? "–",
                "time": reach?.simulatedSeconds.map(Quantity.seconds) ?? "–",
                "energy": reach?.joules.map(Quantity.joules) ?? "–",
            ]
        }
    }

    private var clients: [[String: Any]] {
        report.communication.clientSpreads.map { name, spread in
            ["name": name, "least": spread.least, "mean": spread.mean, "most": spread.most]
        }
    }

    private var roundRows: [[String: Any]] {
        let rows = Array(zip(record.rounds, report.communication.rounds))
        return thinned(rows, to: Self.roundLimit).map { row, bytes in
            return [
                "round": row.round, "clients": row.clients, "loss": Quantity.loss(row.trainLoss),
                "global": Quantity.accuracy(row.globalTestAccuracy),
                "local": Quantity.accuracy(row.localTestAccuracyMean),
                "deviation": Quantity.accuracy(row.localTestAccuracyStd),
                "worst": Quantity.accuracy(row.localTestAccuracyWorstTenth),
                "up": Quantity.bytes(row.federatedUpBytes),
                "down": Quantity.bytes(row.federatedDownBytes),
                "sum": Quantity.bytes(bytes.upSinceStart.total + bytes.downSinceStart.total),
            ]
        }
    }
}

/// A page of this module; a template that cannot be parsed is a fault of the program.
func render(_ text: String, _ values: [String: Any]) -> String {
    let template: MustacheTemplate
    do { template = try MustacheTemplate(string: text) } catch {
        preconditionFailure("the page's template is wrong: \(error)")
    }
    return template.render(values)
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

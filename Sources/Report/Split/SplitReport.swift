import Experiment
import Methods

/// The report on one run of split computing, made from nothing but its directory and the profiles that it names.
public struct SplitReport: Sendable {
    public let record: SplitRecord

    public init(_ record: SplitRecord) { self.record = record }

    /// With what latency and energy were modelled.
    var devices: String {
        let (deployment, links) = (record.configuration.deployment, record.configuration.links)
        let rate = record.modes.first.map { "\(shortest($0.rateMbps)) Mbit/s of " } ?? ""
        return "\(deployment.device) over \(rate)\(links.radio), server \(deployment.server)"
    }

    /// What the reader must know of the figures.
    var notes: [String] {
        [
            "Bytes, seconds and joules are those of one image. Accuracy and bytes are measured; latency and energy are "
                + "modelled: \(devices).",
            "Payload is the mean of the images that cross the link, without the header of each message"
                + (record.modes.map(\.headerBytes).max().map { " (\($0) B)" } ?? "")
                + ". Energy is the device's: all that it draws, and above idle.",
        ] + record.costs.misfits.map { "\($0)." }
    }

    /// Of accuracy, to the teacher's, in points.
    func difference(_ row: ModeRow) -> Double? {
        // A filter's answers are others than classes.
        guard row.kind != "filtered" else { return nil }
        return record.teacher.map { 100 * (row.accuracy - $0.accuracy) }
    }

    /// The share of the bytes of the best JPEG that a mode saves.
    func saved(_ row: ModeRow) -> Double? {
        guard let jpeg = record.bestJPEG, jpeg.payloadBytesPerImage > 0 else { return nil }
        return 1 - row.payloadBytesPerImage / jpeg.payloadBytesPerImage
    }
}

// MARK: - Tables

extension SplitReport {
    var modeTable: ReportTable {
        ReportTable(
            title: "Modes", note: notes.joined(separator: " "),
            columns: [
                "mode", ">accuracy", ">to teacher", ">unquantised", ">sent", ">payload", ">saved", ">device",
                ">server", ">latency", ">energy", ">above idle",
            ],
            rows: record.modes.map { row in
                [
                    row.mode, Quantity.accuracy(row.accuracy), Quantity.points(difference(row)),
                    Quantity.accuracy(row.wholeAccuracy),
                    Quantity.share(UInt64(row.sent), of: UInt64(row.images)),
                    row.sent == 0 ? "–" : "\(Quantity.threeDigits(row.payloadBytes)) B",
                    saved(row).map { "\(Quantity.threeDigits(100 * $0)) %" } ?? "–",
                    Quantity.macs(row.deviceMACs), Quantity.macs(row.serverMACs),
                    Quantity.latency(row.cost.seconds), Quantity.energy(row.cost.joules),
                    Quantity.energy(row.cost.marginalJoules),
                ]
            })
    }

    /// The parts of latency and energy on the run's own device and link.
    var partTable: ReportTable {
        ReportTable(
            title: "Parts of latency and energy",
            note:
                "Modelled, one after the other: the network on the device, what makes a payload of its output, the message "
                + "to the server, the server's part, its answer. Energy of the device: while it computes, of its radio "
                + "above idle, while it waits.",
            columns: [
                "mode", ">parameters", ">memory", ">compute", ">prepare", ">uplink", ">server", ">downlink",
                ">compute", ">radio", ">waiting",
            ],
            rows: record.modes.map { row in
                let cost = row.cost
                return [
                    row.mode, "\(row.deviceParameters)", Quantity.bytes(row.deviceMemoryBytes),
                    Quantity.latency(cost.deviceSeconds), Quantity.latency(cost.preparationSeconds),
                    Quantity.latency(cost.uplinkSeconds), Quantity.latency(cost.serverSeconds),
                    Quantity.latency(cost.downlinkSeconds), Quantity.energy(cost.computeJoules),
                    Quantity.energy(cost.radioJoules), Quantity.energy(cost.waitingJoules),
                ]
            })
    }

    /// Who answered; only where something was answered otherwise than asked.
    var answerTable: ReportTable {
        ReportTable(
            title: "Who answered",
            note:
                "Images that the device was done with by an early exit or a filter, that it answered without a link, and that "
                + "nobody answered.",
            columns: ["mode", ">images", ">server", ">exit or filter", ">without link", ">lost"],
            rows: record.modes.filter { $0.exits + $0.local + $0.lost > 0 }.map { row in
                [
                    row.mode, "\(row.images)", "\(row.sent)", "\(row.exits)", "\(row.local)", "\(row.lost)",
                ]
            })
    }

    /// Modes at every rate on a device.
    func rateTable(_ device: String, _ cost: SplitCosts.CrossoverRow.Cost) -> ReportTable {
        let rates = record.configuration.links.ratesMbps
        let rows = record.costs.rates.filter { $0.device == device }
        return ReportTable(
            title: "\(cost == .latency ? "Latency" : "Energy") by uplink rate on \(device)",
            note: "Modelled, of one image; rates in Mbit/s.",
            columns: ["mode"] + rates.map { ">\(shortest($0))" },
            rows: record.modes.map { mode in
                [mode.mode]
                    + rates.map { rate in
                        rows.first { $0.mode == mode.mode && $0.rateMbps == rate }.map {
                            cost == .latency
                                ? Quantity.latency($0.cost.seconds) : Quantity.energy($0.cost.joules)
                        } ?? "–"
                    }
            })
    }

    var deviceNames: [String] {
        var names: [String] = []
        for row in record.costs.rates where !names.contains(row.device) { names.append(row.device) }
        return names
    }

    /// Those of the mode that the run is about.
    var crossoverTable: ReportTable {
        let main = record.configuration.mainMode.name
        return ReportTable(
            title: "Crossover rates",
            note:
                "Uplink rates at which the cheaper of two modes changes, for \(main) against the others: in closed form, and "
                + "between which of the scenario's rates; crossovers.csv has all pairs. A pair without a row has no such rate, or a mode that does not send every image.",
            columns: ["device", "cost", "below it", "above it", ">rate", "between"],
            rows: record.costs.crossovers.filter { $0.below == main || $0.above == main }.map { row in
                [
                    row.device, row.cost.rawValue, row.below, row.above,
                    "\(Quantity.threeDigits(row.rateMbps)) Mbit/s",
                    row.gridMbps.map { "\(shortest($0.lowerBound)) and \(shortest($0.upperBound))" }
                        ?? "outside",
                ]
            })
    }

    /// Empty before all modes were tried.
    var policyTable: ReportTable {
        let control = record.configuration.controller
        return ReportTable(
            title: "Choosing at run time",
            note:
                "A controller that knows the rate from what it sent, an oracle that knows it beforehand, and each mode in every "
                + "window of the trace: means over \(record.costs.control?.windows.count ?? 0) images, simulated. Regret is the "
                + "score above the oracle's; the deadline is \(Quantity.latency(control.deadlineSeconds)), the accuracy floor "
                + "\(Quantity.accuracy(control.accuracyFloor))."
                + (isFloorReached ? "" : " No mode reaches the floor, so the device computes alone."),
            columns: [
                "policy", ">accuracy", ">latency", ">energy", ">above idle", ">on air", ">score", ">regret",
                ">late", ">fell back",
            ],
            rows: (record.costs.control?.policies ?? []).map {
                [
                    $0.policy, Quantity.accuracy($0.accuracy), Quantity.latency($0.seconds),
                    Quantity.energy($0.joules), Quantity.energy($0.marginalJoules),
                    "\(Quantity.threeDigits($0.bytesOnAir)) B", Quantity.threeDigits($0.score),
                    Quantity.threeDigits($0.regret), "\($0.missedDeadlines)", "\($0.fallbacks)",
                ]
            })
    }

    private var isFloorReached: Bool {
        let floor = record.configuration.controller.accuracyFloor
        return record.modes.contains { $0.kind != "stage1" && $0.kind != "filtered" && $0.accuracy >= floor }
    }

    /// The last epoch of each network.
    var trainingTable: ReportTable { .lastEpochs(record.epochs) }
}

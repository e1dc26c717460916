import Experiment
import Methods

extension SplitReport {
    /// Writes `report.html` and `plots/` into the run's directory. Without gnuplot the report has no pictures, and says so.
    public func write(gnuplot: Gnuplot?) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(record.directory)
        do throws(RunDirectoryError) {
            let pictures = try folder.draw(drawings, gnuplot)
            try folder.write(page(pictures, note: folder.note).html, to: RunDirectory.Name.report)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }

    private func page(_ pictures: [Picture], note: String?) -> ModelledPage {
        ModelledPage(
            scenario: record.scenario, subject: record.configuration.mainMode.name, devices: devices,
            headline: [
                ("teacher", Quantity.accuracy(record.teacher?.accuracy)),
                ("split", Quantity.accuracy(record.main?.accuracy)),
                ("points to the teacher", Quantity.points(record.main.flatMap(difference))),
                (
                    "payload an image",
                    record.main.map { "\(Quantity.threeDigits($0.payloadBytesPerImage)) B" } ?? "–"
                ),
                ("rounds", record.progress), ("wall time", Quantity.seconds(record.wallSeconds)),
            ], pictures: pictures, note: note,
            tables: [
                .thresholds(record.scenario.thresholds, record.value), modeTable, partTable, answerTable,
            ]
                + deviceNames.flatMap { [rateTable($0, .latency), rateTable($0, .energy)] }
                + [crossoverTable, policyTable, filterTable, trainingTable, .environment(record.environment)])
    }

    // MARK: - Pictures

    /// The pictures of a run that have something to show.
    var drawings: [any Drawing] {
        let plots =
            [rateDistortion] + deviceNames.flatMap { [byRate($0, .latency), byRate($0, .energy)] }
            + [filterPlot, Plot.validation(record.epochs)]
        return plots.filter { !$0.series.isEmpty }
            + (record.costs.control.map { [ControllerTimeline($0.windows)] } ?? [])
    }

    /// A line for each kind of mode that sends something and answers with classes; points of one kind differ in channels, quality or threshold.
    private var rateDistortion: Plot {
        var kinds: [String] = []
        var rows: [String: [ModeRow]] = [:]
        for row in record.modes where row.totalPayloadBytes > 0 && row.kind != "filtered" {
            if rows[row.kind] == nil { kinds.append(row.kind) }
            rows[row.kind, default: []].append(row)
        }
        var series = kinds.compactMap { kind in
            Plot.line(
                kind.replacing("_", with: " "),
                rows[kind]!.sorted { $0.payloadBytesPerImage < $1.payloadBytesPerImage },
                \.payloadBytesPerImage,
                { $0.accuracy })
        }
        let ends = rows.values.joined().map(\.payloadBytesPerImage)
        if let teacher = record.teacher, let least = ends.min(), let greatest = ends.max() {
            series.append(
                Plot.Series(
                    title: "teacher", points: [least, greatest].map { (x: $0, y: teacher.accuracy) }))
        }
        return Plot(
            name: "rate_distortion",
            caption: "Accuracy over the bytes that cross the link for an image, without headers",
            xLabel: "payload of an image (B)", yLabel: "accuracy", xIsLogarithmic: true, key: .below,
            series: ends.isEmpty ? [] : series)
    }

    /// One mode of each kind: the first of the scenario.
    private func byRate(_ device: String, _ cost: SplitCosts.CrossoverRow.Cost) -> Plot {
        var kinds: Set<String> = ["stage1"]
        let modes = record.modes.filter { kinds.insert($0.kind).inserted }
        let rows = record.costs.rates.filter { $0.device == device }
        let isLatency = cost == .latency
        return Plot(
            name:
                "\(cost.rawValue)_\(device.map { $0.isLetter || $0.isNumber ? $0 : "_" }.map(String.init).joined())",
            caption:
                "\(isLatency ? "Latency" : "Energy of the device") by uplink rate on \(device), modelled",
            xLabel: "uplink rate (Mbit/s)", yLabel: isLatency ? "seconds an image" : "joules an image",
            xIsLogarithmic: true, yIsLogarithmic: true, key: .below,
            series: modes.compactMap { mode in
                Plot.line(
                    mode.mode.replacing("_", with: " "), rows.filter { $0.mode == mode.mode }, \.rateMbps,
                    { isLatency ? $0.cost.seconds : $0.cost.joules })
            })
    }
}

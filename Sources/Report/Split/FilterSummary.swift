import Experiment
import Methods

/// What a neural filter saves, beside the same network without it.
struct FilterSummary {
    let counts: FilterCounts
    /// Of the validation samples, at the threshold that was chosen from them.
    let validation: FilterCounts
    let threshold: Double
    let filtered: ModeRow
    let without: ModeRow

    /// nil where there is none, or it has not been evaluated.
    init?(_ record: SplitRecord) {
        guard let filtered = record.filtered, let without = record.main,
            let test = record.neuralFilter.first(where: { $0.part == .test }),
            let chosen = record.neuralFilter.first(where: { $0.part == .validation && $0.isChosen })
        else { return nil }
        (self.filtered, self.without) = (filtered, without)
        (counts, validation, threshold) = (test.counts, chosen.counts, test.threshold)
    }

    /// Bytes of messages to the server for an image, with headers.
    private static func bytes(_ row: ModeRow) -> Double {
        row.payloadBytesPerImage + Double(row.sent) / Double(max(1, row.images)) * Double(row.headerBytes)
    }

    var bytes: (filtered: Double, without: Double) { (Self.bytes(filtered), Self.bytes(without)) }

    /// Above idle.
    var joules: (filtered: Double, without: Double) {
        (filtered.cost.marginalJoules, without.cost.marginalJoules)
    }
}

extension SplitReport {
    /// Empty without a filter.
    var filterTable: ReportTable {
        let spec = record.configuration.filter
        let summary = FilterSummary(record)
        func share(_ value: Double?) -> String {
            value.map { "\(Quantity.threeDigits(100 * $0)) %" } ?? "–"
        }
        let rows = summary.map { it -> [[String]] in
            [
                ["classes of interest", spec.classes.map { "\($0)" }.joined(separator: " "), ""],
                ["threshold", Quantity.threeDigits(it.threshold), ""],
                ["recall, validation", share(it.validation.recall), share(1)],
                ["recall, test", share(it.counts.recall), share(1)],
                ["others that are sent, test", share(it.counts.falsePositiveRate), share(1)],
                [
                    "bytes an image", "\(Quantity.threeDigits(it.bytes.filtered)) B",
                    "\(Quantity.threeDigits(it.bytes.without)) B",
                ],
                [
                    "energy an image, above idle", Quantity.energy(it.joules.filtered),
                    Quantity.energy(it.joules.without),
                ],
                [
                    "latency an image", Quantity.latency(it.filtered.cost.seconds),
                    Quantity.latency(it.without.cost.seconds),
                ],
            ]
        }
        return ReportTable(
            title: "Neural filter",
            note:
                "A classifier on the device withholds images that are not of interest. Its threshold is the greatest with a "
                + "recall of \(share(spec.minimumRecall)) on validation samples. Bytes are those to the server, with "
                + "headers; of images that are withheld nothing is sent in a deployment, and in the mode's accuracy they "
                + "count as right where they are not of interest.",
            columns: ["", ">with filter", ">without"], rows: rows ?? [])
    }

    /// Recall over the share of others that is sent, of validation samples.
    var filterPlot: Plot {
        let rows = record.neuralFilter.filter { $0.part == .validation }
        let curve = Plot.line(
            "validation", rows, { $0.counts.falsePositiveRate ?? 0 }, { $0.counts.recall ?? 0 })
        let chosen = record.neuralFilter.filter { $0.part == .test }
        let test = Plot.line(
            "test, as deployed", chosen, { $0.counts.falsePositiveRate ?? 0 }, { $0.counts.recall ?? 0 })
        return Plot(
            name: "neural_filter",
            caption: "ROC of the neural filter: images of interest that are sent over others that are sent",
            xLabel: "others that are sent", yLabel: "recall", key: .below,
            series: [curve, test].compactMap(\.self))
    }
}

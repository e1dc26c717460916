import Experiment
import Methods

extension InferenceReport {
    /// The tables of one run by their files' names.
    var tables: [(name: String, text: String)] {
        [
            (RunDirectory.Name.inference, Self.csv(figures.map(\.figures))),
            (RunDirectory.Name.inferenceRatios, Self.csv(ratios.map(\.figures))),
        ]
    }

    /// A row for each record; empty without any.
    static func csv(_ records: [[Figure]]) -> String {
        Report.csv(records.first?.map(\.name) ?? [], records.map { $0.map(\.cell) })
    }

    /// Writes `report.html`, `plots/` and the tables into the run's directory. Without gnuplot the report has no
    /// pictures, and says so.
    public func write(gnuplot: Gnuplot?) throws(ReportError) -> ReportOutcome {
        var folder = ReportFolder(record.directory)
        do throws(RunDirectoryError) {
            for table in tables where !table.text.allSatisfy(\.isNewline) {
                try folder.write(table.text, to: table.name)
            }
            let pictures = try folder.draw(drawings, gnuplot)
            try folder.write(page(pictures, note: folder.note).html, to: RunDirectory.Name.report)
        } catch {
            throw .record(.directory(error))
        }
        return ReportOutcome(files: folder.files, note: folder.note)
    }

    private func page(_ pictures: [Picture], note: String?) -> ModelledPage {
        let students = figures.first { $0.row.contender == record.main.name }
        let first = [
            .thresholds(record.scenario.thresholds, record.value), contenderTable, lossTable, ratioTable,
            paretoTable,
        ]
        let costs = [framingTable, transferTable, shippingTable, nodeTable]
        let rest = [lostTable, partitionTable, trainingTable, .environment(record.environment)]
        return ModelledPage(
            scenario: record.scenario, subject: record.main.name, devices: devices,
            headline: [
                ("teacher", Quantity.accuracy(record.teacher?.accuracy)),
                ("students", Quantity.accuracy(students?.row.accuracy)),
                ("points to the teacher", Quantity.points(students?.difference)),
                ("features an image", students.map { Quantity.bytes($0.row.featureBytes) } ?? "–"),
                ("rounds", record.progress), ("wall time", Quantity.seconds(record.wallSeconds)),
            ], pictures: pictures, note: note, tables: (first + costs + rest).compactMap(\.self))
    }
}

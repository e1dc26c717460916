import ArgumentParser
import Datasets
import Foundation
import Report
import Runtime

struct DataInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Sizes, label histograms and heterogeneity of the partition.",
        discussion: """
            Example: tributary data inspect scenarios/quickstart.yaml \\
                       --set 'dataset.partition={kind: dirichlet, clients: 20, alpha: 0.1}'
            """)

    @OptionGroup var data: DataOptions
    @Option(help: "Clients that are listed one by one.") var rows = 10
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Document: Encodable {
        let dataset: String
        let clients: Int
        let samples: Int
        let dropped: Int
        let testSamples: Int
        let samplesPerClient: [Double]
        let heldOutSamples: Int
        let classesPerClient: [Double]
        let effectiveClasses: Double
        let effectiveClassesPerClient: [Double]
        let labelHistogram: [Int]
        let clientLabelHistograms: [[Int]]
        let jensenShannonMean: Double
        let jensenShannonWeightedMean: Double
        let jensenShannonMaximum: Double
        let jensenShannon: [Double?]
    }

    func validate() throws {
        if rows < 0 { throw ValidationError("--rows is negative; give 0 or more.") }
    }

    func run() throws {
        let setup = try data.setup()
        let summary = setup.partition.summary()
        if json { return try printJSON(document(setup, summary)) }
        try printText(text(setup, summary))
        try StandardOutput.write(
            PartitionTable(summary, heldOut: setup.holdings.test.map(\.count), rows: rows).text)
    }

    private func document(_ setup: FederatedSetup, _ summary: PartitionSummary) -> Document {
        func triple(_ range: PartitionSummary.Range) -> [Double] {
            [range.minimum, range.mean, range.maximum]
        }
        return Document(
            dataset: setup.labels.name, clients: summary.clients, samples: summary.samples,
            dropped: summary.dropped, testSamples: setup.testCount, samplesPerClient: triple(summary.sizes),
            heldOutSamples: setup.holdings.test.reduce(0) { $0 + $1.count },
            classesPerClient: triple(summary.classesPerClient), effectiveClasses: summary.effectiveClasses,
            effectiveClassesPerClient: triple(summary.effectiveClassesPerClient),
            labelHistogram: summary.labelHistogram, clientLabelHistograms: summary.clientHistograms,
            jensenShannonMean: summary.meanDivergence,
            jensenShannonWeightedMean: summary.weightedMeanDivergence,
            jensenShannonMaximum: summary.maximumDivergence, jensenShannon: summary.divergences)
    }

    private func text(_ setup: FederatedSetup, _ summary: PartitionSummary) -> String {
        func shown(_ values: Double...) -> String {
            values.map { String(format: $0 < 1000 ? "%.4g" : "%.0f", $0) }.joined(separator: " / ")
        }
        func shown(_ range: PartitionSummary.Range) -> String {
            shown(range.minimum, range.mean, range.maximum)
        }
        let isPooled = setup.holdings.pooledTest != nil
        var lines = [
            "dataset             \(setup.labels.name), \(setup.labels.shape), \(setup.labels.classes) classes",
            "training samples    \(summary.samples), \(summary.dropped) of them given to nobody",
            "global test         \(setup.testCount) samples\(isPooled ? ", which are those that clients hold out" : "")",
            "clients             \(summary.clients)",
            "samples per client  \(shown(summary.sizes)) (least / mean / most)",
            "classes per client  \(shown(summary.classesPerClient))",
            "effective classes   \(shown(summary.effectiveClassesPerClient)) of a client, "
                + "\(shown(summary.effectiveClasses)) of all (e to the entropy of the labels)",
            "Jensen-Shannon      "
                + shown(summary.meanDivergence, summary.weightedMeanDivergence, summary.maximumDivergence)
                + " (mean / mean by samples / most; base 2, each client's labels against all)",
            "label histogram     \(summary.labelHistogram.map(String.init).joined(separator: " "))",
        ]
        if let noise = setup.partition.noise {
            lines.append(
                "feature noise       standard deviation from 0 to \(shown(noise.deviation(of: noise.clients - 1)))"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

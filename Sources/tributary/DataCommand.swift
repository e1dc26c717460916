import ArgumentParser
import Datasets
import Experiment
import Foundation
import Methods
import Runtime

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Look at a scenario's data and its partition, or export the partition.",
        subcommands: [Inspect.self, Export.self])

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sizes, label histogram and heterogeneity of the partition.",
            discussion: "Example: tributary data inspect scenarios/quickstart.yaml")

        @Argument(help: "Scenario file.") var file: String
        @OptionGroup var scenario: ScenarioOptions
        @Flag(help: "Print one JSON document on standard output.") var json = false

        private struct Report: Encodable {
            let dataset: String
            let clients: Int
            let samples: Int
            let dropped: Int
            let testSamples: Int
            let samplesPerClient: [Double]
            let classesPerClient: [Double]
            let labelHistogram: [Int]
            let jensenShannonMean: Double
            let jensenShannonMaximum: Double
        }

        func run() throws {
            let scenario = try scenario.load(file)
            guard case .federated(let configuration) = scenario.kind else { return }
            let setup = try FederatedSetup(configuration)
            let summary = setup.partition.summary()
            func triple(_ range: PartitionSummary.Range) -> [Double] {
                [range.minimum, range.mean, range.maximum]
            }
            let report = Report(
                dataset: setup.labels.name, clients: summary.clients, samples: summary.samples,
                dropped: summary.dropped, testSamples: setup.labels.testCount,
                samplesPerClient: triple(summary.sizes),
                classesPerClient: triple(summary.classesPerClient),
                labelHistogram: summary.labelHistogram, jensenShannonMean: summary.meanDivergence,
                jensenShannonMaximum: summary.maximumDivergence)
            if json { return try printJSON(report) }
            func shown(_ values: [Double]) -> String {
                values.map { String(format: "%.4g", $0) }.joined(separator: " / ")
            }
            try printText(
                """
                dataset             \(report.dataset), \(setup.labels.shape), \(setup.labels.classes) classes
                training samples    \(report.samples), \(report.dropped) of them given to nobody
                test samples        \(report.testSamples)
                clients             \(report.clients)
                samples per client  \(shown(report.samplesPerClient)) (least / mean / most)
                classes per client  \(shown(report.classesPerClient))
                label histogram     \(report.labelHistogram.map(String.init).joined(separator: " "))
                Jensen-Shannon      \(shown([report.jensenShannonMean, report.jensenShannonMaximum])) \
                (mean / most; base 2, each client's labels against all)
                """)
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the partition as CSV: client, split, sample, label.",
            discussion: "Example: tributary data export scenarios/quickstart.yaml --out partition.csv")

        @Argument(help: "Scenario file.") var file: String
        @Option(name: .shortAndLong, help: "File to write; standard output without it.") var out: String?
        @OptionGroup var scenario: ScenarioOptions

        func validate() throws {
            if out == "" { throw ValidationError("--out is empty: name a file, or leave it out.") }
        }

        func run() throws {
            let scenario = try scenario.load(file)
            guard case .federated(let configuration) = scenario.kind else { return }
            let setup = try FederatedSetup(configuration)
            if let out {
                let target = try AtomicFile(at: out)
                setup.partition.writeCSV(local: setup.holdings) { target.write($0 + "\n") }
                try target.commit()
            } else {
                var lines: [UInt8] = []
                try setup.partition.writeCSV(local: setup.holdings) { line throws(Failure) in
                    lines += Array((line + "\n").utf8)
                    guard lines.count > 1 << 16 else { return }
                    try StandardOutput.write(lines)
                    lines.removeAll(keepingCapacity: true)
                }
                try StandardOutput.write(lines)
            }
        }
    }
}

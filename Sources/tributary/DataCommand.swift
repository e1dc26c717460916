import ArgumentParser
import Datasets
import Experiment
import Methods
import Runtime

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Look at a scenario's data and its partition, draw or export the partition.",
        subcommands: [DataInspectCommand.self, DataPlotCommand.self, DataExportCommand.self])
}

/// The scenario whose data are looked at.
struct DataOptions: ParsableArguments {
    @Argument(help: "Scenario file.") var file: String
    @OptionGroup var scenario: ScenarioOptions

    /// Reads the labels and deals the samples out.
    func setup() throws -> FederatedSetup {
        switch try scenario.load(file).kind {
        case .federated(let configuration): return try FederatedSetup(configuration)
        case let other:
            throw Failure(
                "\(file) is a \(other.name) scenario, whose data are not divided over clients; name a federated one",
                code: .usage)
        }
    }
}

struct DataExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the partition as CSV: client, split, sample, label.",
        discussion: "Example: tributary data export scenarios/quickstart.yaml --out partition.csv")

    @OptionGroup var data: DataOptions
    @Option(name: .shortAndLong, help: "File to write; standard output without it.") var out: String?

    func validate() throws {
        if out == "" { throw ValidationError("--out is empty: name a file, or leave it out.") }
    }

    func run() throws {
        let setup = try data.setup()
        if let out {
            let target = try AtomicFile(at: out)
            setup.partition.writeCSV(local: setup.holdings) { target.write($0 + "\n") }
            try target.commit()
        } else {
            var lines: [UInt8] = []
            setup.partition.writeCSV(local: setup.holdings) { lines += Array(($0 + "\n").utf8) }
            try StandardOutput.write(lines)
        }
    }
}

import ArgumentParser
import Datasets
import Experiment
import Foundation
import Report
import Runtime

struct DataPlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draw how many samples of each class each client has.",
        discussion: "Example: tributary data plot scenarios/shards.yaml --out partition.svg")

    @OptionGroup var data: DataOptions
    @Option(name: .shortAndLong, help: "Picture to write: a file ending in .svg or .png.") var out: String

    private var format: PartitionPlot.Format? {
        PartitionPlot.Format(rawValue: (out as NSString).pathExtension.lowercased())
    }

    func validate() throws {
        if format == nil { throw ValidationError("--out \(out) ends in neither .svg nor .png.") }
    }

    func run() throws {
        guard let format else { return }
        guard let gnuplot = DoctorCommand.find("gnuplot").flatMap({ Gnuplot(executable: $0) }) else {
            throw Failure(
                "gnuplot was not found; install it with `\(Gnuplot.installRemedy)`", code: .unavailable)
        }
        let setup = try data.setup()
        let title = "\(setup.labels.name), \(setup.configuration.partition.kindName)"
        let plot = PartitionPlot(setup.partition.summary(), title: title)
        let picture = try plot.picture(format, gnuplot)
        let target = try AtomicFile(at: out)
        target.write(picture)
        try target.commit()
    }
}

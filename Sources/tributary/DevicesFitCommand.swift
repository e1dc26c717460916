import ArgumentParser
import Devices
import Experiment
import Foundation

struct DevicesFitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Fit the model of a device to measured networks, and test it on others.",
        discussion: """
            Example: tributary devices fit nasbench201_latency.csv --device jetson_nano_fp32 --calibrate 50 --seed 1
            Example: tributary devices fit ncnn_boards.csv --device raspberry_pi_4/cpu/4 --json

            The table has one of two forms. Cells of NAS-Bench-201 in columns edge0 to edge5, with a column of \
            milliseconds for each device: some are drawn to calibrate with, the others are the test. Or board, \
            processor, threads, network, precision, min_ms: each network of the zoo in turn is tested with a model of \
            all others. Cells and networks that cannot be used are left out and counted.

            Seconds are a sum of prices, 0 or more, for operations, bytes, layers and the pass. Which prices, and \
            whether dead paths count, is chosen by cross-validation on the calibration networks alone. Beside it \
            stands a fit of a price an operation and one a pass.
            """)

    enum DeadPathChoice: String, ExpressibleByArgument, CaseIterable {
        case auto, counted, eliminated

        var allowed: [DeadPaths] {
            switch self {
            case .auto: DeadPaths.allCases
            case .counted: [.counted]
            case .eliminated: [.eliminated]
            }
        }
    }

    @Argument(help: "CSV of measurements.") var measurements: String
    @Option(help: "Column, with or without _ms; or board, board/processor, board/processor/threads.")
    var device: String
    @Option(help: "Cells to calibrate with; of boards it is always all networks but the one left out.")
    var calibrate = 50
    @Option(help: "Which cells are drawn follows from it.") var seed: UInt64 = 1
    @Option(help: "Repetitions, with this seed and those after it; figures are their means.") var seeds = 1
    @Option(help: "Whether layers on which nothing depends count.") var deadPaths = DeadPathChoice.auto
    @Option(help: "Which rows of boards: what their column precision has.") var precision = "float"
    @Option(help: "What efficiencies relate to, in 10^9 operations/s. Default: the fastest kind of layer.")
    var peakGflops: Double?
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Document: Encodable {
        struct Figures: Encodable {
            let mapePercent: Measured
            let within10Percent: Measured
            let spearman: Measured

            private enum CodingKeys: String, CodingKey {
                case mapePercent
                case within10Percent = "within_10_percent"
                case spearman
            }

            init(_ error: PredictionError) {
                mapePercent = Measured(error.mapePercent)
                within10Percent = Measured(error.within10Percent)
                spearman = Measured(error.spearman)
            }
        }

        struct Repetition: Encodable {
            let seed: UInt64?
            let mapePercent: Measured
            let spearman: Measured
            let deadPaths: String
            let terms: [String]
        }

        let device: String
        let protocolName: String
        let networks: Int
        let calibrated: Int
        let excluded: Int
        let mapePercent: Measured
        let within10Percent: Measured
        let spearman: Measured
        let flopsOnly: Figures
        let deadPaths: String
        /// Seconds for one of each.
        let prices: [String: Double]
        let repetitions: [Repetition]

        private enum CodingKeys: String, CodingKey {
            case device
            case protocolName = "protocol"
            case networks, calibrated, excluded, mapePercent
            case within10Percent = "within_10_percent"
            case spearman, flopsOnly, deadPaths, prices, repetitions
        }
    }

    func validate() throws {
        guard (1...10_000).contains(seeds), seed <= UInt64.max - UInt64(seeds) else {
            throw ValidationError("--seeds is \(seeds); give a whole number from 1 to 10000.")
        }
        if let peakGflops, !(peakGflops > 0 && peakGflops.isFinite) {
            throw ValidationError("--peak-gflops is \(peakGflops); give a number above 0.")
        }
    }

    func run() throws {
        let table = try MeasurementTable(
            text: readText(measurements, "a CSV of measurements"), file: measurements)
        let parting: DeviceCalibration.Parting =
            switch table.form {
            case .cells: .random(calibrate: calibrate, seeds: (0..<UInt64(seeds)).map { seed + $0 })
            case .boards: .leaveOneOut
            }
        let calibration = try DeviceCalibration(
            table, device: device, precision: precision, parting: parting, deadPaths: deadPaths.allowed)
        if json {
            try printJSON(document(calibration, table))
        } else {
            try printText(text(calibration, table))
        }
    }

    private func calibrated(_ calibration: DeviceCalibration, _ table: MeasurementTable) -> Int {
        table.form == .cells ? calibrate : calibration.networks.count - 1
    }

    private func document(_ calibration: DeviceCalibration, _ table: MeasurementTable) -> Document {
        let error = Document.Figures(calibration.error)
        let model = calibration.model
        return Document(
            device: calibration.device,
            protocolName: table.form == .cells ? "random_calibration" : "leave_one_network_out",
            networks: calibration.networks.count, calibrated: calibrated(calibration, table),
            excluded: calibration.excluded.count, mapePercent: error.mapePercent,
            within10Percent: error.within10Percent, spearman: error.spearman,
            flopsOnly: Document.Figures(calibration.operationsOnly), deadPaths: model.deadPaths.rawValue,
            prices: Dictionary(uniqueKeysWithValues: zip(model.terms.map(\.name), model.prices)),
            repetitions: calibration.repetitions.map {
                Document.Repetition(
                    seed: $0.seed, mapePercent: Measured($0.error.mapePercent),
                    spearman: Measured($0.error.spearman), deadPaths: $0.model.deadPaths.rawValue,
                    terms: $0.model.terms.map(\.name))
            })
    }

    private func text(_ calibration: DeviceCalibration, _ table: MeasurementTable) -> String {
        func line(_ name: String, _ error: PredictionError) -> String {
            name.padding(toLength: 12, withPad: " ", startingAt: 0)
                + String(
                    format: "MAPE %6.2f %%   within 10 %%: %5.1f %%   Spearman %.3f", error.mapePercent,
                    error.within10Percent, error.spearman)
        }
        let count = calibrated(calibration, table)
        let how =
            table.form == .cells
            ? "calibrated with \(count), tested on \(calibration.networks.count - count), seeds \(seed) to "
                + "\(seed + UInt64(seeds) - 1)"
            : "each left out in turn"
        let model = calibration.model
        let speed = DeviceProfile.Speed(
            model, peakFLOPS: peakGflops.map { $0 * 1e9 }, errorPercent: calibration.error.mapePercent,
            source: "`devices fit` on \((measurements as NSString).lastPathComponent), \(calibration.device)")
        let prices = zip(model.terms, model.prices).map { term, price in
            "  \(term.name.padding(toLength: 24, withPad: " ", startingAt: 0))"
                + String(format: "%.4g s", price)
        }
        return """
            \(calibration.device): \(calibration.networks.count) networks, \(how); \(calibration.excluded.count) left out

            \(line("model", calibration.error))
            \(line("FLOPs only", calibration.operationsOnly))

            dead paths  \(model.deadPaths.rawValue)
            prices
            \(prices.joined(separator: "\n"))

            As figures of a profile:
            \(speed.yaml.dropLast())
            """
    }
}

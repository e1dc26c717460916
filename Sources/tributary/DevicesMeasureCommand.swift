import ArgumentParser
import Devices
import Experiment
import Foundation
import Report
import Runtime

struct DevicesMeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Run networks on one core of this host for about 10 s, and write its profile.",
        discussion: """
            Example: tributary devices measure --out this-host.yaml
                     tributary devices predict resnet20 --device ./this-host.yaml

            Power cannot be measured here: the profile has 0 W, which you replace by figures of your own.
            """)

    @Option(name: .shortAndLong, help: "Profile to write.") var out: String
    @Option(help: "Name of the device in the profile.") var name = "this_host"
    @Option(help: "Seconds to measure for.") var seconds = 10.0
    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Document: Encodable {
        struct Row: Encodable {
            let network: String
            let batch: Int
            let measuredSeconds: Double
            let predictedSeconds: Double
        }

        let profile: String
        let mapePercent: Measured
        let spearman: Measured
        let backwardFactor: Double
        let networks: [Row]
    }

    func validate() throws {
        if out.isEmpty { throw ValidationError("--out is empty: name a file.") }
        if name.isEmpty { throw ValidationError("--name is empty: give the device a name.") }
        guard seconds >= 1, seconds <= 3600 else {
            throw ValidationError("--seconds is \(seconds); give a number from 1 to 3600.")
        }
    }

    func run() throws {
        let target = try AtomicFile(at: out)
        let host = try HostMeasurement(seconds: seconds)
        let profile = profile(host)
        target.write(profile.yaml)
        try target.commit()
        if json {
            return try printJSON(
                Document(
                    profile: out, mapePercent: Measured(host.error.mapePercent),
                    spearman: Measured(host.error.spearman), backwardFactor: host.backwardFactor,
                    networks: host.rows.map {
                        Document.Row(
                            network: $0.network, batch: $0.batch, measuredSeconds: $0.measuredSeconds,
                            predictedSeconds: $0.predictedSeconds)
                    }))
        }
        var table = TextTable(["network", ">batch", ">measured ms", ">fitted ms"])
        for row in host.rows {
            table.append([
                row.network, "\(row.batch)", String(format: "%.3f", 1000 * row.measuredSeconds),
                String(format: "%.3f", 1000 * row.predictedSeconds),
            ])
        }
        try printText(
            table.text
                + String(
                    format:
                        "\nnetworks left out are predicted with an error of %.1f %%; backward takes %.2f times forward",
                    host.error.mapePercent, host.backwardFactor)
                + "\n\(out) has the profile; its power is 0 W until you write your own")
    }

    private func profile(_ host: HostMeasurement) -> DeviceProfile {
        let source = "measured by `devices measure` on \(ProcessInfo.processInfo.hostName), \(timestamp())"
        return DeviceProfile(
            name: name, processor: processorName(), runtime: "tributary \(Tributary.version)",
            precision: .float32, threads: 1,
            speed: .init(host.model, errorPercent: host.error.mapePercent, source: source),
            training: .init(backwardFactor: host.backwardFactor, source: source),
            memory: .init(
                bytes: ProcessInfo.processInfo.physicalMemory, source: "physical memory of the host"),
            power: .init(activeWatts: 0, idleWatts: 0, source: "not measured; write your own"))
    }

    private func processorName() -> String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? ""
        return name.isEmpty ? "unknown processor" : String(name.prefix(100))
    }
}

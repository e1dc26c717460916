import ArgumentParser
import Devices
import Experiment
import Foundation
import Report

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "Device and link profiles: look at them, predict with them, make and check new ones.",
        subcommands: [
            DevicesListCommand.self, DevicesShowCommand.self, DevicesPredictCommand.self,
            DevicesMeasureCommand.self, DevicesFitCommand.self, DevicesSplitCommand.self,
        ])
}

struct DevicesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The profiles that come with the program.",
        discussion: "Example: tributary devices list")

    @Flag(help: "Print one JSON document on standard output.") var json = false

    private struct Document: Encodable {
        let devices: [ProfileDocument]
        let links: [ProfileDocument]
    }

    func run() throws {
        if json {
            return try printJSON(
                Document(
                    devices: ProfileCatalogue.devices.map { ProfileDocument($0) },
                    links: ProfileCatalogue.links.map { ProfileDocument($0) }))
        }
        var devices = TextTable([
            "device", "processor", "runtime", ">threads", ">memory MiB", ">active W", ">idle W", ">error %",
        ])
        for device in ProfileCatalogue.devices {
            devices.append([
                device.name, device.processor, device.runtime, "\(device.threads)",
                shown(Double(device.memory.bytes) * 0x1p-20), shown(device.power.activeWatts),
                shown(device.power.idleWatts), device.speed.errorPercent.map { shown($0) } ?? "-",
            ])
        }
        var links = TextTable(["link", ">up Mbit/s", ">down Mbit/s", ">round trip ms", ">up W", ">down W"])
        for link in ProfileCatalogue.links {
            let (up, down) = (link.rates.uplinkBitsPerSecond / 1e6, link.rates.downlinkBitsPerSecond / 1e6)
            links.append([
                link.name, shown(up), shown(down), shown(1000 * link.rates.roundTripSeconds),
                shown(link.radio.alphaUp * up + link.radio.baseWatts),
                shown(link.radio.alphaDown * down + link.radio.baseWatts),
            ])
        }
        try printText(devices.text + "\n" + links.text.dropLast())
    }

    private func shown(_ value: Double) -> String { String(format: "%.4g", value) }
}

struct DevicesShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "A profile with the sources of its figures, as a document to start your own from.",
        discussion: """
            Example: tributary devices show raspberry_pi_4
            Example: tributary devices show wifi --json
            """)

    @Argument(help: "Device or link profile: its name, or a file of your own.") var name: String
    @Flag(help: "Print one JSON document on standard output.") var json = false

    func run() throws {
        if ProfileCatalogue.links.contains(where: { $0.name == name }) {
            let link = try ProfileCatalogue.link(name)
            return json ? try printJSON(ProfileDocument(link)) : try StandardOutput.write(link.yaml)
        }
        do {
            let device = try ProfileCatalogue.device(name)
            if json { try printJSON(ProfileDocument(device)) } else { try StandardOutput.write(device.yaml) }
        } catch ProfileError.unknown {
            throw ProfileCatalogue.unknown(name)
        } catch ProfileError.faults(let faults) {
            // A file may hold either kind; one that is a link tells by its keys.
            guard let link = try? ProfileCatalogue.link(name) else { throw ProfileError.faults(faults) }
            if json { try printJSON(ProfileDocument(link)) } else { try StandardOutput.write(link.yaml) }
        }
    }
}

import Devices
import Experiment
import Foundation
import Testing

/// docs/devices.md has every key of profiles, and every built-in profile with the sources of its figures.
@Suite struct DeviceDocumentTests {
    private static let keyHeader = ["| key | value | left out | meaning |", "| --- | --- | --- | --- |"]
    private static let sourceHeader = ["| profile | figures | source |", "| --- | --- | --- |"]

    /// Each behind a comment of its name, up to an empty line.
    private var tables: [(name: String, rows: [String])] {
        let devices = ProfileCatalogue.devices.flatMap { device in
            [
                ("speed", device.speed.source), ("training", device.training.source),
                ("memory", device.memory.source), ("power", device.power.source),
            ].map { "| `\(device.name)` | \($0.0) | \($0.1) |" }
        }
        let links = ProfileCatalogue.links.flatMap { link in
            [("rates", link.rates.source), ("packets", link.packets.source), ("radio", link.radio.source)]
                .map { "| `\(link.name)` | \($0.0) | \($0.1) |" }
        }
        return [
            ("keys of a device", Self.keyHeader + DeviceProfile.grammar.map(\.markdownRow)),
            ("keys of a link", Self.keyHeader + LinkProfile.grammar.map(\.markdownRow)),
            ("sources of devices", Self.sourceHeader + devices),
            ("sources of links", Self.sourceHeader + links),
        ]
    }

    @Test func everyKeyAndSourceIsDocumented() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        // scripts/generate-grammar asks for the tables to write them into the document.
        if let path = ProcessInfo.processInfo.environment["TRIBUTARY_GRAMMAR"] {
            let text = tables.map { "<!-- \($0.name) -->\n\($0.rows.joined(separator: "\n"))\n" }
            try text.joined(separator: "\n").write(
                toFile: path + ".devices", atomically: true, encoding: .utf8)
            return
        }
        let document = try String(contentsOf: root.appendingPathComponent("docs/devices.md"), encoding: .utf8)
        for (name, rows) in tables {
            let table = "<!-- \(name) -->\n\(rows.joined(separator: "\n"))\n\n"
            #expect(
                (document + "\n").contains(table),
                "run scripts/generate-grammar; docs/devices.md differs in \(name)")
        }
    }
}

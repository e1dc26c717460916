import ArgumentParser
import Devices
import Experiment
import Foundation
import Methods
import Networks
import Wire

struct DevicesSplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract:
            "A network on a device, on a server, and divided by a bottleneck: modelled seconds and joules.",
        discussion: """
            Example: tributary devices split resnet152
            Example: tributary devices split densenet169 --device raspberry_pi_4 --link lte --rates 1,5,20 --json

            local: the device computes all. edge_jpeg and edge_raw: it sends the image. split_C: it computes the encoder \
            of a bottleneck with C channels (Matsubara et al. 2022, BottleFit) and sends its code. The downlink keeps its \
            ratio to the uplink of the link's profile. Nothing is measured: every figure comes from profiles.

            A crossover is the uplink's rate at which two modes cost the same, in closed form and as the step of \
            --rates in which the cheaper one changes; there is none where one is cheaper at every rate.
            """)

    @Argument(help: "Network of the zoo, as in `tributary model`.") var model: String
    @Option(help: "Where the bottleneck is: 1, 2 or 3, as in BottleFit.") var version = 2
    @Option(help: "Channels of bottlenecks, such as 3,6.") var channels = IntegerList([3, 6, 9, 12])
    @Option(help: "One sample: channels, height and width, such as 3x32x32.")
    var input = InputShape(Shape(channels: 3, height: 224, width: 224))
    @Option(help: "Classes.") var classes = 1000
    @Option(help: "Of a value of the code: 1 to 8, 16 or 32.") var bits = 8
    @Option(
        help: "Device profile, its name or a file; may be repeated. Default: raspberry_pi_4 and jetson_nano.")
    var device: [String] = []
    @Option(help: "Device profile of the server.") var server = "edge_server"
    @Option(help: "Link profile.") var link = "wifi"
    @Option(help: "Rates of the uplink in Mbit/s.") var rates = RateList([0.5, 1, 2, 5, 10, 20, 50, 100])
    @Option(help: "Of an image as a JPEG file. Default, of 3x224x224 alone: ImageNet's mean, 44.77 KiB.")
    var jpegBytes: Int?
    @Flag(help: "Print one JSON document on standard output.") var json = false

    func validate() throws {
        guard (1...3).contains(version) else {
            throw ValidationError("--version is \(version); give 1, 2 or 3.")
        }
        guard (1...1_000_000).contains(classes) else {
            throw ValidationError("--classes is \(classes); give a whole number from 1 to 1000000.")
        }
        guard (1...8).contains(bits) || bits == 16 || bits == 32 else {
            throw ValidationError("--bits is \(bits); give a whole number from 1 to 8, 16 or 32.")
        }
        let isPublished = input.shape == Shape(channels: 3, height: 224, width: 224)
        guard let bytes = jpegBytes ?? (isPublished ? PublishedSplit.jpegBytes : nil) else {
            throw ValidationError(
                "--jpeg-bytes is missing, and nothing was published for images of \(input.defaultValueDescription); give "
                    + "what one has as a JPEG file.")
        }
        guard (1...1 << 30).contains(bytes) else {
            throw ValidationError("--jpeg-bytes is \(bytes); give a whole number from 1 to \(1 << 30).")
        }
    }

    func run() throws {
        let teacher = try zooPlan(model, input: input, classes: classes)
        let jpegBytes = jpegBytes ?? PublishedSplit.jpegBytes
        let devices = try (device.isEmpty ? ["raspberry_pi_4", "jetson_nano"] : device).map {
            try ProfileCatalogue.device($0)
        }
        let server = try ProfileCatalogue.device(server)
        let link = try ProfileCatalogue.link(link)
        let comparison = SplitComparison(
            teacher: teacher, version: version, bits: bits, jpegBytes: jpegBytes,
            modes: try modes(of: teacher, jpegBytes: jpegBytes),
            rates: rates.values.map { $0 * 1e6 },
            pricings: devices.map {
                OffloadPricing(device: $0, server: server, link: link, headerBytes: Item.headerBytes)
            })
        if json { try printJSON(comparison) } else { try printText(comparison.text) }
    }

    private func modes(of teacher: NetworkPlan, jpegBytes: Int) throws -> [OffloadMode] {
        let splits = try channels.values.map { channels in
            let divided = try DividedNetwork.bottleneck(of: teacher, version: version, channels: channels)
            return OffloadMode.split(
                name: "split_\(channels)", device: [divided.head], tail: divided.tail!,
                payload: UInt64(CodeFormat(bits: bits).payloadBytes(values: divided.code.count)))
        }
        return [.local(teacher), .jpeg(teacher, bytes: UInt64(jpegBytes)), .raw(teacher)] + splits
    }
}

/// Whole numbers as they are written on the command line, such as 3,6.
struct IntegerList: ExpressibleByArgument {
    let values: [Int]

    init(_ values: [Int]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { part in Int(part).flatMap { (1...4096).contains($0) ? $0 : nil } }
        guard values.count == parts.count, Set(values).count == values.count else { return nil }
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}

/// Rates above 0 in Mbit/s as they are written on the command line, such as 0.5,1; ascending afterwards.
struct RateList: ExpressibleByArgument {
    let values: [Double]

    init(_ values: [Double]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { part in
            Double(part).flatMap { $0 >= 1e-6 && $0 <= 1e6 ? $0 : nil }
        }.sorted()
        guard values.count == parts.count, Set(values).count == values.count else { return nil }
    }

    var defaultValueDescription: String { values.map { String(format: "%g", $0) }.joined(separator: ",") }
}

import Devices

/// The keys of a link profile.
enum LinkSection {
    /// Stands in while a document is read.
    static let placeholder = LinkProfile(
        name: "", rates: .init(uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 1e6, source: ""),
        packets: .init(payloadBytes: 1460, overheadBytes: 40, source: ""),
        radio: .init(alphaUp: 0, alphaDown: 0, baseWatts: 0, source: ""))

    static func visit(_ section: Section, _ value: inout LinkProfile) {
        section.field("name", &value.name, .text(1...100), .required, "What scenarios call the link.")
        section.section("rates", required: true, "How fast bits flow.") { section in
            section.field(
                "uplink_mbps", &value.rates.uplinkBitsPerSecond, .scaled(1e6), .required, unit: "10^6 bit/s",
                "From the device.")
            section.field(
                "downlink_mbps", &value.rates.downlinkBitsPerSecond, .scaled(1e6), .required,
                unit: "10^6 bit/s",
                "To the device.")
            section.field(
                "round_trip_ms", &value.rates.roundTripSeconds, .duration(1e-3), .value(0),
                unit: "milliseconds", "There and back, of an empty message; a message waits half of it.")
            section.field(
                "loss_rate", &value.rates.lossRate, .number(0...1, below: true), .value(0),
                "Share of packets that is lost and sent again.")
            DeviceSection.source(section, &value.rates.source)
        }
        section.section("packets", required: true, "What a message is cut into.") { section in
            section.field(
                "payload_bytes", &value.packets.payloadBytes, .count(1...1 << 32), .required, unit: "bytes",
                "Of a message, in one packet at most.")
            section.field(
                "overhead_bytes", &value.packets.overheadBytes, .count(0...1 << 32), .required, unit: "bytes",
                "Of headers and gaps, for each packet.")
            DeviceSection.source(section, &value.packets.source)
        }
        section.section("radio", required: true, "What the radio draws beside the idle device.") { section in
            visit(section, &value.radio)
        }
    }

    private static func visit(_ section: Section, _ value: inout LinkProfile.Radio) {
        let watts = Codec<Double>.number(0...1000)
        section.field(
            "up_watts_per_mbps", &value.alphaUp, watts, .required, unit: "W for each 10^6 bit/s",
            "While the device sends, for its rate.")
        section.field(
            "down_watts_per_mbps", &value.alphaDown, watts, .required, unit: "W for each 10^6 bit/s",
            "While the device receives, for its rate.")
        section.field("base_watts", &value.baseWatts, watts, .required, unit: "W", "While bits flow.")
        section.field(
            "promotion_ms", &value.promotionSeconds, .duration(1e-3), .value(0), unit: "milliseconds",
            "To wake the radio before a message.")
        section.field(
            "promotion_watts", &value.promotionWatts, watts, .value(0), unit: "W", "Meanwhile.")
        section.field(
            "tail_ms", &value.tailSeconds, .duration(1e-3), .value(0), unit: "milliseconds",
            "That the radio stays awake after a message.")
        section.field("tail_watts", &value.tailWatts, watts, .value(0), unit: "W", "Meanwhile.")
        DeviceSection.source(section, &value.source)
    }
}

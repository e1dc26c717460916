import Methods

enum ModeTable: LedgerTable {
    static let name = "modes"
    static let key = ["round", "mode"]
    static let columns: [LedgerColumn] =
        [
            .integer("round"), .text("mode"), .text("kind"), .integer("channels"), .integer("bits"),
            .measured("setting"), .real("accuracy"), .measured("whole_accuracy"), .integer("images"),
            .integer("sent"), .integer("exits"), .integer("local"), .integer("lost"), .real("payload_bytes"),
            .integer("least_payload_bytes"), .integer("greatest_payload_bytes"),
            .integer("total_payload_bytes"), .integer("header_bytes"), .integer("device_parameters"),
            .integer("device_macs"), .integer("device_memory_bytes"), .integer("server_parameters"),
            .integer("server_macs"), .text("device"), .real("rate_mbps"),
        ] + costColumns.map { .real($0) } + [.text("digest"), .text("answers_digest")]

    /// In the order of `MeanCost.parts`.
    static let costColumns = [
        "device_seconds", "preparation_seconds", "uplink_seconds", "server_seconds", "downlink_seconds",
        "compute_joules", "radio_joules", "waiting_joules", "idle_joules",
    ]

    static func values(_ row: ModeRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.mode), .text(row.kind), .init(row.channels), .init(row.bits),
            .init(row.setting), .real(row.accuracy), .init(row.wholeAccuracy), .init(row.images),
            .init(row.sent), .init(row.exits), .init(row.local), .init(row.lost), .real(row.payloadBytes),
            .init(row.leastPayloadBytes), .init(row.greatestPayloadBytes), .init(row.totalPayloadBytes),
            .init(row.headerBytes), .init(row.deviceParameters), .init(row.deviceMACs),
            .init(row.deviceMemoryBytes), .init(row.serverParameters), .init(row.serverMACs),
            .text(row.device), .real(row.rateMbps),
        ] + row.cost.parts.map { .real($0) } + [.text(row.digest), .text(row.answersDigest)]
    }

    static func row(_ values: [LedgerValue]) -> ModeRow {
        ModeRow(
            round: values[0].int, mode: values[1].string, kind: values[2].string, channels: values[3].int,
            bits: values[4].int, setting: values[5].double, accuracy: values[6].double ?? .nan,
            wholeAccuracy: values[7].double, images: values[8].int, sent: values[9].int,
            exits: values[10].int, local: values[11].int, lost: values[12].int,
            payloadBytes: values[13].double ?? .nan, leastPayloadBytes: values[14].int,
            greatestPayloadBytes: values[15].int, totalPayloadBytes: values[16].count,
            headerBytes: values[17].count, deviceParameters: values[18].int, deviceMACs: values[19].count,
            deviceMemoryBytes: values[20].count, serverParameters: values[21].int,
            serverMACs: values[22].count, device: values[23].string, rateMbps: values[24].double ?? .nan,
            cost: MeanCost((25..<34).map { values[$0].double ?? .nan }), digest: values[34].string,
            answersDigest: values[35].string)
    }
}

extension Ledger {
    /// What an experiment in split computing tried, in the order of rounds.
    public func modes() throws(LedgerError) -> [ModeRow] { try all(ModeTable.self) }
}

import Methods

enum EpochTable: LedgerTable {
    static let name = "epochs"
    static let key = ["round", "network", "epoch"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("network"), .integer("epoch"), .integer("samples"), .real("learning_rate"),
        .real("loss"), .real("accuracy"), .measured("validation_loss"), .measured("validation_accuracy"),
        .integer("macs"),
    ]

    static func values(_ row: EpochRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.network), .init(row.epoch), .init(row.samples),
            .real(row.learningRate), .real(row.loss), .real(row.accuracy), .init(row.validationLoss),
            .init(row.validationAccuracy), .init(row.macs),
        ]
    }

    static func row(_ values: [LedgerValue]) -> EpochRow {
        EpochRow(
            round: values[0].int, network: values[1].string, epoch: values[2].int, samples: values[3].int,
            learningRate: values[4].double ?? .nan, loss: values[5].double ?? .nan,
            accuracy: values[6].double ?? .nan, validationLoss: values[7].double,
            validationAccuracy: values[8].double, macs: values[9].count)
    }
}

enum ContenderTable: LedgerTable {
    static let name = "contenders"
    static let key = ["round", "contender"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .text("kind"), .text("rule"), .integer("students"),
        .integer("devices"), .integer("parts"), .integer("filters"), .real("accuracy"),
        .measured("lossy_accuracy"), .integer("lost_answers"), .integer("images"), .integer("parameters"),
        .integer("largest_parameters"), .integer("macs"), .integer("largest_macs"), .integer("weight_bytes"),
        .integer("largest_weight_bytes"), .integer("largest_memory_bytes"), .integer("feature_bytes"),
        .integer("largest_link_bytes"), .integer("input_bytes"), .integer("messages"),
        .integer("input_messages"), .integer("dependent_rounds"), .integer("header_bytes"),
        .real("latency_seconds"), .real("latency_median_seconds"), .real("latency_p95_seconds"),
        .real("latency_p99_seconds"), .real("sequential_seconds"), .real("energy_joules"),
        .real("largest_energy_joules"), .text("digest"),
    ]

    static func values(_ row: ContenderRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .text(row.kind), .text(row.rule), .init(row.students),
            .init(row.devices), .init(row.parts), .init(row.filters), .real(row.accuracy),
            .init(row.lossyAccuracy), .init(row.lostAnswers), .init(row.images), .init(row.parameters),
            .init(row.largestParameters), .init(row.macs), .init(row.largestMACs), .init(row.weightBytes),
            .init(row.largestWeightBytes), .init(row.largestMemoryBytes), .init(row.featureBytes),
            .init(row.largestLinkBytes), .init(row.inputBytes), .init(row.messages), .init(row.inputMessages),
            .init(row.dependentRounds), .init(row.headerBytes), .real(row.latencySeconds),
            .real(row.latencyMedianSeconds), .real(row.latency95Seconds), .real(row.latency99Seconds),
            .real(row.sequentialSeconds), .real(row.energyJoules), .real(row.largestEnergyJoules),
            .text(row.digest),
        ]
    }

    static func row(_ values: [LedgerValue]) -> ContenderRow {
        ContenderRow(
            round: values[0].int, contender: values[1].string, kind: values[2].string, rule: values[3].string,
            students: values[4].int, devices: values[5].int, parts: values[6].int, filters: values[7].int,
            accuracy: values[8].double ?? .nan, lossyAccuracy: values[9].double, lostAnswers: values[10].int,
            images: values[11].int, parameters: values[12].int, largestParameters: values[13].int,
            macs: values[14].count, largestMACs: values[15].count, weightBytes: values[16].count,
            largestWeightBytes: values[17].count, largestMemoryBytes: values[18].count,
            featureBytes: values[19].count, largestLinkBytes: values[20].count, inputBytes: values[21].count,
            messages: values[22].int, inputMessages: values[23].int, dependentRounds: values[24].int,
            headerBytes: values[25].count, latencySeconds: values[26].double ?? .nan,
            latencyMedianSeconds: values[27].double ?? .nan, latency95Seconds: values[28].double ?? .nan,
            latency99Seconds: values[29].double ?? .nan, sequentialSeconds: values[30].double ?? .nan,
            energyJoules: values[31].double ?? .nan, largestEnergyJoules: values[32].double ?? .nan,
            digest: values[33].string)
    }
}

enum NodeTable: LedgerTable {
    static let name = "nodes"
    static let key = ["round", "contender", "node"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .integer("node"), .text("device"), .text("link"),
        .text("network"), .integer("filters"), .integer("parameters"), .integer("weight_bytes"),
        .integer("memory_bytes"), .text("fits"), .integer("macs"), .real("input_seconds"),
        .real("compute_seconds"), .real("uplink_seconds"), .real("waiting_seconds"), .real("compute_joules"),
        .real("radio_joules"), .real("idle_joules"),
    ]

    static func values(_ row: NodeRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .init(row.node), .text(row.device), .text(row.link),
            .text(row.network), .init(row.filters), .init(row.parameters), .init(row.weightBytes),
            .init(row.memoryBytes), .init(row.fits), .init(row.macs), .real(row.inputSeconds),
            .real(row.computeSeconds), .real(row.uplinkSeconds), .real(row.waitingSeconds),
            .real(row.computeJoules), .real(row.radioJoules), .real(row.idleJoules),
        ]
    }

    static func row(_ values: [LedgerValue]) -> NodeRow {
        NodeRow(
            round: values[0].int, contender: values[1].string, node: values[2].int, device: values[3].string,
            link: values[4].string, network: values[5].string, filters: values[6].int,
            parameters: values[7].int, weightBytes: values[8].count, memoryBytes: values[9].count,
            fits: values[10].bool, macs: values[11].count, inputSeconds: values[12].double ?? .nan,
            computeSeconds: values[13].double ?? .nan, uplinkSeconds: values[14].double ?? .nan,
            waitingSeconds: values[15].double ?? .nan, computeJoules: values[16].double ?? .nan,
            radioJoules: values[17].double ?? .nan, idleJoules: values[18].double ?? .nan)
    }
}

enum TransferTable: LedgerTable {
    static let name = "transfers"
    static let key = ["round", "contender", "content", "sender", "receiver"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .text("content"), .integer("sender"), .integer("receiver"),
        .integer("payload_bytes"), .integer("header_bytes"), .integer("messages"),
    ]

    static func values(_ row: TransferRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .text(row.content), .init(row.sender),
            .init(row.receiver), .init(row.payloadBytes), .init(row.headerBytes), .init(row.messages),
        ]
    }

    static func row(_ values: [LedgerValue]) -> TransferRow {
        TransferRow(
            round: values[0].int, contender: values[1].string, content: values[2].string,
            sender: values[3].int, receiver: values[4].int, payloadBytes: values[5].count,
            headerBytes: values[6].count, messages: values[7].int)
    }
}

enum SubsetTable: LedgerTable {
    static let name = "subsets"
    static let key = ["round", "contender", "fill", "lost", "students"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .text("fill"), .integer("lost"), .text("students"),
        .real("accuracy"),
    ]

    static func values(_ row: SubsetRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .text(row.fill), .init(row.lost), .text(row.students),
            .real(row.accuracy),
        ]
    }

    static func row(_ values: [LedgerValue]) -> SubsetRow {
        SubsetRow(
            round: values[0].int, contender: values[1].string, fill: values[2].string, lost: values[3].int,
            students: values[4].string, accuracy: values[5].double ?? .nan)
    }
}

enum FilterTable: LedgerTable {
    static let name = "filters"
    static let key = ["round", "contender", "filter"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .integer("filter"), .optionalInteger("community"),
        .optionalInteger("part"), .optionalInteger("degree"), .real("activity"),
    ]

    static func values(_ row: FilterRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .init(row.filter), .init(row.community), .init(row.part),
            .init(row.degree), .real(row.activity),
        ]
    }

    static func row(_ values: [LedgerValue]) -> FilterRow {
        FilterRow(
            round: values[0].int, contender: values[1].string, filter: values[2].int,
            community: values[3].optionalInt, part: values[4].optionalInt, degree: values[5].optionalInt,
            activity: values[6].double ?? .nan)
    }
}

enum EdgeTable: LedgerTable {
    static let name = "edges"
    static let key = ["round", "contender", "first", "second"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .integer("first"), .integer("second"), .real("weight"),
    ]

    static func values(_ row: EdgeRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .init(row.first), .init(row.second), .real(row.weight),
        ]
    }

    static func row(_ values: [LedgerValue]) -> EdgeRow {
        EdgeRow(
            round: values[0].int, contender: values[1].string, first: values[2].int, second: values[3].int,
            weight: values[4].double ?? .nan)
    }
}

enum ActivityTable: LedgerTable {
    static let name = "activities"
    static let key = ["round", "contender", "part", "label"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("contender"), .integer("part"), .integer("label"), .measured("share"),
    ]

    static func values(_ row: ActivityRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.contender), .init(row.part), .init(row.label), .init(row.share),
        ]
    }

    static func row(_ values: [LedgerValue]) -> ActivityRow {
        ActivityRow(
            round: values[0].int, contender: values[1].string, part: values[2].int, label: values[3].int,
            share: values[4].double)
    }
}

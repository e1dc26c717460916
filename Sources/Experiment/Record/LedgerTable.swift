import Devices
import Methods

/// A kind of row: its columns, and the way there and back. Values stand in the order of the columns.
protocol LedgerTable: Sendable {
    associatedtype Observation
    static var name: String { get }
    static var columns: [LedgerColumn] { get }
    /// Columns that no two rows share, which also order the rows.
    static var key: [String] { get }
    static func values(_ row: Observation) -> [LedgerValue]
    static func row(_ values: [LedgerValue]) -> Observation
}

enum RoundTable: LedgerTable {
    static let name = "rounds"
    static let key = ["round"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .integer("clients"), .integer("samples"), .measured("train_loss"),
        .measured("global_test_accuracy"), .measured("global_test_loss"),
        .measured("local_test_accuracy_mean"), .measured("local_test_accuracy_std"),
        .measured("local_test_accuracy_worst_tenth"), .measured("local_test_accuracy_participants"),
        .text("model_digest"), .integer("federated_up_bytes"),
        .integer("federated_down_bytes"), .measured("simulated_seconds"), .measured("energy_joules"),
        .measured("activation_divergence_bits"), .integer("drawn"), .integer("wasted_up_bytes"),
        .integer("wasted_down_bytes"), .measured("wasted_joules"),
    ]

    static func values(_ row: RoundRow) -> [LedgerValue] {
        [
            .init(row.round), .init(row.clients), .init(row.samples), .init(row.trainLoss),
            .init(row.globalTestAccuracy), .init(row.globalTestLoss), .init(row.localTestAccuracyMean),
            .init(row.localTestAccuracyStd), .init(row.localTestAccuracyWorstTenth),
            .init(row.localTestAccuracyParticipants), .text(row.modelDigest), .init(row.federatedUpBytes),
            .init(row.federatedDownBytes), .init(row.simulatedSeconds), .init(row.energyJoules),
            .init(row.activationDivergence), .init(row.drawn), .init(row.wastedUpBytes),
            .init(row.wastedDownBytes), .init(row.wastedJoules),
        ]
    }

    static func row(_ values: [LedgerValue]) -> RoundRow {
        var row = RoundRow(
            round: values[0].int, clients: values[1].int, samples: values[2].int,
            modelDigest: values[10].string)
        row.trainLoss = values[3].double
        row.globalTestAccuracy = values[4].double
        row.globalTestLoss = values[5].double
        row.localTestAccuracyMean = values[6].double
        row.localTestAccuracyStd = values[7].double
        row.localTestAccuracyWorstTenth = values[8].double
        row.localTestAccuracyParticipants = values[9].double
        row.federatedUpBytes = values[11].count
        row.federatedDownBytes = values[12].count
        row.simulatedSeconds = values[13].double
        row.energyJoules = values[14].double
        row.activationDivergence = values[15].double
        row.drawn = values[16].int
        row.wastedUpBytes = values[17].count
        row.wastedDownBytes = values[18].count
        row.wastedJoules = values[19].double
        return row
    }
}

enum ClientTable: LedgerTable {
    static let name = "clients"
    static let key = ["round", "client"]
    static let columns: [LedgerColumn] =
        [
            .integer("round"), .integer("client"), .integer("samples"), .integer("steps"),
            .real("train_loss_sum"),
            .integer("train_correct"), .text("update_digest"), .text("state_digest"),
            .integer("down_payload_bytes"),
            .integer("down_overhead_bytes"), .integer("up_payload_bytes"), .integer("up_overhead_bytes"),
            .integer("forward_samples"), .integer("backward_samples"), .text("fate"), .text("device"),
            .text("link"), .measured("start_seconds"), .measured("download_seconds"),
            .measured("compute_seconds"), .measured("upload_seconds"), .measured("waiting_seconds"),
            .measured("compute_joules"), .measured("radio_joules"), .measured("idle_joules"),
            .integer("staleness"), .integer("attacker"), .measured("aggregation_factor"),
        ] + LayerKind.allCases.map { .integer("\($0.rawValue)_macs") }
    /// The columns before those of the MACs by layer kind.
    static let plainColumns = columns.count - LayerKind.allCases.count

    static func values(_ row: ClientRow) -> [LedgerValue] {
        [
            .init(row.round), .init(row.client), .init(row.samples), .init(row.steps),
            .real(row.trainLossSum),
            .init(row.trainCorrect), .text(row.updateDigest), .text(row.stateDigest),
            .init(row.downPayloadBytes),
            .init(row.downOverheadBytes), .init(row.upPayloadBytes), .init(row.upOverheadBytes),
            .init(row.work.forwardSamples), .init(row.work.backwardSamples), .text(row.fate.rawValue),
            .text(row.timing?.device ?? ""), .text(row.timing?.link ?? ""), .init(row.timing?.startSeconds),
            .init(row.timing?.downloadSeconds), .init(row.timing?.computeSeconds),
            .init(row.timing?.uploadSeconds), .init(row.timing?.waitingSeconds),
            .init(row.timing?.computeJoules), .init(row.timing?.radioJoules), .init(row.timing?.idleJoules),
            .init(row.timing?.staleness ?? 0), .init(row.attacks ? 1 : 0), .init(row.factor),
        ] + row.work.macs.map { .init($0) }
    }

    /// The columns from `device` on; without devices the times are empty.
    private static func timing(_ values: [LedgerValue]) -> ClientTiming? {
        guard let start = values[3].double else { return nil }
        return ClientTiming(
            device: values[1].string, link: values[2].string, startSeconds: start,
            downloadSeconds: values[4].double ?? .nan, computeSeconds: values[5].double ?? .nan,
            uploadSeconds: values[6].double ?? .nan, waitingSeconds: values[7].double ?? .nan,
            computeJoules: values[8].double ?? .nan, radioJoules: values[9].double ?? .nan,
            idleJoules: values[10].double ?? .nan, staleness: values[11].int)
    }

    static func row(_ values: [LedgerValue]) -> ClientRow {
        var row = ClientRow(
            round: values[0].int, client: values[1].int, samples: values[2].int, steps: values[3].int,
            trainLossSum: values[4].double ?? .nan, trainCorrect: values[5].int,
            updateDigest: values[6].string, stateDigest: values[7].string,
            downPayloadBytes: values[8].count, downOverheadBytes: values[9].count,
            upPayloadBytes: values[10].count, upOverheadBytes: values[11].count,
            work: Work(
                macs: values[plainColumns...].map(\.count), forwardSamples: values[12].count,
                backwardSamples: values[13].count))
        row.fate = ClientFate(rawValue: values[14].string) ?? .accepted
        row.timing = timing(Array(values[14..<26]))
        row.attacks = values[26].int == 1
        row.factor = values[27].double
        return row
    }
}

enum LocalTestTable: LedgerTable {
    static let name = "local_tests"
    static let key = ["round", "client"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .integer("client"), .integer("samples"), .integer("correct"), .real("loss_sum"),
    ]

    static func values(_ row: LocalTestRow) -> [LedgerValue] {
        [.init(row.round), .init(row.client), .init(row.samples), .init(row.correct), .real(row.lossSum)]
    }

    static func row(_ values: [LedgerValue]) -> LocalTestRow {
        LocalTestRow(
            round: values[0].int, client: values[1].int, samples: values[2].int, correct: values[3].int,
            lossSum: values[4].double ?? .nan)
    }
}

enum TrafficTable: LedgerTable {
    static let name = "traffic"
    static let key = ["round", "direction", "kind", "part", "segment"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .text("direction"), .text("kind"), .text("part"), .text("segment"),
        .integer("clients"),
        .integer("bytes"),
    ]

    static func values(_ row: TrafficRow) -> [LedgerValue] {
        [
            .init(row.round), .text(row.direction.rawValue), .text(row.kind), .text(row.part.rawValue),
            .text(row.segment), .init(row.clients), .init(row.bytes),
        ]
    }

    static func row(_ values: [LedgerValue]) -> TrafficRow {
        TrafficRow(
            round: values[0].int, direction: .init(rawValue: values[1].string) ?? .up, kind: values[2].string,
            part: .init(rawValue: values[3].string) ?? .payload, segment: values[4].string,
            clients: values[5].int,
            bytes: values[6].count)
    }
}

enum InfrastructureTable: LedgerTable {
    static let name = "infrastructure"
    static let key = ["round"]
    static let columns: [LedgerColumn] = [
        .integer("round"), .real("training_seconds"), .real("evaluation_seconds"), .real("wall_seconds"),
        .integer("wire_in_bytes"), .integer("wire_out_bytes"), .integer("simulation_bytes"),
        .integer("retries"),
        .integer("workers"),
    ]

    static func values(_ row: InfrastructureRow) -> [LedgerValue] {
        [
            .init(row.round), .real(row.trainingSeconds), .real(row.evaluationSeconds),
            .real(row.wallSeconds),
            .init(row.wireInBytes), .init(row.wireOutBytes), .init(row.simulationBytes), .init(row.retries),
            .init(row.workers),
        ]
    }

    static func row(_ values: [LedgerValue]) -> InfrastructureRow {
        InfrastructureRow(
            round: values[0].int, trainingSeconds: values[1].double ?? .nan,
            evaluationSeconds: values[2].double ?? .nan, wallSeconds: values[3].double ?? .nan,
            wireInBytes: values[4].count, wireOutBytes: values[5].count, simulationBytes: values[6].count,
            retries: values[7].int, workers: values[8].int)
    }
}

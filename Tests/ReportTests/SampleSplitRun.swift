import Devices
import Experiment
import Foundation
import Methods
import Testing

/// The directory of a run of split computing, made by hand; gone when the test is.
///
/// A ResNet-8 with a bottleneck of three channels, a neural filter for two of ten classes, and JPEG of two qualities. The
/// teacher has two epochs, the bottleneck three, the filter one behind them; then each mode has a round, 7 to 12.
final class SampleSplitRun {
    /// In the order of the scenario.
    static let modes = [
        "bottlefit_3", "bottlefit_3_stage1", "filtered_3", "local", "edge_jpeg_95", "edge_jpeg_10",
    ]

    let directory: RunDirectory

    /// - Parameters:
    ///   - lift: is added to the bottleneck's accuracy.
    ///   - evaluated: modes that answered the test images.
    ///   - isOnBench: whether costs are those of `writeBench`, and not of profiles that come with the program.
    init(
        name: String = "bottlefit", seed: UInt64 = 1, lift: Double = 0, extra: String = "",
        isFinished: Bool = true, evaluated: Int = 6, isOnBench: Bool = false
    ) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tributary-\(UUID().uuidString)"
        ).path
        directory = try RunDirectory.create(at: path)
        if isOnBench { try Self.writeBench(directory) }
        let places =
            isOnBench
            ? """
            device: \(path)/device.yaml
            server: \(path)/server.yaml
            links: {radio: \(path)/link.yaml, rates_mbps: [1, 2, 5, 10]}
            """ : ""
        var scenario = try Scenario.load(
            text: """
                kind: split_computing
                seed: \(seed)
                dataset: {name: fashion_mnist}
                teacher: {model: {name: resnet8}, training: {epochs: 2}}
                bottleneck: {version: 3, channels: [3]}
                training: {stage1: {epochs: 2}, stage2: {epochs: 1}}
                filter: {classes: [0, 2], training: {epochs: 1}}
                baselines: [local, edge_jpeg]
                deployment: {jpeg_qualities: [95, 10]}
                controller: {trace: {kind: constant, windows: 4, outage: [3, 1]}}
                thresholds: {final_accuracy: ">= 0.8"}
                \(places)
                \(extra)
                """)
        scenario.name = name
        try directory.write(scenario.resolvedYAML, to: RunDirectory.Name.scenario)
        try directory.writeEnvironment(
            RunEnvironment(
                version: "1.0", kernelFamily: "avx2", blas: "OpenBLAS", processor: "Cores & <more>",
                logicalProcessors: 2, memoryBytes: 8_000_000_000, operatingSystem: "Debian", host: "h",
                startedAt: "2026-01-01T00:00:00Z", arguments: ["run", "a.yaml"], libraries: [:]))
        let ledger = try Ledger.create(at: directory.path(of: RunDirectory.Name.ledger), identity: [:])
        let modes = Self.modeRows(
            lift, device: isOnBench ? "bench" : "raspberry_pi_4", rate: isOnBench ? 8 : 18.88)
        var rows = Self.training + modes.prefix(evaluated).map { Methods.Row.mode($0) }
        if evaluated > 2 { rows += Self.filter }
        try ledger.append(rows: rows, point: DurabilityPoint(round: 6 + evaluated))
        if isFinished { try ledger.set(meta: ["result": "{}"]) }
        try directory.exportCSV(from: ledger, of: scenario.kind)
        try ledger.close()
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: directory.path)
        } catch {
            Issue.record("\(directory.path) remains: \(error)")
        }
    }

    /// Profiles that costs are computed with by hand: a pass takes the device 1 ms and the server nothing, whatever the
    /// network; bits go both ways at 8 Mbit/s, without a round trip, packets or losses. The device draws 6 W while it
    /// computes, else 2 W, and its radio 1 W beside them while bits flow.
    private static func writeBench(_ directory: RunDirectory) throws {
        func device(_ name: String, pass: Double) -> DeviceProfile {
            DeviceProfile(
                name: name, processor: "any", runtime: "any", precision: .float32, threads: 1,
                speed: .init(
                    peakFLOPS: 1e9, efficiency: LayerKind.allCases.map { _ in Double.infinity },
                    activationBytesPerSecond: .infinity, weightBytesPerSecond: .infinity,
                    secondsPerPass: pass, source: "made up"),
                training: .init(backwardFactor: 2, source: "made up"),
                memory: .init(bytes: 1 << 30, source: "made up"),
                power: .init(activeWatts: 6, idleWatts: 2, source: "made up"))
        }
        let link = LinkProfile(
            name: "link",
            rates: .init(uplinkBitsPerSecond: 8e6, downlinkBitsPerSecond: 8e6, source: "made up"),
            packets: .init(payloadBytes: 65_536, overheadBytes: 0, source: "made up"),
            radio: .init(alphaUp: 0, alphaDown: 0, baseWatts: 1, source: "made up"))
        try directory.write(device("bench", pass: 0.001).yaml, to: "device.yaml")
        try directory.write(device("server", pass: 0).yaml, to: "server.yaml")
        try directory.write(link.yaml, to: "link.yaml")
    }

    private static var training: [Methods.Row] {
        let epochs = [
            ("teacher", 1, 0.5), ("teacher", 2, 0.75), ("bottlefit_3", 1, 0.25), ("bottlefit_3", 2, 0.5),
            ("bottlefit_3", 3, 0.625), ("neural_filter", 4, 0.875),
        ]
        let rows = epochs.enumerated().map { index, epoch in
            EpochRow(
                round: index + 1, network: epoch.0, epoch: epoch.1, samples: 900, learningRate: 0.1,
                loss: 1.5, accuracy: 0.5, validationLoss: 1.25, validationAccuracy: epoch.2, macs: 1_000_000)
        }
        let infrastructure = InfrastructureRow(
            round: 2, trainingSeconds: 0.5, evaluationSeconds: 0.25, wallSeconds: 3, wireInBytes: 5000,
            wireOutBytes: 6000, simulationBytes: 7, retries: 1, workers: 2)
        return rows.map { Methods.Row.epoch($0) } + [.infrastructure(infrastructure)]
    }

    /// Figures that are easily divided: the code has a fifth of the bytes of the better JPEG, and the filter withholds
    /// every second image. Costs are seconds of the device, preparation, uplink, server and downlink, then joules of
    /// computing, radio and waiting, and idle ones.
    private static func modeRows(_ lift: Double, device: String, rate: Double) -> [ModeRow] {
        func row(
            _ mode: String, _ kind: String, channels: Int = 0, setting: Double? = nil, accuracy: Double,
            whole: Double? = nil, sent: Int = 1000, exits: Int = 0, payload: Int = 0, parameters: Int = 0,
            macs: UInt64 = 0, serverMACs: UInt64 = 0, cost: [Double]
        ) -> ModeRow {
            ModeRow(
                round: 7 + modes.firstIndex(of: mode)!, mode: mode, kind: kind, channels: channels,
                bits: channels > 0 ? 8 : 0, setting: setting, accuracy: accuracy, wholeAccuracy: whole,
                images: 1000, sent: sent, exits: exits, local: 0, lost: 0, payloadBytes: Double(payload),
                leastPayloadBytes: payload, greatestPayloadBytes: payload,
                totalPayloadBytes: UInt64(sent * payload), headerBytes: sent > 0 ? 80 : 0,
                deviceParameters: parameters, deviceMACs: macs, deviceMemoryBytes: UInt64(5 * parameters),
                serverParameters: 70_000, serverMACs: serverMACs, device: device, rateMbps: rate,
                cost: MeanCost(cost), digest: mode, answersDigest: "answers")
        }
        // 0.25 s and 1 J, half of it above idle.
        let split = [0.125, 0.03125, 0.0625, 0.015625, 0.015625, 0.5, 0.25, 0.25, 0.5]
        return [
            row(
                "bottlefit_3", "bottlefit", channels: 3, accuracy: 0.75 + lift, whole: 0.8125, payload: 200,
                parameters: 10_000, macs: 1_000_000, serverMACs: 4_000_000, cost: split),
            row(
                "bottlefit_3_stage1", "stage1", channels: 3, accuracy: 0.625, whole: 0.625, payload: 200,
                parameters: 10_000, macs: 1_000_000, serverMACs: 4_000_000, cost: split),
            row(
                "filtered_3", "filtered", channels: 3, setting: 0.5, accuracy: 0.8125, sent: 500, exits: 500,
                payload: 200, parameters: 12_000, macs: 2_000_000, serverMACs: 4_000_000,
                cost: split.map { $0 / 2 }),
            row(
                "local", "local", accuracy: 0.875, whole: 0.875, sent: 0, parameters: 80_000,
                macs: 8_000_000, cost: [0.5, 0, 0, 0, 0, 2, 0, 0, 1]),
            row(
                "edge_jpeg_95", "edge_jpeg", setting: 95, accuracy: 0.875, payload: 1000,
                serverMACs: 8_000_000, cost: [0, 0.125, 0.5, 0.125, 0.25, 0.25, 2, 0.75, 2]),
            row(
                "edge_jpeg_10", "edge_jpeg", setting: 10, accuracy: 0.5, payload: 400,
                serverMACs: 8_000_000, cost: [0, 0.125, 0.25, 0.0625, 0.0625, 0.25, 0.75, 0.5, 1]),
        ]
    }

    /// 100 of 500 validation samples and 200 of 1000 test images are of interest. The second threshold has a recall of
    /// 95 % and is the greatest above the scenario's 90 %.
    private static var filter: [Methods.Row] {
        func row(
            _ part: NeuralFilterRow.Part, _ place: Int, _ threshold: Double, sent: (Int, Int),
            withheld: (Int, Int)
        ) -> Methods.Row {
            var counts = FilterCounts()
            (counts.sentOfInterest, counts.sentOthers) = sent
            (counts.withheldOfInterest, counts.withheldOthers) = withheld
            return .neuralFilter(
                NeuralFilterRow(
                    round: 9, mode: "filtered_3", part: part, place: place, threshold: threshold,
                    isChosen: threshold == 0.5, counts: counts))
        }
        return [
            row(.validation, 1, 0.75, sent: (50, 20), withheld: (50, 380)),
            row(.validation, 2, 0.5, sent: (95, 100), withheld: (5, 300)),
            row(.validation, 3, 0.25, sent: (100, 200), withheld: (0, 200)),
            row(.test, 1, 0.5, sent: (180, 320), withheld: (20, 480)),
        ]
    }
}

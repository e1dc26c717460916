import Experiment
import Foundation
import Methods
import Networks
import Testing

/// Scenarios of split computing, their defaults, and what they leave in the ledger.
@Suite struct SplitComputingSectionTests {
    private let minimal = """
        kind: split_computing
        dataset: {name: fashion_mnist}
        teacher: {model: {name: resnet8}}

        """

    /// Every key that may be written, with values that are not the defaults.
    private let full = """
        name: all
        kind: split_computing
        seed: 7
        dataset: {name: cifar10, path: /d, limit: 20000, validation_fraction: 0.2, normalize: true, augmentation: crop_and_flip}
        teacher: {model: {name: resnet20}, weights: teacher.safetensors}
        bottleneck: {version: 3, channels: [6, 3], bits: 4, deflate: true}
        training:
          stage1: {epochs: 4, batch_size: 32, optimizer: {name: adam, learning_rate: 0.01, beta1: 0.5}, schedule: {kind: cosine}}
          stage2: {epochs: 2, loss: ce, freeze_encoder: true, alpha: 0.25, temperature: 3, optimizer: {name: sgd, learning_rate: 0.5}}
          end_to_end: {epochs: 9, optimizer: {name: sgd, learning_rate: 0.25}, schedule: {kind: step, every: 3, factor: 0.5}}
          checkpoint: last
        device: jetson_nano
        other_devices: [raspberry_pi_5]
        server: raspberry_pi_4
        links: {radio: lte, rates_mbps: [1, 7.5], rate_mbps: 3, round_trip_ms: 40}
        deployment: {images: 50, window: 2, on_disconnect: continue, jpeg_qualities: 80, exit_thresholds: [0.5]}
        controller:
          trace: {kind: constant, windows: 20, window_seconds: 0.5, outage: [3, 4]}
          deadline_ms: 30
          accuracy_floor: 0.5
          latency_weight: 1
          energy_weight: 0
          hysteresis: 0.2
        filter:
          classes: [3, 5]
          minimum_recall: 0.95
          training: {epochs: 3, batch_size: 16, optimizer: {name: adam, learning_rate: 0.01}}
        small_model: mlp
        baselines: [local, early_exit, local_small]

        """

    private func split(_ text: String, _ overrides: String...) throws -> SplitComputingConfiguration {
        guard case .splitComputing(let it) = try Scenario.load(text: text, overrides: overrides).kind else {
            preconditionFailure("another kind")
        }
        return it
    }

    /// Schedules and optimisers of the paper's training; baselines have as many epochs as both stages.
    @Test func defaults() throws {
        let it = try split(minimal)
        #expect(it.bottleneck == BottleneckSpec(version: 2, channels: [3], format: CodeFormat(bits: 8)))
        #expect(it.training.stage1.epochs == 10 && it.training.stage1.batchSize == 64)
        #expect(it.training.stage1.optimizer == .adam(Adam(learningRate: 0.001)))
        #expect(it.training.stage1.schedule == .step(every: 5, factor: 0.1))
        #expect(it.training.stage2.schedule == .step(every: 5, factor: 0.1))
        #expect(it.training.endToEnd.epochs == 20)
        #expect(it.training.loss == .kd && it.training.alpha == 0.5 && it.training.temperature == 1)
        #expect(!it.training.freezesEncoder && it.training.checkpoint == .best)
        #expect(it.filter == NeuralFilterSpec() && it.smallModel.name == "lenet5")
        #expect(it.links == LinkSweepSpec() && it.controller == ControlSpec())
        #expect(it.deployment == SplitDeploymentSpec() && it.baselines == [.local, .edgeJPEG])
        let short = try split(minimal, "training.stage1.epochs=3", "training.stage2.epochs=4")
        #expect(short.training.endToEnd.epochs == 7)
        #expect(short.training.stage1.schedule == .step(every: 2, factor: 0.1))
    }

    @Test func everyKeyIsTaken() throws {
        let it = try split(full)
        #expect(it.teacher.weights == "teacher.safetensors" && it.validationFraction == 0.2)
        #expect(it.bottleneck.version == 3 && it.bottleneck.channels == [6, 3])
        #expect(it.bottleneck.format == CodeFormat(bits: 4, deflates: true))
        #expect(it.training.loss == .ce && it.training.freezesEncoder && it.training.temperature == 3)
        #expect(it.training.endToEnd.epochs == 9)
        #expect(it.deployment.device == "jetson_nano" && it.deployment.otherDevices == ["raspberry_pi_5"])
        #expect(it.deployment.onDisconnect == .continue && it.deployment.jpegQualities == [80])
        #expect(it.links.ratesMbps == [1, 7.5] && it.links.rateMbps == 3)
        #expect(it.links.roundTripSeconds == 0.04)
        #expect(it.controller.trace == .constant && it.controller.deadlineSeconds == 0.03)
        #expect(it.controller.outage == ControlSpec.Outage(first: 3, windows: 4))
        let modes = [
            "bottlefit_6", "bottlefit_6_stage1", "bottlefit_3", "bottlefit_3_stage1", "early_exit_0.5",
            "local_small", "filtered_6", "local",
        ]
        #expect(it.training.checkpoint == .last && it.smallModel.name == "mlp")
        #expect(it.filter.classes == [3, 5] && it.filter.minimumRecall == 0.95)
        #expect(it.filter.training.epochs == 3 && it.filter.training.batchSize == 16)
        #expect(it.modes.map(\.name) == modes)
    }

    /// What is resolved is the same scenario, and is resolved as it stands.
    @Test(
        arguments: [
            "seed=7", "bottleneck.bits=16", "bottleneck.channels=5", "links.round_trip_ms=0.3",
            "controller.trace={kind: fading, snr_db: 3, correlation: 0.5}",
            "controller.trace={kind: file, path: rates.csv}", "controller.deadline_ms=7.3",
            "deployment.on_disconnect=lose", "deployment.images=3", "baselines=[]",
            "training.stage1.optimizer={name: sgd, learning_rate: 0.3}",
            "training.stage2.schedule={kind: exponential, factor: 0.7}", "filter.classes=[1]",
            "filter={classes: [0, 2], training: {epochs: 2}}", "small_model=logistic",
            "training.checkpoint=last",
        ])
    func resolvedDocumentsLoadAsEqualScenarios(change: String) throws {
        for text in [minimal, full] {
            let scenario = try Scenario.load(text: text, overrides: [change])
            let again = try Scenario.load(text: scenario.resolvedYAML)
            #expect(again == scenario)
            #expect(again.resolvedYAML == scenario.resolvedYAML)
        }
        #expect(
            try Scenario.load(text: full, overrides: [change]).digest != Scenario.load(text: full).digest
                || change == "seed=7" || change == "training.checkpoint=last")
    }

    @Test(
        arguments: [
            ("bottleneck.version=0", "bottleneck.version: 0"), ("bottleneck.bits=12", "bottleneck.bits: 12"),
            ("bottleneck.channels=[2, 2]", "bottleneck.channels"),
            ("teacher.model.name=cnn", "teacher.model.name: cnn cannot be divided for bottlefit_3"),
            ("links.rates_mbps=[2, 1]", "links.rates_mbps"), ("links.rate_mbps=0", "links.rate_mbps: 0"),
            ("controller.trace.outage=[1]", "controller.trace.outage"),
            ("controller.trace={kind: file}", "controller.trace.path: is missing"),
            ("controller.hysteresis=1", "controller.hysteresis: 1"),
            ("dataset={name: synthetic}", "dataset.name: synthetic"),
            ("deployment.exit_thresholds=[0]", "deployment.exit_thresholds"),
            ("filter.classes=[10]", "filter.classes: a list holds 10"),
            ("filter.classes=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", "filter.classes: are all there are"),
            ("filter.minimum_recall=0", "filter.minimum_recall: 0"),
            ("filter={clases: [1]}", "filter.clases"), ("small_model=lenet", "small_model: lenet"),
            ("training.checkpoint=first", "training.checkpoint: first"),
        ] as [(String, String)])
    func faults(change: String, words: String) throws {
        let error = #expect(throws: ScenarioFaults.self) {
            try Scenario.load(text: minimal, overrides: [change])
        }
        #expect("\(error!)".contains(words), "\(error!)")
    }

    /// A mode's row comes back from the ledger as it was.
    @Test func rowsOfModes() throws {
        func row(_ mode: String, setting: Double?, whole: Double?) -> ModeRow {
            ModeRow(
                round: 3, mode: mode, kind: "bottlefit", channels: 2, bits: 4, setting: setting,
                accuracy: 0.875, wholeAccuracy: whole, images: 100, sent: 60, exits: 20, local: 15, lost: 5,
                payloadBytes: 12.5, leastPayloadBytes: 11, greatestPayloadBytes: 14, totalPayloadBytes: 750,
                headerBytes: 82, deviceParameters: 21, deviceMACs: 22, deviceMemoryBytes: 23,
                serverParameters: 24, serverMACs: 25, device: "pi,4", rateMbps: 18.88,
                cost: MeanCost([0.5, 0.25, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]), digest: "aa", answersDigest: "bb")
        }
        let rows = [row("a", setting: 95, whole: nil), row("b", setting: nil, whole: 0.5)]
        let scratch = try Scratch()
        let ledger = try Ledger.create(at: scratch.file("run.sqlite"), identity: [:])
        try ledger.append(rows: rows.map { .mode($0) }, point: DurabilityPoint(round: 3))
        #expect(try ledger.modes() == rows)
    }

    /// A filter's rows come back likewise, in the order of their places.
    @Test func rowsOfNeuralFilters() throws {
        func row(_ part: NeuralFilterRow.Part, _ place: Int, _ threshold: Double) -> NeuralFilterRow {
            var counts = FilterCounts()
            (counts.sentOfInterest, counts.sentOthers) = (place, 2)
            (counts.withheldOfInterest, counts.withheldOthers) = (3, 4)
            return NeuralFilterRow(
                round: 5, mode: "filtered_3", part: part, place: place, threshold: threshold,
                isChosen: place == 2, counts: counts)
        }
        let rows = [row(.test, 1, 0.25), row(.validation, 1, 0.75), row(.validation, 2, 0.25)]
        let scratch = try Scratch()
        let ledger = try Ledger.create(at: scratch.file("run.sqlite"), identity: [:])
        try ledger.append(
            rows: rows.reversed().map { .neuralFilter($0) }, point: DurabilityPoint(round: 5))
        #expect(try ledger.neuralFilter() == rows)
    }
}

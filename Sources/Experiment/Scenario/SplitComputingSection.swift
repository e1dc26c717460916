import Methods
import Networks

/// The keys of `kind: split_computing`.
enum SplitComputingSection {
    static let standard = SplitTrainingSpec(
        stage1: NetworkTrainingSpec(
            epochs: 10, batchSize: 64, optimizer: .adam(Adam(learningRate: 0.001)),
            schedule: .step(every: 5, factor: 0.1)),
        stage2: NetworkTrainingSpec(
            epochs: 10, batchSize: 64, optimizer: sgd(0.001), schedule: .step(every: 5, factor: 0.1)),
        endToEnd: NetworkTrainingSpec(
            epochs: 20, batchSize: 64, optimizer: sgd(0.001), schedule: .step(every: 10, factor: 0.1)))

    private static func sgd(_ rate: Float) -> OptimizerSpec {
        .sgd(SGD(learningRate: rate, momentum: 0.9, nesterov: false, weightDecay: 5e-4))
    }

    static func visit(_ section: Section, _ value: inout SplitComputingConfiguration) {
        section.field(
            "seed", &value.seed, .seed, .value(1),
            "Everything random follows from it: equal seeds give equal results, to the bit.")
        DatasetSection.visit(
            section, &value.dataset, validationFraction: &value.validationFraction, &value.preprocessing,
            use: "")
        TeacherSection.visit(section, &value.teacher, classes: value.dataset.classCount)
        visitBottleneck(section, &value.bottleneck)
        visitTraining(section, &value.training)
        visitPlaces(section, &value)
        ControlSection.visit(section, &value.controller)
        visitFilter(section, &value)
        visitSmallModel(section, &value)
        section.field(
            "baselines", &value.baselines,
            .set(of: .word(SplitBaseline.self), count: 0...SplitBaseline.allCases.count),
            .value([.local, .edgeJPEG]),
            "What the bottlenecks are compared with in the same run, at the first of `bottleneck.channels`. `local` is the "
                + "teacher on the device and always there; `edge_jpeg` and `edge_raw` send the image; `naive_ce` and "
                + "`naive_kd` train the divided network in one stage from labels, or from the teacher's answers, too; "
                + "`hnd` imitates the decoder's output alone; `autoencoder` compresses at the teacher's own cut; "
                + "`early_exit` has a classifier there that answers where it is sure; `local_small` is `small_model` on the "
                + "device.")
    }

    private static func visitFilter(_ section: Section, _ value: inout SplitComputingConfiguration) {
        let standard = NeuralFilterSpec()
        section.section(
            "filter",
            "A classifier on the encoder's first layers that decides whether an image is sent at all."
        ) { section in
            section.field(
                "classes", &value.filter.classes,
                .set(of: .integer(0...max(0, value.dataset.classCount - 1)), count: 0...1000), .value([]),
                "Whose images are worth sending; empty: there is no filter. It stands in front of the first of "
                    + "`bottleneck.channels`.")
            section.field(
                "minimum_recall", &value.filter.minimumRecall, .number(0...1, above: true),
                .value(standard.minimumRecall),
                "Share of these images that is sent at least, of the validation samples: decides the threshold."
            )
            section.section("training", "How the classifier learns, when the bottleneck is done.") {
                section in
                NetworkTrainingSection.visit(section, &value.filter.training, standard: standard.training)
            }
        }
    }

    private static func visitSmallModel(_ section: Section, _ value: inout SplitComputingConfiguration) {
        let classes = value.dataset.classCount
        var name = value.smallModel.name
        section.field(
            "small_model", &name, .zooName(classes: classes), .value("lenet5"),
            "Of the baseline `local_small`: a network that is small enough for the device, of the zoo's. It learns by "
                + "`training.end_to_end`, from what stage 2 learns from.")
        if let model = ModelSpec.named(name, classes: classes) { value.smallModel = model }
    }

    private static func visitBottleneck(_ section: Section, _ value: inout BottleneckSpec) {
        section.section("bottleneck", "What is put into the teacher, early.") { section in
            section.field(
                "version", &value.version, .integer(1...3), .value(2),
                "Where the encoder ends: 1 behind the stem, 2 after one more convolution, 3 after two. docs/split.md has the "
                    + "sides of the code; behind a stem that keeps the image's sides 3 is much smaller than 1 and 2."
            )
            section.field(
                "channels", &value.channels, .oneOrMore(1...256), .value([3]), unit: "channels",
                "Of the code; each number of a list is a network of its own, and the run's own accuracy is that of the "
                    + "first.")
            section.field(
                "bits", &value.format.bits, .integer(1...32), .value(8), unit: "bits",
                "Of a value of the code as it travels: 1 to 8 affine over the tensor's range, 16 half precision, 32 as "
                    + "it is.")
            section.field(
                "deflate", &value.format.deflates, .flag, .value(false),
                "Compress what travels without loss (zlib).")
        }
    }

    private static func visitTraining(_ section: Section, _ value: inout SplitTrainingSpec) {
        section.section("training", "How divided networks learn.") { section in
            section.section(
                "stage1", "Encoder and decoder imitate the teacher's features; the rest is frozen."
            ) { section in
                NetworkTrainingSection.visit(section, &value.stage1, standard: standard.stage1)
            }
            section.section("stage2", "The network learns to answer.") { section in
                NetworkTrainingSection.visit(section, &value.stage2, standard: standard.stage2)
                section.field(
                    "loss", &value.loss, .word(SplitTrainingSpec.Loss.self), .value(.kd),
                    "`ce`: labels; `kd`: labels and the teacher's answers.")
                section.field(
                    "alpha", &value.alpha, .number(0...1), .value(0.5),
                    "Of `kd`: the weight of the teacher's answers; labels have the rest.")
                section.field(
                    "temperature", &value.temperature, .number(0...1000, above: true), .value(1),
                    "Of `kd`.")
                section.field(
                    "freeze_encoder", &value.freezesEncoder, .flag, .value(false),
                    "Leave the encoder as stage 1 made it, so that one device serves several servers.")
            }
            section.field(
                "checkpoint", &value.checkpoint, .word(SplitTrainingSpec.Checkpoint.self), .value(.best),
                "Which epoch's network is deployed: `best` has the most right answers for validation samples, the first of "
                    + "equals, over both stages; filters and early exits are as the `last` left them.")
            let epochs = value.stage1.epochs + value.stage2.epochs
            section.section(
                "end_to_end",
                "How `naive_ce`, `naive_kd`, `early_exit` and `local_small` learn, in one stage."
            ) { section in
                NetworkTrainingSection.visit(
                    section, &value.endToEnd, standard: standard.endToEnd,
                    epochs: .computed(epochs, "those of both stages"))
            }
        }
    }

    private static func visitPlaces(_ section: Section, _ value: inout SplitComputingConfiguration) {
        let standard = SplitDeploymentSpec()
        section.field(
            "device", &value.deployment.device, .deviceProfile, .value(standard.device),
            "What heads run on: a name from `tributary devices list`, or the path of a file of your own.")
        section.field(
            "other_devices", &value.deployment.otherDevices, .set(of: .deviceProfile, count: 0...16),
            .value([]), "Further devices that costs are told for.")
        section.field(
            "server", &value.deployment.server, .deviceProfile, .value(standard.server),
            "What decoders and the teacher's rest run on, likewise.")
        visitLinks(section, &value.links)
        section.section("deployment", "How test images are asked.") { section in
            section.optional(
                "images", &value.deployment.images, .integer(1...1_000_000_000), absence: "all",
                unit: "samples", "Test samples that are asked, from the first.")
            section.field(
                "window", &value.deployment.window, .integer(1...1000), .value(standard.window),
                unit: "images", "Images that may be under way at once.")
            section.field(
                "on_disconnect", &value.deployment.onDisconnect, .disconnection(continues: true),
                .value(standard.onDisconnect),
                "When the link or the device's process fails: another process answers again what was under way, or "
                    + "that is lost; with `continue` the device answers with the teacher until the link is back."
            )
            section.field(
                "jpeg_qualities", &value.deployment.jpegQualities, .oneOrMore(1...100),
                .value(standard.jpegQualities), "Of `edge_jpeg`.")
            section.field(
                "exit_thresholds", &value.deployment.exitThresholds,
                .set(of: .number(0...1, above: true), count: 1...16), .value(standard.exitThresholds),
                "Of `early_exit`: greatest probabilities from which on the device answers.")
        }
    }

    private static func visitLinks(_ section: Section, _ value: inout LinkSweepSpec) {
        let standard = LinkSweepSpec()
        section.section("links", "The link between device and server, at several rates.") { section in
            section.field(
                "radio", &value.radio, .linkProfile, .value(standard.radio),
                "Whose power, packets and losses hold: a name from `tributary devices list`, or a path.")
            section.field(
                "rates_mbps", &value.ratesMbps, .ascending(1e-6...1e6), .value(standard.ratesMbps),
                unit: "10^6 bit/s",
                "Uplink rates that costs are told at; the downlink is as many times faster as the radio's own."
            )
            section.optional(
                "rate_mbps", &value.rateMbps, .number(1e-6...1e6),
                absence: "the radio's own uplink rate", unit: "10^6 bit/s",
                "The rate of the run's own latency and energy.")
            var milliseconds = value.roundTripSeconds.map(inMilliseconds)
            section.optional(
                "round_trip_ms", &milliseconds, .number(0...1e6), absence: "the radio's own",
                unit: "milliseconds", "There and back, of an empty message.")
            value.roundTripSeconds = milliseconds.map { $0 / 1000 }
        }
    }

    static func checkAcrossFields(_ section: Section, _ value: SplitComputingConfiguration) {
        let walk = section.walk
        DatasetSection.checkAcrossFields(section, images: value.dataset)
        guard walk.isSound("dataset") else { return }
        TeacherSection.checkAcrossFields(section, value.teacher, value.dataset)
        for (stage, optimizer) in [
            ("stage1", value.training.stage1.optimizer), ("stage2", value.training.stage2.optimizer),
            ("end_to_end", value.training.endToEnd.optimizer),
        ] {
            OptimizationSection.checkAcrossFields(section, optimizer, at: "training.\(stage)")
        }
        OptimizationSection.checkAcrossFields(
            section, value.filter.training.optimizer, at: "filter.training")
        checkFilter(section, value)
        checkDevices(section, value.deployment)
        ControlSection.checkAcrossFields(section, value.controller)
        checkNetworks(section, value)
        checkFormats(section, value)
    }

    private static func checkDevices(_ section: Section, _ value: SplitDeploymentSpec) {
        let path = "other_devices"
        guard section.walk.isSound(path), value.otherDevices.contains(value.device) else { return }
        section.walk.report(
            section.place(at: path), path, value: value.device, "is the device itself", "remove it")
    }

    /// A filter needs something to tell apart.
    private static func checkFilter(_ section: Section, _ value: SplitComputingConfiguration) {
        let path = "filter.classes"
        guard section.walk.isSound("filter"), value.filter.classes.count == value.dataset.classCount else {
            return
        }
        section.walk.report(
            section.place(at: path), path, "are all there are", "leave out those that are not of interest")
    }

    /// Every network must be there to be had.
    private static func checkNetworks(_ section: Section, _ value: SplitComputingConfiguration) {
        let walk = section.walk
        guard
            ["teacher.model", "bottleneck", "baselines", "filter", "small_model"].allSatisfy(walk.isSound),
            let teacher = value.teacher.plan(value.dataset)
        else { return }
        for network in value.networks {
            do throws(SplitError) { _ = try network.divided(teacher, value) } catch {
                if network.kind == .small {
                    return walk.report(
                        section.place(at: "small_model"), "small_model", "cannot be built: \(error)",
                        "use another network")
                }
                if network.kind == .neuralFilter {
                    return walk.report(
                        section.place(at: "filter.classes"), "filter.classes",
                        "cannot have a filter: \(error)",
                        "use larger images or another bottleneck.version, or remove filter")
                }
                let path = ModelSection.key(value.teacher.model, "teacher.model")
                return walk.report(
                    section.place(at: path), path, value: value.teacher.model.name,
                    "cannot be divided for \(network.name): \(error)",
                    "see docs/split.md")
            }
        }
    }

    private static func checkFormats(_ section: Section, _ value: SplitComputingConfiguration) {
        let walk = section.walk
        let path = "bottleneck.bits"
        if walk.isSound(path), ![1, 2, 3, 4, 5, 6, 7, 8, 16, 32].contains(value.bottleneck.format.bits) {
            walk.report(
                section.place(at: path), path, value: "\(value.bottleneck.format.bits)",
                "is no format of the code", "write 1 to 8, 16 or 32")
        }
        guard value.dataset.name == .leaf, walk.isSound("baselines") else { return }
        for baseline in value.baselines where baseline == .edgeJPEG || baseline == .edgeRaw {
            walk.report(
                section.place(at: "baselines"), "baselines", value: baseline.rawValue,
                "sends bytes, and leaf's images are numbers of another kind", "remove it")
        }
    }
}

extension Codec where Value == [Double] {
    /// Numbers above the lower bound, each above the one before.
    fileprivate static func ascending(_ range: ClosedRange<Double>) -> Codec {
        let list = Codec.set(of: .number(range), count: 1...64)
        return Codec(type: list.type) { (node) throws(Problem) in
            let values = try list.read(node)
            guard zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw Problem(message: "does not ascend", remedy: "write the smallest first")
            }
            return values
        } write: {
            list.write($0)
        }
    }
}

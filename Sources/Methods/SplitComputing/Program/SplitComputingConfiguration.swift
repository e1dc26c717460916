import Datasets
import Networks

/// Everything that decides the result of an experiment in split computing (BottleFit: Matsubara et al., BottleFit: Learning
/// Compressed Representations in Deep Neural Networks for Effective and Efficient Split Computing, WoWMoM 2022).
public struct SplitComputingConfiguration: Sendable, Equatable {
    public var seed: UInt64
    public var dataset: DatasetSpec
    /// Share of the training samples that nobody trains on.
    public var validationFraction: Double
    public var preprocessing: PreprocessingSpec
    public var teacher: TeacherSpec
    public var bottleneck: BottleneckSpec
    public var training: SplitTrainingSpec
    public var deployment: SplitDeploymentSpec
    public var links: LinkSweepSpec
    public var controller: ControlSpec
    public var filter: NeuralFilterSpec
    /// Of `SplitBaseline.localSmall`.
    public var smallModel: ModelSpec
    public var baselines: [SplitBaseline]

    public init(
        seed: UInt64, dataset: DatasetSpec, validationFraction: Double = 0.1,
        preprocessing: PreprocessingSpec = PreprocessingSpec(), teacher: TeacherSpec,
        bottleneck: BottleneckSpec = BottleneckSpec(), training: SplitTrainingSpec,
        deployment: SplitDeploymentSpec = SplitDeploymentSpec(), links: LinkSweepSpec = LinkSweepSpec(),
        controller: ControlSpec = ControlSpec(), filter: NeuralFilterSpec = NeuralFilterSpec(),
        smallModel: ModelSpec = .named("lenet5", classes: 10)!,
        baselines: [SplitBaseline] = [.local, .edgeJPEG]
    ) {
        self.seed = seed
        self.dataset = dataset
        self.validationFraction = validationFraction
        self.preprocessing = preprocessing
        self.teacher = teacher
        self.bottleneck = bottleneck
        self.training = training
        self.deployment = deployment
        self.links = links
        self.controller = controller
        self.filter = filter
        self.smallModel = smallModel
        self.baselines = baselines
    }
}

/// What is put into the teacher, and how its values travel.
public struct BottleneckSpec: Sendable, Equatable {
    /// Where the encoder ends: 1 to 3, coarser and coarser.
    public var version: Int
    /// Of the code; each number is a network of its own, the first what the run is about.
    public var channels: [Int]
    public var format: CodeFormat

    public init(
        version: Int = 2, channels: [Int] = [3], format: CodeFormat = CodeFormat(bits: 8, deflates: false)
    ) {
        self.version = version
        self.channels = channels
        self.format = format
    }
}

/// How divided networks learn.
public struct SplitTrainingSpec: Sendable, Equatable {
    /// What stage 2 minimises.
    public enum Loss: String, Sendable, CaseIterable {
        /// Cross-entropy with the labels.
        case ce
        /// (1 - alpha) CE + alpha temperature^2 KL to the teacher's answers.
        case kd
    }

    /// Which epoch's network is deployed.
    public enum Checkpoint: String, Sendable, CaseIterable {
        /// That with the most right answers for validation samples, the first of equals; without such samples, of early exits
        /// and of filters the last.
        case best
        case last
    }

    /// Imitation of the teacher's features by encoder and decoder, the rest frozen (generalised head-network distillation).
    public var stage1: NetworkTrainingSpec
    /// The network as a whole, or without its encoder.
    public var stage2: NetworkTrainingSpec
    public var loss: Loss
    public var alpha: Double
    public var temperature: Double
    public var freezesEncoder: Bool
    public var checkpoint: Checkpoint
    /// Of the baselines that learn in one stage from labels or the teacher's answers.
    public var endToEnd: NetworkTrainingSpec

    public init(
        stage1: NetworkTrainingSpec, stage2: NetworkTrainingSpec, loss: Loss = .kd, alpha: Double = 0.5,
        temperature: Double = 1, freezesEncoder: Bool = false, checkpoint: Checkpoint = .best,
        endToEnd: NetworkTrainingSpec
    ) {
        self.stage1 = stage1
        self.stage2 = stage2
        self.loss = loss
        self.alpha = alpha
        self.temperature = temperature
        self.freezesEncoder = freezesEncoder
        self.checkpoint = checkpoint
        self.endToEnd = endToEnd
    }
}

/// Where heads and tails run, and how test images are asked.
public struct SplitDeploymentSpec: Sendable, Equatable {
    /// Name or path of the profile of the device.
    public var device: String
    /// Other devices that costs are told for.
    public var otherDevices: [String]
    /// Of the edge server.
    public var server: String
    /// Images of the test split that are asked; nil: all.
    public var images: Int?
    /// Images that may be under way at once.
    public var window: Int
    public var onDisconnect: StreamSpec.Disconnection
    /// Of the JPEG images that edge offloading sends, 1 to 100.
    public var jpegQualities: [Int]
    /// Greatest probabilities from which on an early exit answers.
    public var exitThresholds: [Double]

    public init(
        device: String = "raspberry_pi_4", otherDevices: [String] = [], server: String = "edge_server",
        images: Int? = nil, window: Int = 16, onDisconnect: StreamSpec.Disconnection = .restart,
        jpegQualities: [Int] = [95, 75, 50, 25, 10], exitThresholds: [Double] = [0.5, 0.8, 0.95]
    ) {
        self.device = device
        self.otherDevices = otherDevices
        self.server = server
        self.images = images
        self.window = window
        self.onDisconnect = onDisconnect
        self.jpegQualities = jpegQualities
        self.exitThresholds = exitThresholds
    }
}

/// The link between device and server, at several rates.
public struct LinkSweepSpec: Sendable, Equatable {
    /// Name or path of the profile whose radio, packets and losses hold.
    public var radio: String
    /// Uplink rates that costs are told at, 10^6 bit/s, ascending; the downlink is as many
    /// times faster as the profile's.
    public var ratesMbps: [Double]
    /// The rate of the run's own figures, 10^6 bit/s; nil: that of the profile's uplink.
    public var rateMbps: Double?
    /// nil: that of the profile.
    public var roundTripSeconds: Double?

    public init(
        radio: String = "wifi", ratesMbps: [Double] = [0.5, 1, 2, 5, 10, 20, 50, 100],
        rateMbps: Double? = nil, roundTripSeconds: Double? = nil
    ) {
        self.radio = radio
        self.ratesMbps = ratesMbps
        self.rateMbps = rateMbps
        self.roundTripSeconds = roundTripSeconds
    }
}

/// A device that chooses anew for every image while the link's rate changes, tried on a trace.
public struct ControlSpec: Sendable, Equatable {
    /// Where the trace comes from.
    public enum Trace: Sendable, Equatable {
        /// A channel with Rayleigh fading whose mean gain would give the run's own rate.
        case fading(signalToNoiseDecibels: Double, correlation: Double)
        /// The run's own rate all the time.
        case constant
        /// Seconds and rates from a CSV file.
        case file(String)
    }

    public var trace: Trace
    /// Of one image each.
    public var windows: Int
    public var windowSeconds: Double
    /// The first window without a connection, from 1, and how many; nil: there always is one.
    public var outage: Outage?
    public var deadlineSeconds: Double
    public var accuracyFloor: Double
    public var latencyWeight: Double
    public var energyWeight: Double
    public var hysteresis: Double

    public struct Outage: Sendable, Equatable {
        public var first: Int
        public var windows: Int

        public init(first: Int, windows: Int) {
            self.first = first
            self.windows = windows
        }
    }

    public init(
        trace: Trace = .fading(signalToNoiseDecibels: 10, correlation: 0.9), windows: Int = 300,
        windowSeconds: Double = 1, outage: Outage? = nil, deadlineSeconds: Double = 0.1,
        accuracyFloor: Double = 0, latencyWeight: Double = 0.5, energyWeight: Double = 0.5,
        hysteresis: Double = 0.1
    ) {
        self.trace = trace
        self.windows = windows
        self.windowSeconds = windowSeconds
        self.outage = outage
        self.deadlineSeconds = deadlineSeconds
        self.accuracyFloor = accuracyFloor
        self.latencyWeight = latencyWeight
        self.energyWeight = energyWeight
        self.hysteresis = hysteresis
    }
}

/// A classifier on the device that decides whether an image is worth sending (Matsubara et al. 2021, Neural Compression and
/// Filtering for Edge-assisted Real-time Object Detection). The authors' 30 epochs have a tenth of the rate from the 16th
/// and a hundredth from the 26th on; here a tenth from the middle on.
public struct NeuralFilterSpec: Sendable, Equatable {
    /// Whose images are to be sent; empty: there is no filter.
    public var classes: [Int]
    /// Share of them that is sent at least, of the validation samples.
    public var minimumRecall: Double
    public var training: NetworkTrainingSpec

    public init(
        classes: [Int] = [], minimumRecall: Double = 0.9,
        training: NetworkTrainingSpec = NetworkTrainingSpec(
            epochs: 30, batchSize: 64,
            optimizer: .sgd(SGD(learningRate: 0.001, momentum: 0.9, nesterov: false, weightDecay: 0)),
            schedule: .step(every: 15, factor: 0.1))
    ) {
        self.classes = classes
        self.minimumRecall = minimumRecall
        self.training = training
    }

    package func isOfInterest(_ label: UInt8) -> Bool { classes.contains(Int(label)) }
}

/// What the divided networks are compared with, in the same run.
public enum SplitBaseline: String, Sendable, CaseIterable {
    /// The teacher on the device.
    case local
    /// Images as JPEG to the teacher on the server, at each quality.
    case edgeJPEG = "edge_jpeg"
    /// Images as they are.
    case edgeRaw = "edge_raw"
    /// The divided network from labels alone, all in one stage.
    case naiveCE = "naive_ce"
    /// The same from labels and the teacher's answers.
    case naiveKD = "naive_kd"
    /// Head-network distillation: the decoder's output alone imitates the teacher's.
    case hnd
    /// An autoencoder at the teacher's own cut.
    case autoencoder
    /// The teacher's own cut with a classifier before it, which answers where it is sure (SPINN: Laskaridis et al.,
    /// MobiCom 2020).
    case earlyExit = "early_exit"
    /// A smaller network on the device, from labels and, as stage 2, the teacher's answers.
    case localSmall = "local_small"
}

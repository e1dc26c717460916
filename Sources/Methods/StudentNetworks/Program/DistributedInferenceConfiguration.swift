import Datasets
import Networks

/// Everything that decides the result of an experiment in distributed inference (NoNN: Bhardwaj et al., Memory- and
/// Communication-Aware Model Compression for Distributed Deep Learning Inference on IoT, 2019).
public struct DistributedInferenceConfiguration: Sendable, Equatable {
    public var seed: UInt64
    public var dataset: DatasetSpec
    /// Share of the training samples that nobody trains on; a teacher's filters are watched on it.
    public var validationFraction: Double
    public var preprocessing: PreprocessingSpec
    public var teacher: TeacherSpec
    /// Numbers of students, each an experiment of its own; the first is what the run is about.
    public var students: [Int]
    /// How the teacher's filters are divided; `parts` follows from `students` and `redundancy`.
    public var partition: KnowledgePartitionSpec
    /// Students that learn the same part.
    public var redundancy: Int
    public var student: StudentSpec
    public var distillation: DistillationSpec
    public var deployment: DeploymentSpec
    public var baselines: [InferenceBaseline]

    public init(
        seed: UInt64, dataset: DatasetSpec, validationFraction: Double = 0.1,
        preprocessing: PreprocessingSpec = PreprocessingSpec(), teacher: TeacherSpec, students: [Int] = [2],
        partition: KnowledgePartitionSpec = KnowledgePartitionSpec(parts: 2), redundancy: Int = 1,
        student: StudentSpec, distillation: DistillationSpec, deployment: DeploymentSpec = DeploymentSpec(),
        baselines: [InferenceBaseline] = [.teacher]
    ) {
        self.seed = seed
        self.dataset = dataset
        self.validationFraction = validationFraction
        self.preprocessing = preprocessing
        self.teacher = teacher
        self.students = students
        self.partition = partition
        self.redundancy = redundancy
        self.student = student
        self.distillation = distillation
        self.deployment = deployment
        self.baselines = baselines
    }
}

/// What students look like below their bridge.
public enum StudentSpec: Sendable, Equatable {
    /// The same network of the zoo for all.
    case model(String)
    /// The best of a family that fits the budget and the device.
    case family(StudentFamily, budget: StudentBudget, rank: StudentBudget.Rank)
}

/// What students learn from, and how.
public struct DistillationSpec: Sendable, Equatable {
    public enum Images: String, Sendable, CaseIterable {
        /// The training samples.
        case real
        /// Images made to answer like centroids and directions of the teacher's activations on some of the samples
        /// (Dream Distillation: Bhardwaj et al. 2019).
        case dream
        /// Images made from the teacher's batch-norm statistics alone (DeepInversion: Yin et al., CVPR 2020).
        case deepInversion = "deep_inversion"
    }

    public var training: NetworkTrainingSpec
    public var loss: DistillationSettings
    public var images: Images
    /// How many are made, where they are; in whole batches.
    public var count: Int
    /// Steps of making a batch of them.
    public var steps: Int

    public init(
        training: NetworkTrainingSpec, loss: DistillationSettings = DistillationSettings(),
        images: Images = .real, count: Int = 5_000, steps: Int = 200
    ) {
        self.training = training
        self.loss = loss
        self.images = images
        self.count = count
        self.steps = steps
    }
}

/// What students run on and how images and features travel.
public struct DeploymentSpec: Sendable, Equatable {
    /// How an image comes to the devices.
    public enum Input: String, Sendable, CaseIterable {
        /// The hub sends it to each.
        case broadcast
        /// Each device senses it itself.
        case local
    }

    /// How a pixel travels.
    public enum Pixels: String, Sendable, CaseIterable {
        case uint8, float32
        public var bytes: Int { self == .uint8 ? 1 : 4 }
    }

    /// What stands for a lost student's features.
    public enum Fill: String, Sendable, CaseIterable {
        case zero
        /// Their mean over the validation samples, which the hub knows.
        case mean
    }

    /// Names or paths of profiles; student k has device k modulo their number.
    public var devices: [String]
    /// Name or path of the profile of the hub, which computes the last layer.
    public var hub: String
    public var link: String
    public var input: Input
    public var pixels: Pixels
    /// How a feature travels.
    public var values: FeatureCoding
    /// Images of the test split that are asked; nil: all.
    public var images: Int?
    /// Images in a message.
    public var batch: Int
    /// Messages to a student that may be under way at once.
    public var window: Int
    public var onDisconnect: StreamSpec.Disconnection
    public var lost: LossSpec
    public var fill: Fill

    public init(
        devices: [String] = ["raspberry_pi_3b_plus"], hub: String = "edge_server", link: String = "wifi",
        input: Input = .broadcast, pixels: Pixels = .uint8, values: FeatureCoding = .float32,
        images: Int? = nil, batch: Int = 1, window: Int = 16,
        onDisconnect: StreamSpec.Disconnection = .restart, lost: LossSpec = LossSpec(), fill: Fill = .zero
    ) {
        self.devices = devices
        self.hub = hub
        self.link = link
        self.input = input
        self.pixels = pixels
        self.values = values
        self.images = images
        self.batch = batch
        self.window = window
        self.onDisconnect = onDisconnect
        self.lost = lost
        self.fill = fill
    }
}

/// Which answers do not come, in simulated time.
public struct LossSpec: Sendable, Equatable {
    /// That a student's answer to an image is lost.
    public var probability: Double
    /// Seconds after which the hub answers with what it has; nil: it waits.
    public var deadline: Double?
    /// Standard deviation of the logarithm of the factor by which a device is slower for an image; 0: always alike.
    public var slowdown: Double

    public init(probability: Double = 0, deadline: Double? = nil, slowdown: Double = 0) {
        self.probability = probability
        self.deadline = deadline
        self.slowdown = slowdown
    }
}

/// What the students are compared with, in the same run.
public enum InferenceBaseline: String, Sendable, CaseIterable {
    /// The teacher on one device.
    case teacher
    /// One student of the size of all together, trained with the teacher's answers (Hinton et al. 2015).
    case singleStudent = "single_student"
    /// The same with attention transfer (Zagoruyko and Komodakis 2017).
    case attentionTransfer = "attention_transfer"
    /// The single student cut over as many devices by channels: after each convolution all gather all.
    case channelSplit = "channel_split"
    /// As many students without a partition of knowledge, trained with the teacher's answers alone.
    case splitKD = "split_kd"
    /// Other ways to divide the filters.
    case coActivation = "co_activation"
    case activationHub = "activation_hub"
    case equal, random, eigenvector

    /// The rule of those that differ by it only.
    public var rule: PartitionRule? { PartitionRule(rawValue: rawValue) }
}

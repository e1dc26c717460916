/// An epoch of a network's training.
public struct EpochRow: Sendable, Equatable {
    /// Counted from 1 over the whole run.
    public var round: Int
    /// `teacher`, or the contender that it is trained for.
    public var network: String
    /// Counted from 1.
    public var epoch: Int
    public var samples: Int
    public var learningRate: Double
    /// Mean over the samples, while it trained: of a teacher the cross-entropy, else the distillation loss.
    public var loss: Double
    /// Over the same samples, while it trained.
    public var accuracy: Double
    /// Cross-entropy over the validation samples after it; nil without such samples.
    public var validationLoss: Double?
    public var validationAccuracy: Double?
    /// Multiply-accumulates of all forward and backward passes, the teacher's included.
    public var macs: UInt64

    public init(
        round: Int, network: String, epoch: Int, samples: Int, learningRate: Double, loss: Double,
        accuracy: Double, validationLoss: Double?, validationAccuracy: Double?, macs: UInt64
    ) {
        self.round = round
        self.network = network
        self.epoch = epoch
        self.samples = samples
        self.learningRate = learningRate
        self.loss = loss
        self.accuracy = accuracy
        self.validationLoss = validationLoss
        self.validationAccuracy = validationAccuracy
        self.macs = macs
    }
}

/// What one way to do the inference gives and costs; bytes, messages, seconds and joules are those of one image.
public struct ContenderRow: Sendable, Equatable {
    /// In which it was evaluated.
    public var round: Int
    /// Unique in the run.
    public var contender: String
    /// `teacher`, `partitioned`, `split_kd`, `single_student`, `attention_transfer` or `channel_split`.
    public var kind: String
    /// How filters were divided; empty where they were not.
    public var rule: String
    /// Of the comparison that it belongs to.
    public var students: Int
    /// That compute layers below the last.
    public var devices: Int
    public var parts: Int
    /// Teacher's filters that somebody learns; 0 where none are divided.
    public var filters: Int
    /// Over the test images that were asked, with every answer there but those that real failures lost.
    public var accuracy: Double
    /// With the simulated losses of the deployment; nil where there are none.
    public var lossyAccuracy: Double?
    /// Answers that the simulation, or a real failure, lost.
    public var lostAnswers: Int
    /// Test images that were asked.
    public var images: Int
    /// Trainable values of all devices, and of the largest.
    public var parameters: Int
    public var largestParameters: Int
    /// Multiply-accumulates of all devices, and of the busiest.
    public var macs: UInt64
    public var largestMACs: UInt64
    /// Float32, on all devices, and of the largest.
    public var weightBytes: UInt64
    public var largestWeightBytes: UInt64
    /// Weights and activations of the device that needs most.
    public var largestMemoryBytes: UInt64
    /// From device to device or hub, without headers.
    public var featureBytes: UInt64
    /// The same, of the pair that exchanges most.
    public var largestLinkBytes: UInt64
    /// The image, to all devices; 0 where they sense it.
    public var inputBytes: UInt64
    /// Of features and of images.
    public var messages: Int
    public var inputMessages: Int
    /// Messages that wait for each other, features and image.
    public var dependentRounds: Int
    /// Of all these messages, as this program sends them.
    public var headerBytes: UInt64
    /// Devices side by side: mean over the images, and its quantiles.
    public var latencySeconds: Double
    public var latencyMedianSeconds: Double
    public var latency95Seconds: Double
    public var latency99Seconds: Double
    /// Devices one after the other, as the authors' program measures.
    public var sequentialSeconds: Double
    /// Of all devices, and of the one that uses most; without the hub.
    public var energyJoules: Double
    public var largestEnergyJoules: Double
    /// BLAKE2b-256 of its parameters, hexadecimal.
    public var digest: String

    public init(
        round: Int, contender: String, kind: String, rule: String, students: Int, devices: Int, parts: Int,
        filters: Int, accuracy: Double, lossyAccuracy: Double?, lostAnswers: Int, images: Int,
        parameters: Int, largestParameters: Int, macs: UInt64, largestMACs: UInt64, weightBytes: UInt64,
        largestWeightBytes: UInt64, largestMemoryBytes: UInt64, featureBytes: UInt64,
        largestLinkBytes: UInt64, inputBytes: UInt64, messages: Int, inputMessages: Int, dependentRounds: Int,
        headerBytes: UInt64, latencySeconds: Double, latencyMedianSeconds: Double, latency95Seconds: Double,
        latency99Seconds: Double, sequentialSeconds: Double, energyJoules: Double,
        largestEnergyJoules: Double, digest: String
    ) {
        self.round = round
        self.contender = contender
        self.kind = kind
        self.rule = rule
        self.students = students
        self.devices = devices
        self.parts = parts
        self.filters = filters
        self.accuracy = accuracy
        self.lossyAccuracy = lossyAccuracy
        self.lostAnswers = lostAnswers
        self.images = images
        self.parameters = parameters
        self.largestParameters = largestParameters
        self.macs = macs
        self.largestMACs = largestMACs
        self.weightBytes = weightBytes
        self.largestWeightBytes = largestWeightBytes
        self.largestMemoryBytes = largestMemoryBytes
        self.featureBytes = featureBytes
        self.largestLinkBytes = largestLinkBytes
        self.inputBytes = inputBytes
        self.messages = messages
        self.inputMessages = inputMessages
        self.dependentRounds = dependentRounds
        self.headerBytes = headerBytes
        self.latencySeconds = latencySeconds
        self.latencyMedianSeconds = latencyMedianSeconds
        self.latency95Seconds = latency95Seconds
        self.latency99Seconds = latency99Seconds
        self.sequentialSeconds = sequentialSeconds
        self.energyJoules = energyJoules
        self.largestEnergyJoules = largestEnergyJoules
        self.digest = digest
    }
}

/// A device in one inference.
public struct NodeRow: Sendable, Equatable {
    public var round: Int
    public var contender: String
    /// Counted from 1; the hub is 0.
    public var node: Int
    /// Names of the profiles.
    public var device: String
    public var link: String
    /// Name in the zoo.
    public var network: String
    /// Features that it gives.
    public var filters: Int
    public var parameters: Int
    public var weightBytes: UInt64
    /// Weights and activations.
    public var memoryBytes: UInt64
    /// Whether the device has that memory.
    public var fits: Bool
    public var macs: UInt64
    /// Parts of a mean inference.
    public var inputSeconds: Double
    public var computeSeconds: Double
    public var uplinkSeconds: Double
    /// Until the slowest device is done.
    public var waitingSeconds: Double
    /// Of the device while it computes.
    public var computeJoules: Double
    /// Above the idle device.
    public var radioJoules: Double
    /// While it communicates or waits.
    public var idleJoules: Double

    public init(
        round: Int, contender: String, node: Int, device: String, link: String, network: String, filters: Int,
        parameters: Int, weightBytes: UInt64, memoryBytes: UInt64, fits: Bool, macs: UInt64,
        inputSeconds: Double, computeSeconds: Double, uplinkSeconds: Double, waitingSeconds: Double,
        computeJoules: Double, radioJoules: Double, idleJoules: Double
    ) {
        self.round = round
        self.contender = contender
        self.node = node
        self.device = device
        self.link = link
        self.network = network
        self.filters = filters
        self.parameters = parameters
        self.weightBytes = weightBytes
        self.memoryBytes = memoryBytes
        self.fits = fits
        self.macs = macs
        self.inputSeconds = inputSeconds
        self.computeSeconds = computeSeconds
        self.uplinkSeconds = uplinkSeconds
        self.waitingSeconds = waitingSeconds
        self.computeJoules = computeJoules
        self.radioJoules = radioJoules
        self.idleJoules = idleJoules
    }
}

/// Bytes from one node to another.
public struct TransferRow: Sendable, Equatable {
    public var round: Int
    public var contender: String
    /// `weights`, once; for each image `input`, `features` or `activations`.
    public var content: String
    /// Counted from 1; the hub is 0.
    public var sender: Int
    public var receiver: Int
    public var payloadBytes: UInt64
    public var headerBytes: UInt64
    public var messages: Int

    public init(
        round: Int, contender: String, content: String, sender: Int, receiver: Int, payloadBytes: UInt64,
        headerBytes: UInt64, messages: Int
    ) {
        self.round = round
        self.contender = contender
        self.content = content
        self.sender = sender
        self.receiver = receiver
        self.payloadBytes = payloadBytes
        self.headerBytes = headerBytes
        self.messages = messages
    }
}

/// Accuracy without some of the students.
public struct SubsetRow: Sendable, Equatable {
    public var round: Int
    public var contender: String
    /// What stands for lost features.
    public var fill: String
    /// How many students are lost.
    public var lost: Int
    /// Their numbers from 1, such as `1 3`.
    public var students: String
    public var accuracy: Double

    public init(
        round: Int, contender: String, fill: String, lost: Int, students: String, accuracy: Double
    ) {
        self.round = round
        self.contender = contender
        self.fill = fill
        self.lost = lost
        self.students = students
        self.accuracy = accuracy
    }
}

/// Where a teacher's filter went.
public struct FilterRow: Sendable, Equatable {
    public var round: Int
    public var contender: String
    /// Counted from 0.
    public var filter: Int
    /// Counted from 1; nil for filters in none.
    public var community: Int?
    /// Counted from 1; nil for filters that nobody learns.
    public var part: Int?
    /// Its edges in the network that was divided; nil for rules without one.
    public var degree: Int?
    /// Mean of its normalised activity on the validation samples.
    public var activity: Double

    public init(
        round: Int, contender: String, filter: Int, community: Int?, part: Int?, degree: Int?,
        activity: Double
    ) {
        self.round = round
        self.contender = contender
        self.filter = filter
        self.community = community
        self.part = part
        self.degree = degree
        self.activity = activity
    }
}

/// Two filters that answer together, in the network that was divided.
public struct EdgeRow: Sendable, Equatable {
    public var round: Int
    public var contender: String
    /// Filters, counted from 0, the smaller number first.
    public var first: Int
    public var second: Int
    /// As the rule weighs them; above 0.
    public var weight: Double

    public init(round: Int, contender: String, first: Int, second: Int, weight: Double) {
        self.round = round
        self.contender = contender
        self.first = first
        self.second = second
        self.weight = weight
    }
}

/// How much of the teacher's activity for a class is in a part.
public struct ActivityRow: Sendable, Equatable {
    public var round: Int
    public var contender: String
    /// Counted from 1; 0 for the filters that nobody learns.
    public var part: Int
    /// The class.
    public var label: Int
    /// Of the activity of all filters on its validation samples; nil for a class without.
    public var share: Double?

    public init(
        round: Int, contender: String, part: Int, label: Int, share: Double?
    ) {
        self.round = round
        self.contender = contender
        self.part = part
        self.label = label
        self.share = share
    }
}

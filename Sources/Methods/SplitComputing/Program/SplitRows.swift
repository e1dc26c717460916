import Devices
import TensorMath

/// What one way to classify images gives and costs; bytes, seconds and joules are those of one image.
public struct ModeRow: Sendable, Equatable {
    /// In which it was evaluated.
    public var round: Int
    /// Unique in the run.
    public var mode: String
    /// `local`, `local_small`, `edge_jpeg`, `edge_raw`, `bottlefit`, `stage1`, `filtered`, `naive_ce`, `naive_kd`, `hnd`,
    /// `autoencoder` or `early_exit`.
    public var kind: String
    /// Of the bottleneck that it is made for; 0 where there is none.
    public var channels: Int
    /// Of a value of the code.
    public var bits: Int
    /// Quality of JPEG, or threshold of an early exit or a filter; nil for others.
    public var setting: Double?
    /// Over the test images, as the server and the device answered them.
    public var accuracy: Double
    /// Of the same network in one piece, with values as they are; nil for edge offloading and behind a filter.
    public var wholeAccuracy: Double?
    public var images: Int
    /// Images of which something crossed the link for the server to answer.
    public var sent: Int
    /// That the device answered by an early exit or withheld by a filter, and that it answered because there was no link.
    public var exits: Int
    public var local: Int
    /// That nobody answered.
    public var lost: Int
    /// Of an image that was sent, without headers: mean, least and greatest.
    public var payloadBytes: Double
    public var leastPayloadBytes: Int
    public var greatestPayloadBytes: Int
    /// Of all images together.
    public var totalPayloadBytes: UInt64
    /// Of a message.
    public var headerBytes: UInt64
    /// On the device and on the server.
    public var deviceParameters: Int
    public var deviceMACs: UInt64
    public var deviceMemoryBytes: UInt64
    public var serverParameters: Int
    public var serverMACs: UInt64
    /// Of the run's own device, at the run's own rate.
    public var device: String
    public var rateMbps: Double
    public var cost: MeanCost
    /// BLAKE2b-256 of its network's parameters, and of a filter's behind them with its threshold, hexadecimal.
    public var digest: String
    /// XXH3-128 of the logits of all images in their order, hexadecimal; of an image that the device answered itself there
    /// is 1 for the class and 0 for others, of one that was withheld or lost 0 for all. Empty where nothing is sent.
    public var answersDigest: String

    public init(
        round: Int, mode: String, kind: String, channels: Int, bits: Int, setting: Double?, accuracy: Double,
        wholeAccuracy: Double?, images: Int, sent: Int, exits: Int, local: Int, lost: Int,
        payloadBytes: Double, leastPayloadBytes: Int, greatestPayloadBytes: Int, totalPayloadBytes: UInt64,
        headerBytes: UInt64, deviceParameters: Int, deviceMACs: UInt64, deviceMemoryBytes: UInt64,
        serverParameters: Int, serverMACs: UInt64, device: String, rateMbps: Double, cost: MeanCost,
        digest: String, answersDigest: String
    ) {
        self.round = round
        self.mode = mode
        self.kind = kind
        self.channels = channels
        self.bits = bits
        self.setting = setting
        self.accuracy = accuracy
        self.wholeAccuracy = wholeAccuracy
        self.images = images
        self.sent = sent
        self.exits = exits
        self.local = local
        self.lost = lost
        self.payloadBytes = payloadBytes
        self.leastPayloadBytes = leastPayloadBytes
        self.greatestPayloadBytes = greatestPayloadBytes
        self.totalPayloadBytes = totalPayloadBytes
        self.headerBytes = headerBytes
        self.deviceParameters = deviceParameters
        self.deviceMACs = deviceMACs
        self.deviceMemoryBytes = deviceMemoryBytes
        self.serverParameters = serverParameters
        self.serverMACs = serverMACs
        self.device = device
        self.rateMbps = rateMbps
        self.cost = cost
        self.digest = digest
        self.answersDigest = answersDigest
    }

    /// Mean over all images, without headers.
    public var payloadBytesPerImage: Double { Double(totalPayloadBytes) / Double(max(1, images)) }

    /// Messages to the server.
    public var messagesPerImage: Double { Double(sent) / Double(max(1, images)) }

    /// What it sent, as pricing reads it.
    package var traffic: SplitTraffic {
        SplitTraffic(
            images: images, sent: sent, exits: exits, total: totalPayloadBytes, least: leastPayloadBytes,
            greatest: greatestPayloadBytes)
    }
}

extension ModeRow {
    init(
        round: Int, mode: SplitMode, bits: Int, accuracy: Double, wholeAccuracy: Double?,
        contest: SplitContest, deployed: DeployedMode, pricing: SplitPricing, digest: String
    ) {
        let (device, traffic) = (pricing.devices[0], deployed.traffic)
        let setting: Double? =
            switch mode.kind {
            case .edge(let quality): quality.map(Double.init)
            case .exiting(_, let threshold): threshold
            case .filtered: contest.threshold.map { Double($0.chosen.threshold) }
            case .local, .divided, .small: nil
            }
        self.init(
            round: round, mode: mode.name, kind: mode.word, channels: mode.channels,
            bits: mode.network == nil || !mode.isServed ? 0 : bits, setting: setting, accuracy: accuracy,
            wholeAccuracy: wholeAccuracy, images: traffic.images, sent: traffic.sent, exits: contest.exits,
            local: contest.local, lost: contest.lost, payloadBytes: traffic.mean,
            leastPayloadBytes: traffic.least, greatestPayloadBytes: traffic.greatest,
            totalPayloadBytes: traffic.total, headerBytes: mode.isServed ? pricing.headers.item : 0,
            deviceParameters: deployed.device.reduce(0) { $0 + $1.parameterCount },
            deviceMACs: deployed.device.reduce(0) { $0 + $1.macs },
            deviceMemoryBytes: deployed.memoryBytes, serverParameters: deployed.server?.parameterCount ?? 0,
            serverMACs: deployed.server?.macs ?? 0, device: device.name, rateMbps: pricing.rate / 1e6,
            cost: pricing.cost(of: deployed, on: device, at: pricing.rate), digest: digest,
            answersDigest: contest.logits.map { "\(ObjectBytes($0).id)" } ?? "")
    }
}

/// What an image costs with a mode, on a device and at a rate.
public struct RateRow: Sendable, Equatable {
    public var mode: String
    public var device: String
    /// Of the uplink, 10^6 bit/s.
    public var rateMbps: Double
    public var cost: MeanCost

    public init(mode: String, device: String, rateMbps: Double, cost: MeanCost) {
        self.mode = mode
        self.device = device
        self.rateMbps = rateMbps
        self.cost = cost
    }
}

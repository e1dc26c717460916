import Devices
import Methods
import Networks
import TensorMath

/// Devices and links with figures that are easy to reckon with.
enum TinyDevices {
    /// 1,000 operations a second for products, nothing for all else but `passSeconds` a pass; backward takes twice as
    /// long as forward.
    static func board(_ name: String, peak: Double = 1e3, passSeconds: Double = 1) -> DeviceProfile {
        let free = Double.infinity
        return DeviceProfile(
            name: name, processor: "none", runtime: "none", precision: .float32, threads: 1,
            speed: .init(
                peakFLOPS: peak, efficiency: [1, 1, 1, 1, 1, free], activationBytesPerSecond: free,
                weightBytesPerSecond: free, secondsPerPass: passSeconds, source: "made up"),
            training: .init(backwardFactor: 2, source: "made up"),
            memory: .init(bytes: 1_000_000, source: "made up"),
            power: .init(activeWatts: 5, idleWatts: 2, source: "made up"))
    }

    /// 1 Mbit/s up, 8 Mbit/s down, 100 ms there and back; 25 bytes of overhead for each 1,000.
    static let link = LinkProfile(
        name: "radio",
        rates: .init(
            uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 8e6, roundTripSeconds: 0.1, source: "made up"),
        packets: .init(payloadBytes: 1000, overheadBytes: 25, source: "made up"),
        radio: .init(alphaUp: 0.5, alphaDown: 0.25, baseWatts: 1, source: "made up"))

    /// One half of the clients three times slower than the other, whatever the model.
    static let groups = [
        Fleet.Group(device: board("fast", peak: 1e12), link: link, share: 1),
        Fleet.Group(device: board("slow", peak: 1e12, passSeconds: 3), link: link, share: 1),
    ]

    /// Time as `configuration.devices` asks for it, on `groups`; nil where it does not ask.
    static func timeline(
        _ configuration: FederatedConfiguration, plan: NetworkPlan, counts: [Int],
        groups: [Fleet.Group] = groups
    ) -> Timeline? {
        guard let devices = configuration.devices else { return nil }
        return Timeline(
            Fleet(groups, clients: counts.count, configuration: configuration, plan: plan), spec: devices,
            seed: configuration.seed, trace: nil, training: configuration.training, counts: counts)
    }
}

/// Simulated time over clients whose ways take what a test says.
struct TestTimeline {
    var timeline: Timeline
    let selector: Selector
    let demands: [ClientDemand]

    /// Each client computes for that many seconds, and neither receives nor sends.
    init(
        _ round: RoundPolicy, seconds: [Double], size: Int, availability: AvailabilitySpec = .init(),
        trace: AvailabilityTrace? = nil, seed: UInt64 = 11
    ) {
        let counts = seconds.map { _ in 4 }
        let federation = TinyFederation(trainCounts: counts, clientsPerRound: size, seed: seed)
        let fleet = Fleet(
            TinyDevices.groups, clients: counts.count, configuration: federation.configuration,
            plan: TinyFederation.plan)
        timeline = Timeline(
            fleet, spec: DevicesSpec(groups: [], round: round, availability: availability), seed: seed,
            trace: trace, training: federation.configuration.training, counts: counts)
        selector = Selector(.uniform, seed: seed, counts: counts, size: size)
        demands = seconds.map {
            ClientDemand(
                download: 0, compute: Int64(billionths: $0), upload: 0, computeEnergy: 1000,
                downloadEnergy: 0, uploadEnergy: 0, idleWatts: 1)
        }
    }

    mutating func next(_ round: Int) throws -> RoundPlan {
        try timeline.next(round: round, selector: selector) { [demands] in demands[$0] }
    }

    /// What a snapshot keeps.
    var memory: [Int64] { (0..<timeline.memoryCount).map { timeline.word($0) } }

    /// A fresh one brought to where another was after `round`, from what a snapshot keeps.
    func resumed(after round: Int, memory: [Int64]) throws -> TestTimeline {
        var other = self
        try other.timeline.resume(after: round, memory: memory, selector: selector) { [demands] in
            demands[$0]
        }
        return other
    }
}

extension RoundPlan {
    /// Clients by their fate, ascending.
    func clients(_ fate: ClientFate) -> [Int] { parts.filter { $0.fate == fate }.map(\.client).sorted() }

    func part(of client: Int) -> Part? { parts.first { $0.client == client } }
}

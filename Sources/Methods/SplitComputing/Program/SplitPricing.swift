import Devices
import Networks

/// Prices of a run's modes: device, server and link, at the run's own rate and at others.
package struct SplitPricing: Sendable, Equatable {
    /// The first is the run's own.
    package let devices: [DeviceProfile]
    package let server: DeviceProfile
    package let link: LinkProfile
    /// Of the uplink, bit/s, ascending; the downlink is as many times faster as the link's own.
    package let rates: [Double]
    /// The same as the scenario has them, 10^6 bit/s.
    private let ratesMbps: [Double]
    package let headers: InferenceHeaders
    private let format: CodeFormat
    private let teacher: NetworkPlan

    /// `link`: the profile of `links.radio`.
    package init(
        _ links: LinkSweepSpec, devices: [DeviceProfile], server: DeviceProfile, link profile: LinkProfile,
        teacher: NetworkPlan, format: CodeFormat, headers: InferenceHeaders
    ) {
        precondition(!devices.isEmpty, "no device")
        self.devices = devices
        self.server = server
        self.teacher = teacher
        self.format = format
        self.headers = headers
        ratesMbps = links.ratesMbps
        rates = ratesMbps.map { $0 * 1e6 }
        var link = profile
        if let rate = links.rateMbps {
            link.rates.downlinkBitsPerSecond *= rate * 1e6 / link.rates.uplinkBitsPerSecond
            link.rates.uplinkBitsPerSecond = rate * 1e6
        }
        if let seconds = links.roundTripSeconds { link.rates.roundTripSeconds = seconds }
        self.link = link
    }

    /// The rate of the run's own figures, bit/s.
    package var rate: Double { link.rates.uplinkBitsPerSecond }

    /// What a mode is, once it is known what it sends.
    package func deployed(
        _ mode: SplitMode, _ divided: [DividedNetwork], _ traffic: SplitTraffic
    ) -> DeployedMode {
        // Where nothing was sent, because there was no link, what would be without compression.
        func payload(_ values: Int) -> UInt64 {
            let bytes = traffic.sent > 0 ? traffic.mean.rounded() : Double(values)
            return max(1, UInt64(bytes))
        }
        var device = mode.onDevice(divided)
        let server: NetworkPlan?
        let sent: OffloadMode?
        // Of an image that the device is done with.
        var staying = device
        switch mode.kind {
        case .local:
            (device, staying) = ([teacher], [teacher])
            (server, sent) = (nil, nil)
        case .small: (server, sent) = (nil, nil)
        case .edge(quality: nil): (server, sent) = (teacher, .raw(teacher, name: mode.name))
        case .edge(quality: _?):
            (server, sent) = (teacher, .jpeg(teacher, bytes: payload(teacher.input.count), name: mode.name))
        case .divided(let network, _), .exiting(let network, _), .filtered(let network, _):
            guard let tail = divided[network].tail else { preconditionFailure("\(mode.name) without a tail") }
            server = tail
            sent = .split(
                name: mode.name, device: device, tail: tail,
                payload: payload(format.payloadBytes(values: divided[network].code.count)))
            if let filter = mode.filter.map({ divided[$0] }) {
                staying = [filter.head] + (filter.exit.map { [$0] } ?? [])
            }
        }
        return DeployedMode(
            name: mode.name, traffic: traffic,
            staying: OffloadMode(name: mode.name, head: staying.flatMap { $0.deviceLayers().map(\.cost) }),
            sent: sent, share: sent == nil ? 0 : traffic.share, device: device, server: server)
    }

    /// What an image costs on average, on a device at an uplink rate in bit/s.
    package func cost(of mode: DeployedMode, on device: DeviceProfile, at rate: Double) -> MeanCost {
        let offload = OffloadPricing(device: device, server: server, link: link, headerBytes: headers.item)
        let local = MeanCost(offload.priced(mode.staying).cost(at: rate))
        guard let sent = mode.sent else { return local }
        return MeanCost(offload.priced(sent).cost(at: rate)).mixed(mode.share, with: local)
    }

    /// The costs of a mode as they depend on the rate; nil where not every image is treated alike.
    package func priced(_ mode: DeployedMode, on device: DeviceProfile) -> PricedMode? {
        let offload = OffloadPricing(device: device, server: server, link: link, headerBytes: headers.item)
        guard let sent = mode.sent else { return offload.priced(mode.staying) }
        return mode.share == 1 ? offload.priced(sent) : nil
    }

    /// Why a mode that takes so many bytes of memory cannot run on the run's own device; nil where it can.
    package func misfit(_ mode: String, bytes: UInt64) -> String? {
        let device = devices[0]
        guard bytes > device.memory.bytes else { return nil }
        return "\(mode) needs \(bytes) bytes of memory, and \(device.name) has \(device.memory.bytes)"
    }

    /// Of all devices at all rates.
    package func rateRows(_ mode: DeployedMode) -> [RateRow] {
        devices.flatMap { device in
            zip(rates, ratesMbps).map { rate, mbps in
                RateRow(
                    mode: mode.name, device: device.name, rateMbps: mbps,
                    cost: cost(of: mode, on: device, at: rate))
            }
        }
    }
}

/// A mode with what it sends.
package struct DeployedMode: Sendable, Equatable {
    package let name: String
    package let traffic: SplitTraffic
    /// Of an image that the device answers itself.
    package let staying: OffloadMode
    /// Of one that crosses the link; nil where none does.
    package let sent: OffloadMode?
    /// Of images that cross it.
    package let share: Double
    package let device: [NetworkPlan]
    /// Weights and activations of an image on the device.
    package var memoryBytes: UInt64 {
        DeviceMemory.inference(device.flatMap { $0.deviceLayers().map(\.cost) }, batch: 1).total
    }
    package let server: NetworkPlan?
}

/// What an image costs on average, by parts that follow each other: seconds of all, joules of the device.
public struct MeanCost: Sendable, Equatable {
    public var deviceSeconds: Double
    public var preparationSeconds: Double
    public var uplinkSeconds: Double
    public var serverSeconds: Double
    public var downlinkSeconds: Double
    public var computeJoules: Double
    public var radioJoules: Double
    /// Of the device while it waits.
    public var waitingJoules: Double
    /// What the device would have drawn without the image.
    public var idleJoules: Double

    package init(_ cost: OffloadCost) {
        deviceSeconds = cost.computeSeconds
        preparationSeconds = cost.preparationSeconds
        uplinkSeconds = cost.uplinkSeconds
        serverSeconds = cost.serverSeconds
        downlinkSeconds = cost.downlinkSeconds
        computeJoules = cost.computeJoules + cost.preparationJoules
        radioJoules = cost.uplinkJoules + cost.downlinkJoules
        waitingJoules = cost.waitingJoules
        idleJoules = cost.idleJoules
    }

    public init(_ parts: [Double]) {
        precondition(parts.count == Self.parts.count, "\(parts.count) parts")
        (deviceSeconds, preparationSeconds, uplinkSeconds) = (parts[0], parts[1], parts[2])
        (serverSeconds, downlinkSeconds, computeJoules) = (parts[3], parts[4], parts[5])
        (radioJoules, waitingJoules, idleJoules) = (parts[6], parts[7], parts[8])
    }

    private static let parts: [KeyPath<MeanCost, Double> & Sendable] = [
        \.deviceSeconds, \.preparationSeconds, \.uplinkSeconds, \.serverSeconds, \.downlinkSeconds,
        \.computeJoules, \.radioJoules, \.waitingJoules, \.idleJoules,
    ]

    /// In the order of declaration.
    public var parts: [Double] { Self.parts.map { self[keyPath: $0] } }

    /// The mean of both, of which this has the weight `share`.
    func mixed(_ share: Double, with other: MeanCost) -> MeanCost {
        MeanCost(zip(parts, other.parts).map { share * $0 + (1 - share) * $1 })
    }

    public var seconds: Double {
        deviceSeconds + preparationSeconds + uplinkSeconds + serverSeconds + downlinkSeconds
    }

    /// All that the device draws.
    public var joules: Double { computeJoules + radioJoules + waitingJoules }

    /// What it draws because of the image.
    public var marginalJoules: Double { joules - idleJoules }
}

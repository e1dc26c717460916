import Networks

/// What is known of an experiment in split computing before anything is trained.
public struct SplitForecast: Sendable, Equatable {
    /// A mode, as far as it is known.
    public struct Mode: Sendable, Equatable {
        public let name: String
        /// Of an image, without headers; nil where it depends on the image.
        public let payloadBytes: Int?
        public let deviceParameters: Int
        public let deviceMACs: UInt64
        public let serverMACs: UInt64
        /// On the run's own device, at its own rate; nil where the payload is not known.
        public let latencySeconds: Double?
        public let energyJoules: Double?
    }

    /// Epochs and evaluations.
    public let rounds: Int
    public let teacherParameters: Int
    /// In the order of the configuration.
    public let modes: [Mode]
    /// Modes whose networks are too large for the run's own device, as sentences.
    public let misfits: [String]

    package init(
        _ configuration: SplitComputingConfiguration, teacher: NetworkPlan, pricing: SplitPricing
    ) throws(SplitError) {
        let divided = try configuration.divided(teacher)
        rounds = SplitTimetable(configuration).rounds
        teacherParameters = teacher.parameterCount
        var misfits: [String] = []
        modes = configuration.modes.map { mode in
            let bytes = configuration.payloadBytes(mode, divided, teacher)
            let traffic = SplitTraffic(
                images: 1, sent: mode.isServed ? 1 : 0, exits: 0, total: UInt64(bytes ?? 0),
                least: bytes ?? 0,
                greatest: bytes ?? 0)
            let deployed = pricing.deployed(mode, divided, traffic)
            if let text = pricing.misfit(mode.name, bytes: deployed.memoryBytes) { misfits.append(text) }
            let cost = pricing.cost(of: deployed, on: pricing.devices[0], at: pricing.rate)
            return Mode(
                name: mode.name, payloadBytes: bytes,
                deviceParameters: deployed.device.reduce(0) { $0 + $1.parameterCount },
                deviceMACs: deployed.device.reduce(0) { $0 + $1.macs },
                serverMACs: deployed.server?.macs ?? 0, latencySeconds: bytes == nil ? nil : cost.seconds,
                energyJoules: bytes == nil ? nil : cost.joules)
        }
        self.misfits = misfits
    }
}

extension SplitComputingConfiguration {
    /// Of an image, where that is known before.
    fileprivate func payloadBytes(
        _ mode: SplitMode, _ divided: [DividedNetwork], _ teacher: NetworkPlan
    ) -> Int? {
        switch mode.kind {
        case .local, .small: return 0
        case .edge(let quality): return quality == nil ? teacher.input.count : nil
        case .divided(let network, _):
            return bottleneck.format.deflates
                ? nil : bottleneck.format.payloadBytes(values: divided[network].code.count)
        case .exiting, .filtered: return nil
        }
    }
}

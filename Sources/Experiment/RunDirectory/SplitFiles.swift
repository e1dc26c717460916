import Devices
import Methods
import Networks
import TensorMath

/// What follows from the modes of an experiment in split computing and the profiles that it names: costs at every rate, and
/// the rates at which one mode becomes better than another.
public struct SplitCosts: Sendable {
    /// Two modes on a device, and where the cheaper one changes.
    public struct CrossoverRow: Sendable, Equatable {
        public enum Cost: String, Sendable, CaseIterable { case latency, energy }

        public let device: String
        public let cost: Cost
        /// The cheaper one below the rate, and the one above it.
        public let below: String
        public let above: String
        /// In closed form, 10^6 bit/s.
        public let rateMbps: Double
        /// Neighbours of the scenario's rates between which it was found; nil where that is outside.
        public let gridMbps: ClosedRange<Double>?
    }

    public let rates: [RateRow]
    public let crossovers: [CrossoverRow]
    /// Modes whose networks are too large for the run's own device, as sentences; a controller does not choose them.
    public let misfits: [String]
    /// Nil before all modes were tried.
    public let control: SplitControl?

    /// - Parameters:
    ///   - modes: of a finished run with this configuration.
    ///   - digest: of the run's `devicesDigest`; nil where it is not known.
    public init(
        _ modes: [ModeRow], _ configuration: SplitComputingConfiguration, digest: String? = nil
    ) throws(ProfileError) {
        if let digest, try configuration.devicesDigest() != digest { throw .changed }
        guard let first = modes.first else {
            (rates, crossovers, misfits, control) = ([], [], [], nil)
            return
        }
        guard let teacher = configuration.teacher.plan(configuration.dataset),
            let divided = try? configuration.divided(teacher)
        else { preconditionFailure("networks of a scenario that was not checked") }
        let header = modes.map(\.headerBytes).max() ?? first.headerBytes
        let pricing = try configuration.pricing(
            teacher, headers: InferenceHeaders(item: header, weights: { $0 }))
        var deployed: [DeployedMode] = []
        for mode in configuration.modes {
            guard let row = modes.first(where: { $0.mode == mode.name }) else { continue }
            deployed.append(pricing.deployed(mode, divided, row.traffic))
        }
        rates = deployed.flatMap { pricing.rateRows($0) }
        crossovers = Self.crossovers(deployed, pricing)
        let misfits = modes.compactMap { row in
            pricing.misfit(row.mode, bytes: row.deviceMemoryBytes).map { (mode: row.mode, text: $0) }
        }
        self.misfits = misfits.map(\.text)
        let candidates = deployed.compactMap { mode -> OffloadCandidate? in
            guard let row = modes.first(where: { $0.mode == mode.name }),
                row.kind != "stage1" && row.kind != "filtered",
                row.kind == "local" || !misfits.contains(where: { $0.mode == row.mode })
            else {
                return nil
            }
            return pricing.priced(mode, on: pricing.devices[0]).map {
                OffloadCandidate($0, accuracy: row.accuracy)
            }
        }
        guard modes.count == configuration.modes.count else {
            control = nil
            return
        }
        control = try SplitControl(
            candidates, configuration.controller, link: pricing.link, seed: configuration.seed)
    }

    private static func crossovers(_ modes: [DeployedMode], _ pricing: SplitPricing) -> [CrossoverRow] {
        var rows: [CrossoverRow] = []
        for device in pricing.devices {
            let priced = modes.compactMap { pricing.priced($0, on: device) }
            for (place, a) in priced.enumerated() {
                for b in priced[(place + 1)...] {
                    rows += CrossoverRow.Cost.allCases.compactMap {
                        crossover($0, a, b, device: device.name, rates: pricing.rates)
                    }
                }
            }
        }
        return rows
    }

    private static func crossover(
        _ cost: CrossoverRow.Cost, _ a: PricedMode, _ b: PricedMode, device: String, rates: [Double]
    ) -> CrossoverRow? {
        let (first, second) =
            cost == .latency ? (a.seconds, b.seconds) : (a.joules, b.joules)
        // On the grid as parts add up, not by the closed form.
        func sum(_ mode: PricedMode, _ rate: Double) -> Double {
            let it = mode.cost(at: rate)
            return cost == .latency ? it.seconds : it.joules
        }
        guard let rate = Crossover.rate(first, second) else { return nil }
        let grid = Crossover.bracket(rates, { sum(a, $0) }, { sum(b, $0) })
        // Below it, the one that sends less.
        let isFirst = first.inverse < second.inverse
        return CrossoverRow(
            device: device, cost: cost, below: isFirst ? a.name : b.name, above: isFirst ? b.name : a.name,
            rateMbps: rate / 1e6, gridMbps: grid.map { $0.lowerBound / 1e6...$0.upperBound / 1e6 })
    }
}

extension SplitComputingConfiguration {
    /// BLAKE2b-256 of the profiles and of the controller's trace, hexadecimal.
    package func devicesDigest() throws(ProfileError) -> String {
        var text = ""
        for name in [deployment.device] + deployment.otherDevices + [deployment.server] {
            text += try ProfileCatalogue.device(name).yaml
        }
        text += try ProfileCatalogue.link(links.radio).yaml + controller.fileText()
        return hexadecimal(digest256(Array(text.utf8)))
    }

    /// With the profiles that it names.
    package func pricing(
        _ teacher: NetworkPlan, headers: InferenceHeaders
    ) throws(ProfileError) -> SplitPricing {
        var devices: [DeviceProfile] = []
        for name in [deployment.device] + deployment.otherDevices {
            devices.append(try ProfileCatalogue.device(name))
        }
        return SplitPricing(
            links, devices: devices, server: try ProfileCatalogue.device(deployment.server),
            link: try ProfileCatalogue.link(links.radio), teacher: teacher,
            format: bottleneck.format, headers: headers)
    }
}

extension RunDirectory {
    /// What the ledger keeps `devicesDigest` under.
    package static let devicesKey = "devices_digest"

    func exportSplitComputing(
        from ledger: Ledger, _ configuration: SplitComputingConfiguration
    ) throws(RecordError) {
        try export(Name.training, EpochTable.self, from: ledger)
        try export(Name.modes, ModeTable.self, from: ledger)
        if !configuration.filter.classes.isEmpty {
            try export(Name.neuralFilter, NeuralFilterTable.self, from: ledger)
        }
        let modes: [ModeRow]
        let digest: String?
        do throws(LedgerError) {
            (modes, digest) = (try ledger.modes(), try ledger.meta()[Self.devicesKey])
        } catch {
            throw .ledger(error)
        }
        let costs: SplitCosts
        do throws(ProfileError) { costs = try SplitCosts(modes, configuration, digest: digest) } catch {
            throw .profile(error)
        }
        let parts = ModeTable.costColumns
        try export(Name.rates, header: ["mode", "device", "rate_mbps"] + parts) { file throws(LedgerError) in
            for row in costs.rates {
                let cells =
                    [row.mode, row.device, shortest(row.rateMbps)] + row.cost.parts.map { shortest($0) }
                file.write(csvLine(cells))
            }
        }
        if let control = costs.control { try export(control) }
        let header = ["device", "cost", "below", "above", "rate_mbps", "grid_from_mbps", "grid_to_mbps"]
        try export(Name.crossovers, header: header) { file throws(LedgerError) in
            for row in costs.crossovers {
                file.write(
                    csvLine([
                        row.device, row.cost.rawValue, row.below, row.above, shortest(row.rateMbps),
                        row.gridMbps.map { shortest($0.lowerBound) } ?? "",
                        row.gridMbps.map { shortest($0.upperBound) } ?? "",
                    ]))
            }
        }
    }
}

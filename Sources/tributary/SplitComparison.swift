import Devices
import Methods
import Networks

/// What ways to have an image classified cost on devices, at rates of one link; all of it modelled.
struct SplitComparison: Encodable {
    struct Mode: Encodable {
        let mode: String
        let deviceMacs: UInt64
        let serverMacs: UInt64
        let payloadBytes: UInt64
        /// Of the JPEG file's bytes; nil where nothing is sent.
        let savedPercent: Double?
    }

    struct Cost: Encodable {
        let mode: String
        let computeSeconds: Double
        let preparationSeconds: Double
        let uplinkSeconds: Double
        let serverSeconds: Double
        let downlinkSeconds: Double
        let seconds: Double
        let computeJoules: Double
        let preparationJoules: Double
        let radioJoules: Double
        let waitingJoules: Double
        let joules: Double
        let marginalJoules: Double

        init(_ mode: String, _ cost: OffloadCost) {
            self.mode = mode
            computeSeconds = cost.computeSeconds
            preparationSeconds = cost.preparationSeconds
            uplinkSeconds = cost.uplinkSeconds
            serverSeconds = cost.serverSeconds
            downlinkSeconds = cost.downlinkSeconds
            seconds = cost.seconds
            computeJoules = cost.computeJoules
            preparationJoules = cost.preparationJoules
            radioJoules = cost.uplinkJoules + cost.downlinkJoules
            waitingJoules = cost.waitingJoules
            joules = cost.joules
            marginalJoules = cost.marginalJoules
        }
    }

    struct Rate: Encodable {
        let uplinkMbps: Double
        let modes: [Cost]
        let fastest: String
        let leastEnergy: String
    }

    /// Where two modes cost the same, in Mbit/s; nil where one is cheaper at every rate, or at all of the grid.
    struct Change: Encodable {
        let closedMbps: Double?
        let gridMbps: [Double]?

        init(_ rates: [Double], _ a: RateCurve, _ b: RateCurve) {
            closedMbps = Crossover.rate(a, b).map { $0 / 1e6 }
            gridMbps = Crossover.bracket(rates, a.value, b.value).map {
                [$0.lowerBound / 1e6, $0.upperBound / 1e6]
            }
        }
    }

    struct Pair: Encodable {
        let mode: String
        let other: String
        let latency: Change
        let energy: Change
    }

    /// The greatest savings of a split over the rates; negative where it costs more at all of them.
    struct Reduction: Encodable {
        struct Best: Encodable {
            let percent: Double
            let uplinkMbps: Double
        }

        let baseline: String
        let mode: String
        let latency: Best
        let energy: Best
        /// Of energy over latency.
        let power: Best
    }

    struct Device: Encodable {
        let device: String
        let rates: [Rate]
        let crossovers: [Pair]
        let reductions: [Reduction]
    }

    let modelled = true
    let model: String
    let input: [Int]
    let classes: Int
    let version: Int
    let bits: Int
    let server: String
    let link: String
    let jpegBytes: Int
    let modes: [Mode]
    let devices: [Device]
    /// nil for networks of which nothing was published.
    let published: PublishedSplit?

    /// - Parameters:
    ///   - modes: local, two of the edge, and splits, in this order.
    ///   - rates: of the uplink in bit/s, ascending.
    ///   - pricings: one for each device, of the same server and link.
    init(
        teacher: NetworkPlan, version: Int, bits: Int, jpegBytes: Int, modes: [OffloadMode], rates: [Double],
        pricings: [OffloadPricing]
    ) {
        model = teacher.spec.name
        input = [teacher.input.channels, teacher.input.height, teacher.input.width]
        classes = teacher.classes
        self.version = version
        self.bits = bits
        server = pricings[0].server.name
        link = pricings[0].link.name
        self.jpegBytes = jpegBytes
        self.modes = modes.map { mode in
            Mode(
                mode: mode.name, deviceMacs: mode.head.reduce(0) { $0 + $1.macs },
                serverMacs: mode.tail.reduce(0) { $0 + $1.macs }, payloadBytes: mode.uplinkBytes,
                savedPercent: mode.isLocal
                    ? nil : 100 * (1 - Double(mode.uplinkBytes) / Double(jpegBytes)))
        }
        devices = pricings.map { pricing in
            Self.device(pricing.device.name, modes.map(pricing.priced), rates)
        }
        published = PublishedSplit(teacher, version: version)
    }

    private static func device(_ name: String, _ modes: [PricedMode], _ rates: [Double]) -> Device {
        let rows = rates.map { rate in
            let costs = modes.map { Cost($0.name, $0.cost(at: rate)) }
            return Rate(
                uplinkMbps: rate / 1e6, modes: costs, fastest: costs.min { $0.seconds < $1.seconds }!.mode,
                leastEnergy: costs.min { $0.joules < $1.joules }!.mode)
        }
        var pairs: [Pair] = []
        for (index, mode) in modes.enumerated().dropFirst() {
            for other in modes[..<min(index, 3)] {
                pairs.append(
                    Pair(
                        mode: mode.name, other: other.name,
                        latency: Change(rates, mode.seconds, other.seconds),
                        energy: Change(rates, mode.joules, other.joules)))
            }
        }
        return Device(
            device: name, rates: rows, crossovers: pairs,
            reductions: [0, 1].flatMap { baseline in
                (3..<modes.count).map { reduction(rows, of: $0, baseline: baseline) }
            })
    }

    private static func reduction(_ rates: [Rate], of mode: Int, baseline: Int) -> Reduction {
        func best(_ value: (Cost) -> Double) -> Reduction.Best {
            rates.map { rate in
                let (part, whole) = (value(rate.modes[mode]), value(rate.modes[baseline]))
                return Reduction.Best(
                    percent: whole > 0 ? 100 * (1 - part / whole) : 0, uplinkMbps: rate.uplinkMbps)
            }.max { $0.percent < $1.percent }!
        }
        return Reduction(
            baseline: rates[0].modes[baseline].mode, mode: rates[0].modes[mode].mode,
            latency: best(\.seconds), energy: best(\.joules), power: best { $0.joules / $0.seconds })
    }
}

import Networks

/// One way to have an image classified that a run tries.
public struct SplitMode: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The teacher on the device.
        case local
        /// The teacher on the server, which gets images: as JPEG of a quality, or as they are.
        case edge(quality: Int?)
        /// A divided network, by its place among the networks; after stage 1 alone, or as a whole.
        case divided(network: Int, afterStage1: Bool)
        /// A divided network whose device answers itself where it is sure enough.
        case exiting(network: Int, threshold: Double)
        /// A smaller network on the device.
        case small(network: Int)
        /// A divided network behind a filter that withholds what is not of interest, by their places.
        case filtered(network: Int, filter: Int)
    }

    public let kind: Kind
    /// Such as `bottlefit_3`: unique in a run.
    public let name: String
    /// Of the code; 0 for others.
    public let channels: Int

    /// The network that it deploys, by its place; nil for the teacher.
    package var network: Int? {
        switch kind {
        case .local, .edge: nil
        case .divided(let network, _), .exiting(let network, _), .small(let network),
            .filtered(let network, _):
            network
        }
    }

    /// Whether something crosses the link.
    package var isServed: Bool {
        switch kind {
        case .local, .small: false
        case .edge, .divided, .exiting, .filtered: true
        }
    }

    /// The filter in front of it, by its place among the networks.
    package var filter: Int? {
        if case .filtered(_, let filter) = kind { filter } else { nil }
    }

    /// Whether its network answers the test images in one piece, too.
    package var isTestedWhole: Bool {
        switch kind {
        case .local, .divided, .exiting, .small: true
        case .edge, .filtered: false
        }
    }

    /// Networks on the device.
    package func onDevice(_ divided: [DividedNetwork]) -> [NetworkPlan] {
        guard let network else { return [] }
        let own = divided[network]
        let classifier = filter.flatMap { divided[$0].exit }
        return [own.head] + [own.exit, classifier].compactMap(\.self)
    }

    /// Of what is shipped to a device: parameters, a filter's threshold, and the mode's number, by which what is shipped
    /// for two modes differs even where their heads are the same. Nothing for edge offloading.
    package func deviceBytes(_ divided: [DividedNetwork]) -> Int {
        guard isServed, network != nil else { return 0 }
        return onDevice(divided).reduce(0) { $0 + 4 * $1.layout.count } + (filter == nil ? 4 : 8)
    }

    /// Whether it asks a network that ends after stage 1.
    package var isAfterStage1: Bool {
        if case .divided(_, afterStage1: true) = kind { true } else { false }
    }

    /// The word for its kind in tables.
    package let word: String
}

extension SplitComputingConfiguration {
    /// The bottlenecks first, each before and after stage 2, then the baselines.
    public var modes: [SplitMode] {
        var modes: [SplitMode] = []
        for (index, network) in networks.enumerated() {
            func add(_ kind: SplitMode.Kind, _ suffix: String = "", word: String? = nil) {
                modes.append(
                    SplitMode(
                        kind: kind, name: network.name + suffix, channels: network.channels,
                        word: word ?? network.word))
            }
            switch network.kind {
            case .bottleneck:
                add(.divided(network: index, afterStage1: false))
                add(.divided(network: index, afterStage1: true), "_stage1", word: "stage1")
            case .naive, .headDistillation, .autoencoder: add(.divided(network: index, afterStage1: false))
            case .earlyExit:
                for threshold in deployment.exitThresholds {
                    add(.exiting(network: index, threshold: threshold), "_\(threshold)")
                }
            case .small: add(.small(network: index))
            case .neuralFilter:
                modes.append(
                    SplitMode(
                        kind: .filtered(network: 0, filter: index), name: "filtered_\(network.channels)",
                        channels: network.channels, word: "filtered"))
            }
        }
        modes.append(SplitMode(kind: .local, name: "local", channels: 0, word: "local"))
        if baselines.contains(.edgeJPEG) {
            modes += deployment.jpegQualities.map {
                SplitMode(kind: .edge(quality: $0), name: "edge_jpeg_\($0)", channels: 0, word: "edge_jpeg")
            }
        }
        if baselines.contains(.edgeRaw) {
            modes.append(
                SplitMode(kind: .edge(quality: nil), name: "edge_raw", channels: 0, word: "edge_raw"))
        }
        return modes
    }

    /// What the run is about.
    public var mainMode: SplitMode { modes[0] }
}

import Networks

/// What a contender will look like and cost for one image, as if the teacher's filters were divided evenly.
public struct ContenderForecast: Sendable, Equatable {
    public let contender: Contender
    /// Names in the zoo, one a device.
    public let networks: [String]
    /// Trainable values of all devices and the hub, and of the largest device.
    public let parameters: Int
    public let largestParameters: Int
    /// Multiply-accumulates of the busiest device.
    public let largestMACs: UInt64
    /// Weights and activations of the device that needs most.
    public let largestMemoryBytes: UInt64
    /// From device to device or hub, without headers.
    public let featureBytes: UInt64
    /// The image, to all devices.
    public let inputBytes: UInt64
    /// Of features; images have as many as devices, where they are sent.
    public let messages: Int
    public let dependentRounds: Int
    /// Modelled, devices side by side, without losses.
    public let latencySeconds: Double
    /// Of all devices, without the hub.
    public let energyJoules: Double

    init(_ contender: Contender, _ cost: InferenceCost) {
        self.contender = contender
        networks = cost.nodes.map(\.network)
        parameters = cost.nodes.reduce(cost.hubParameters) { $0 + $1.parameters }
        largestParameters = cost.nodes.map(\.parameters).max() ?? 0
        largestMACs = cost.nodes.map(\.macs).max() ?? 0
        largestMemoryBytes = cost.nodes.map(\.memoryBytes).max() ?? 0
        featureBytes = cost.payload(.features) + cost.payload(.activations)
        inputBytes = cost.payload(.input)
        messages = cost.messages(.features) + cost.messages(.activations)
        dependentRounds = cost.dependentRounds
        let timing = InferenceTiming(cost, losses: LossSpec(), images: 1, seed: 0)
        latencySeconds = timing.meanSeconds
        energyJoules = (timing.computeJoules + timing.radioJoules + timing.idleJoules).reduce(0, +)
    }
}

/// What is known of an experiment before there is a teacher.
public struct InferenceForecast: Sendable, Equatable {
    /// Epochs and evaluations.
    public let rounds: Int
    /// Of the teacher's last convolution.
    public let filters: Int
    /// As in the configuration.
    public let contenders: [ContenderForecast]
    /// What is allowed and probably not meant.
    public let warnings: [String]
}

extension DistributedInferenceConfiguration {
    /// Mean number of edges a filter if all pairs had one: below it most filters are isolated, for pairs that never answer
    /// together have none.
    private static let leastMeanDegree = 3.0

    /// Throws where a network that is asked for does not exist or fit.
    package func forecast(
        teacher: NetworkPlan, devices: InferenceDevices, headers: InferenceHeaders
    ) throws(ContenderFault) -> InferenceForecast {
        let plans = try rehearse(teacher: teacher, memory: devices.devices.map(\.memory.bytes))
        let pricing = InferencePricing(devices, deployment, headers: headers, input: teacher.input)
        var warnings: [String] = []
        let contenders = contenders
        let forecasts = contenders.indices.map { index in
            let cost = pricing.cost(
                of: contenders[index], teacher: teacher,
                plan: plans[index] ?? plans[single(dividedBy: contenders[index]) ?? index])
            if let warning = Self.memoryWarning(contenders[index], cost) { warnings.append(warning) }
            return ContenderForecast(contenders[index], cost)
        }
        let filters = (try? FeatureStage(teacher))?.filters ?? 0
        if let warning = edgeWarning(filters: filters) { warnings.append(warning) }
        return InferenceForecast(
            rounds: Timetable(self).rounds, filters: filters, contenders: forecasts, warnings: warnings)
    }

    /// The contender whose network another divides; nil for those that have one of their own.
    func single(dividedBy contender: Contender) -> Int? {
        guard contender.kind == .channelSplit else { return nil }
        let single = Contender(kind: .single(attention: false), devices: 1, students: contender.students)
        return contenders.firstIndex(of: single)
    }

    private static func memoryWarning(_ contender: Contender, _ cost: InferenceCost) -> String? {
        guard let node = cost.nodes.first(where: { $0.memoryBytes > $0.device.memory.bytes }) else {
            return nil
        }
        return
            "deployment.devices: \(node.device.name) has \(node.device.memory.bytes) bytes of memory, and \(node.network) "
            + "of \(contender.name) needs \(node.memoryBytes); its time and energy are told as if it had them"
    }

    private func edgeWarning(filters: Int) -> String? {
        let isAsked = contenders.contains { contender in
            if case .partitioned(let rule) = contender.kind { rule.hasCommunities } else { false }
        }
        let share = (100 - partition.edgePercentile) / 100
        guard isAsked, Double(filters - 1) * share < Self.leastMeanDegree else { return nil }
        let edges = Int((Double(filters * (filters - 1)) / 2 * share).rounded())
        return
            "partition.edge_percentile: \(partition.edgePercentile) of \(filters) filters leaves at most about \(edges) edges, so most "
            + "filters are isolated; lower it, or choose partition.isolated: cover"
    }
}

extension InferencePricing {
    /// - Parameter plan: of the contender's own network, or the one that it divides; nil for the teacher.
    func cost(of contender: Contender, teacher: NetworkPlan, plan: EnsemblePlan?) -> InferenceCost {
        guard let plan else { return single([teacher], network: teacher.spec.name) }
        switch contender.kind {
        case .teacher, .partitioned, .splitKD: return ensemble(plan)
        case .single: return single(plan.students + [plan.head], network: plan.students[0].spec.name)
        case .channelSplit: return channelSplit(plan.students[0], head: plan.head, over: contender.devices)
        }
    }
}

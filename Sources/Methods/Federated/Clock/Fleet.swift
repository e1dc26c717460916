import Devices
import Networks
import TensorMath

/// Who has which device, and what a round takes there.
package struct Fleet: Sendable {
    /// Profiles of a group, with the names that its rows carry.
    package struct Group: Sendable {
        package let device: DeviceProfile
        package let link: LinkProfile
        package let share: Double

        package init(device: DeviceProfile, link: LinkProfile, share: Double) {
            self.device = device
            self.link = link
            self.share = share
        }
    }

    package let groups: [Group]
    /// Group of each client.
    private let membership: [UInt16]
    private let configuration: FederatedConfiguration
    private let plan: NetworkPlan
    private let layers: [LayerCost]
    /// Values that learn.
    private let learning: Int

    /// Clients are dealt to groups by their shares: each gets its part of the clients, rounded, and which ones they are
    /// follows from the seed.
    package init(_ groups: [Group], clients: Int, configuration: FederatedConfiguration, plan: NetworkPlan) {
        precondition(!groups.isEmpty && groups.allSatisfy { $0.share > 0 })
        self.groups = groups
        self.configuration = configuration
        self.plan = plan
        layers = plan.deviceLayers().map(\.cost)
        learning = plan.layout.segments.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) }
        let total = groups.reduce(0) { $0 + $1.share }
        var stream = RandomStream(RandomKey(seed: configuration.seed, purpose: .devices))
        let order = stream.sample(clients, of: clients)
        var membership = [UInt16](repeating: 0, count: clients)
        var (first, share) = (0, 0.0)
        for (index, group) in groups.enumerated() {
            share += group.share
            let end = index == groups.count - 1 ? clients : Int((share / total * Double(clients)).rounded())
            for place in first..<max(first, end) { membership[order[place]] = UInt16(index) }
            first = max(first, end)
        }
        self.membership = membership
    }

    package func group(of client: Int) -> Group { groups[Int(membership[client])] }

    /// What a client with that many samples goes through. `down` and `up` are the bytes of its messages, headers
    /// included; 0 where none is sent.
    package func demand(client: Int, samples: Int, down: UInt64, up: UInt64) -> ClientDemand {
        let group = group(of: client)
        let (device, link) = (group.device, group.link)
        let seconds = trainingSeconds(samples: samples, on: device)
        let download = link.transfer(bytes: down, .down)
        // The radio does not fall asleep where the tail of the download lasts into the upload.
        let isAwake = down > 0 && seconds < link.radio.tailSeconds
        var upload = link.transfer(bytes: up, .up, wakes: !isAwake)
        if isAwake, up > 0 { upload.joules += seconds * link.radio.tailWatts }
        return ClientDemand(
            download: Int64(billionths: download.seconds), compute: Int64(billionths: seconds),
            upload: Int64(billionths: upload.seconds),
            computeEnergy: Int64(billionths: device.computingJoules(seconds)),
            downloadEnergy: Int64(billionths: download.joules),
            uploadEnergy: Int64(billionths: upload.joules), idleWatts: device.idleJoules(1))
    }

    /// Seconds of a client's training: the steps of an epoch, as often as the method's samples go backward, and the
    /// passes that go forward only. What methods leave out (frozen layers) counts by its share of multiply-accumulates.
    package func trainingSeconds(samples: Int, on device: DeviceProfile) -> Double {
        guard samples > 0 else { return 0 }
        let training = configuration.training
        let work = configuration.method.method.work(samples: samples, training: training, plan: plan)
        func pass(_ seconds: (Int) -> Double) -> Double {
            let (full, rest) = samples.quotientAndRemainder(dividingBy: training.batchSize)
            return (full > 0 ? Double(full) * seconds(training.batchSize) : 0)
                + (rest > 0 ? seconds(rest) : 0)
        }
        let step = pass { batch in
            device.stepSeconds(
                layers, batch: batch, parameters: learning, stateValues: training.optimizer.stateValues)
        }
        let forward = pass { device.forwardSeconds(layers, batch: $0) }
        let passes = (
            back: Double(work.backwardSamples) / Double(samples),
            ahead: Double(work.forwardSamples) / Double(samples)
        )
        let whole = Work(
            layers: plan.blocks.map(\.cost), forward: work.forwardSamples, backward: work.backwardSamples)
        let done = whole.totalMACs > 0 ? Double(work.totalMACs) / Double(whole.totalMACs) : 1
        return done * (passes.back * step + max(0, passes.ahead - passes.back) * forward)
    }

    /// What training needs on a client's device.
    package func memory(batch: Int) -> DeviceMemory {
        DeviceMemory.training(
            layers, batch: batch, parameters: learning,
            stateValues: configuration.training.optimizer.stateValues)
    }
}

extension OptimizerSpec {
    /// Values that it keeps of each one that learns.
    var stateValues: Int {
        switch self {
        case .sgd(let settings): settings.momentum > 0 ? 1 : 0
        case .adam: 2
        }
    }
}

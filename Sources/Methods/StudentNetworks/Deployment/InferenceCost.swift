import Devices
import Networks

/// What one device does for one image, with nothing in its way.
package struct NodeCost: Sendable, Equatable {
    package let device: DeviceProfile
    package let network: String
    /// Features that it gives; 0 where it gives the answer.
    package let filters: Int
    package let parameters: Int
    package let weightBytes: UInt64
    package let memoryBytes: UInt64
    package let macs: UInt64
    /// Until the image is there, of computing, and until the features are with the hub.
    package let input: Transfer
    package let computeSeconds: Double
    package let uplink: Transfer

    /// Until its features are with the hub, on a device that is `slowdown` times slower.
    package func seconds(slowdown: Double = 1) -> Double {
        input.seconds + slowdown * computeSeconds + uplink.seconds
    }

    /// Joules of computing, of the radio, and of the idle device, which waits for others in the end.
    package func joules(slowdown: Double, waiting: Double) -> (compute: Double, radio: Double, idle: Double) {
        (
            device.computingJoules(slowdown * computeSeconds), input.joules + uplink.joules,
            device.idleJoules(input.seconds + uplink.seconds + waiting)
        )
    }
}

/// What one image costs with one way to do the inference.
package struct InferenceCost: Sendable, Equatable {
    package let nodes: [NodeCost]
    /// Of the hub's last layer; 0 without a hub.
    package let hubSeconds: Double
    package let hubMACs: UInt64
    package let hubParameters: Int
    /// Between nodes, counted from 1, and the hub, 0; without weights.
    package let transfers: [Flow]
    /// Messages that wait for each other.
    package let dependentRounds: Int

    /// Bytes that one node sends another for one image.
    package struct Flow: Sendable, Equatable {
        package enum Content: String, Sendable { case weights, input, features, activations }

        package let content: Content
        package let sender: Int
        package let receiver: Int
        package let payload: UInt64
        package let messages: Int
    }

    package func payload(_ content: Flow.Content) -> UInt64 {
        transfers.filter { $0.content == content }.reduce(0) { $0 + $1.payload }
    }

    package func messages(_ content: Flow.Content) -> Int {
        transfers.filter { $0.content == content }.reduce(0) { $0 + $1.messages }
    }
}

/// Makes costs from plans and profiles. Images come one after the other, so radios are awake.
package struct InferencePricing {
    package let devices: InferenceDevices
    package let deployment: DeploymentSpec
    package let headers: InferenceHeaders
    /// Of an image as it travels; 0 where devices sense it.
    package let inputBytes: UInt64

    package init(
        _ devices: InferenceDevices, _ deployment: DeploymentSpec, headers: InferenceHeaders, input: Shape
    ) {
        self.devices = devices
        self.deployment = deployment
        self.headers = headers
        inputBytes = deployment.input == .local ? 0 : UInt64(input.count * deployment.pixels.bytes)
    }

    private var inputTransfer: Transfer {
        inputBytes == 0
            ? .none : devices.link.transfer(bytes: inputBytes + headers.item, .down, wakes: false)
    }

    private func inputs(to nodes: Int) -> [InferenceCost.Flow] {
        guard inputBytes > 0 else { return [] }
        return (1...nodes).map {
            .init(content: .input, sender: 0, receiver: $0, payload: inputBytes, messages: 1)
        }
    }

    /// A network that stands on one device as a whole and answers there.
    package func single(_ plans: [NetworkPlan], network: String) -> InferenceCost {
        let layers = plans.flatMap { $0.deviceLayers().map(\.cost) }
        let node = NodeCost(
            device: devices.device(0), network: network, filters: 0,
            parameters: plans.reduce(0) { $0 + $1.parameterCount },
            weightBytes: plans.reduce(0) { $0 + UInt64(4 * $1.layout.count) },
            memoryBytes: DeviceMemory.inference(layers, batch: 1).total,
            macs: plans.reduce(0) { $0 + $1.macs }, input: inputTransfer,
            computeSeconds: devices.device(0).forwardSeconds(layers, batch: 1), uplink: .none)
        return InferenceCost(
            nodes: [node], hubSeconds: 0, hubMACs: 0, hubParameters: 0, transfers: inputs(to: 1),
            dependentRounds: inputBytes > 0 ? 1 : 0)
    }

    /// Students on a device each, whose features the hub reads.
    package func ensemble(_ plan: EnsemblePlan) -> InferenceCost {
        var flows = inputs(to: plan.students.count)
        let nodes = plan.students.enumerated().map { index, student in
            let device = devices.device(index)
            let bytes = UInt64(student.classes * deployment.values.bytes)
            flows.append(
                .init(content: .features, sender: index + 1, receiver: 0, payload: bytes, messages: 1))
            let layers = student.deviceLayers().map(\.cost)
            return NodeCost(
                device: device, network: student.spec.name, filters: student.classes,
                parameters: student.parameterCount, weightBytes: UInt64(4 * student.layout.count),
                memoryBytes: DeviceMemory.inference(layers, batch: 1).total, macs: student.macs,
                input: inputTransfer, computeSeconds: device.forwardSeconds(layers, batch: 1),
                uplink: devices.link.transfer(bytes: bytes + headers.item, .up, wakes: false))
        }
        let head = plan.head.deviceLayers().map(\.cost)
        return InferenceCost(
            nodes: nodes, hubSeconds: devices.hub.forwardSeconds(head, batch: 1), hubMACs: plan.head.macs,
            hubParameters: plan.head.parameterCount, transfers: flows,
            dependentRounds: inputBytes > 0 ? 2 : 1)
    }

    /// One network over several devices that compute a share of every layer's channels and gather them after each
    /// convolution: a device sends its share to the others one after the other, and waits for theirs.
    package func channelSplit(_ plan: NetworkPlan, head: NetworkPlan, over count: Int) -> InferenceCost {
        let split = ChannelSplit(plan, devices: count, bytes: deployment.values.bytes)
        var flows = inputs(to: count)
        let layers = plan.deviceLayers().map { $0.cost.share(of: count) } + head.deviceLayers().map(\.cost)
        let nodes = (0..<count).map { index in
            let device = devices.device(index)
            for other in 0..<count where other != index {
                flows.append(
                    .init(
                        content: .activations, sender: index + 1, receiver: other + 1,
                        payload: split.bytesToEach[index], messages: split.rounds))
            }
            return NodeCost(
                device: device, network: plan.spec.name, filters: 0,
                parameters: (plan.parameterCount + count - 1) / count + head.parameterCount,
                weightBytes: UInt64(4 * plan.layout.count / count + 4 * head.layout.count),
                memoryBytes: DeviceMemory.inference(layers, batch: 1).total,
                macs: (plan.macs + UInt64(count) - 1) / UInt64(count) + head.macs, input: inputTransfer,
                computeSeconds: device.forwardSeconds(layers, batch: 1),
                uplink: gathering(split, of: index))
        }
        return InferenceCost(
            nodes: nodes, hubSeconds: 0, hubMACs: 0, hubParameters: 0, transfers: flows,
            dependentRounds: split.rounds + (inputBytes > 0 ? 1 : 0))
    }

    /// All messages that a device sends for one image, and the energy of those that it receives.
    private func gathering(_ split: ChannelSplit, of index: Int) -> Transfer {
        guard split.devices > 1, split.rounds > 0 else { return .none }
        let link = devices.link
        func message(_ bytes: UInt64, _ direction: LinkProfile.Direction) -> Transfer {
            link.transfer(bytes: bytes / UInt64(split.rounds) + headers.item, direction, wakes: false)
        }
        let own = message(split.bytesToEach[index], .up)
        let sent = Double(split.rounds * (split.devices - 1))
        var joules = sent * own.joules
        for other in 0..<split.devices where other != index {
            joules += Double(split.rounds) * message(split.bytesToEach[other], .down).joules
        }
        return Transfer(seconds: sent * own.seconds, joules: joules, bytesOnAir: sent * own.bytesOnAir)
    }
}

extension LayerCost {
    /// One device's part of a layer whose output channels are divided over several: it reads all of the input.
    fileprivate func share(of count: Int) -> LayerCost {
        var cost = self
        let parts = UInt64(count)
        cost.macs = (macs + parts - 1) / parts
        cost.operations = (operations + parts - 1) / parts
        cost.outputBytes = (outputBytes + parts - 1) / parts
        cost.weightBytes = (weightBytes + parts - 1) / parts
        return cost
    }
}

import Devices
import Methods
import Networks
import TensorMath
import Testing

/// Seconds, joules and losses of images one after the other, on devices with figures that are easy to reckon with.
@Suite struct InferenceTimingTests {
    /// Two students of 2 and 3 features over images of 2 x 6 x 6, which come as bytes behind 28 bytes of header: 100
    /// bytes, so 50 ms + 125 bytes at 8 Mbit/s. Features go back as 4 bytes each: 36 and 40 bytes, so 50 ms + 61 and 65
    /// bytes at 1 Mbit/s. The devices take 1 and 3 seconds, the hub half a second.
    static func pricing(
        _ deployment: DeploymentSpec = DeploymentSpec(), devices count: Int = 2
    ) -> InferencePricing {
        let boards = [1.0, 3].prefix(count).map {
            TinyDevices.board("board \($0)", peak: .infinity, passSeconds: $0)
        }
        return InferencePricing(
            InferenceDevices(
                devices: Array(boards), hub: TinyDevices.board("hub", peak: .infinity, passSeconds: 0.5),
                link: TinyDevices.link),
            deployment, headers: InferenceHeaders(item: 28) { $0 },
            input: StudentEnsembleTests.input)
    }

    static func cost(_ deployment: DeploymentSpec = DeploymentSpec()) throws -> InferenceCost {
        pricing(deployment).ensemble(try StudentEnsembleTests.plan([2, 3]))
    }

    private static let down = 0.05 + 8.0 * 125 / 8e6
    private static let up = [0.05 + 8.0 * 61 / 1e6, 0.05 + 8.0 * 65 / 1e6]

    private func near(_ a: Double, _ b: Double) -> Bool { (a - b).magnitude < 1e-12 * max(1, b.magnitude) }

    @Test func withoutLosses() throws {
        let cost = try Self.cost()
        #expect(cost.nodes.map(\.filters) == [2, 3])
        #expect(cost.dependentRounds == 2)
        #expect(cost.payload(.input) == 144 && cost.payload(.features) == 20)
        #expect(cost.messages(.input) == 2 && cost.messages(.features) == 2)
        #expect(cost.payload(.weights) == 0 && cost.payload(.activations) == 0)
        for (node, seconds) in zip(cost.nodes, [1.0, 3]) {
            #expect(near(node.input.seconds, Self.down) && node.computeSeconds == seconds)
        }
        let ends = [Self.down + 1 + Self.up[0], Self.down + 3 + Self.up[1]]
        for (node, end) in zip(cost.nodes, ends) { #expect(near(node.seconds(), end)) }

        let timing = InferenceTiming(cost, losses: LossSpec(), images: 7, seed: 1)
        #expect(timing.latencies.count == 7 && timing.lost.isEmpty)
        #expect(timing.latencies.allSatisfy { near($0, ends[1] + 0.5) })
        #expect(near(timing.meanSeconds, ends[1] + 0.5))
        #expect([0.01, 0.5, 0.95, 1].allSatisfy { near(timing.quantile($0), ends[1] + 0.5) })
        #expect(near(timing.sequentialSeconds, ends[0] + ends[1] + 0.5))
        #expect(timing.computeSeconds == [1, 3])
        let gap: Double = ends[1] - ends[0]
        #expect(near(timing.waitingSeconds[0], gap))
        #expect(timing.waitingSeconds[1] == 0)
        // 5 W to compute, 2 W else; the radio 1 W and for each Mbit/s 0.5 W up and 0.25 W down while bits flow.
        let received = 3.0 * 8 * 125 / 8e6
        let radio: [Double] = [61.0, 65].map { (bytes: Double) -> Double in received + 1.5 * 8 * bytes / 1e6 }
        for index in 0..<2 {
            let idle: Double = Self.down + Self.up[index] + timing.waitingSeconds[index]
            let computing: Double = index == 0 ? 5 : 15
            #expect(near(timing.computeJoules[index], computing))
            #expect(near(timing.radioJoules[index], radio[index]))
            #expect(near(timing.idleJoules[index], 2 * idle))
        }
    }

    /// The slow device needs 3.1 s: after 2 s the hub goes on without it.
    @Test func deadline() throws {
        let cost = try Self.cost()
        let timing = InferenceTiming(cost, losses: LossSpec(deadline: 2), images: 3, seed: 1)
        #expect(timing.lost == [0: [1], 1: [1], 2: [1]])
        #expect(timing.latencies == [2.5, 2.5, 2.5])
        #expect(timing.computeSeconds == [1, 3])
        #expect(near(timing.waitingSeconds[0], 2 - cost.nodes[0].seconds()) && timing.waitingSeconds[1] == 0)
        let patient = InferenceTiming(cost, losses: LossSpec(deadline: 4), images: 3, seed: 1)
        #expect(patient.lost.isEmpty)
        #expect(patient == InferenceTiming(cost, losses: LossSpec(), images: 3, seed: 1))
        let none = InferenceTiming(cost, losses: LossSpec(deadline: 2), images: 0, seed: 1)
        #expect(none.latencies.isEmpty && none.lost.isEmpty && none.meanSeconds == 0)
        #expect(none.quantile(0.5) == 0)
    }

    @Test func probability() throws {
        let cost = try Self.cost()
        let all = InferenceTiming(cost, losses: LossSpec(probability: 1), images: 3, seed: 1)
        #expect(all.lost == [0: [0, 1], 1: [0, 1], 2: [0, 1]])
        // The hub hears of a loss when the answer would have been there.
        #expect(all.latencies == InferenceTiming(cost, losses: LossSpec(), images: 3, seed: 1).latencies)
        let waiting = InferenceTiming(cost, losses: LossSpec(probability: 1, deadline: 9), images: 2, seed: 1)
        #expect(waiting.latencies == [9.5, 9.5])
        let some = InferenceTiming(cost, losses: LossSpec(probability: 0.25), images: 4000, seed: 1)
        let count = some.lost.reduce(0) { $0 + $1.value.count }
        // Four standard deviations of 8,000 draws.
        #expect((count - 2000).magnitude < 160)
        #expect(some == InferenceTiming(cost, losses: LossSpec(probability: 0.25), images: 4000, seed: 1))
        #expect(
            some.lost
                != InferenceTiming(cost, losses: LossSpec(probability: 0.25), images: 4000, seed: 2).lost)
        // An image's fate does not depend on how many are asked.
        let few = InferenceTiming(cost, losses: LossSpec(probability: 0.25), images: 100, seed: 1)
        #expect(few.lost == some.lost.filter { $0.key < 100 })
    }

    /// Slowness is log-normal with median 1, and an image's own.
    @Test func slowdown() throws {
        let cost = try Self.cost()
        let losses = LossSpec(slowdown: 0.5)
        let timing = InferenceTiming(cost, losses: losses, images: 4001, seed: 1)
        #expect(timing == InferenceTiming(cost, losses: losses, images: 4001, seed: 1))
        #expect(timing.lost.isEmpty && Set(timing.latencies).count > 3900)
        // exp(sigma^2 / 2) = 1.133; its standard error over so many is 1 %.
        for (index, seconds) in [1.0, 3].enumerated() {
            #expect((timing.computeSeconds[index] / seconds / 1.1331 - 1).magnitude < 0.04)
            #expect(near(timing.computeJoules[index], 5 * timing.computeSeconds[index]))
        }
        let quantiles = [0.001, 0.1, 0.5, 0.9, 1].map { timing.quantile($0) }
        #expect(quantiles == quantiles.sorted() && quantiles[4] == timing.latencies.max())
        #expect(timing.quantile(0.5) == timing.latencies.sorted()[2000])
        // With a deadline at the median of the slow device about half of its answers are late.
        let late = InferenceTiming(
            cost, losses: LossSpec(deadline: cost.nodes[1].seconds(), slowdown: 0.5), images: 4000, seed: 1)
        let count = late.lost.filter { $0.value.contains(1) }.count
        #expect((count - 2000).magnitude < 130)
        #expect(late.latencies.allSatisfy { $0 <= cost.nodes[1].seconds() + 0.5 })
    }

    /// Every second is computing, waiting or on the air: energy and latency are the same time.
    @Test func secondsAddUp() throws {
        let cost = try Self.cost()
        for losses in [LossSpec(), LossSpec(probability: 0.3, slowdown: 0.7), LossSpec(slowdown: 1)] {
            let timing = InferenceTiming(cost, losses: losses, images: 50, seed: 3)
            for index in cost.nodes.indices {
                let node = cost.nodes[index]
                let seconds =
                    node.input.seconds + timing.computeSeconds[index] + node.uplink.seconds
                    + timing.waitingSeconds[index]
                #expect((seconds + 0.5 - timing.meanSeconds).magnitude < 1e-9)
                #expect(
                    near(timing.idleJoules[index], 2 * (seconds - timing.computeSeconds[index])))
            }
        }
    }

    /// Devices that sense images themselves neither receive nor wait for them.
    @Test func sensedInput() throws {
        var deployment = DeploymentSpec()
        deployment.input = .local
        deployment.values = .float16
        let cost = try Self.cost(deployment)
        #expect(cost.payload(.input) == 0 && cost.messages(.input) == 0 && cost.dependentRounds == 1)
        #expect(cost.payload(.features) == 10)
        #expect(near(cost.nodes[0].seconds(), 1 + 0.05 + 8.0 * (4 + 28 + 25) / 1e6))
        deployment.input = .broadcast
        deployment.pixels = .float32
        #expect(try Self.cost(deployment).payload(.input) == 2 * 4 * 72)
    }

    @Test func networksOnOneDevice() throws {
        let plan = try StudentEnsembleTests.student(3, filters: 5)
        let cost = Self.pricing().single([plan], network: "few")
        #expect(cost.nodes.count == 1 && cost.hubSeconds == 0 && cost.hubParameters == 0)
        #expect(cost.nodes[0].parameters == plan.parameterCount && cost.nodes[0].macs == plan.macs)
        #expect(cost.nodes[0].weightBytes == UInt64(4 * plan.layout.count))
        #expect(cost.transfers.map(\.payload) == [72] && cost.dependentRounds == 1)
        #expect(near(cost.nodes[0].seconds(), Self.down + 1))
    }

    /// A convolution of 4 x 6 x 6 values gathered by two: 72 values to the other one, in one message.
    @Test func channelSplit() throws {
        let model = try NetworkPlan(
            spec: ModelSpec(
                name: "one", layers: [.conv(channels: 4, kernel: 3, padding: .same), .globalAveragePool]),
            input: StudentEnsembleTests.input, classes: 4)
        let head = EnsemblePlan(students: [model], classes: 5).head
        let cost = Self.pricing().channelSplit(model, head: head, over: 2)
        #expect(cost.payload(.activations) == 2 * 4 * 72 && cost.messages(.activations) == 2)
        #expect(cost.payload(.input) == 144 && cost.dependentRounds == 2)
        #expect(cost.nodes.allSatisfy { near($0.uplink.seconds, 0.05 + 8.0 * (288 + 28 + 25) / 1e6) })
        // It sends its share and receives the other's.
        let joules = 1.5 * 8.0 * 341 / 1e6 + 3 * 8.0 * 341 / 8e6
        #expect(cost.nodes.allSatisfy { near($0.uplink.joules, joules) })
        #expect(cost.nodes[0].macs == model.macs / 2 + head.macs)
        let alone = Self.pricing().channelSplit(model, head: head, over: 1)
        #expect(alone.payload(.activations) == 0 && alone.nodes[0].uplink == .none)
        let three = Self.pricing().channelSplit(model, head: head, over: 3)
        #expect(three.messages(.activations) == 6)
        // 1, 1 and 2 channels of 36 values, to two others each.
        #expect(three.payload(.activations) == 2 * 4 * 144)
    }
}

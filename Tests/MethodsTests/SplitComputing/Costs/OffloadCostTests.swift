import Devices
import Methods
import Networks
import TensorMath
import Testing

/// Local, edge and split computing by parts, against sums by hand and against figures of the literature's coefficients.
@Suite struct OffloadCostTests {
    private typealias World = OffloadWorld

    private func near(_ a: Double, _ b: Double, within share: Double = 1e-9) -> Bool {
        World.near(a, b, within: share)
    }

    @Test func local() {
        let cost = World.priced(World.mode(head: 0.2)).cost(at: 1e6)
        #expect(near(cost.seconds, 0.2) && near(cost.joules, 1) && near(cost.marginalJoules, 0.6))
        #expect(cost.uplinkSeconds == 0 && cost.serverSeconds == 0 && cost.downlinkSeconds == 0)
        #expect(cost.waitingJoules == 0 && cost.uplinkJoules == 0)
    }

    /// 972 bytes and 28 of header are a packet of 1,000 + 50 bytes that goes 1.25 times: 10,500 bits, 10.5 ms at 1 Mbit/s
    /// after half of 20 ms. The answer of 72 + 28 + 50 bytes is 1,500 bits at 4 Mbit/s.
    @Test func splitByHand() {
        let link = World.link(roundTrip: 0.02, loss: 0.2, overhead: 50)
        let mode = World.mode(head: 0.1, bytes: 972, tail: 0.05, answer: 72)
        let priced = World.priced(mode, device: World.machine(active: 4, idle: 1), link: link, header: 28)
        let cost = priced.cost(at: 1e6)
        #expect(near(cost.computeSeconds, 0.1) && cost.preparationSeconds == 0)
        #expect(near(cost.uplinkSeconds, 0.0205) && near(cost.downlinkSeconds, 0.010375))
        #expect(near(cost.serverSeconds, 0.05))
        #expect(near(cost.seconds, 0.180875))
        #expect(near(cost.computeJoules, 0.4))
        #expect(near(cost.uplinkJoules, 1.5 * 0.0105) && near(cost.downlinkJoules, 1.4 * 0.000375))
        #expect(near(cost.waitingJoules, 0.080875))
        #expect(near(cost.joules, 0.49715) && near(cost.idleJoules, 0.180875))
        #expect(near(cost.marginalJoules, 0.316275))
        // Twice the rate, down as well: half the time that bits flow, and 2 W up, 1.8 W down while they do.
        let faster = priced.cost(at: 2e6)
        #expect(near(faster.uplinkSeconds, 0.01525) && near(faster.downlinkSeconds, 0.0101875))
        #expect(near(faster.uplinkJoules, 2 * 0.00525) && near(faster.downlinkJoules, 1.8 * 0.0001875))
    }

    /// What a mean ImageNet file (44.77 KiB) and codes of 12 and 3 channels of 29 x 29 bytes take to go up, in ms, and what
    /// the radio draws, in mJ, with the coefficients of Huang et al. 2012.
    @Test(arguments: [
        (0.28317, 0.13286, 1e6, [367.0, 81, 20], [153.0, 34, 8]),
        (0.28317, 0.13286, 5e6, [73, 16, 4], [114, 25, 6]),
        (0.43839, 1.28804, 1e6, [367, 81, 20], [633, 139, 35]),
        (0.43839, 1.28804, 5e6, [73, 16, 4], [255, 56, 14]),
        (0, 0.1, 37_500, [9780, 2153, 538], [978, 215, 54]),
    ])
    func radios(
        alpha: Double, base: Double, rate: Double, milliseconds: [Double], millijoules: [Double]
    ) {
        let link = World.link(alphaUp: alpha, base: base)
        for (index, bytes) in [UInt64(45_844), 10_092, 2_523].enumerated() {
            let cost = World.priced(World.mode(head: 0, bytes: bytes), link: link).cost(at: rate)
            #expect((1000 * cost.uplinkSeconds).rounded() == milliseconds[index])
            #expect((1000 * cost.uplinkJoules).rounded() == millijoules[index])
        }
    }

    /// Cost by parts and as a function of the rate are two ways to the same.
    @Test func curves() {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        for _ in 0..<200 {
            let link = World.link(
                down: 1e6 + 9e6 * stream.uniformDouble(), roundTrip: stream.uniformDouble(),
                loss: 0.5 * stream.uniformDouble(), overhead: 74, alphaUp: stream.uniformDouble())
            let mode = World.mode(
                head: stream.uniformDouble(), bytes: UInt64(1 + stream.index(below: 100_000)),
                tail: stream.uniformDouble())
            let priced = World.priced(mode, link: link, header: 28)
            let rate = 1e5 + 1e8 * stream.uniformDouble()
            let cost = priced.cost(at: rate)
            #expect(near(priced.seconds.value(at: rate), cost.seconds))
            #expect(near(priced.joules.value(at: rate), cost.joules))
            #expect(near(priced.marginalJoules.value(at: rate), cost.marginalJoules, within: 1e-8))
        }
    }

    /// An image that is given up after 0.3 s: 0.1 s of computing at 5 W, 10 ms of latency, and bits for as long as there
    /// are any or time is left, on 2 W of the idle device.
    @Test func abandoned() {
        let priced = World.priced(
            World.mode(head: 0.1, bytes: 1000, tail: 10), link: World.link(roundTrip: 0.02))
        // 8,000 bits take 8 ms at 1 Mbit/s and 1.5 W.
        let sent = priced.abandoned(after: 0.3, at: 1e6)
        #expect(near(sent.joules, 0.5 + 0.4 + 1.5 * 0.008) && near(sent.bytesOnAir, 1000))
        // At 10 kbit/s there is time for 1,900 of them, at 1.005 W.
        let part = priced.abandoned(after: 0.3, at: 1e4)
        #expect(near(part.joules, 0.5 + 0.4 + 1.005 * 0.19) && near(part.bytesOnAir, 237.5))
        let none = priced.abandoned(after: 0.3, at: 0)
        #expect(near(none.joules, 0.5 + 0.4 + 0.2) && none.bytesOnAir == 0)
        let early = priced.abandoned(after: 0.05, at: 1e6)
        #expect(near(early.joules, 0.25) && early.bytesOnAir == 0)
    }

    /// What modes of a network compute and send: an image of 3 x 8 x 6, a code of 2 x 4 x 3 in 32 bytes.
    @Test func modesOfNetworks() throws {
        let image = Shape(channels: 3, height: 8, width: 6)
        let code = Shape(channels: 2, height: 4, width: 3)
        let head = try NetworkPlan(
            spec: ModelSpec(
                name: "head",
                layers: [.conv(channels: 2, kernel: 3, stride: 2, padding: .same, bias: false), .flatten]),
            input: image, classes: code.count)
        let tail = try NetworkPlan(
            spec: ModelSpec(name: "tail", layers: [.flatten, .dense(units: 5)]), input: code, classes: 5)
        let split = OffloadMode.split(name: "split_2", device: [head], tail: tail, payload: 32)
        #expect(split.head == head.deviceLayers().map(\.cost))
        #expect(split.tail == tail.deviceLayers().map(\.cost))
        #expect(split.uplinkBytes == 32 && split.answerBytes == 8 && !split.isLocal)
        // 24 values: read twice and five operations each, and written with a difference and a product.
        #expect(split.preparation.map(\.operations) == [120] && split.preparation[0].inputBytes == 192)
        #expect(split.preparation[0].outputBytes == 32 && split.preparation[0].kind == .elementwise)
        #expect(split.restoration.map(\.operations) == [48] && split.restoration[0].outputBytes == 96)

        let local = OffloadMode.local(head)
        #expect(local.isLocal && local.tail.isEmpty && local.answerBytes == 0)
        let jpeg = OffloadMode.jpeg(head, bytes: 700)
        #expect(jpeg.uplinkBytes == 700 && jpeg.head.isEmpty && jpeg.tail == local.head)
        #expect(jpeg.preparation.map(\.flops) == [48 * 1000] && jpeg.restoration == jpeg.preparation)
        let raw = OffloadMode.raw(head)
        #expect(raw.uplinkBytes == 144 && raw.preparation.isEmpty && raw.restoration.isEmpty)
    }
}

import Devices
import Testing

@Suite struct TurnCostTests {
    private let link = LinkProfile(
        name: "test", rates: .init(uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 4e6, source: "made up"),
        packets: .init(payloadBytes: 1000, overheadBytes: 0, source: "made up"),
        radio: .init(alphaUp: 0.5, alphaDown: 0.1, baseWatts: 1, source: "made up"))

    /// 2 x 10^6 bytes down at 4 Mbit/s are 4 s, 250,000 up at 1 Mbit/s 2 s. Computing draws 5 W for 3 s, the idle device
    /// 2 W for the other 4 + 2 + 1 s, the radio 1.4 W for 4 s and 1.5 W for 2 s.
    @Test func partsByHand() {
        let cost = TurnCost(
            device: device(), link: link, downloadBytes: 2_000_000, uploadBytes: 250_000, computeSeconds: 3,
            waitingSeconds: 1)
        #expect(cost.downloadSeconds == 4 && cost.uploadSeconds == 2 && cost.seconds == 10)
        #expect(cost.computeJoules == 15 && cost.idleJoules == 14)
        #expect(abs(cost.radioJoules - 8.6) < 1e-12)
        #expect(abs(cost.joules - 37.6) < 1e-12)
    }

    /// While it computes nothing else is drawn.
    @Test func nothingSent() {
        let cost = TurnCost(
            device: device(), link: link, downloadBytes: 0, uploadBytes: 0, computeSeconds: 3)
        #expect(cost.seconds == 3 && cost.joules == 15)
    }
}

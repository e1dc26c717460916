import Devices
import Testing

/// The traps of units: bits and bytes, Mbit and Mibit, up and down, watts and milliwatts.
@Suite struct LinkProfileTests {
    /// 1 Mbit/s up and 4 down; 0.5 and 0.1 W a Mbit/s on 1 W.
    private func link(
        payload: UInt64 = 1000, overhead: UInt64 = 0, roundTrip: Double = 0, loss: Double = 0
    ) -> LinkProfile {
        LinkProfile(
            name: "test",
            rates: .init(
                uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 4e6, roundTripSeconds: roundTrip,
                lossRate: loss, source: "made up"),
            packets: .init(payloadBytes: payload, overheadBytes: overhead, source: "made up"),
            radio: .init(
                alphaUp: 0.5, alphaDown: 0.1, baseWatts: 1, promotionSeconds: 0.2, promotionWatts: 2,
                tailSeconds: 10, tailWatts: 0.3, source: "made up"))
    }

    private func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * max(abs(a), abs(b)) }

    /// 125,000 bytes are 10^6 bits: one second at 1 Mbit/s. As bytes a second it would be 1/8, with Mbit of 2^20 0.95.
    @Test func bitsAndBytes() {
        let transfer = link().transfer(bytes: 125_000, .up, wakes: false)
        #expect(transfer.seconds == 1)
        #expect(transfer.bytesOnAir == 125_000)
    }

    /// Down it is four times as fast, and power follows that direction's rate and alpha: 1.5 W for 1 s up,
    /// 1.4 W for 1/4 s down.
    @Test func directions() {
        #expect(link().transfer(bytes: 125_000, .down, wakes: false).seconds == 0.25)
        #expect(close(link().transfer(bytes: 125_000, .up, wakes: false).joules, 1.5))
        #expect(close(link().transfer(bytes: 125_000, .down, wakes: false).joules, 0.35))
    }

    /// 0.2 s at 2 W before, 10 s at 0.3 W after, for which nobody waits.
    @Test func wakingAndTail() {
        let asleep = link().transfer(bytes: 125_000, .up)
        #expect(close(asleep.seconds, 1.2))
        #expect(close(asleep.joules, 1.5 + 0.4 + 3))
    }

    /// 1,001 bytes are two packets of at most 1,000, each with 50 more.
    @Test func packets() {
        #expect(link(overhead: 50).transfer(bytes: 1000, .up).bytesOnAir == 1050)
        #expect(link(overhead: 50).transfer(bytes: 1001, .up).bytesOnAir == 1101)
    }

    /// Half a round trip, without energy of the radio.
    @Test func roundTrip() {
        let transfer = link(roundTrip: 0.1).transfer(bytes: 125_000, .up, wakes: false)
        #expect(close(transfer.seconds, 1.05))
        #expect(close(transfer.joules, 1.5))
    }

    /// One in five is lost: every packet goes 1.25 times.
    @Test func loss() {
        let transfer = link(loss: 0.2).transfer(bytes: 100_000, .up, wakes: false)
        #expect(close(transfer.seconds, 1))
        #expect(close(transfer.bytesOnAir, 125_000))
    }

    @Test func nothing() {
        #expect(link(roundTrip: 1).transfer(bytes: 0, .up) == .none)
    }
}

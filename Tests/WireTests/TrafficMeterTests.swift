import TensorMath
import Testing
import Wire

@Suite struct TrafficMeterTests {
    /// Every byte is counted once, for one purpose, in one direction.
    @Test func sumsAgreeWithPlainCounting() {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        var meter = TrafficMeter()
        var totals: [UInt64] = [0, 0]
        var federated: [UInt64] = [0, 0]
        var messages: [UInt64] = [0, 0]
        for _ in 0..<5000 {
            let header = 1 + stream.index(below: 400)
            let frame = stream.index(below: 3) == 0 ? nil : stream.index(below: 1 << 20)
            let share = TrafficMeter.Share(
                header: stream.index(below: 2) == 0, payload: stream.index(below: 2) == 0)
            let direction = stream.index(below: 2)
            if direction == 0 {
                meter.receive(header: header, frame: frame)
                meter.claimReceived(
                    payload: UInt64(share.payload ? frame ?? 0 : 0),
                    overhead: UInt64(share.header ? header : 0))
            } else {
                meter.send(header: header, frame: frame, share: share)
            }
            totals[direction] += UInt64(header + (frame ?? 0))
            federated[direction] += UInt64((share.header ? header : 0) + (share.payload ? frame ?? 0 : 0))
            messages[direction] += 1
            for (sums, side) in [(meter.received, 0), (meter.sent, 1)] {
                guard sums.total == totals[side], sums.federated == federated[side],
                    sums.total == sums.federated + sums.simulation, sums.messages == messages[side]
                else {
                    Issue.record("\(sums) after \(messages) messages")
                    return
                }
            }
        }
    }

    /// A header of 150 bytes of which 24 name a parked object, and a frame of 5,000 of which 4,000 are that object.
    @Test func whatOnlyTheSimulationNeedsIsSimulation() {
        var meter = TrafficMeter()
        var share = TrafficMeter.Share.federated
        (share.simulatedHeader, share.simulatedPayload) = (24, 4000)
        meter.send(header: 150, frame: 5000, share: share)
        #expect(meter.sent.federatedOverhead == 126 && meter.sent.federatedPayload == 1000)
        #expect(meter.sent.simulation == 4024 && meter.sent.total == 5150)
        // Without a frame there is nothing to take away from; a message of the simulation has no share at all.
        meter.send(header: 150, frame: nil, share: share)
        #expect(meter.sent.federatedOverhead == 252 && meter.sent.federatedPayload == 1000)
        (share.header, share.payload) = (false, false)
        meter.send(header: 150, frame: 5000, share: share)
        #expect(meter.sent.federated == 1252 && meter.sent.simulation == 4024 + 24 + 5150)
    }

    @Test func claimMovesBytes() {
        var meter = TrafficMeter()
        meter.send(header: 150, frame: 4000, share: .simulation)
        meter.send(header: 100, frame: 1000, share: .federated)
        meter.claim(payload: 4000, overhead: 150)
        #expect(meter.sent.federatedPayload == 5000 && meter.sent.federatedOverhead == 250)
        #expect(meter.sent.simulation == 0 && meter.sent.total == 5250 && meter.sent.messages == 2)
        #expect(meter.received == TrafficMeter().received)
    }

    /// Two bytes around a frame of up to 255, nine around a longer one (ZMTP 3.1); none in the total.
    @Test(arguments: [(0, 2), (1, 2), (255, 2), (256, 9), (1 << 20, 9)])
    func framing(count: Int, extra: UInt64) {
        #expect(Framing.bytes(ofFrame: count) == UInt64(count) + extra)
        #expect(Framing.bytes(header: 100, frame: count) == 102 + UInt64(count) + extra)
        #expect(Framing.bytes(header: 100, frame: nil) == 102)
        var meter = TrafficMeter()
        meter.receive(header: 100, frame: count)
        #expect(meter.received.framing == 2 + extra && meter.received.total == UInt64(100 + count))
    }

    /// What is stated for a deployment against the chunks of a transfer, to whatever size it cuts them.
    @Test(
        arguments: [
            1, 1000, 1 << 20 - 1, 1 << 20, 1 << 20 + 1, 2 << 20 - 1, 2 << 20, 2 << 20 + 1, 10 << 20 + 5,
        ],
        [1 << 14, 1 << 16, 1 << 20])
    func overheadAgreesWithCountedChunks(bytes: Int, chunkBytes: Int) {
        let (named, chunkHeader) = (158, 90)
        var meter = TrafficMeter()
        let rides = bytes <= chunkBytes
        meter.send(header: named, frame: rides ? bytes : nil, share: .federated)
        if !rides {
            var index: UInt32 = 0
            while let range = ObjectTransfer.range(of: index, objectBytes: bytes, chunkBytes: chunkBytes) {
                meter.send(
                    header: chunkHeader, frame: range.count,
                    share: .chunk(of: UInt64(bytes), offset: UInt64(range.lowerBound)))
                index += 1
            }
        }
        #expect(
            meter.sent.federatedOverhead
                == TrafficMeter.overhead(object: bytes, header: named, chunkHeader: chunkHeader))
        #expect(meter.sent.federatedPayload == UInt64(bytes))
        let whole = bytes > 1 << 20 ? (bytes + 1 << 20 - 1) / (1 << 20) : 0
        #expect(meter.sent.federatedOverhead == UInt64(named + whole * chunkHeader))
    }
}

import Devices
import Methods

/// Modes, machines and links with figures that are easy to reckon with.
enum OffloadWorld {
    /// 10^9 operations a second, and nothing else that takes time.
    static func machine(active: Double = 5, idle: Double = 2) -> DeviceProfile {
        let free = Double.infinity
        return DeviceProfile(
            name: "machine", processor: "none", runtime: "none", precision: .float32, threads: 1,
            speed: .init(
                peakFLOPS: 1e9, efficiency: [1, 1, 1, 1, 1, 1], activationBytesPerSecond: free,
                weightBytesPerSecond: free, source: "made up"),
            training: .init(backwardFactor: 2, source: "made up"),
            memory: .init(bytes: 1_000_000, source: "made up"),
            power: .init(activeWatts: active, idleWatts: idle, source: "made up"))
    }

    /// 1 Mbit/s up; coefficients in W for a Mbit/s and W.
    static func link(
        down: Double = 4e6, roundTrip: Double = 0, loss: Double = 0, overhead: UInt64 = 0,
        alphaUp: Double = 0.5, alphaDown: Double = 0.1, base: Double = 1
    ) -> LinkProfile {
        LinkProfile(
            name: "link",
            rates: .init(
                uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: down, roundTripSeconds: roundTrip,
                lossRate: loss, source: "made up"),
            packets: .init(payloadBytes: 1000, overheadBytes: overhead, source: "made up"),
            radio: .init(
                alphaUp: alphaUp, alphaDown: alphaDown, baseWatts: base, promotionSeconds: 1,
                promotionWatts: 1, tailSeconds: 1, tailWatts: 1, source: "made up"))
    }

    /// Layers that take a machine so long.
    static func layers(_ seconds: Double) -> [LayerCost] {
        seconds == 0
            ? []
            : [
                LayerCost(
                    kind: .dense, macs: UInt64((seconds * 5e8).rounded()), inputBytes: 4, outputBytes: 4,
                    weightBytes: 4)
            ]
    }

    static func mode(
        _ name: String = "mode", head: Double, bytes: UInt64 = 0, tail: Double = 0, answer: UInt64 = 8
    ) -> OffloadMode {
        OffloadMode(
            name: name, head: layers(head), uplinkBytes: bytes, answerBytes: answer, tail: layers(tail))
    }

    static func priced(
        _ mode: OffloadMode, device: DeviceProfile = machine(), link: LinkProfile = link(),
        header: UInt64 = 0
    ) -> PricedMode {
        OffloadPricing(device: device, server: machine(), link: link, headerBytes: header).priced(mode)
    }

    static func near(_ a: Double, _ b: Double, within share: Double = 1e-9) -> Bool {
        (a - b).magnitude <= share * max(a.magnitude, b.magnitude)
    }
}

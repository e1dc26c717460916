import Devices

/// Prices of modes on one device, one link and one server, which computes one image at a time.
///
/// The formulas of the survey (Matsubara et al. 2022, Split Computing and Early Exiting) with the link of `LinkProfile`:
/// each of the two messages takes half of the round trip, its packets have overhead, and a share of them is sent again.
/// Images come one after the other, so the radio is awake: waking it and its tail are no cost of an image.
package struct OffloadPricing: Sendable, Equatable {
    package let device: DeviceProfile
    package let server: DeviceProfile
    package let link: LinkProfile
    /// Of each message, in front of its payload.
    package let headerBytes: UInt64

    package init(device: DeviceProfile, server: DeviceProfile, link: LinkProfile, headerBytes: UInt64 = 0) {
        self.device = device
        self.server = server
        self.link = link
        self.headerBytes = headerBytes
    }

    package func priced(_ mode: OffloadMode) -> PricedMode {
        func seconds(_ network: [LayerCost], on profile: DeviceProfile) -> Double {
            network.isEmpty ? 0 : profile.forwardSeconds(network, batch: 1)
        }
        func operationSeconds(_ operations: [LayerCost], on profile: DeviceProfile) -> Double {
            operations.reduce(0) { $0 + profile.seconds(of: $1, batch: 1) }
        }
        return PricedMode(
            name: mode.name, power: device.power, link: link,
            computeSeconds: seconds(mode.head, on: device),
            preparationSeconds: operationSeconds(mode.preparation, on: device),
            serverSeconds: operationSeconds(mode.restoration, on: server) + seconds(mode.tail, on: server),
            uplinkBytes: mode.isLocal ? 0 : mode.uplinkBytes + headerBytes,
            downlinkBytes: mode.isLocal ? 0 : mode.answerBytes + headerBytes)
    }
}

/// What a mode takes on its machines, for whatever rate the link has.
package struct PricedMode: Sendable, Equatable {
    package let name: String
    package let power: DeviceProfile.Power
    /// Its rates say how many times faster the downlink is than the uplink; it stays so when the rate changes.
    package let link: LinkProfile
    package let computeSeconds: Double
    package let preparationSeconds: Double
    package let serverSeconds: Double
    /// Of messages, with their headers; 0 where the device answers itself.
    package let uplinkBytes: UInt64
    package let downlinkBytes: UInt64

    package var isLocal: Bool { uplinkBytes == 0 }
    /// Until the message to the server is there to be sent.
    package var deviceSeconds: Double { computeSeconds + preparationSeconds }

    private var downlinkRatio: Double { link.rates.downlinkBitsPerSecond / link.rates.uplinkBitsPerSecond }

    /// The link as it is when bits go up at `rate` bit/s.
    private func link(at rate: Double) -> LinkProfile {
        var link = link
        link.rates.uplinkBitsPerSecond = rate
        link.rates.downlinkBitsPerSecond = rate * downlinkRatio
        return link
    }

    /// - Parameter rate: of the uplink, in bit/s; above 0.
    package func cost(at rate: Double) -> OffloadCost {
        precondition(rate > 0, "nothing comes through at \(rate) bit/s")
        let link = link(at: rate)
        let up = link.transfer(bytes: uplinkBytes, .up, wakes: false)
        let down = link.transfer(bytes: downlinkBytes, .down, wakes: false)
        let waiting = up.seconds + serverSeconds + down.seconds
        return OffloadCost(
            computeSeconds: computeSeconds, preparationSeconds: preparationSeconds,
            uplinkSeconds: up.seconds, downlinkSeconds: down.seconds, serverSeconds: serverSeconds,
            computeJoules: power.activeWatts * computeSeconds,
            preparationJoules: power.activeWatts * preparationSeconds, uplinkJoules: up.joules,
            downlinkJoules: down.joules, waitingJoules: power.idleWatts * waiting,
            idleJoules: power.idleWatts * (deviceSeconds + waiting))
    }

    /// Seconds of an image as they depend on the rate.
    package var seconds: RateCurve {
        let whole = isLocal ? 0 : link.rates.roundTripSeconds
        return RateCurve(
            constant: deviceSeconds + serverSeconds + whole,
            inverse: bitsOnAir(uplinkBytes, .up) + bitsOnAir(downlinkBytes, .down) / downlinkRatio)
    }

    /// Bytes of the message to the server with those of its packets, as often as losses demand.
    package var uplinkBytesOnAir: Double { bitsOnAir(uplinkBytes, .up) / 8 }

    /// Joules of the device for an image as they depend on the rate: a radio that draws alpha x rate + base needs alpha
    /// for each bit, whatever the rate, and base for as long as they flow.
    package var joules: RateCurve {
        let flowing = seconds.inverse
        let bits =
            link.radio.alphaUp / 1e6 * bitsOnAir(uplinkBytes, .up)
            + link.radio.alphaDown / 1e6 * bitsOnAir(downlinkBytes, .down)
        let waiting = seconds.constant - deviceSeconds
        return RateCurve(
            constant: power.activeWatts * deviceSeconds + power.idleWatts * waiting + bits,
            inverse: (link.radio.baseWatts + power.idleWatts) * flowing)
    }

    /// The same above idle.
    package var marginalJoules: RateCurve {
        RateCurve(
            constant: joules.constant - power.idleWatts * seconds.constant,
            inverse: joules.inverse - power.idleWatts * seconds.inverse)
    }

    /// What an image costs that is given up when its answer has not come `seconds` after it was there: joules of the
    /// device, and bytes that went up, with those of packets. An answer that is on its way costs nothing.
    ///
    /// - Parameter rate: of the uplink, in bit/s; at 0 the radio tries all the time, at its base power.
    package func abandoned(after seconds: Double, at rate: Double) -> (joules: Double, bytesOnAir: Double) {
        let computing = min(deviceSeconds, seconds)
        let waiting = seconds - computing
        let bits = bitsOnAir(uplinkBytes, .up)
        let flowing =
            rate > 0 ? min(max(0, waiting - link.rates.roundTripSeconds / 2), bits / rate) : waiting
        let radio = link.radio.alphaUp * rate / 1e6 + link.radio.baseWatts
        return (
            power.activeWatts * computing + power.idleWatts * waiting + radio * flowing, flowing * rate / 8
        )
    }

    private func bitsOnAir(_ bytes: UInt64, _ direction: LinkProfile.Direction) -> Double {
        8 * link.transfer(bytes: bytes, direction, wakes: false).bytesOnAir
    }
}

/// What one image costs in one mode at one rate, in seconds of all and in joules of the device.
///
/// Seconds follow each other. The device draws its active power while it computes, else its idle power, and its radio's
/// beside it while bits flow.
package struct OffloadCost: Sendable, Equatable {
    /// Of the network on the device, and of what makes a payload of its output.
    package let computeSeconds: Double
    package let preparationSeconds: Double
    /// With half a round trip each.
    package let uplinkSeconds: Double
    package let downlinkSeconds: Double
    package let serverSeconds: Double
    /// Of the device while it computes and prepares.
    package let computeJoules: Double
    package let preparationJoules: Double
    /// Of the radio alone, above what the idle device draws.
    package let uplinkJoules: Double
    package let downlinkJoules: Double
    /// Of the device while it does not compute.
    package let waitingJoules: Double
    /// What it would have drawn in all these seconds without the image.
    package let idleJoules: Double

    package var seconds: Double {
        computeSeconds + preparationSeconds + uplinkSeconds + serverSeconds + downlinkSeconds
    }

    /// All that the device draws.
    package var joules: Double {
        computeJoules + preparationJoules + uplinkJoules + downlinkJoules + waitingJoules
    }

    /// What it draws because of the image.
    package var marginalJoules: Double { joules - idleJoules }
}

/// What a client's turn costs its device: it downloads, computes, uploads, and waits for others.
public struct TurnCost: Sendable, Equatable {
    public var downloadSeconds: Double
    public var computeSeconds: Double
    public var uploadSeconds: Double
    public var waitingSeconds: Double
    /// All that the device draws while it computes.
    public var computeJoules: Double
    /// Of the radio, above the idle device.
    public var radioJoules: Double
    /// Of the idle device while it downloads, uploads and waits.
    public var idleJoules: Double

    public var seconds: Double { downloadSeconds + computeSeconds + uploadSeconds + waitingSeconds }
    public var joules: Double { computeJoules + radioJoules + idleJoules }

    public init(
        device: DeviceProfile, link: LinkProfile, downloadBytes: UInt64, uploadBytes: UInt64,
        computeSeconds: Double, waitingSeconds: Double = 0
    ) {
        let down = link.transfer(bytes: downloadBytes, .down)
        let up = link.transfer(bytes: uploadBytes, .up)
        downloadSeconds = down.seconds
        self.computeSeconds = computeSeconds
        uploadSeconds = up.seconds
        self.waitingSeconds = waitingSeconds
        computeJoules = device.computingJoules(computeSeconds)
        radioJoules = down.joules + up.joules
        idleJoules = device.idleJoules(down.seconds + up.seconds + waitingSeconds)
    }
}

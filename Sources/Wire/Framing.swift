/// What ZMTP 3.1 (NULL mechanism) adds to the frames: the stated framing between the meter and the kernel's counters.
public enum Framing {
    /// Bytes of a frame on the socket: flags and length, then the body.
    public static func bytes(ofFrame count: Int) -> UInt64 { UInt64(count) + (count < 256 ? 2 : 9) }

    /// Frames of one message; the routing identity stays inside libzmq.
    public static func bytes(header: Int, frame: Int?) -> UInt64 {
        bytes(ofFrame: header) + (frame.map { bytes(ofFrame: $0) } ?? 0)
    }
}

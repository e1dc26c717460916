#if canImport(Glibc)
    import Glibc
#endif

/// A descriptor that becomes readable when another thread (or a signal) has something for the socket's thread.
public final class WakeUp: Sendable {
    /// The end to wait on.
    public let descriptor: Int32
    private let writing: Int32

    public init() {
        let ends = closedOnExec()
        descriptor = ends.reading
        writing = ends.writing
        for end in [descriptor, writing] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        close(descriptor)
        close(writing)
    }

    /// Safe from any thread and from a signal handler. A full pipe already wakes.
    public func signal() {
        var one: UInt8 = 1
        _ = write(writing, &one, 1)
    }

    func clear() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }
}

/// A pipe that no child inherits.
func closedOnExec() -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    let code = pipe(&ends)
    precondition(code == 0, "no descriptors are left")
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

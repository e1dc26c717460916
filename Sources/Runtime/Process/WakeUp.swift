#if canImport(Glibc)
    import Glibc
#endif

/// A descriptor that becomes readable when another thread (or a signal) has something for the socket's thread.
public final class WakeUp: Sendable {
    /// The end to wait on.
    public let descriptor: Int32
    private let writing: Int32

    public init() throws(LaunchError) {
        let ends = try closedOnExec()
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

/// libzmq ends the process when descriptors run out, so a run that would need too many does not start.
enum Descriptors {
    /// Raises the limit of open files as far as it may be, and throws when that is below `count`.
    static func require(_ count: Int) throws(LaunchError) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_max >= UInt(count) else {
            throw LaunchError(
                "\(count) open files are needed",
                "the system allows \(limit.rlim_max); raise ulimit -n or use fewer workers")
        }
    }
}

/// A pipe that no child inherits.
func closedOnExec() throws(LaunchError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw LaunchError("a pipe to a worker", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

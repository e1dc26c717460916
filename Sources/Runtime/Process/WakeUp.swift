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
    /// Of a coordinator beside those of its workers.
    private static let others = 512

    /// The limit of open files, raised as far as it may be.
    private static func most() -> UInt {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit.rlim_max
    }

    /// Throws where the system does not allow those of so many workers.
    static func require(workers: Int) throws(LaunchError) {
        let (count, most) = (2 * workers + others, most())
        guard most >= UInt(count) else {
            throw LaunchError(
                "\(count) open files are needed",
                "the system allows \(most); raise ulimit -n or use fewer workers")
        }
    }

    /// How many workers the system allows, at most `limit`.
    static func workers(atMost limit: Int) -> Int {
        let most = most()
        return most >= UInt(2 * limit + others) ? limit : max(1, (Int(most) - others) / 2)
    }
}

/// A pipe that no child inherits.
func closedOnExec() throws(LaunchError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw LaunchError("a pipe to a worker", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

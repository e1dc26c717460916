#if canImport(Glibc)
    import Glibc
#endif

/// The system's monotonic clock; the state machines receive its readings as arguments.
public enum MonotonicClock {
    /// Nanoseconds since an arbitrary moment.
    public static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    public static func sleep(nanoseconds: UInt64) {
        var left = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var wanted = left
        while nanosleep(&wanted, &left) != 0 && errno == EINTR { wanted = left }
    }
}

/// Peak resident memory of this process, bytes.
public func peakMemoryBytes() -> UInt64 {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return UInt64(usage.ru_maxrss) * 1024
}

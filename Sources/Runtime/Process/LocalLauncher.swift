import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// Starts worker processes on this host and starts them again when they end before the run does, three times each.
///
/// A child holds the reading end of a pipe as its standard input and exits when that closes, so no worker outlives
/// its coordinator, however the coordinator ends.
public final class LocalLauncher {
    /// A child that ended.
    public struct Ending: Sendable {
        public let slot: Int
        public let reason: String
    }

    /// Ends of one slot after which it is given up.
    public static let restarts = 3

    private struct Child {
        var process: pid_t
        var pipe: Int32
        var failures = 0
    }

    private let executable: String
    private let arguments: [String]
    private var children: [Int: Child] = [:]
    /// Greatest peak memory of a child that ended, bytes.
    public private(set) var peakMemory: UInt64 = 0

    /// `arguments` for `tributary worker`, without the slot.
    public init(executable: String, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    deinit { stop() }

    /// Process identifiers of the living children.
    public var processes: [Int32] { children.values.map(\.process).sorted() }

    public var isEmpty: Bool { children.isEmpty }

    public func start(workers: Int) throws(LaunchError) {
        try Descriptors.require(workers: workers)
        for slot in 0..<workers { children[slot] = try spawn(slot, failures: 0) }
    }

    private func spawn(_ slot: Int, failures: Int) throws(LaunchError) -> Child {
        let ends = try closedOnExec()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends.reading, 0)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            close(ends.reading)
        }
        let words = [executable] + arguments + ["--slot", "\(slot)"]
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        // The coordinator ignores signals that it handles in its own way. A worker inherits that for those of a terminal,
        // which reach all processes in it: the coordinator stops its workers.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGTERM, SIGPIPE] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var process: pid_t = 0
        let code = posix_spawn(&process, executable, &actions, &attributes, &argv, environ)
        guard code == 0 else {
            close(ends.writing)
            throw LaunchError(executable, code: code)
        }
        return Child(process: process, pipe: ends.writing, failures: failures)
    }

    /// Notices children that ended, and starts them again while they may.
    public func poll() -> [Ending] {
        var endings: [Ending] = []
        for (slot, child) in children.sorted(by: { $0.key < $1.key }) {
            var status: Int32 = 0
            var usage = rusage()
            guard wait4(child.process, &status, WNOHANG, &usage) == child.process else { continue }
            peakMemory = max(peakMemory, UInt64(usage.ru_maxrss) * 1024)
            close(child.pipe)
            children[slot] = nil
            let signal = status & 0x7f
            let exitCode = (status >> 8) & 0xff
            let reason = signal != 0 ? "signal \(signal)" : "exit code \(exitCode)"
            // A worker that says that it cannot serve would say it again.
            if child.failures < Self.restarts, signal != 0 || ![65, 66, 69, 77].contains(exitCode) {
                children[slot] = try? spawn(slot, failures: child.failures + 1)
            }
            endings.append(Ending(slot: slot, reason: reason))
        }
        return endings
    }

    /// Lets every child end: they were told, or see their pipe close; after a grace period they are killed.
    public func stop(graceMilliseconds: Int = 2000) {
        for child in children.values { close(child.pipe) }
        var left = children.values.map(\.process)
        for round in 0...(graceMilliseconds / 5) {
            left = left.filter { process in
                var status: Int32 = 0
                var usage = rusage()
                let gone = wait4(process, &status, WNOHANG, &usage) == process
                if gone { peakMemory = max(peakMemory, UInt64(usage.ru_maxrss) * 1024) }
                return !gone
            }
            if left.isEmpty { break }
            if round == graceMilliseconds / 5 {
                for process in left {
                    kill(process, SIGKILL)
                    var status: Int32 = 0
                    waitpid(process, &status, 0)
                }
            }
            MonotonicClock.sleep(nanoseconds: 5_000_000)
        }
        children = [:]
    }
}

/// Something that a run needs from the system and does not get.
public struct LaunchError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ what: String, code: Int32) { self.init(what, String(cString: strerror(code))) }

    init(_ what: String, _ reason: String) { description = "\(what): \(reason)" }
}

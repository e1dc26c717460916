import Experiment

#if canImport(Glibc)
    import Glibc
#endif

/// A child that carries out one cell of a sweep.
///
/// It is in a process group of its own, so that a Ctrl-C at the terminal reaches the sweep alone. Its standard input is
/// a pipe: when that closes, because the sweep says so or is gone, it stops as after a Ctrl-C of its own.
final class CellProcess {
    /// How the child ended.
    struct Ending {
        /// Exit code, or 128 and the signal.
        let code: Int32
        /// What it had to say.
        let errors: String
    }

    let process: pid_t
    private var pipe: Int32?
    /// A file without a name.
    private let errors: Int32
    /// Bytes of what the child said last that are kept.
    private static let errorLimit = 4096

    /// `scratch` is a path for a file that is gone when this returns.
    init(executable: String, arguments: [String], scratch: String) throws(LaunchError) {
        let ends = try closedOnExec()
        defer { close(ends.reading) }
        errors = open(scratch, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        do throws(LaunchError) {
            guard errors >= 0 else { throw LaunchError(scratch, code: errno) }
            unlink(scratch)
            process = try Self.spawn(executable, arguments, input: ends.reading, errors: errors)
        } catch {
            for descriptor in [ends.writing, errors] where descriptor >= 0 { close(descriptor) }
            throw error
        }
        pipe = ends.writing
    }

    deinit {
        stop()
        close(errors)
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], input: Int32, errors: Int32
    ) throws(LaunchError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        // The sweep ignores signals that it handles in its own way; a run shall not inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, executable, &actions, &attributes, &argv, environ)
        guard code == 0 else { throw LaunchError(executable, code: code) }
        return process
    }

    /// Nil while it runs. Not to be asked again after it ended.
    func poll() -> Ending? {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        let signal = status & 0x7f
        return Ending(code: signal != 0 ? 128 + signal : (status >> 8) & 0xff, errors: readErrors())
    }

    /// Asks the child to stop with a checkpoint.
    func stop() {
        if let pipe { close(pipe) }
        pipe = nil
    }

    private func readErrors() -> String {
        var bytes = [UInt8](repeating: 0, count: Self.errorLimit)
        let end = Int(lseek(errors, 0, SEEK_END))
        let count = pread(errors, &bytes, bytes.count, max(0, end - bytes.count))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

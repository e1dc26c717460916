import Wire

/// How a run is carried out; none of it changes a bit of the result.
public struct RunSettings: Sendable {
    public enum Endpoint: Sendable, Equatable {
        /// A socket in a fresh directory that only this user may enter.
        case privateIPC
        case tcp(address: String)
        case ipc(path: String)

        /// `tcp://address:port` or `ipc://path`.
        public init?(_ text: String) {
            if text.hasPrefix("tcp://"), text.count > 6 {
                self = .tcp(address: String(text.dropFirst(6)))
            } else if text.hasPrefix("ipc://"), text.count > 6 {
                self = .ipc(path: String(text.dropFirst(6)))
            } else {
                return nil
            }
        }

        /// Whether other hosts can reach it.
        public var isRemote: Bool {
            guard case .tcp(let address) = self else { return false }
            let host = address.split(separator: ":").dropLast().joined(separator: ":")
            return !(host == "127.0.0.1" || host == "localhost" || host == "[::1]" || host.hasPrefix("127."))
        }
    }

    public var endpoint: Endpoint
    /// Worker processes to start on this host.
    public var workers: Int
    /// Worker processes that must be there before the first round.
    public var minimumWorkers: Int
    /// This program, to start workers with.
    public var executable: String
    public var version: String
    public var limits: Limits
    /// Nanoseconds on the monotonic clock when the command began.
    public var began: Instant
    /// Whether each client has a worker of its own.
    public var clientsAtHome: Bool
    /// A number for this run that no other run has.
    public var run: UInt64

    public init(
        endpoint: Endpoint = .privateIPC, workers: Int, minimumWorkers: Int, executable: String,
        version: String,
        limits: Limits = Limits(), began: Instant, clientsAtHome: Bool, run: UInt64
    ) {
        self.endpoint = endpoint
        self.workers = workers
        self.minimumWorkers = minimumWorkers
        self.executable = executable
        self.version = version
        self.limits = limits
        self.began = began
        self.clientsAtHome = clientsAtHome
        self.run = run
    }
}

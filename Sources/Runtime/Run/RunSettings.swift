import Wire

/// How a run is carried out; none of it changes a bit of the result.
public struct RunSettings: Sendable {
    public enum Endpoint: Sendable, Equatable {
        /// A socket in a fresh directory that only this user may enter.
        case privateIPC
        case tcp(address: String)
        case ipc(path: String)

        /// What the text of an endpoint is for.
        public enum Purpose: Sendable { case bind, connect }

        /// `tcp://address:port` or `ipc://path`. Port 0 or `*` lets the system choose, where one binds.
        public init(_ text: String, to purpose: Purpose) throws(EndpointError) {
            if text.hasPrefix("ipc://"), text.count > 6 {
                self = .ipc(path: String(text.dropFirst(6)))
                return
            }
            guard text.hasPrefix("tcp://") else {
                throw EndpointError(text, "is not an endpoint", "give tcp://ADDRESS:PORT or ipc://PATH")
            }
            let address = String(text.dropFirst(6))
            guard let colon = address.lastIndex(of: ":"), colon > address.startIndex, address.last != "]"
            else {
                throw EndpointError(
                    text, address.hasPrefix(":") ? "has no address" : "has no port",
                    "give tcp://ADDRESS:PORT")
            }
            guard !address.hasPrefix("[") && !address[..<colon].contains(":") else {
                throw EndpointError(
                    text, "has an IPv6 address, which this version does not know",
                    "give an IPv4 address or a name")
            }
            let (host, port) = (address[..<colon], address[address.index(after: colon)...])
            let ports = purpose == .bind ? 0...65_535 : 1...65_535
            guard Int(port).map(ports.contains) ?? (purpose == .bind && port == "*") else {
                throw EndpointError(
                    text, port.isEmpty ? "has no port" : "has \(port) for a port",
                    "give a number from \(ports.lowerBound) to 65535"
                        + (purpose == .bind ? "; 0 lets the system choose" : ""))
            }
            if purpose == .bind && host == "localhost" {
                throw EndpointError(
                    text, "names its address", "bind the address itself, such as tcp://127.0.0.1:\(port)")
            }
            self = .tcp(address: address)
        }

        /// Whether other hosts can reach it.
        public var isRemote: Bool {
            guard case .tcp(let address) = self else { return false }
            let host = address[..<(address.lastIndex(of: ":") ?? address.endIndex)]
            return !(host == "localhost" || host.hasPrefix("127."))
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
    /// A number for this run that no other run has.
    public var run: UInt64

    public init(
        endpoint: Endpoint = .privateIPC, workers: Int, minimumWorkers: Int, executable: String,
        version: String,
        limits: Limits = Limits(), began: Instant, run: UInt64
    ) {
        self.endpoint = endpoint
        self.workers = workers
        self.minimumWorkers = minimumWorkers
        self.executable = executable
        self.version = version
        self.limits = limits
        self.began = began
        self.run = run
    }
}

/// Why a text is not an endpoint.
public struct EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ text: String, _ message: String, _ remedy: String) {
        description = "\(text.isEmpty ? "nothing" : text) \(message); \(remedy)"
    }
}

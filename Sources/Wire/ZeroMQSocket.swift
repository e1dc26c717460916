import CZeroMQ
import TensorMath

#if canImport(Glibc)
    import Glibc
#endif

/// What libzmq refused, at which endpoint and why.
public struct SocketError: Error, Sendable, CustomStringConvertible {
    public let call: String
    public let endpoint: String
    public let code: Int32

    public var description: String {
        let reason = String(cString: zmq_strerror(code))
        switch code {
        case EADDRINUSE: return "\(endpoint) is in use by another process: choose another port, or 0 for any"
        case EADDRNOTAVAIL, ENODEV:
            return "\(endpoint) is not an address of this host: give one, such as 127.0.0.1, or * for all"
        case EINVAL:
            return
                "\(endpoint) is not an endpoint: give tcp://ADDRESS:PORT with a port up to 65535, or ipc://PATH"
        case EACCES:
            return "\(endpoint) is not allowed: choose a port above 1023, or a path that you may write"
        case ENOENT: return "\(endpoint) is in no directory: make it, or choose another path"
        case ENAMETOOLONG: return "\(endpoint) is too long: a socket's path has at most 107 bytes"
        default: return "\(call) \(endpoint): \(reason): check the endpoint"
        }
    }
}

/// The process's one libzmq context. It may be shared between threads; sockets may not ("zmq_ctx_new", libzmq).
public final class ZeroMQContext: @unchecked Sendable {
    fileprivate let handle: UnsafeMutableRawPointer

    public init() {
        handle = zmq_ctx_new()
        zmq_ctx_set(handle, ZMQ_IO_THREADS, 1)
        zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 64)
    }

    /// `major.minor.patch` of libzmq.
    public static var libraryVersion: String {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

    deinit { while zmq_ctx_term(handle) != 0 && errno == EINTR {} }
}

/// One message as it arrived.
public struct ReceivedMessage: Sendable {
    /// ROUTER: who sent it. Empty on a DEALER.
    public let peer: [UInt8]
    public let header: [UInt8]
    /// The raw frame, kept where libzmq put it.
    public let frame: ObjectBytes?
    /// Frames beyond header and one raw frame: a peer that does not speak the protocol.
    public let surplus: Bool
}

/// A ROUTER (bound) or DEALER (connected) socket with the options that `docs/protocol.md` explains.
///
/// It belongs to the thread that made it, which the compiler proves: it cannot be copied or sent.
public struct ZeroMQSocket: ~Copyable {
    public enum Kind { case router, dealer }
    public enum SendOutcome: Sendable { case sent, refused, unreachable }

    private let handle: UnsafeMutableRawPointer
    private let context: ZeroMQContext
    private let endpoint: String

    public init(_ kind: Kind, context: ZeroMQContext, endpoint: String, limits: Limits) throws(SocketError) {
        handle = try Self.open(kind, context: context, endpoint: endpoint, limits: limits)
        self.context = context
        self.endpoint = endpoint
    }

    deinit { zmq_close(handle) }

    private static func open(
        _ kind: Kind, context: ZeroMQContext, endpoint: String, limits: Limits
    ) throws(SocketError) -> UnsafeMutableRawPointer {
        // libzmq takes the lower 16 bits of a port.
        if endpoint.hasPrefix("tcp://"), let port = endpoint.split(separator: ":").last.flatMap({ Int($0) }),
            port > Int(UInt16.max)
        {
            throw SocketError(call: kind == .router ? "bind" : "connect", endpoint: endpoint, code: EINVAL)
        }
        guard let handle = zmq_socket(context.handle, kind == .router ? ZMQ_ROUTER : ZMQ_DEALER) else {
            throw SocketError(call: "open", endpoint: endpoint, code: zmq_errno())
        }
        // Defaults of libzmq that do harm: linger for ever (a last BYE needs no more than half a second), no bound on
        // a message, queues across reconnects.
        var bound = Int64(max(Limits.chunksInFrame * limits.chunkBytes, Limits.headerBytes) + 4096)
        zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &bound, MemoryLayout<Int64>.size)
        let common: [(Int32, Int32)] = [
            (ZMQ_LINGER, 500), (ZMQ_SNDHWM, 64), (ZMQ_RCVHWM, 64), (ZMQ_HANDSHAKE_IVL, 3000),
            (ZMQ_TCP_KEEPALIVE, 1), (ZMQ_TCP_KEEPALIVE_IDLE, 15), (ZMQ_TCP_KEEPALIVE_INTVL, 5),
            (ZMQ_TCP_KEEPALIVE_CNT, 3), (ZMQ_TCP_MAXRT, 30_000),
        ]
        let own: [(Int32, Int32)] =
            switch kind {
            case .router: [(ZMQ_ROUTER_MANDATORY, 1), (ZMQ_BACKLOG, 1024)]
            case .dealer: [(ZMQ_IMMEDIATE, 1), (ZMQ_RECONNECT_IVL, 100), (ZMQ_RECONNECT_IVL_MAX, 2000)]
            }
        for (option, value) in common + own {
            var value = value
            let code = zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size)
            precondition(code == 0, "libzmq refused option \(option)")
        }
        let code = kind == .router ? zmq_bind(handle, endpoint) : zmq_connect(handle, endpoint)
        guard code == 0 else {
            let reason = zmq_errno()
            zmq_close(handle)
            throw SocketError(call: kind == .router ? "bind" : "connect", endpoint: endpoint, code: reason)
        }
        return handle
    }

    /// The endpoint that was bound, with the port that the system chose.
    public var boundEndpoint: String {
        var buffer = [CChar](repeating: 0, count: 512)
        var size = buffer.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &buffer, &size) == 0 else { return endpoint }
        return String(
            decoding: buffer.prefix(while: { $0 != 0 }).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Waits until a message can be received or `descriptor` is readable; at most `milliseconds`.
    public func wait(milliseconds: Int, descriptor: Int32? = nil) {
        var items = [zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)]
        if let descriptor {
            items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
        }
        _ = zmq_poll(&items, Int32(items.count), milliseconds)
    }

    /// The next message, or nil when there is none now.
    public func receive(kind: Kind) -> ReceivedMessage? {
        var peer: [UInt8] = []
        if kind == .router {
            guard let identity = receiveBytes() else { return nil }
            peer = identity.bytes
            guard identity.more else {
                return ReceivedMessage(peer: peer, header: [], frame: nil, surplus: true)
            }
        }
        guard let header = receiveBytes() else { return nil }
        var frame: ObjectBytes?
        var surplus = false
        var more = header.more
        if more {
            guard let received = receiveObject() else { return nil }
            frame = received.object
            more = received.more
        }
        while more {
            surplus = true
            guard let extra = receiveBytes() else { break }
            more = extra.more
        }
        return ReceivedMessage(peer: peer, header: header.bytes, frame: frame, surplus: surplus)
    }

    private func receiveBytes() -> (bytes: [UInt8], more: Bool)? {
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        guard receive(&message) else { return nil }
        let bytes = [UInt8](
            UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message)))
        return (bytes, zmq_msg_more(&message) != 0)
    }

    private func receiveObject() -> (object: ObjectBytes, more: Bool)? {
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        zmq_msg_init(message)
        guard receive(message) else {
            zmq_msg_close(message)
            message.deallocate()
            return nil
        }
        let more = zmq_msg_more(message) != 0
        nonisolated(unsafe) let kept = message
        let object = ObjectBytes(base: zmq_msg_data(message), count: zmq_msg_size(message)) {
            zmq_msg_close(kept)
            kept.deallocate()
        }
        return (object, more)
    }

    private func receive(_ message: UnsafeMutablePointer<zmq_msg_t>) -> Bool {
        while zmq_msg_recv(message, handle, ZMQ_DONTWAIT) < 0 {
            if zmq_errno() != EINTR { return false }
        }
        return true
    }

    /// Sends without waiting. `peer` is nil on a DEALER. `frame` bytes `range` are sent in place, without copying.
    public func send(
        peer: [UInt8]?, header: [UInt8], frame: ObjectBytes?, range: Range<Int>? = nil
    ) -> SendOutcome {
        precondition(range.map { $0.lowerBound >= 0 && $0.upperBound <= frame?.count ?? 0 } ?? true)
        if let peer {
            let outcome = send(peer, flags: ZMQ_SNDMORE)
            if outcome != .sent { return outcome }
        }
        let outcome = send(header, flags: frame == nil ? 0 : ZMQ_SNDMORE)
        if outcome != .sent { return outcome }
        guard let frame else { return .sent }
        return send(frame, range: range ?? 0..<frame.count)
    }

    private func send(_ bytes: [UInt8], flags: Int32) -> SendOutcome {
        while true {
            let code = bytes.withUnsafeBytes {
                zmq_send(handle, $0.baseAddress, $0.count, flags | ZMQ_DONTWAIT)
            }
            if code >= 0 { return .sent }
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return .refused
            default: return .unreachable
            }
        }
    }

    private func send(_ object: ObjectBytes, range: Range<Int>) -> SendOutcome {
        let hold = Unmanaged.passRetained(object)
        var message = zmq_msg_t()
        // The free callback runs on libzmq's thread: it releases the object and touches nothing else.
        object.withUnsafeBytes { bytes in
            _ = zmq_msg_init_data(
                &message, UnsafeMutableRawPointer(mutating: bytes.baseAddress! + range.lowerBound),
                range.count,
                { _, hint in Unmanaged<ObjectBytes>.fromOpaque(hint!).release() }, hold.toOpaque())
        }
        while zmq_msg_send(&message, handle, ZMQ_DONTWAIT) < 0 {
            let code = zmq_errno()
            if code == EINTR { continue }
            zmq_msg_close(&message)
            return code == EAGAIN ? .refused : .unreachable
        }
        return .sent
    }
}

import Foundation
import Synchronization

/// Forwards TCP connections and counts every byte, so that the kernel's count stands beside the meter's; or holds what it
/// has while the link is cut.
final class CountingProxy: Sendable {
    struct Counts: Sendable {
        var connections = 0
        /// From the workers to the coordinator, and back.
        var up: UInt64 = 0
        var down: UInt64 = 0
    }

    let port: Int
    private let listener: Int32
    private let counts = Mutex(Counts())
    private let cut = Mutex(false)
    /// Before anything is forwarded, microseconds.
    private let delay: UInt32

    var snapshot: Counts { counts.withLock { $0 } }

    /// Whether nothing comes through, in either direction.
    func setCut(_ isCut: Bool) { cut.withLock { $0 = isCut } }

    init(to target: Int, delay: UInt32 = 0) throws {
        self.delay = delay
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try Self.bindLoopback(handle)
        listener = handle
        Thread.detachNewThread { [self] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                guard Self.connectLoopback(server, target) else { break }
                counts.withLock { $0.connections += 1 }
                pump(client, server, \.up)
                pump(server, client, \.down)
            }
        }
    }

    deinit { close(listener) }

    private func pump(_ from: Int32, _ to: Int32, _ path: WritableKeyPath<Counts, UInt64> & Sendable) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(from, &buffer, buffer.count), count > 0 {
                if delay > 0 { usleep(delay) }
                while cut.withLock({ $0 }) { usleep(20_000) }
                counts.withLock { $0[keyPath: path] += UInt64(count) }
                var sent = 0
                while sent < count {
                    let more = buffer[sent...].withUnsafeBytes {
                        send(to, $0.baseAddress, count - sent, Int32(MSG_NOSIGNAL))
                    }
                    if more <= 0 { break }
                    sent += more
                }
            }
            shutdown(to, Int32(SHUT_WR))
        }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// Binds and listens on a free port of the loopback interface.
    static func bindLoopback(_ handle: Int32) throws -> Int {
        var address = address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(handle, pointer, size) | listen(handle, 64) | getsockname(handle, pointer, &size)
            }
        }
        guard code == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    static func connectLoopback(_ handle: Int32, _ port: Int) -> Bool {
        var address = address(port)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

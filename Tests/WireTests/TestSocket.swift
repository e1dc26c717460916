import Foundation
import TensorMath
import Wire

/// A socket that macros can refer to, with patience.
final class TestSocket {
    enum Transport: String, CaseIterable, Sendable { case ipc, tcp }

    private let socket: ZeroMQSocket
    private let kind: ZeroMQSocket.Kind
    let boundEndpoint: String

    init(
        _ kind: ZeroMQSocket.Kind, _ context: ZeroMQContext, _ endpoint: String, limits: Limits = Limits()
    ) throws {
        self.kind = kind
        socket = try ZeroMQSocket(kind, context: context, endpoint: endpoint, limits: limits)
        boundEndpoint = socket.boundEndpoint
    }

    static func endpoint(_ transport: Transport, _ name: String) -> String {
        switch transport {
        case .tcp: "tcp://127.0.0.1:0"
        case .ipc: "ipc://\(FileManager.default.temporaryDirectory.path)/\(name)-\(getpid()).sock"
        }
    }

    /// A ROUTER and a DEALER that has said [1]; both stay open until `body` has returned.
    static func withPair(
        _ transport: Transport, _ name: String, limits: Limits = Limits(),
        _ body: (_ router: TestSocket, _ dealer: TestSocket, _ peer: [UInt8]) throws -> Void
    ) throws {
        let context = ZeroMQContext()
        let router = try TestSocket(.router, context, endpoint(transport, name), limits: limits)
        let dealer = try TestSocket(.dealer, context, router.boundEndpoint)
        defer { withExtendedLifetime((router, dealer)) {} }
        guard dealer.greet([1]), let hello = router.next(), hello.header == [1] else {
            throw WireError("no greeting came through \(router.boundEndpoint)")
        }
        try body(router, dealer, hello.peer)
    }

    /// The next message; waits up to five seconds.
    func next() -> ReceivedMessage? {
        for _ in 0..<50 {
            if let message = socket.receive(kind: kind) { return message }
            socket.wait(milliseconds: 100)
        }
        return nil
    }

    /// The next message if it is here.
    func now() -> ReceivedMessage? { socket.receive(kind: kind) }

    /// Tries until it is sent, up to five seconds: a DEALER sends only when it is connected.
    func greet(_ header: [UInt8]) -> Bool {
        for _ in 0..<500 {
            if send(nil, header) == .sent { return true }
            wait(10)
        }
        return false
    }

    func send(
        _ peer: [UInt8]?, _ header: [UInt8], _ frame: ObjectBytes? = nil, range: Range<Int>? = nil
    ) -> ZeroMQSocket.SendOutcome {
        socket.send(peer: peer, header: header, frame: frame, range: range)
    }

    func wait(_ milliseconds: Int, descriptor: Int32? = nil) {
        socket.wait(milliseconds: milliseconds, descriptor: descriptor)
    }
}

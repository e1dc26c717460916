import Foundation
import Synchronization
import TensorMath
import Testing
import Wire

/// A ROUTER and a DEALER of one process.
@Suite struct ZeroMQSocketTests {
    @Test(arguments: TestSocket.Transport.allCases)
    func messagesTravelBothWays(transport: TestSocket.Transport) throws {
        try TestSocket.withPair(transport, "both-ways") { router, dealer, peer in
            #expect(!peer.isEmpty)
            let frame = ObjectBytes((0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
            #expect(router.send(peer, [4], frame) == .sent)
            let whole = try #require(dealer.next())
            #expect(
                whole.peer.isEmpty && whole.header == [4] && whole.frame?.id == frame.id && !whole.surplus)

            for range in [0..<1, 99_999..<100_000, 777..<70_001, 0..<0] {
                #expect(router.send(peer, [5], frame, range: range) == .sent)
                let part = try #require(dealer.next())
                #expect(part.frame?.bytes == Array(frame.bytes[range]))
            }

            #expect(dealer.send(nil, [6, 7], frame, range: 10..<20) == .sent)
            let answer = try #require(router.next())
            #expect(answer.peer == peer && answer.header == [6, 7] && !answer.surplus)
            #expect(answer.frame?.bytes == Array(frame.bytes[10..<20]))
            #expect(dealer.send(nil, [8]) == .sent)
            let plain = try #require(router.next())
            #expect(plain.header == [8] && plain.frame == nil && !plain.surplus)
            #expect(router.now() == nil)
        }
    }

    /// The bytes of a frame are sent where they lie, and are given back once when libzmq has done with them.
    @Test func sentFramesAreGivenBack() throws {
        final class Count: Sendable { let value = Mutex(0) }
        let count = Count()
        try TestSocket.withPair(.ipc, "given-back") { router, dealer, peer in
            for receiver in [peer, [9, 9, 9]] {
                let memory = UnsafeMutableRawPointer.allocate(byteCount: 50_000, alignment: 64)
                memory.initializeMemory(as: UInt8.self, repeating: 1, count: 50_000)
                nonisolated(unsafe) let owned = memory
                let frame = ObjectBytes(base: memory, count: 50_000) {
                    count.value.withLock { $0 += 1 }
                    owned.deallocate()
                }
                let due = receiver == peer ? ZeroMQSocket.SendOutcome.sent : .unreachable
                for _ in 0..<3 { #expect(router.send(receiver, [1], frame) == due) }
            }
            for _ in 0..<3 { #expect(dealer.next()?.frame?.count == 50_000) }
        }
        #expect(count.value.withLock { $0 } == 2)
    }

    /// A received frame outlives the socket and the context that it came through.
    @Test func receivedFramesAreKept() throws {
        var kept: ObjectBytes?
        let frame = ObjectBytes((0..<70_000).map { UInt8(truncatingIfNeeded: $0) })
        try TestSocket.withPair(.ipc, "kept") { router, dealer, _ in
            #expect(dealer.send(nil, [2], frame) == .sent)
            kept = router.next()?.frame
        }
        #expect(kept?.bytes == frame.bytes)
    }

    @Test(arguments: TestSocket.Transport.allCases)
    func unknownPeersAreUnreachable(transport: TestSocket.Transport) throws {
        try TestSocket.withPair(transport, "unknown") { router, dealer, peer in
            let frame = ObjectBytes([1])
            #expect(router.send([0, 1, 2, 3, 4], [1]) == .unreachable)
            #expect(router.send([0, 1, 2, 3, 4], [1], frame) == .unreachable)
            // Nothing of it goes to anybody else.
            #expect(router.send(peer, [2]) == .sent)
            #expect(dealer.next()?.header == [2])
        }
    }

    /// A peer that has gone is found out; the socket goes on serving others.
    @Test func departedPeersAreUnreachable() throws {
        let context = ZeroMQContext()
        let router = try TestSocket(.router, context, TestSocket.endpoint(.ipc, "departed"))
        var leaving: TestSocket? = try TestSocket(.dealer, context, router.boundEndpoint)
        #expect(leaving?.greet([1]) == true)
        let peer = try #require(router.next()).peer
        leaving = nil
        var outcome = ZeroMQSocket.SendOutcome.sent
        for _ in 0..<500 where outcome == .sent {
            router.wait(10)
            outcome = router.send(peer, [2])
        }
        #expect(outcome == .unreachable)
        let dealer = try TestSocket(.dealer, context, router.boundEndpoint)
        #expect(dealer.greet([3]))
        #expect(router.next()?.header == [3])
        withExtendedLifetime(dealer) {}
    }

    /// A peer that does not read fills its queue: the next message is refused whole, and none is lost or cut.
    @Test(arguments: TestSocket.Transport.allCases)
    func fullQueuesRefuse(transport: TestSocket.Transport) throws {
        try TestSocket.withPair(transport, "full") { router, dealer, peer in
            let frame = ObjectBytes([UInt8](repeating: 7, count: 1 << 18))
            var sent = 0
            while sent < 2000, router.send(peer, [UInt8(sent & 255)], frame) == .sent { sent += 1 }
            // 64 in each queue, and what the kernel holds.
            #expect(sent >= 64 && sent < 400, "\(sent)")
            for number in 0..<sent {
                let message = try #require(dealer.next())
                guard message.header == [UInt8(number & 255)], message.frame?.count == 1 << 18,
                    !message.surplus
                else {
                    Issue.record("message \(number) came as \(message.header)")
                    return
                }
            }
            var outcome = ZeroMQSocket.SendOutcome.refused
            for _ in 0..<500 where outcome == .refused {
                router.wait(10)
                outcome = router.send(peer, [255], frame)
            }
            #expect(outcome == .sent)
            #expect(dealer.next()?.header == [255])
        }
    }

    @Test func unconnectedDealersRefuse() throws {
        let dealer = try TestSocket(.dealer, ZeroMQContext(), TestSocket.endpoint(.ipc, "nobody"))
        #expect(dealer.send(nil, [1]) == .refused)
        #expect(dealer.now() == nil)
    }

    /// Frames behind the second are drained and reported; the next message is whole again.
    @Test func surplusFramesAreDrained() throws {
        try TestSocket.withPair(.ipc, "surplus") { router, dealer, peer in
            #expect(dealer.send([8], [2], ObjectBytes([3])) == .sent)
            #expect(dealer.send(nil, [4]) == .sent)
            let surplus = try #require(router.next())
            #expect(surplus.surplus && surplus.peer == peer && surplus.header == [8])
            let whole = try #require(router.next())
            #expect(!whole.surplus && whole.header == [4] && whole.frame == nil)
        }
    }

    /// A frame beyond the limit costs its sender the connection and the receiver nothing.
    @Test func oversizedFramesDoNotArrive() throws {
        var limits = Limits()
        limits.chunkBytes = 1 << 16
        let most = Limits.chunksInFrame << 16 + 4096
        try TestSocket.withPair(.ipc, "oversized", limits: limits) { router, dealer, peer in
            #expect(dealer.send(nil, [2], ObjectBytes([UInt8](repeating: 0, count: most))) == .sent)
            #expect(router.next()?.frame?.count == most)
            #expect(dealer.send(nil, [3], ObjectBytes([UInt8](repeating: 0, count: most + 1))) == .sent)
            var last: ReceivedMessage?
            for _ in 0..<100 where last == nil {
                _ = dealer.send(nil, [4])
                router.wait(50)
                last = router.now()
            }
            // The sender came back as somebody else.
            #expect(last?.header == [4] && last?.peer != peer)
        }
    }

    @Test func portsAreChosenAndReported() throws {
        let context = ZeroMQContext()
        let router = try TestSocket(.router, context, "tcp://127.0.0.1:0")
        let bound = router.boundEndpoint
        let port = try #require(bound.split(separator: ":").last.flatMap { Int($0) })
        #expect(bound == "tcp://127.0.0.1:\(port)" && port > 0)
        let error = try #require(throws: SocketError.self) { _ = try TestSocket(.router, context, bound) }
        #expect(error.endpoint == bound && error.call == "bind" && error.code == EADDRINUSE)
        #expect(error.description.contains(bound) && error.description.contains("in use"))
    }

    @Test(arguments: [
        "nonsense", "tcp://127.0.0.1:65536", "tcp://*:99999", "smoke://x", "ipc:///nowhere/at/all.sock",
    ])
    func badEndpointsAreNamed(endpoint: String) throws {
        let context = ZeroMQContext()
        let error = try #require(throws: SocketError.self) { _ = try TestSocket(.router, context, endpoint) }
        #expect(error.endpoint == endpoint && error.description.contains(endpoint) && error.code != 0)
    }

    /// A descriptor beside the socket ends the waiting.
    @Test func waitingEndsForADescriptor() throws {
        let router = try TestSocket(.router, ZeroMQContext(), TestSocket.endpoint(.ipc, "descriptor"))
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: [1])
        let clock = ContinuousClock()
        let waited = clock.measure {
            router.wait(20_000, descriptor: pipe.fileHandleForReading.fileDescriptor)
        }
        #expect(waited < .seconds(10))
        let idle = clock.measure { router.wait(30) }
        #expect(idle >= .milliseconds(25))
    }
}

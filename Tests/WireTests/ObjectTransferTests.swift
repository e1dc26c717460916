import TensorMath
import Testing
import Wire

@Suite struct ObjectTransferTests {
    static func object(_ count: Int, _ stream: inout RandomStream) -> ObjectBytes {
        ObjectBytes((0..<count).map { _ in UInt8(truncatingIfNeeded: stream.nextUInt32()) })
    }

    static func chunk(_ object: ObjectBytes, _ index: UInt32, _ chunkBytes: Int) -> ObjectBytes {
        let range = ObjectTransfer.range(of: index, objectBytes: object.count, chunkBytes: chunkBytes)!
        return ObjectBytes(Array(object.bytes[range]))
    }

    struct Network {
        var loss: Double
        var duplication: Double
        var stream: RandomStream
        /// Chunks on their way; any of them may be next.
        var flying: [UInt32] = []
        var asked: [UInt32] = []

        mutating func send(first: UInt32, count: UInt32) {
            for index in first..<first + count {
                asked.append(index)
                if stream.uniformDouble() < loss { continue }
                flying.append(index)
                if stream.uniformDouble() < duplication { flying.append(index) }
            }
        }

        mutating func next() -> UInt32? {
            flying.isEmpty ? nil : flying.remove(at: stream.index(below: flying.count))
        }
    }

    /// Runs a transfer until it is complete; how often it fell silent, or nil when it got stuck.
    static func run(_ object: ObjectBytes, chunkBytes: Int, window: Int, over network: inout Network) -> Int?
    {
        var transfer = ObjectTransfer(ObjectReference(object), chunkBytes: chunkBytes, window: window)
        let chunks = UInt32((object.count + chunkBytes - 1) / chunkBytes)
        var silences = 0
        var step = transfer.request()
        for _ in 0..<(chunks + 1) * 200 {
            switch step {
            case .complete(let received): return received.bytes == object.bytes ? silences : nil
            case .corrupt: return nil
            case .fetch(let first, let count):
                guard count > 0, count <= window, first + count <= chunks else { return nil }
                network.send(first: first, count: count)
            case .wait: break
            }
            if let index = network.next() {
                step = transfer.take(index: index, frame: chunk(object, index, chunkBytes))
            } else {
                silences += 1
                step = transfer.request()
            }
        }
        return nil
    }

    @Test func completesOverABadNetwork() {
        var stream = RandomStream(RandomKey(seed: 1, purpose: .test))
        for seed in 0..<400 {
            let object = Self.object(1 + stream.index(below: 6000), &stream)
            let chunkBytes = [1 + stream.index(below: 300), 64, object.count, object.count + 1][seed % 4]
            let window = 1 + stream.index(below: 10)
            var network = Network(
                loss: stream.uniformDouble() * 0.5, duplication: stream.uniformDouble() * 0.5, stream: stream)
            let silences = Self.run(object, chunkBytes: chunkBytes, window: window, over: &network)
            #expect(silences != nil, "\(object.count) bytes by \(chunkBytes), window \(window)")
        }
    }

    /// Without loss no order of arrival makes it fall silent or ask for a chunk twice.
    @Test func asksOnceWithoutLoss() {
        var stream = RandomStream(RandomKey(seed: 2, purpose: .test))
        for _ in 0..<200 {
            let object = Self.object(1 + stream.index(below: 4000), &stream)
            let chunkBytes = 1 + stream.index(below: 200)
            var network = Network(loss: 0, duplication: 0.3, stream: stream)
            let window = 1 + stream.index(below: 10)
            #expect(Self.run(object, chunkBytes: chunkBytes, window: window, over: &network) == 0)
            #expect(network.asked == Array(0..<UInt32((object.count + chunkBytes - 1) / chunkBytes)))
        }
    }

    @Test func goesOnAtTheFirstMissingChunk() {
        var stream = RandomStream(RandomKey(seed: 3, purpose: .test))
        let object = Self.object(95, &stream)
        var transfer = ObjectTransfer(ObjectReference(object), chunkBytes: 10, window: 4)
        for index in [0, 1, 3] as [UInt32] {
            #expect(transfer.wants(index))
            _ = transfer.take(index: index, frame: Self.chunk(object, index, 10))
            #expect(!transfer.wants(index))
        }
        #expect(!transfer.wants(10) && !transfer.wants(.max))
        guard case .fetch(let first, let count) = transfer.request() else {
            Issue.record("nothing was asked for")
            return
        }
        #expect(first == 2 && count == 4)
    }

    @Test func ignoresWhatDoesNotFit() throws {
        var stream = RandomStream(RandomKey(seed: 4, purpose: .test))
        let object = Self.object(25, &stream)
        var transfer = ObjectTransfer(ObjectReference(object), chunkBytes: 10, window: 8)
        _ = transfer.request()
        let wrong: [(UInt32, Int)] = [
            (0, 9), (0, 11), (0, 0), (1, 25), (2, 10), (2, 4), (3, 10), (3, 0), (.max, 10),
        ]
        for (index, count) in wrong {
            guard case .wait = transfer.take(index: index, frame: Self.object(count, &stream)) else {
                Issue.record("\(count) bytes as chunk \(index) were taken")
                return
            }
        }
        #expect((0..<3).allSatisfy { transfer.wants($0) })
        for index in [2, 0] as [UInt32] {
            _ = transfer.take(index: index, frame: Self.chunk(object, index, 10))
        }
        // A second, different chunk 0 changes nothing.
        _ = transfer.take(index: 0, frame: ObjectBytes([UInt8](repeating: 0, count: 10)))
        guard case .complete(let received) = transfer.take(index: 1, frame: Self.chunk(object, 1, 10)) else {
            Issue.record("three chunks are not complete")
            return
        }
        #expect(received.bytes == object.bytes && received.id == object.id)
    }

    @Test func oneWrongBitIsCorrupt() {
        var stream = RandomStream(RandomKey(seed: 5, purpose: .test))
        let object = Self.object(25, &stream)
        for place in object.bytes.indices {
            var transfer = ObjectTransfer(ObjectReference(object), chunkBytes: 10, window: 8)
            var bytes = object.bytes
            bytes[place] ^= 0x40
            let damaged = ObjectBytes(bytes)
            _ = transfer.take(index: 0, frame: Self.chunk(damaged, 0, 10))
            _ = transfer.take(index: 1, frame: Self.chunk(damaged, 1, 10))
            guard case .corrupt = transfer.take(index: 2, frame: Self.chunk(damaged, 2, 10)) else {
                Issue.record("byte \(place) was wrong and was not noticed")
                return
            }
        }
    }

    @Test func rangesCoverTheObject() {
        for (bytes, chunk) in [
            (1, 1), (10, 3), (12, 3), (1 << 20, 1 << 16), (5, 100), ((1 << 20) + 1, 1 << 20),
        ] {
            var next = 0
            var index: UInt32 = 0
            while let range = ObjectTransfer.range(of: index, objectBytes: bytes, chunkBytes: chunk) {
                #expect(range.lowerBound == next && !range.isEmpty && range.count <= chunk)
                next = range.upperBound
                index += 1
            }
            #expect(next == bytes && Int(index) == (bytes + chunk - 1) / chunk)
        }
    }

    @Test func rangesDoNotOverflow() {
        let range = ObjectTransfer.range
        #expect(range(.max, 100, 1 << 20) == nil)
        #expect(range(.max, .max, .max) == nil)
        #expect(range(3, .max, .max / 2) == nil)
        #expect(range(1, .max, .max - 1) == Int.max - 1..<Int.max)
        #expect(range(0, .max, .max) == 0..<Int.max)
        #expect(range(0, 0, 10) == nil)
        #expect(range(.max, Int(Limits.objectBytes), 16) == (1 << 32 - 1) * 16..<(1 << 36))
    }
}

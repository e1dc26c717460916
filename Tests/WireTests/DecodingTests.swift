import TensorMath
import Testing
import Wire

/// Headers that were not made by this program: every one is a `WireError` or a sound message, never a trap.
@Suite struct DecodingTests {
    private static func fails(_ header: [UInt8]) -> Bool {
        do {
            _ = try Envelope(decoding: header)
            return false
        } catch { return !error.description.isEmpty }
    }

    /// What was understood says the same when it is sent on.
    private static func isSound(_ header: [UInt8]) -> Bool {
        guard let envelope = try? Envelope(decoding: header) else { return true }
        let again = envelope.encoded()
        return (try? Envelope(decoding: again))?.encoded() == again
    }

    @Test func mutatedHeadersNeverTrap() {
        var random = RandomMessages(seed: 1)
        let seeds = (0..<520).map { random.envelope(kind: $0 % RandomMessages.kinds).encoded() }
        var understood = 0
        for round in 0..<220_000 {
            var header = seeds[random.stream.index(below: seeds.count)]
            for _ in 0...random.stream.index(below: 3) { mutate(&header, &random, seeds) }
            if (try? Envelope(decoding: header)) != nil { understood += 1 }
            if round % 8 == 0 { #expect(Self.isSound(header), "\(hexadecimal(header))") }
        }
        // The mutations reach behind the first check and do not leave everything as it was.
        #expect(understood > 2000 && understood < 200_000)
    }

    private func mutate(_ header: inout [UInt8], _ random: inout RandomMessages, _ seeds: [[UInt8]]) {
        guard !header.isEmpty else { return }
        let place = random.stream.index(below: header.count)
        switch random.stream.index(below: 8) {
        case 0: header[place] ^= 1 << UInt8(random.stream.index(below: 8))
        case 1: header[place] = random.byte()
        case 2: header[place] = [0, 1, 0x7F, 0x80, 0xFF][random.stream.index(below: 5)]
        case 3: header.removeSubrange(place...)
        case 4: header.insert(random.byte(), at: place)
        case 5: header.remove(at: place)
        case 6:
            let other = seeds[random.stream.index(below: seeds.count)]
            header.replaceSubrange(place..., with: other.suffix(random.stream.index(below: other.count)))
        default:
            let end = min(header.count, place + random.stream.index(below: 20))
            header.insert(contentsOf: header[place..<end], at: place)
        }
    }

    @Test func randomBytesAreRefused() {
        var random = RandomMessages(seed: 2)
        for _ in 0..<30_000 {
            let count = random.stream.index(below: 200)
            #expect(Self.fails((0..<count).map { _ in random.byte() }))
        }
        #expect(Self.fails([]))
    }

    @Test(arguments: 0..<RandomMessages.kinds)
    func truncatedHeadersAreRefused(kind: Int) {
        var random = RandomMessages(seed: 3)
        let header = random.envelope(kind: kind).encoded()
        for length in header.indices { #expect(Self.fails(Array(header.prefix(length))), "\(length)") }
    }

    /// No integer of the protocol is zero, so that a missing one is noticed.
    @Test(arguments: 0..<RandomMessages.kinds)
    func zeroOrMissingNumbersAreRefused(kind: Int) {
        var random = RandomMessages(seed: 4)
        let header = random.envelope(kind: kind).encoded()
        let fields = FixedField.all(in: header)
        #expect(fields.count >= 7)
        for field in fields {
            var zero = header
            for i in field.range { zero[i] = 0 }
            #expect(Self.fails(zero), "\(field.path) = 0")
        }
        for number in 1...6 {
            guard let field = fields.first(where: { $0.path == [number] }) else {
                Issue.record("field \(number) was not sent")
                continue
            }
            var short = header
            short.removeSubrange(field.range.lowerBound - 1..<field.range.upperBound)
            #expect(Self.fails(short), "without \(number)")
        }
    }

    @Test(arguments: [0, 2, 3, 256, UInt32.max])
    func otherMajorsAreRefused(major: UInt32) throws {
        let body = HandWritten.littleEndian(5)
        let header = HandWritten.header(major: major, field: 20, body: [0x09] + body)
        let error = try #require(throws: WireError.self) { try Envelope(decoding: header) }
        #expect(error.description.contains("protocol version \(major)"))
        let right = HandWritten.header(field: 20, body: [0x09] + body)
        #expect(try Envelope(decoding: right).message == .pong(committed: 4))
    }

    /// Fields of a later minor version are ignored; nobody else may send any.
    @Test func unknownFields() throws {
        var extended = HandWritten()
        extended.fixed64(1, 5)
        extended.fixed32(9, 77)
        extended.delimited(10, [1, 2, 3])
        for minor in [UInt32(4), 9, .max] {
            let header = HandWritten.header(minor: minor, field: 20, body: extended.bytes)
            #expect(try Envelope(decoding: header).message == .pong(committed: 4))
        }
        #expect(Self.fails(HandWritten.header(field: 20, body: extended.bytes)))
        var plain = HandWritten()
        plain.fixed64(1, 5)
        var envelope = HandWritten(bytes: HandWritten.header(field: 20, body: plain.bytes))
        envelope.fixed32(40, 1)
        #expect(Self.fails(envelope.bytes))
        envelope.bytes = HandWritten.header(minor: 4, field: 20, body: plain.bytes)
        for count in 1...Limits.unknownFields + 1 {
            envelope.fixed32(40, 1)
            #expect(Self.fails(envelope.bytes) == (count > Limits.unknownFields))
        }
    }

    /// A message of a kind that this version does not have is no message.
    @Test func unknownMessagesAreRefused() {
        for field in [7, 15, 22, 30, 1000] {
            #expect(Self.fails(HandWritten.header(minor: 4, field: UInt64(field), body: [1, 2])))
        }
    }

    /// The last body counts when several are sent, as protobuf says; what it then lacks is missing.
    @Test func severalBodies() throws {
        var fetch = HandWritten()
        fetch.fixed64(1, 5)
        fetch.fixed64(2, 5)
        fetch.fixed32(3, 1)
        fetch.fixed32(4, 1)
        var pong = HandWritten()
        pong.fixed64(1, 3)
        var header = HandWritten(bytes: HandWritten.header(field: 23, body: fetch.bytes))
        header.delimited(20, pong.bytes)
        #expect(try Envelope(decoding: header.bytes).message == .pong(committed: 2))
        header.delimited(23, [])
        #expect(Self.fails(header.bytes))
    }

    @Test func countsAreBounded() {
        func ping(_ held: Int) -> [UInt8] {
            var body = HandWritten()
            body.fixed64(1, 1)
            body.fixed64(2, 1)
            body.delimited(3, (0..<held).flatMap { _ in HandWritten.littleEndian(9) })
            body.fixed64(4, .max)
            body.fixed64(5, .max)
            return HandWritten.header(field: 19, body: body.bytes)
        }
        #expect(!Self.fails(ping(0)))
        #expect(!Self.fails(ping(64)))
        for count in [65, 1000, 8100] { #expect(Self.fails(ping(count)), "\(count)") }
        func task(_ numbers: Int, layout: Int = 32) -> [UInt8] {
            var body = HandWritten()
            body.fixed64(1, 1)
            for field in 2...8 { body.fixed32(UInt64(field), 1) }
            body.delimited(9, .init(repeating: 3, count: layout))
            body.delimited(10, (0..<numbers).flatMap { _ in HandWritten.littleEndian(9) })
            body.fixed32(11, 1)
            return HandWritten.header(field: 21, body: body.bytes)
        }
        for count in [0, 3, 48] { #expect(!Self.fails(task(count)), "\(count)") }
        for count in [1, 2, 4, 49, 51, 63, 8000] { #expect(Self.fails(task(count)), "\(count)") }
        for layout in [0, 31, 33, 64] { #expect(Self.fails(task(3, layout: layout)), "\(layout)") }
    }

    /// Lengths that claim more than there is, up to the greatest that a varint holds.
    @Test(arguments: [1, 100, 1 << 16, 1 << 31, 1 << 32, (1 << 32) + 8, 1 << 61, 1 << 63, .max] as [UInt64])
    func lengthsBeyondTheHeaderAreRefused(length: UInt64) {
        for (field, inner) in [(19, 3), (21, 9), (21, 10), (25, 5), (26, 3)] as [(UInt64, UInt64)] {
            var body = HandWritten()
            body.varint(inner << 3 | 2)
            body.varint(length)
            #expect(Self.fails(HandWritten.header(field: field, body: body.bytes)))
        }
        var header = HandWritten(bytes: HandWritten.header(field: 20, body: []))
        header.varint(22 << 3 | 2)
        header.varint(length)
        #expect(Self.fails(header.bytes))
    }

    @Test func longTextsAreRefused() {
        func result(_ length: Int) -> [UInt8] {
            var body = HandWritten()
            body.fixed64(1, 5)
            body.fixed32(2, 1)
            body.delimited(3, .init(repeating: 65, count: length))
            return HandWritten.header(field: 26, body: body.bytes)
        }
        for length in [0, 1, 1024] { #expect(!Self.fails(result(length))) }
        for length in [1025, 2000, 60_000] { #expect(Self.fails(result(length))) }
    }

    @Test func itemsAreBounded() {
        func item(_ number: UInt64, content: UInt32, origin: UInt32 = 1) -> [UInt8] {
            var body = HandWritten()
            body.fixed64(1, 5)
            body.fixed64(2, number)
            body.fixed32(3, 1)
            body.fixed32(4, content)
            body.fixed32(5, origin)
            return HandWritten.header(field: 29, body: body.bytes)
        }
        for number in [1, 1 << 40, 1 << 63 - 1] as [UInt64] { #expect(!Self.fails(item(number, content: 1))) }
        for number in [0, 1 << 63, .max] as [UInt64] { #expect(Self.fails(item(number, content: 1))) }
        for content in [0, 3, .max] as [UInt32] { #expect(Self.fails(item(1, content: content))) }
        for origin in [0, 3, .max] as [UInt32] { #expect(Self.fails(item(1, content: 1, origin: origin))) }
    }

    @Test func longHeadersAreRefused() {
        let header = [UInt8](repeating: 0, count: Limits.headerBytes + 1)
        #expect(Self.fails(header))
    }
}

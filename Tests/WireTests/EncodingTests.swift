import TensorMath
import Testing
import Wire

@Suite struct EncodingTests {
    @Test(arguments: 0..<RandomMessages.kinds)
    func everyMessageComesBack(kind: Int) throws {
        var random = RandomMessages(seed: UInt64(kind))
        for _ in 0..<300 {
            let envelope = random.envelope(kind: kind)
            let header = envelope.encoded()
            #expect(header.count <= Limits.headerBytes)
            #expect(try Envelope(decoding: header) == envelope)
        }
    }

    /// Hands over what decides the size and nothing else: kind, number of items, length of texts.
    private func form(_ message: Message) -> [Int] {
        switch message {
        case .hello(let hello): [0, hello.version.utf8.count, hello.kernelFamily.utf8.count]
        case .welcome: [1]
        case .reject(let reject): [2, reject.text.utf8.count]
        case .ping(let ping): [3, ping.held.count]
        case .pong: [4]
        case .task(let order): [5, order.inputs.count]
        case .fetch: [7]
        case .chunk: [8]
        case .offer(let offer):
            [9, offer.outputs.count, offer.metrics.count, offer.work.count, (offer.failure ?? "").utf8.count]
        case .result(_, _, let text): [10, text.utf8.count]
        case .bye(_, let text, _): [11, text.utf8.count]
        case .error(_, let text, _): [12, text.utf8.count]
        case .item: [13]
        }
    }

    @Test func sizesDoNotDependOnValues() {
        var random = RandomMessages(seed: 50)
        var sizes: [[Int]: Set<Int>] = [:]
        for _ in 0..<20_000 {
            let envelope = random.envelope()
            sizes[form(envelope.message), default: []].insert(envelope.encoded().count)
        }
        // Of most forms there are many messages, with zeros, ones and the greatest numbers among them.
        #expect(sizes[[11, 0]] != nil && sizes[[4]] != nil)
        for (form, found) in sizes { #expect(found.count == 1, "\(form): \(found.sorted())") }
    }

    /// Written by hand after `wire.proto`: changing a number or a type there breaks old workers.
    @Test func taskGoldenBytes() {
        let order = TaskOrder(
            task: 0x1122_3344_5566_7788, attempt: 2, kind: 1, round: 7, client: 41, participation: 3,
            first: 1000,
            count: 500, layout: Array(0..<32),
            inputs: [
                ObjectReference(
                    id: ObjectID(high: 0xA1A2_A3A4_A5A6_A7A8, low: 0xB1B2_B3B4_B5B6_B7B8), bytes: 4096)
            ], inline: 1)
        let envelope = Envelope(
            run: 0x0102_0304_0506_0708, epoch: 9, session: 0x1112_1314_1516_1718, sequence: 5,
            message: .task(order))
        #expect(
            hexadecimal(envelope.encoded())
                == """
                0d010000001503000000190807060504030201210900000000000000291817161514131211310500000000000000\
                aa016d09887766554433221115020000001d0100000025070000002d2a00000035040000003de903000045f40100\
                004a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f52\
                18a8a7a6a5a4a3a2a1b8b7b6b5b4b3b2b101100000000000005d02000000
                """)
    }

    @Test func itemGoldenBytes() {
        let item = Item(task: 0x1122_3344_5566_7788, number: 300, attempt: 2, hasFrame: false)
        let envelope = Envelope(
            run: 0x0102_0304_0506_0708, epoch: 9, session: 0x1112_1314_1516_1718, sequence: 5,
            message: .item(item))
        let header = envelope.encoded()
        #expect(
            hexadecimal(header)
                == """
                0d010000001503000000190807060504030201210900000000000000291817161514131211310500000000000000\
                ea0121098877665544332211112c010000000000001d0200000025020000002d01000000
                """)
        #expect(header.count == 82 && Item.headerBytes == 82)
    }

    /// A text is cut to its limit between two characters, so that it is UTF-8 and comes back as it was sent.
    @Test(arguments: ["a", "ü", "→", "𝄞"])
    func longTextsAreCutBetweenCharacters(character: Character) throws {
        for lead in 0..<4 {
            let text = String(repeating: "x", count: lead) + String(repeating: character, count: 1025)
            let envelope = Envelope(
                run: 1, epoch: 1, session: 1, sequence: 1,
                message: .result(task: 1, code: .failed, text: text))
            guard case .result(_, _, let cut) = try Envelope(decoding: envelope.encoded()).message else {
                Issue.record("another message came back")
                return
            }
            #expect(text.hasPrefix(cut))
            #expect(cut.utf8.count <= Limits.textBytes && cut.utf8.count > Limits.textBytes - 8)
        }
    }

    @Test func controlCharactersBecomeSpaces() throws {
        let text = "a\u{1B}[2Jb\u{0}c\u{7F}d\u{9B}1mé\n"
        let envelope = Envelope(
            run: 1, epoch: 1, session: 1, sequence: 1, message: .bye(code: 0, text: text, memoryBytes: 0))
        let back = try Envelope(decoding: envelope.encoded()).message
        #expect(back == .bye(code: 0, text: "a [2Jb c d 1mé ", memoryBytes: 0))
    }

    /// More tasks than a PING holds are left out; the message stays valid.
    @Test func pingHoldsAtMostItsLimit() throws {
        let held = (1...100).map { UInt64($0) }
        let ping = Ping(progress: 1, memoryBytes: 1, held: held, fingerprint: nil)
        let envelope = Envelope(run: 1, epoch: 1, session: 1, sequence: 1, message: .ping(ping))
        guard case .ping(let back) = try Envelope(decoding: envelope.encoded()).message else {
            Issue.record("another message came back")
            return
        }
        #expect(back.held == Array(held.prefix(Limits.numbersPerMessage)))
    }

    @Test func namesAreThoseOfTheSchema() {
        var random = RandomMessages(seed: 51)
        let names = (0..<RandomMessages.kinds).map { random.message(kind: $0).name }
        #expect(
            names == [
                "HELLO", "WELCOME", "REJECT", "PING", "PONG", "TASK", "FETCH", "CHUNK", "OFFER",
                "RESULT",
                "BYE", "ERROR", "ITEM",
            ])
    }
}

import TensorMath
import Wire

/// Draws messages with arbitrary contents.
struct RandomMessages {
    static let kinds = 13

    var stream: RandomStream

    init(seed: UInt64) { stream = RandomStream(RandomKey(seed: seed, purpose: .test)) }

    /// An envelope with the message of number `kind` (0..<13).
    mutating func envelope(kind: Int) -> Envelope {
        Envelope(
            run: name(), epoch: name(), session: name(), sequence: name(), message: message(kind: kind))
    }

    mutating func envelope() -> Envelope { envelope(kind: stream.index(below: Self.kinds)) }

    mutating func message(kind: Int) -> Message {
        switch kind {
        case 0:
            return .hello(
                Hello(
                    version: text(), kernelFamily: text(), slot: chance() ? Int(small()) : nil,
                    process: small(), memoryBytes: large()))
        case 1:
            let ping = 1 + small() / 2
            return .welcome(
                Welcome(
                    session: name(), epoch: name(), run: name(),
                    chunkBytes: UInt32(1024 + stream.index(below: 1 << 24 - 1023)),
                    pingMilliseconds: ping, deadMilliseconds: ping + 1 + small() / 2))
        case 2:
            return .reject(
                Reject(
                    code: Reject.Code(rawValue: UInt32(1 + stream.index(below: 6)))!, text: text(),
                    retryMilliseconds: chance() ? small() : nil))
        case 3:
            return .ping(
                Ping(
                    progress: large(), memoryBytes: large(), held: names(64),
                    fingerprint: chance() ? id() : nil))
        case 4: return .pong(committed: large())
        case 5: return .task(order())
        case 6: return .fetch(id: id(), first: small(), count: 1 + small())
        case 7: return .chunk(id: id(), index: small(), length: 1 + small())
        case 8: return .offer(offer())
        case 9:
            let code = ResultCode.allCases[stream.index(below: ResultCode.allCases.count)]
            return .result(task: name(), code: code, text: text())
        case 10: return .bye(code: small(), text: text(), memoryBytes: large())
        case 11:
            let code = ErrorCode(rawValue: UInt32(1 + stream.index(below: 3)))!
            return .error(code: code, text: text(), object: chance() ? id() : nil)
        default:
            let number = [1, .max, Int(stream.next() >> 1 | 1)][stream.index(below: 3)]
            return .item(
                Item(
                    task: name(), number: number, attempt: 1 + small(), hasFrame: chance(),
                    isLocal: chance()))
        }
    }

    mutating func order() -> TaskOrder {
        let inputs = references()
        return TaskOrder(
            task: name(), attempt: 1 + small(), kind: 1 + small(), round: 1 + small(),
            client: chance() ? Int(small()) : nil, participation: Int(small()), first: Int(small()),
            count: chance() ? Int(1 + small()) : nil, layout: (0..<32).map { _ in byte() }, inputs: inputs,
            inline: mask(of: inputs.count))
    }

    mutating func offer() -> Offer {
        let outputs = references()
        let metrics = (0..<stream.index(below: 65)).map { _ in
            chance() ? 0 : (stream.uniformDouble() - 0.5) * 1e300
        }
        return Offer(
            task: name(), attempt: 1 + small(), outputs: outputs, metrics: metrics,
            work: names(64).map { $0 - 1 },
            inline: mask(of: outputs.count), failure: chance() ? text() : nil)
    }

    private mutating func mask(of count: Int) -> UInt32 { UInt32(stream.index(below: 1 << count)) }

    mutating func references() -> [ObjectReference] {
        (0..<stream.index(below: 17)).map { _ in
            ObjectReference(id: id(), bytes: stream.next() % (Limits.objectBytes + 1))
        }
    }

    /// All ones in both halves stands for no object.
    mutating func id() -> ObjectID { ObjectID(high: name(), low: max(1, stream.next() / 2)) }
    mutating func chance() -> Bool { stream.index(below: 2) == 0 }
    mutating func byte() -> UInt8 { UInt8(stream.index(below: 256)) }

    mutating func names(_ most: Int) -> [UInt64] { (0..<stream.index(below: most + 1)).map { _ in name() } }

    /// Not zero; often one or all ones.
    mutating func name() -> UInt64 { [1, .max, max(1, stream.next())][stream.index(below: 3)] }
    /// Below what stands for "none"; often zero.
    mutating func small() -> UInt32 { [0, 1, .max - 2, stream.nextUInt32() / 2][stream.index(below: 4)] }
    mutating func large() -> UInt64 { [0, 1, .max - 1, stream.next() / 2][stream.index(below: 4)] }

    /// Printable characters of one to four bytes, at most 1024 of them.
    mutating func text() -> String {
        let alphabet: [Character] = ["a", "Z", "0", " ", "ü", "→", "€", "𝄞", "\""]
        return String(
            (0..<stream.index(below: 200)).map { _ in alphabet[stream.index(below: alphabet.count)] })
    }
}

import CWire
import TensorMath

/// A frame that is not a message of this protocol.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// Whether it is a header of another major version.
    public let isOtherMajor: Bool

    public init(_ description: String, isOtherMajor: Bool = false) {
        self.description = description
        self.isOtherMajor = isOtherMajor
    }
}

extension Envelope {
    /// Reads a header frame. Nothing in it is believed: every number is checked before it is used.
    public init(decoding header: [UInt8]) throws(WireError) {
        guard header.count <= Limits.headerBytes else {
            throw WireError("a header of \(header.count) bytes; at most \(Limits.headerBytes) are allowed")
        }
        guard let raw = wire_unpack(header, header.count, Limits.unpackBytes) else {
            throw WireError("\(header.count) bytes that are not a header")
        }
        defer { wire_release(raw) }
        let envelope = raw.pointee
        guard envelope.major == ProtocolVersion.major else {
            throw WireError(
                "protocol version \(envelope.major); this is \(ProtocolVersion.major)", isOtherMajor: true)
        }
        guard envelope.minor != 0 else { throw WireError("a header without a minor version") }
        let unknown = wire_unknown_fields(raw)
        guard unknown == 0 || envelope.minor > ProtocolVersion.minor && unknown <= Limits.unknownFields else {
            throw WireError("\(unknown) fields that this version of the protocol does not have")
        }
        guard envelope.run != 0, envelope.epoch != 0, envelope.session != 0, envelope.sequence != 0 else {
            throw WireError("a header without run, epoch, session or sequence")
        }
        self.init(
            run: envelope.run, epoch: envelope.epoch, session: envelope.session, sequence: envelope.sequence,
            message: try Message(envelope))
    }
}

private func readText(_ pointer: UnsafeMutablePointer<CChar>?) throws(WireError) -> String {
    guard let pointer else { return "" }
    var length = 0
    while length <= Limits.textBytes && pointer[length] != 0 { length += 1 }
    guard length <= Limits.textBytes else { throw WireError("a text longer than \(Limits.textBytes) bytes") }
    let bytes = UnsafeRawBufferPointer(start: pointer, count: length)
    // Control characters would reach terminals and logs.
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    return String(scalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
}

private func readNumbers<Number>(_ count: Int, _ pointer: UnsafeMutablePointer<Number>?) throws(WireError)
    -> [Number]
{
    guard count > 0 else { return [] }
    guard count <= Limits.numbersPerMessage, let pointer else {
        throw WireError("\(count) numbers in one field; at most \(Limits.numbersPerMessage) are allowed")
    }
    return Array(UnsafeBufferPointer(start: pointer, count: count))
}

/// Which of `count` objects stand in the frame.
private func mask(_ wire: UInt32, of count: Int) throws(WireError) -> UInt32 {
    guard wire != 0, UInt64(wire) - 1 < UInt64(1) << UInt64(count) else {
        throw WireError("inline \(wire) where \(count) objects are named")
    }
    return wire - 1
}

private func references(
    _ count: Int, _ pointer: UnsafeMutablePointer<UInt64>?
) throws(WireError) -> [ObjectReference] {
    let values = try readNumbers(count, pointer)
    guard values.count % 3 == 0, values.count / 3 <= Limits.objectsPerTask else {
        throw WireError("\(values.count) numbers where objects are listed as high, low, bytes")
    }
    var result: [ObjectReference] = []
    for i in stride(from: 0, to: values.count, by: 3) {
        guard values[i + 2] != 0, values[i + 2] - 1 <= Limits.objectBytes else {
            throw WireError("an object of \(values[i + 2]) bytes")
        }
        result.append(
            ObjectReference(id: try objectID(values[i], values[i + 1]), bytes: values[i + 2] - 1))
    }
    return result
}

private func objectID(_ high: UInt64, _ low: UInt64) throws(WireError) -> ObjectID {
    guard high != 0, low != 0 else { throw WireError("an object without a name") }
    return ObjectID(high: high, low: low)
}

/// A number that the wire counts from 1.
private func index(_ value: UInt32, _ what: String) throws(WireError) -> UInt32 {
    guard value != 0 else { throw WireError("\(what) is missing") }
    return value - 1
}

private func present(_ value: UInt64, _ what: String) throws(WireError) -> UInt64 {
    guard value != 0 else { throw WireError("\(what) is missing") }
    return value
}

extension Message {
    fileprivate init(_ e: Tributary__Envelope) throws(WireError) {
        switch e.body_case {
        case TRIBUTARY__ENVELOPE__BODY_HELLO: self = .hello(try Hello(e.hello.pointee))
        case TRIBUTARY__ENVELOPE__BODY_WELCOME: self = .welcome(try Welcome(e.welcome.pointee))
        case TRIBUTARY__ENVELOPE__BODY_REJECT: self = .reject(try Reject(e.reject.pointee))
        case TRIBUTARY__ENVELOPE__BODY_PING: self = .ping(try Ping(e.ping.pointee))
        case TRIBUTARY__ENVELOPE__BODY_TASK: self = .task(try TaskOrder(e.task.pointee))
        case TRIBUTARY__ENVELOPE__BODY_OFFER: self = .offer(try Offer(e.offer.pointee))
        case TRIBUTARY__ENVELOPE__BODY_ITEM: self = .item(try Item(e.item.pointee))
        case TRIBUTARY__ENVELOPE__BODY_PONG:
            self = .pong(committed: try present(e.pong.pointee.committed, "the committed round") - 1)
        case TRIBUTARY__ENVELOPE__BODY_FETCH:
            let body = e.fetch.pointee
            guard body.count != 0 else { throw WireError("FETCH of no chunks") }
            self = .fetch(
                id: try objectID(body.high, body.low), first: try index(body.first, "the first chunk"),
                count: body.count)
        case TRIBUTARY__ENVELOPE__BODY_CHUNK:
            let body = e.chunk.pointee
            guard body.length != 0 else { throw WireError("CHUNK without a length") }
            self = .chunk(
                id: try objectID(body.high, body.low), index: try index(body.index, "the chunk's index"),
                length: body.length)
        case TRIBUTARY__ENVELOPE__BODY_RESULT:
            let body = e.result.pointee
            guard let code = ResultCode(rawValue: body.code) else {
                throw WireError("result code \(body.code)")
            }
            self = .result(
                task: try present(body.task, "the task"), code: code, text: try readText(body.text))
        case TRIBUTARY__ENVELOPE__BODY_BYE:
            let body = e.bye.pointee
            self = .bye(
                code: try index(body.code, "the exit code"), text: try readText(body.text),
                memoryBytes: try present(body.memory_bytes, "the memory") - 1)
        case TRIBUTARY__ENVELOPE__BODY_ERROR:
            let body = e.error.pointee
            guard let code = ErrorCode(rawValue: body.code) else {
                throw WireError("error code \(body.code)")
            }
            let none = body.high == .max && body.low == .max
            self = .error(
                code: code, text: try readText(body.text),
                object: none ? nil : try objectID(body.high, body.low))
        default: throw WireError("a header without a message")
        }
    }
}

extension Hello {
    fileprivate init(_ body: Tributary__Hello) throws(WireError) {
        let slot = try index(body.slot, "the worker's slot")
        self.init(
            version: try readText(body.version), kernelFamily: try readText(body.kernel_family),
            slot: body.slot == .max ? nil : Int(slot), process: try index(body.process, "the process"),
            memoryBytes: try present(body.memory_bytes, "the memory") - 1)
    }
}

extension Welcome {
    fileprivate init(_ body: Tributary__Welcome) throws(WireError) {
        guard body.chunk_bytes >= 1024, body.chunk_bytes <= 16 << 20 else {
            throw WireError("chunks of \(body.chunk_bytes) bytes")
        }
        guard body.ping_milliseconds > 0, body.dead_milliseconds > body.ping_milliseconds else {
            throw WireError(
                "PING every \(body.ping_milliseconds) ms, dead after \(body.dead_milliseconds) ms")
        }
        self.init(
            session: try present(body.session, "the session"), epoch: try present(body.epoch, "the epoch"),
            run: try present(body.run, "the run"), chunkBytes: body.chunk_bytes,
            pingMilliseconds: body.ping_milliseconds, deadMilliseconds: body.dead_milliseconds)
    }
}

extension Reject {
    fileprivate init(_ body: Tributary__Reject) throws(WireError) {
        guard let code = Code(rawValue: body.code) else { throw WireError("reject code \(body.code)") }
        let retry = try index(body.retry_milliseconds, "the time to come back")
        self.init(
            code: code, text: try readText(body.text), retryMilliseconds: retry == .max - 1 ? nil : retry)
    }
}

extension Ping {
    fileprivate init(_ body: Tributary__Ping) throws(WireError) {
        let unknown = body.fingerprint_high == .max && body.fingerprint_low == .max
        self.init(
            progress: try present(body.progress, "the progress") - 1,
            memoryBytes: try present(body.memory_bytes, "the memory") - 1,
            held: try readNumbers(body.n_held, body.held),
            fingerprint: unknown ? nil : try objectID(body.fingerprint_high, body.fingerprint_low))
    }
}

extension TaskOrder {
    fileprivate init(_ body: Tributary__Task) throws(WireError) {
        guard body.layout.len == 32, let layout = body.layout.data else {
            throw WireError("a layout digest of \(body.layout.len) bytes")
        }
        guard body.attempt != 0, body.kind != 0, body.round != 0, body.count != 0
        else {
            throw WireError("TASK without attempt, kind, round or count")
        }
        let inputs = try references(body.n_inputs, body.inputs)
        let client = try index(body.client, "the client")
        self.init(
            task: try present(body.task, "the task"), attempt: body.attempt, kind: body.kind,
            round: body.round,
            client: body.client == .max ? nil : Int(client),
            participation: Int(try index(body.participation, "the participation")),
            first: Int(try index(body.first, "the first sample")),
            count: body.count == .max ? nil : Int(body.count),
            layout: Array(UnsafeBufferPointer(start: layout, count: 32)), inputs: inputs,
            inline: try mask(body.inline_, of: inputs.count))
    }
}

extension Offer {
    fileprivate init(_ body: Tributary__Offer) throws(WireError) {
        guard body.attempt != 0, 1...2 ~= body.outcome else {
            throw WireError("OFFER without attempt or outcome")
        }
        let outputs = try references(body.n_outputs, body.outputs)
        self.init(
            task: try present(body.task, "the task"), attempt: body.attempt, outputs: outputs,
            metrics: try readNumbers(body.n_metrics, body.metrics),
            work: try readNumbers(body.n_work, body.work),
            inline: try mask(body.inline_, of: outputs.count),
            failure: body.outcome == 2 ? try readText(body.text) : nil)
    }
}

extension Item {
    fileprivate init(_ body: Tributary__Item) throws(WireError) {
        guard body.attempt != 0, 1...2 ~= body.content, 1...2 ~= body.origin else {
            throw WireError("ITEM without attempt, content or origin")
        }
        guard let number = Int(exactly: try present(body.item, "the item")) else {
            throw WireError("item \(body.item)")
        }
        self.init(
            task: try present(body.task, "the task"), number: number, attempt: body.attempt,
            hasFrame: body.content == 1, isLocal: body.origin == 2)
    }
}

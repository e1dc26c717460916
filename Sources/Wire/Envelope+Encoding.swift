import CWire
import TensorMath

extension Envelope {
    /// The header frame. Its size depends on the kind of message and the number of its items, not on their values.
    public func encoded() -> [UInt8] {
        var envelope = Tributary__Envelope()
        tributary__envelope__init(&envelope)
        envelope.major = ProtocolVersion.major
        envelope.minor = ProtocolVersion.minor
        envelope.run = run
        envelope.epoch = epoch
        envelope.session = session
        envelope.sequence = sequence
        return message.pack(into: &envelope)
    }
}

private func pack<Body>(
    _ envelope: inout Tributary__Envelope, _ bodyCase: Tributary__Envelope__BodyCase, _ body: inout Body,
    _ path: WritableKeyPath<Tributary__Envelope, UnsafeMutablePointer<Body>?>
) -> [UInt8] {
    withUnsafeMutablePointer(to: &body) { pointer in
        envelope.body_case = bodyCase
        envelope[keyPath: path] = pointer
        let size = tributary__envelope__get_packed_size(&envelope)
        return [UInt8](unsafeUninitializedCapacity: size) { target, count in
            count = tributary__envelope__pack(&envelope, target.baseAddress)
        }
    }
}

private func withText<Result>(_ text: String, _ body: (UnsafeMutablePointer<CChar>) -> Result) -> Result {
    var bytes = Array(text.utf8.prefix(Limits.textBytes))
    if bytes.count < text.utf8.count {
        // Cut between two characters: continuation bytes, then the byte that began them.
        while let last = bytes.last, last & 0b1100_0000 == 0b1000_0000 { bytes.removeLast() }
        if let last = bytes.last, last >= 0b1100_0000 { bytes.removeLast() }
    }
    var terminated = bytes.map { CChar(bitPattern: $0 == 0 ? 32 : $0) }
    terminated.append(0)
    return terminated.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}

private func withNumbers<Number, Result>(
    _ numbers: [Number], _ body: (Int, UnsafeMutablePointer<Number>?) -> Result
) -> Result {
    var copy = numbers
    return copy.withUnsafeMutableBufferPointer { body($0.count, $0.baseAddress) }
}

/// A number that may be 0, as the wire carries it: plus 1; the greatest of all becomes the one before it.
private func wire<Number: FixedWidthInteger>(_ number: Number) -> Number {
    number == .max ? .max : number + 1
}

private func triples(_ references: [ObjectReference]) -> [UInt64] {
    references.flatMap { [$0.id.high, $0.id.low, $0.bytes + 1] }
}

extension Message {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        switch self {
        case .hello(let hello): return hello.pack(into: &envelope)
        case .welcome(let welcome): return welcome.pack(into: &envelope)
        case .reject(let reject): return reject.pack(into: &envelope)
        case .ping(let ping): return ping.pack(into: &envelope)
        case .task(let order): return order.pack(into: &envelope)
        case .offer(let offer): return offer.pack(into: &envelope)
        case .item(let item): return item.pack(into: &envelope)
        case .pong(let committed):
            var body = Tributary__Pong()
            tributary__pong__init(&body)
            body.committed = wire(committed)
            return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_PONG, &body, \.pong)
        case .fetch(let id, let first, let count):
            var body = Tributary__Fetch()
            tributary__fetch__init(&body)
            (body.high, body.low, body.first, body.count) = (id.high, id.low, wire(first), count)
            return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_FETCH, &body, \.fetch)
        case .chunk(let id, let index, let length):
            var body = Tributary__Chunk()
            tributary__chunk__init(&body)
            (body.high, body.low, body.index, body.length) = (id.high, id.low, wire(index), length)
            return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_CHUNK, &body, \.chunk)
        case .result(let task, let code, let text):
            return withText(text) { text in
                var body = Tributary__Result()
                tributary__result__init(&body)
                (body.task, body.code, body.text) = (task, code.rawValue, text)
                return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_RESULT, &body, \.result)
            }
        case .bye(let code, let text, let memoryBytes):
            return withText(text) { text in
                var body = Tributary__Bye()
                tributary__bye__init(&body)
                (body.code, body.text, body.memory_bytes) = (wire(code), text, wire(memoryBytes))
                return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_BYE, &body, \.bye)
            }
        case .error(let code, let text, let object):
            return withText(text) { text in
                var body = Tributary__Error()
                tributary__error__init(&body)
                (body.code, body.text) = (code.rawValue, text)
                (body.high, body.low) = (object?.high ?? .max, object?.low ?? .max)
                return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_ERROR, &body, \.error)
            }
        }
    }
}

extension Hello {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        withText(version) { version in
            withText(kernelFamily) { family in
                var body = Tributary__Hello()
                tributary__hello__init(&body)
                (body.version, body.kernel_family) = (version, family)
                body.slot = slot.map { UInt32($0) + 1 } ?? .max
                (body.process, body.memory_bytes) = (wire(process), wire(memoryBytes))
                return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_HELLO, &body, \.hello)
            }
        }
    }
}

extension Welcome {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        var body = Tributary__Welcome()
        tributary__welcome__init(&body)
        (body.session, body.epoch, body.run) = (session, epoch, run)
        (body.chunk_bytes, body.ping_milliseconds) = (chunkBytes, pingMilliseconds)
        body.dead_milliseconds = deadMilliseconds
        return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_WELCOME, &body, \.welcome)
    }
}

extension Reject {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        withText(text) { text in
            var body = Tributary__Reject()
            tributary__reject__init(&body)
            (body.code, body.text) = (code.rawValue, text)
            body.retry_milliseconds = retryMilliseconds.map { min(wire($0), .max - 1) } ?? .max
            return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_REJECT, &body, \.reject)
        }
    }
}

extension Ping {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        withNumbers(Array(held.prefix(Limits.numbersPerMessage))) { count, numbers in
            var body = Tributary__Ping()
            tributary__ping__init(&body)
            (body.progress, body.memory_bytes) = (wire(progress), wire(memoryBytes))
            (body.n_held, body.held) = (count, numbers)
            (body.fingerprint_high, body.fingerprint_low) = (
                fingerprint?.high ?? .max, fingerprint?.low ?? .max
            )
            return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_PING, &body, \.ping)
        }
    }
}

extension TaskOrder {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        withNumbers(triples(inputs)) { count, numbers in
            withNumbers(layout) { layoutCount, layoutBytes in
                var body = Tributary__Task()
                tributary__task__init(&body)
                (body.task, body.attempt, body.kind, body.round) = (task, attempt, kind, round)
                body.client = client.map { UInt32($0) + 1 } ?? .max
                body.participation = UInt32(participation) + 1
                body.first = UInt32(first) + 1
                body.count = self.count.map { UInt32($0) } ?? .max
                body.layout = ProtobufCBinaryData(len: layoutCount, data: layoutBytes)
                (body.n_inputs, body.inputs) = (count, numbers)
                body.inline_ = inline + 1
                return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_TASK, &body, \.task)
            }
        }
    }
}

extension Offer {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        withText(failure ?? "") { text in
            withNumbers(triples(outputs)) { outputCount, outputs in
                withNumbers(metrics) { metricCount, metrics in
                    withNumbers(work) { workCount, work in
                        var body = Tributary__Offer()
                        tributary__offer__init(&body)
                        (body.task, body.attempt, body.outcome) = (task, attempt, failure == nil ? 1 : 2)
                        (body.n_outputs, body.outputs) = (outputCount, outputs)
                        (body.n_metrics, body.metrics) = (metricCount, metrics)
                        (body.n_work, body.work) = (workCount, work)
                        (body.inline_, body.text) = (inline + 1, text)
                        return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_OFFER, &body, \.offer)
                    }
                }
            }
        }
    }
}

extension Item {
    fileprivate func pack(into envelope: inout Tributary__Envelope) -> [UInt8] {
        var body = Tributary__Item()
        tributary__item__init(&body)
        (body.task, body.item) = (task, UInt64(number))
        (body.attempt, body.content, body.origin) = (attempt, hasFrame ? 1 : 2, isLocal ? 2 : 1)
        return Wire.pack(&envelope, TRIBUTARY__ENVELOPE__BODY_ITEM, &body, \.item)
    }
}

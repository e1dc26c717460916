import TensorMath

extension TaskOrder {
    /// Bytes that naming its inputs behind the first adds to its header. Lengths within the header may grow with them,
    /// so they are counted and not multiplied.
    public var furtherInputBytes: Int {
        guard inputs.count > 1 else { return 0 }
        var alone = self
        alone.inputs = [inputs[0]]
        return Message.task(self).headerBytes - Message.task(alone).headerBytes
    }
}

extension Offer {
    /// Bytes of the headers that a deployment would send around the first output: this offer's with that one alone, and
    /// those of its chunks.
    public var deployedOverhead: UInt64 {
        precondition(!outputs.isEmpty)
        var alone = self
        alone.outputs = [outputs[0]]
        let chunk = Message.chunk(id: outputs[0].id, index: 0, length: 1)
        return TrafficMeter.overhead(
            object: Int(outputs[0].bytes), header: Message.offer(alone).headerBytes,
            chunkHeader: chunk.headerBytes)
    }
}

extension Message {
    /// Of the header that carries it; the envelope's own numbers do not change its size.
    var headerBytes: Int {
        Envelope(run: 1, epoch: 1, session: 1, sequence: 1, message: self).encoded().count
    }
}

/// Objects that travel in the frame behind the message that names them: one after the other, in the order of their
/// names. Each fits a chunk, and all fit `Limits.chunksInFrame` chunks.
public enum InlineObjects {
    /// Which of `objects` (nil: not wanted or not here) travel so, as bits, first come first served.
    public static func mask(_ objects: [ObjectBytes?], chunkBytes: Int) -> UInt32 {
        var mask: UInt32 = 0
        var total = 0
        for (index, object) in objects.enumerated() where index < 32 {
            guard let object, object.count <= chunkBytes,
                total + object.count <= Limits.chunksInFrame * chunkBytes
            else { continue }
            total += object.count
            mask |= 1 << UInt32(index)
        }
        return mask
    }

    /// The frame with the objects of `mask`; nil for none. A single one is not copied, nor are ones that stand together.
    public static func frame(_ objects: [ObjectBytes?], mask: UInt32) -> ObjectBytes? {
        let chosen = objects.indices.compactMap { mask >> UInt32($0) & 1 == 1 ? objects[$0] : nil }
        guard chosen.count > 1 else { return chosen.first }
        if let together = ObjectBytes.together(chosen) { return together }
        return ObjectBytes(count: chosen.reduce(0) { $0 + $1.count }) { target in
            var offset = 0
            for object in chosen {
                object.withUnsafeBytes { source in
                    UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + source.count])
                        .copyMemory(
                            from: source)
                }
                offset += object.count
            }
        }
    }

    /// The objects of `mask` in a frame; nil when it does not hold exactly what `references` name, or one that is larger
    /// than a chunk.
    public static func split(
        _ frame: ObjectBytes?, references: [ObjectReference], mask: UInt32, chunkBytes: Int
    ) -> [ObjectBytes]? {
        let named = references.indices.compactMap { mask >> UInt32($0) & 1 == 1 ? references[$0] : nil }
        guard !named.isEmpty else { return frame == nil ? [] : nil }
        guard named.allSatisfy({ $0.bytes <= UInt64(chunkBytes) }) else { return nil }
        guard let frame, named.reduce(0, { $0 &+ $1.bytes }) == UInt64(frame.count) else { return nil }
        if named.count == 1 { return frame.id == named[0].id ? [frame] : nil }
        var objects: [ObjectBytes] = []
        var offset = 0
        for reference in named {
            guard reference.bytes <= UInt64(frame.count - offset) else { return nil }
            let range = offset..<offset + Int(reference.bytes)
            let object = frame.part(range)
            guard object.id == reference.id else { return nil }
            objects.append(object)
            offset = range.upperBound
        }
        return objects
    }
}

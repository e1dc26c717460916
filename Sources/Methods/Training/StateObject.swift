import TensorMath

/// What a training keeps between its tasks, as one object.
enum StateObject {
    static func make(_ parts: [FloatView]) -> ObjectBytes {
        let assembly = ObjectAssembly(count: parts.reduce(0) { $0 + 4 * $1.count })
        var offset = 0
        for part in parts {
            assembly.place(ObjectBytes(part), at: offset)
            offset += 4 * part.count
        }
        return assembly.finish()
    }

    /// False for an object of another length.
    static func restore(_ object: ObjectBytes, into parts: [FloatView]) -> Bool {
        guard object.count == parts.reduce(0, { $0 + 4 * $1.count }) else { return false }
        var offset = 0
        for part in parts {
            let length = 4 * part.count
            guard object.part(offset..<(offset + length)).copy(into: part) else { return false }
            offset += length
        }
        return true
    }
}

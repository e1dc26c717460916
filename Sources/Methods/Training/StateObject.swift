import TensorMath

/// What a training keeps between its tasks, as one object.
enum StateObject {
    static func make(_ parts: [FloatView]) -> ObjectBytes { .joined(parts.map { ObjectBytes($0) }) }

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

extension ObjectBytes {
    /// One behind the other.
    static func joined(_ parts: [ObjectBytes]) -> ObjectBytes {
        let assembly = ObjectAssembly(count: parts.reduce(0) { $0 + $1.count })
        var offset = 0
        for part in parts {
            assembly.place(part, at: offset)
            offset += part.count
        }
        return assembly.finish()
    }
}

import TensorMath

/// How a feature, 0 or more, travels from a student to the hub.
public enum FeatureCoding: String, Sendable, CaseIterable {
    case float32
    /// IEEE 754, rounded to the nearest; what is beyond 65,504 is cut.
    case float16
    /// One byte: 255 stands for the greatest feature that the student gave on the validation samples, what is beyond
    /// is cut; the scale is shipped with the student.
    case int8

    /// Of a value.
    public var bytes: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        case .int8: 1
        }
    }

    /// Little-endian, as many bytes as `bytes` times values. `greatest` is what 255 stands for.
    package func encode(_ features: FloatView, greatest: Float) -> ObjectBytes {
        ObjectBytes(count: features.count * bytes) { target in
            for index in 0..<features.count {
                let value = features.pointer[index]
                switch self {
                case .float32:
                    target.storeBytes(
                        of: value.bitPattern.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
                case .float16:
                    let bits = Float16(min(value, Float(Float16.greatestFiniteMagnitude))).bitPattern
                    target.storeBytes(of: bits.littleEndian, toByteOffset: 2 * index, as: UInt16.self)
                case .int8:
                    let share = greatest > 0 ? max(0, min(1, value / greatest)) : 0
                    target[index] = UInt8((share * 255).rounded())
                }
            }
        }
    }

    /// False, and `features` is undefined, when `object` is not as long or has values that are no numbers.
    package func decode(_ object: ObjectBytes, greatest: Float, into features: FloatView) -> Bool {
        guard object.count == features.count * bytes else { return false }
        object.withUnsafeBytes { source in
            for index in 0..<features.count {
                switch self {
                case .float32:
                    let bits = source.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                    features.pointer[index] = Float(bitPattern: UInt32(littleEndian: bits))
                case .float16:
                    let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                    features.pointer[index] = Float(Float16(bitPattern: UInt16(littleEndian: bits)))
                case .int8: features.pointer[index] = Float(source[index]) / 255 * greatest
                }
            }
        }
        return features.maximumMagnitude.isFinite
    }
}

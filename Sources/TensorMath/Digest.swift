import CSodium
import CXXHash

/// BLAKE2b-256 (libsodium) of `bytes`: 32 bytes. Names models and chains the ledger.
public func digest256(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes { digest256($0) }
}

package func digest256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: 32)
    let input = bytes.bindMemory(to: UInt8.self)
    let code = crypto_generichash(&out, 32, input.baseAddress, UInt64(input.count), nil, 0)
    precondition(code == 0, "BLAKE2b of \(bytes.count) bytes failed")
    return out
}

/// Lower-case hexadecimal.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
}

/// The name of a bulky object: XXH3-128 of its bytes (80 GB/s in a cache, so that checking costs less than copying).
///
/// It guards against corruption and mix-ups, not against forgery: CURVE protects what leaves the host.
public struct ObjectID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(of bytes: UnsafeRawBufferPointer) {
        let hash = xxh3_128(bytes.baseAddress, bytes.count)
        // Zero is not a name: every integer on the wire is non-zero.
        high = hash.high64 == 0 ? 1 : hash.high64
        low = hash.low64 == 0 ? 1 : hash.low64
    }

    /// From 32 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    public static func < (a: ObjectID, b: ObjectID) -> Bool { (a.high, a.low) < (b.high, b.low) }

    /// 32 hexadecimal digits.
    public var description: String {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
        return hexadecimal(bytes + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) })
    }
}

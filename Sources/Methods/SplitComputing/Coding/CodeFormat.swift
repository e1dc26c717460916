import Datasets
import TensorMath

/// How the code of an image, what its encoder made of it, travels from the device to the server.
public struct CodeFormat: Sendable, Equatable {
    /// Of a value. 1 to 8: `AffineQuantizer`'s codes behind a header, the first in the lowest bits, the last byte filled up
    /// with zeros. 16: IEEE 754, rounded to the nearest, and what is beyond 65,504 is cut. 32: as it is.
    public var bits: Int
    /// Whether `Deflate` makes the payload smaller, or larger by eleven bytes where it finds nothing to save.
    public var deflates: Bool

    /// Float32 scale and zero point in 32 bits, little-endian, before codes of 1 to 8 bits; nothing stands before others.
    public static let headerBytes = 8

    /// - Precondition: `bits` is one of 1 to 8, 16 and 32.
    public init(bits: Int = 8, deflates: Bool = false) {
        precondition(CodeFormat.accepts(bits: bits), "no code format has \(bits) bits a value")
        self.bits = bits
        self.deflates = deflates
    }

    public static func accepts(bits: Int) -> Bool { (1...8).contains(bits) || bits == 16 || bits == 32 }

    /// Of a code of so many values, with the header and before it is deflated.
    package func payloadBytes(values: Int) -> Int {
        (bits > 8 ? 0 : CodeFormat.headerBytes) + (values * bits + 7) / 8
    }

    /// Nil for values that are not finite and, up to 8 bits, for a range that is not.
    package func encode(_ code: FloatView) -> ObjectBytes? {
        precondition(code.count > 0, "a code has values")
        guard code.maximumMagnitude.isFinite else { return nil }
        var writer = PayloadWriter(count: payloadBytes(values: code.count))
        switch bits {
        case 32: code.withSpan { writer.write($0) }
        case 16: code.withSpan { values in writer.write(values.indices.map { binary16(of: values[$0]) }) }
        default:
            guard let quantizer = AffineQuantizer(bits: bits, rangeOf: code) else { return nil }
            writer.write([quantizer.scale].span)
            writer.write([quantizer.zeroPoint], bits: 32)
            writer.write(quantizer.codes(of: code), bits: bits)
        }
        return ObjectBytes(deflates ? Deflate.compress(writer.bytes) : writer.bytes)
    }

    /// False, and `code` is undefined, for what `encode` cannot have made of as many values.
    package func decode(_ object: ObjectBytes, into code: FloatView) -> Bool {
        guard let bytes = payload(object, values: code.count) else { return false }
        var reader = PayloadReader(bytes)
        switch bits {
        case 32: code.withMutableSpan { reader.read(into: &$0) }
        case 16:
            let halves = reader.readHalves(code.count)
            code.withMutableSpan { values in
                for i in values.indices { values[i] = value(ofBinary16: halves[i]) }
            }
            return code.maximumMagnitude <= 65504
        default:
            let scale = Float(bitPattern: reader.readWord())
            let quantizer = AffineQuantizer(bits: bits, scale: scale, zeroPoint: reader.readWord())
            guard let quantizer, let codes = try? reader.readCodes(code.count, bits: bits) else {
                return false
            }
            quantizer.decode(codes, into: code)
        }
        return code.maximumMagnitude.isFinite
    }

    /// As long as `values` values are, inflated if need be; nil where that is not so.
    private func payload(_ object: ObjectBytes, values: Int) -> [UInt8]? {
        let due = payloadBytes(values: values)
        if deflates { return try? Deflate.decompress(object.bytes, count: due) }
        return object.count == due ? object.bytes : nil
    }
}
